"""Queries about what people are to be told."""

from typing import Annotated

from pydantic import ConfigDict, Field

from contracts.identifiers import Id
from contracts.queries.shape import Shape


class NoticesWanted(Shape):
    """A person's notices, newest first."""

    before: int | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 50


class NoticeRow(Shape):
    """`kind` says which fields there are; `message` says it in English."""

    model_config = ConfigDict(frozen=True, extra="allow")

    position: int
    kind: str
    message: str
    read: bool
    time: str | None = None


class Notices(Shape):
    notices: list[NoticeRow]
    unread: int
    watching: list[Id]
    next: int | None
