"""People write names, facts carry ids: the record that a name means, with a suggestion where it is mistyped. Pure."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from services.refusals import Refused


def by_name(name: str, rows: Iterable[Mapping[str, Any]], kind: str) -> str:
    """The id of the row of this id or name. Raises `Refused`: `unknown_<kind>`, with a name that resembles it."""
    rows = list(rows)
    if any(row["id"] == name for row in rows):
        return name
    wanted = folded(name)
    for row in rows:
        if wanted in (folded(row["name"]), *map(folded, row.get("names", {}).values())):
            found: str = row["id"]
            return found
    like = near(name, (row["name"] for row in rows))
    raise Refused(f"unknown_{kind}", f"There is no {kind} called {name!r}.{like}", {kind: "is not known"})


def folded(name: str) -> str:
    """Case and spaces apart."""
    return " ".join(name.casefold().split())


def near(name: str, names: Iterable[str]) -> str:
    """A sentence that asks whether the one most like it was meant; empty when none is like it."""
    by_folded = {folded(each): each for each in names}
    close = difflib.get_close_matches(folded(name), by_folded, n=1, cutoff=0.5)
    return f" Did you mean {by_folded[close[0]]!r}?" if close else ""
