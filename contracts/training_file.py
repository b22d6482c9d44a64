"""The training file and its sidecar: their exact shapes, which never change for a packaging number.

A training file is UTF-8, LF, without BOM, keys in declared order, separators `,` and `:`, non-ASCII kept; one
`{"messages":[...]}` per line. Only context turns of the assistant carry `"weight":0`. Names and `system` turns of
conversations aren't packaged; the compiled model's system message, when it has one, is every example's first message.
A training set's identity is the pair (packaging, SHA-256 of the file).
"""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.identifiers import Id

PACKAGING: Final = 1

ExamplePart = Literal["qa", "straight", "exchange"]


class SidecarLine(BaseModel):
    """Which lesson a line of the training file came from."""

    model_config = ConfigDict(frozen=True)

    line: int = Field(ge=1)
    lesson: Id
    position: int = Field(ge=1, description="At which the lesson took the form it is packaged in.")
    part: ExamplePart


class TrainingSetSummary(BaseModel):
    """A training set at a position, counted and identified. `examples` counts lines, `lessons` lessons."""

    model_config = ConfigDict(frozen=True)

    model: Id
    position: int
    packaging: int
    sha256: str
    examples: int
    lessons: int
    bytes: int
    conflicts: int = Field(description="QAs that lost a conflict.")
    duplicates: int = Field(description="QAs that repeat another.")
    erased: int = Field(description="Conversations that are no longer readable.")
