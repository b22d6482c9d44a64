"""Picked messages as they come from outside."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class PickedMessage(BaseModel):
    """One message of the chat."""

    model_config = ConfigDict(extra="forbid")

    id: str
    author: str
    kind: Literal["person", "assistant", "notice"]
    text: str
    at: str | None = None
    reply_to: str | None = None


class PickedMessages(BaseModel):
    """What was picked. `model`: how the assistant is called, one name or several."""

    model_config = ConfigDict(extra="forbid")

    model: str | list[str]
    messages: list[PickedMessage]
