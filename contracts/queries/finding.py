"""Finding anything by its name or its words."""

from typing import Annotated, Literal

from pydantic import Field

from contracts.identifiers import Id
from contracts.queries.shape import Shape


class FindWanted(Shape):
    """Whatever has a name that holds all these words. `limit`: of each kind."""

    text: Annotated[str, Field(max_length=200)]
    limit: Annotated[int, Field(ge=1, le=20)] = 5


class FoundRow(Shape):
    """`name`: as it is shown; of a lesson its question. `rank` 0: the name begins so, 1: a word of it does, 2: it holds it.

    `model`: of a model itself, of a lesson and a compilation whose they are. `version`: active, or the compilation's.
    """

    kind: Literal["model", "group", "person", "lesson", "compilation"]
    id: Id
    name: str
    rank: int
    model: Id | None = None
    version: int | None = None


class Found(Shape):
    """Per kind the best first; lessons and compilations for trainers, administrators and auditors only."""

    found: list[FoundRow]
