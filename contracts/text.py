"""Free text, which is either plain or sealed, moments, and the bounds of both."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints


class Sealed(BaseModel):
    """A text encrypted with AES-256-GCM under one holder's key; without the key nobody can read it."""

    model_config = ConfigDict(frozen=True)

    k: str = Field(description="Id of the key.")
    i: int = Field(ge=0, description="Which sealed value of its event this is, counted from 0.")
    n: str = Field(description="Nonce: 12 random bytes, base64.")
    c: str = Field(description="Ciphertext and tag, base64. Additional data: log id, source, event id, i, k.")


Holder = Literal["actor", "subject", "asker", "author", "proposer", "record"]


@dataclass(frozen=True)
class SealedFor:
    """Marks a text field that is sealed before it is stored, and says whose key it takes.

    `actor`: the person who reports it; `subject`: the person the fact is about; `asker`, `author`
    and `proposer`: the person that the field of this name beside it names (`person:<id>`); `record`: the record itself, which is also what
    the others fall back to when no person is named.
    """

    holder: Holder


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


NotBlank: Final = Field(json_schema_extra={"pattern": r"\S"})
Label = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_not_blank), NotBlank]
"""A name people give things: 1 to 200 characters, not blank, never sealed."""
Title = Annotated[Label | Sealed, Field(union_mode="left_to_right")]
"""A short text: 1 to 200 characters, not blank."""
Line = Annotated[
    Annotated[str, StringConstraints(min_length=1, max_length=2_000), AfterValidator(_not_blank), NotBlank] | Sealed,
    Field(union_mode="left_to_right"),
]
"""A question or a sentence: 1 to 2,000 characters, not blank."""
Text = Annotated[
    Annotated[str, StringConstraints(min_length=1, max_length=65_536), AfterValidator(_not_blank), NotBlank] | Sealed,
    Field(union_mode="left_to_right"),
]
"""A long text, Markdown: 1 to 65,536 characters, not blank."""
Notes = Annotated[Annotated[str, StringConstraints(max_length=4_000)] | Sealed, Field(union_mode="left_to_right")]
"""A remark that may be empty: at most 4,000 characters."""
RawError = Annotated[Annotated[str, StringConstraints(max_length=20_000)] | Sealed, Field(union_mode="left_to_right")]
"""What a provider answered, to the letter: at most 20,000 characters, may be empty."""


YEARS: Final = (1900, 2199)


def _in_our_time(moment: datetime) -> datetime:
    # Beyond these, arithmetic between time zones leaves the calendar.
    if not YEARS[0] <= moment.year <= YEARS[1]:
        raise ValueError(f"must lie in the years {YEARS[0]} to {YEARS[1]}")
    return moment


Moment = Annotated[
    AwareDatetime, AfterValidator(_in_our_time), Field(description=f"With its time zone; {YEARS[0]} to {YEARS[1]}.")
]
"""An instant with its time zone."""
