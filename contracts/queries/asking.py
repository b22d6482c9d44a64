"""Trying a model out, and answers while they grow."""

from typing import Annotated

from pydantic import Field

from contracts.identifiers import Id
from contracts.queries.shape import Shape


class AskWanted(Shape):
    """A question to a model outside any group; nothing of it is recorded."""

    model: str
    question: Annotated[str, Field(min_length=1, max_length=65_536)]


class Asked(Shape):
    """`known`: null where the provider can't tell. `version`: null when the base model answered."""

    answer: str
    known: bool | None
    model: Id
    version: int | None
    lessons: list[Id]


class AnswerChunk(Shape):
    """A piece of a growing answer. A higher `attempt` replaces all of a lower one; `text` is appended."""

    question: Id
    virtual_user: Id
    attempt: int
    index: int
    text: str
    done: bool = False
