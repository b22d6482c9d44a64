"""What a reported fact is answered: accepted with its position, or refused with a code and one sentence."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from contracts.identifiers import Id

RefusalCode = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,64}$")]


class Accepted(BaseModel):
    """The fact is in the log. `became`: the event that was appended instead of the fact, when one was."""

    model_config = ConfigDict(frozen=True)

    position: int = Field(ge=1, description="Of the fact's last event.")
    id: Id
    subject: Id
    became: str | None = None


class Refusal(BaseModel):
    """The fact was not accepted and left no trace; sent again it is decided anew."""

    model_config = ConfigDict(frozen=True)

    code: RefusalCode
    message: str
    fields: dict[str, str] = Field(default_factory=dict, description="Field path to what is wrong with it.")


class Refused(BaseModel):
    """The reply that carries a refusal."""

    model_config = ConfigDict(frozen=True)

    refused: Refusal


class Outcome(BaseModel):
    """What became of a fact left in an inbox, published under `out.<module>.<Fact>`."""

    model_config = ConfigDict(frozen=True)

    id: str
    type: str
    accepted: Accepted | None = None
    refused: Refusal | None = None


Reply = Accepted | Refused
