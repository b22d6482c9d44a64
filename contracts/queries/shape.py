"""What every query and reply is made of."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from contracts.identifiers import Actor


class Shape(BaseModel):
    """A piece of a reply. Readers ignore fields they don't know."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Query(Shape):
    """The body of every query. `at`: a position or an instant (RFC 3339); `after`: a position to wait for."""

    actor: Actor
    at: int | datetime | None = None
    after: int | None = None
    data: dict[str, Any] = Field(default_factory=dict)


class Answer(Shape):
    """The body of every reply that is not a refusal."""

    position: int
    data: Any


class Nothing(Shape):
    """A query without parameters."""
