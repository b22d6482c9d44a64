"""The envelope of every fact and event: CloudEvents 1.0, structured JSON."""

import json
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_serializer, model_validator

from contracts.facts import FACTS, Fact
from contracts.identifiers import Actor, Id, Source
from contracts.text import Moment

LARGEST_EVENT: Final = 900_000
"""Bytes that an event may have, sealed and with headers."""

Channel = Annotated[str, StringConstraints(pattern=r"^(shared|private)\.[a-z]+\.([A-Za-z0-9][A-Za-z0-9_-]{0,63}|_)$")]


class Envelope(BaseModel):
    """One fact as it is reported, or one event as it is stored.

    `data` is parsed by `type`. Reporters leave `channel` and `causationid` out of a fact; an event always has a
    `channel` (`shared|private`.kind.model or group id), which places it on the bus as `ev.<channel>.<type>`.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    specversion: Literal["1.0"] = "1.0"
    id: Id
    source: Source
    type: str
    time: Moment
    subject: Id | None = None
    datacontenttype: Literal["application/json"] = "application/json"
    schema_number: int = Field(default=1, alias="schema", ge=1)
    actor: Actor
    correlationid: Annotated[str, StringConstraints(min_length=1, max_length=128)] | None = None
    causationid: Annotated[str, StringConstraints(min_length=1, max_length=128)] | None = None
    channel: Channel | None = None
    data: Fact

    @model_validator(mode="before")
    @classmethod
    def _data_by_type(cls, raw: Any, info: Any) -> Any:
        if not isinstance(raw, dict) or isinstance(raw.get("data"), Fact):
            return raw
        fact = FACTS.get(raw.get("type", ""))
        if fact is None:
            raise ValueError(f"there is no fact called {str(raw.get('type'))[:80]!r}")
        return raw | {"data": fact.model_validate(raw.get("data", {}))}

    @model_validator(mode="after")
    def _type_of_data(self) -> Self:
        if self.type != type(self.data).__name__:
            raise ValueError(f"the data is a {type(self.data).__name__}, not a {self.type}")
        return self

    @property
    def module(self) -> str:
        """The module that the fact comes from."""
        return self.source[1:]

    @field_serializer("data", mode="plain")
    def _data(self, data: Fact) -> dict[str, Any]:
        # What begins a record states every field, so a later default can't change it; others state what was given.
        return data.model_dump(mode="json") if data.begins else data.given()

    def to_json(self) -> bytes:
        """The bytes that are stored and published; envelope fields without a value are left out."""
        return self.model_dump_json(by_alias=True, exclude_none=True).encode()

    def to_report(self) -> bytes:
        """The bytes that are sent to report the fact: only what was given, so that nothing derived is among it."""
        data = self.data.model_dump(mode="json", exclude_unset=True, exclude=set(self.data.derived_fields()))
        return json.dumps(self.model_dump(mode="json", by_alias=True, exclude_none=True) | {"data": data}).encode()
