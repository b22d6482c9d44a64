"""The refusal of what isn't in its form: the fields at fault, and one sentence about the first of them."""

from itertools import islice
from typing import Final

from pydantic import ValidationError

from contracts.identifiers import ID_PATTERN
from services.refusals import Refused

_SENTENCES: Final = {
    "extra_forbidden": "there is no such field",
    "missing": "is missing",
    "string_pattern_mismatch": "has characters or a form that aren't allowed here",
}
_MOST_FIELDS: Final = 100
"""A reply has room for so many, however long their names are."""
_LARGEST: Final = 2**63 - 1
_NO_ID: Final = "must be an id (letters, digits, - and _, at most 64), not a name"


def malformed(what: str, problem: ValidationError, prefix: str = "") -> Refused:
    """`what` as people know it; `prefix` stands before the path of every field."""
    fields: dict[str, str] = {}
    for error in problem.errors(include_url=False, include_input=False):
        path = prefix + ".".join(str(part)[:100] for part in error["loc"] if not _is_branch(part))
        text = _SENTENCES.get(error["type"], error["msg"]).removeprefix("Value error, ")
        fields.setdefault(path, _NO_ID if error.get("ctx", {}).get("pattern") == ID_PATTERN else text)
    path, text = next(iter(fields.items()))
    more = f" (and {len(fields) - 1} more)" if len(fields) > 1 else ""
    sentence = f"{what} is wrong: {f'{path}: ' if path else ''}{text}{more}."
    return Refused("malformed", sentence, dict(islice(fields.items(), _MOST_FIELDS)))


def check_numbers(what: str, value: object) -> None:
    """Raises `Refused`: `malformed` where a whole number is beyond those that the databases hold."""
    if isinstance(value, dict | list | tuple):
        for inner in value.values() if isinstance(value, dict) else value:
            check_numbers(what, inner)
    elif isinstance(value, int) and abs(value) > _LARGEST:
        raise Refused("malformed", f"{what} is wrong: a number is larger than {_LARGEST:,}.")


def _is_branch(part: int | str) -> bool:
    # pydantic names the branch of a union in the path; people know fields only
    return isinstance(part, str) and (part in ("Sealed", "str") or part.startswith(("function-", "constrained-")))
