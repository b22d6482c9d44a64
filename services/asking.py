"""What a query asks for: a field that it doesn't have is refused, because to pass it over would answer another question."""

from typing import Final, TypeVar

from pydantic import ValidationError

from contracts.queries import Query, Shape
from services.malformed import malformed
from services.refusals import Refused

Wanted = TypeVar("Wanted", bound=Shape)
HEADERS: Final = 1_000
"""Bytes of a reply that its headers may take."""


def query_of(name: str, body: str | bytes) -> Query:
    """The query as it came over the bus. Raises `Refused`: `malformed`."""
    try:
        return Query.model_validate_json(body, extra="forbid")
    except ValidationError as invalid:
        raise _malformed(f"The envelope of the query {name}", Query, invalid) from invalid


def wanted_of(kind: type[Wanted], name: str, query: Query) -> Wanted:
    """Its data. Raises `Refused`: `malformed`."""
    try:
        return kind.model_validate(query.data, extra="forbid")
    except ValidationError as invalid:
        raise _malformed(f"The query {name}", kind, invalid) from invalid


def fitting(name: str, body: bytes, largest: int) -> bytes:
    """The answer, if it has room in a message of `largest` bytes. Raises `Refused`: `too_large`."""
    room = largest - HEADERS
    if len(body) > room:
        sentence = f"The answer to {name} has {len(body):,} bytes, and the bus carries {room:,}; ask for less at once."
        raise Refused("too_large", sentence)
    return body


def _malformed(what: str, kind: type[Shape], invalid: ValidationError) -> Refused:
    refused = malformed(what, invalid)
    errors = invalid.errors(include_url=False, include_input=False)
    strange = [
        str(error["loc"][0]) for error in errors if error["type"] == "extra_forbidden" and len(error["loc"]) == 1
    ]
    if not strange:
        return refused
    sentence = f"{what} has no field {strange[0][:100]}; it has {', '.join(kind.model_fields) or 'none at all'}."
    return Refused("malformed", sentence, refused.fields)
