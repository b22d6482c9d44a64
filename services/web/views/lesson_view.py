"""What a table of lessons shows, as it stands in the page's address: filters, order, and which page. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self, get_args
from urllib.parse import urlencode

from contracts.queries import LessonState

SORTS: Final = ("taught", "question", "section", "teacher")
STATES: Final[tuple[LessonState, ...]] = get_args(LessonState)
_CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "state": STATES, "kind": ("qa", "conversation"), "purpose": ("training", "validation"), "sort": SORTS,
    "order": ("up", "down"),
}  # fmt: skip
_USUAL: Final[dict[str, str]] = {"sort": "taught", "order": "down"}


@dataclass(frozen=True, slots=True)
class View:
    """`path`: of the page that shows it. `first`: the number of the first row. Empty: not filtered by that."""

    path: str
    model: str
    limit: int = 50
    q: str = ""
    section: str = ""
    state: str = ""
    kind: str = ""
    purpose: str = ""
    by: str = ""
    inherited: str = ""
    sort: str = "taught"
    order: str = "down"
    after: str = ""
    first: int = 1

    @classmethod
    def of(cls, path: str, model: str, given: Mapping[str, str], limit: int = 50) -> Self:
        """As an address asks for it; what it can't mean is left out."""
        text = {name: given.get(name, "").strip()[:200] for name in ("q", "section", "by")}
        text |= {name: value for name, values in _CHOICES.items() if (value := given.get(name, "")) in values}
        first = given.get("first", "")
        return cls(
            path, model, limit, after=given.get("after", "")[:4_000], inherited="1" if given.get("inherited") else "",
            first=max(1, int(first[:9])) if first.isdecimal() else 1, **text,
        )  # fmt: skip

    def wanted(self) -> dict[str, Any]:
        """As the query `lesson_table` takes it."""
        asked = {
            "text": self.q, "section": self.section, "kind": self.kind, "purpose": self.purpose, "state": self.state,
            "taught_by": self.by, "after": self.after,
        }  # fmt: skip
        given = {name: value for name, value in asked.items() if value}
        return given | {
            "model": self.model, "inherited": bool(self.inherited), "sort": self.sort, "limit": self.limit,
            "descending": self.order == "down",
        }  # fmt: skip

    def url(self, **changes: Any) -> str:
        """The address of the same table with something else; then it begins at its first page, unless given."""
        given: dict[str, Any] = {"after": "", "first": 1} | changes
        return address(self.path, replace(self, **given))

    def here(self) -> str:
        """The address of just this page of the table."""
        return address(self.path, self)

    def sorted_by(self, sort: str) -> str:
        """The address that orders by this, the other way round if it is ordered so already."""
        turned = "up" if self.order == "down" else "down"
        return self.url(sort=sort, order=turned if sort == self.sort else ("down" if sort == "taught" else "up"))

    def chips(self, counted: Mapping[LessonState, int], waiting: int) -> list[tuple[LessonState, int, str]]:
        """The states by which one can filter: how many lessons each leaves, and the address that does, or undoes it.

        `waiting` is what waits in all, from relatives too: as the word means everywhere, so it shows their lessons.
        """
        found: list[tuple[LessonState, int, str]] = []
        for state, number in counted.items():
            if state == self.state:
                found.append((state, number, self.url(state="")))
            elif state == "waiting" and waiting:
                found.append((state, waiting, self.url(state=state, inherited="1")))
            elif number:
                found.append((state, number, self.url(state=state)))
        return found

    def fields(self) -> dict[str, str]:
        """What a form that searches must carry along: all that isn't usual, but the search and the page."""
        return {name: value for name, value in _given(self).items() if name not in ("q", "after", "first")}

    @property
    def filtered(self) -> bool:
        """Whether some lessons may be left out."""
        return any((self.q, self.section, self.state, self.kind, self.purpose, self.by))


def address(path: str, view: View) -> str:
    """The view at this path."""
    query = urlencode(_given(view))
    return f"{path}?{query}" if query else path


def _given(view: View) -> dict[str, str]:
    names = ("q", "section", "state", "kind", "purpose", "by", "inherited", "sort", "order", "after", "first")
    values = {name: str(getattr(view, name)) for name in names}
    return {name: value for name, value in values.items() if value != {**_USUAL, "first": "1"}.get(name, "")}
