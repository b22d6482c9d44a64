"""Ids, modules, actors and languages: the small strings by which everything is named."""

import uuid
from typing import Annotated, Final

from pydantic import StringConstraints

ID_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"
MODULE_PATTERN: Final = r"^[a-z0-9-]{1,32}$"

Id = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
Module = Annotated[str, StringConstraints(pattern=MODULE_PATTERN)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)]
"""A BCP 47 tag such as `en` or `bg`, at most 35 characters."""

Actor = Annotated[
    str, StringConstraints(pattern=r"^(person:[A-Za-z0-9][A-Za-z0-9_-]{0,63}|(module|service):[a-z0-9-]{1,32})$")
]
"""Who did it: `person:<id>`, `module:<name>` or `service:<name>`."""

Member = Annotated[str, StringConstraints(pattern=r"^(person|virtual_user):[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
"""Who takes part in a group: `person:<id>` or `virtual_user:<id>`."""

Source = Annotated[str, StringConstraints(pattern=r"^/[a-z0-9-]{1,32}$")]
"""The module a fact comes from, as CloudEvents' `source`: `/<module>`."""

OWNER: Final = "person:owner"
SERVICES: Final = frozenset({"commands", "projections", "compiler", "chat"})
SPEAKERS: Final = frozenset({"web", "cli"})
"""The only modules that may speak for a person."""
RESERVED_MODULES: Final = SERVICES | SPEAKERS

_ANSWERS: Final = uuid.UUID("3f0c2a1e-7a0b-5b7c-8f55-0a6f0d1c9e24")


def answer_id(question: str, virtual_user: str) -> str:
    """The id of the one answer that this virtual user can give to the question."""
    return str(uuid.uuid5(_ANSWERS, f"{question}/{virtual_user}"))
