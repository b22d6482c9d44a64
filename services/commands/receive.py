"""Reception: the bytes of a reported fact become an envelope, or a refusal that says what is wrong with them."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from pydantic import ValidationError

from contracts.envelope import Envelope
from contracts.facts import FACTS, Fact, Reporter
from contracts.identifiers import SERVICES, SPEAKERS
from services.malformed import malformed
from services.refusals import Refused

LARGEST_BODY = 1_000_000
DEEPEST = 32
"""Levels of objects and lists that a fact may have; none that is declared needs ten."""
_SEALED_KEYS = frozenset({"k", "i", "n", "c"})


def receive(body: bytes, module: str, fact: str) -> Envelope:
    """Read what `module` reports as `fact`; the names are the subject's tokens, which the bus has checked.

    Raises:
        Refused: `malformed`, `unknown_fact`, `not_your_fact`, `forged_actor`, `schema_too_new` or `too_large`.
    """
    known = FACTS.get(fact)
    if known is None:
        raise Refused("unknown_fact", f"There is no fact called {fact[:80]!r}; contracts/facts lists them all.")
    if not known.reporters:
        raise Refused("not_your_fact", f"{fact} is decided here and never reported.")
    raw = _parse(body)
    _check_tokens(raw, module, fact)
    data = _data(known, raw.get("data"))
    envelope = _envelope(raw, data)
    _check_actor(envelope)
    _check_reporter(known, reporter(envelope), fact)
    return envelope


def reporter(envelope: Envelope) -> Reporter:
    """In which of the four ways the envelope's module speaks."""
    if envelope.module == "compiler":
        return "compiler"
    if envelope.module == "chat":
        return "chat"
    return "person" if envelope.actor.startswith("person:") else "module"


def _parse(body: bytes) -> dict[str, Any]:
    if len(body) > LARGEST_BODY:
        raise Refused("too_large", f"A fact may have {LARGEST_BODY:,} bytes at most; this one has {len(body):,}.")
    try:
        text = body.decode("utf-8")
        raw = _JSON.decode(text)
    except UnicodeDecodeError as problem:
        raise Refused("malformed", f"The fact isn't UTF-8: {problem.reason} at byte {problem.start}.") from problem
    except ValueError as problem:
        raise Refused("malformed", f"The fact isn't JSON: {str(problem)[:200]}.") from problem
    except RecursionError as problem:
        raise _too_deep() from problem
    if not isinstance(raw, dict):
        raise Refused("malformed", "The fact isn't a JSON object; send a CloudEvents envelope.")
    _check_depth(raw)
    if "\\u" in text:
        _check_characters(raw)
    return raw


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


_JSON: Final = json.JSONDecoder(parse_constant=_no_constant)  # json.loads would build one for every fact


def _check_depth(raw: dict[str, Any]) -> None:
    # Before anything else looks into it: what follows goes from the outside in, one call for each level.
    level: list[Any] = [raw]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _inside(outer) if isinstance(inner, dict | list)]
        if not level:
            return
    raise _too_deep()


def _inside(value: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def _too_deep() -> Refused:
    return Refused("malformed", f"The fact is nested more than {DEEPEST} levels deep; no fact has so many.")


def _check_characters(raw: dict[str, Any]) -> None:
    for place, text in _strings(raw, ""):
        path = readable(place)
        if "\x00" in text:
            raise Refused("malformed", "A text holds the character U+0000; leave it out.", {path: "holds U+0000"})
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise Refused("malformed", "A text holds half a character (a lone surrogate).", {path: "lone surrogate"})


def readable(text: str) -> str:
    """The beginning of a name that may hold half characters, which no reply could carry."""
    return text[:200].encode("utf-8", "replace").decode()


def _strings(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield path or key, key
            yield from _strings(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _strings(inner, f"{path}.{index}")


def _check_tokens(raw: dict[str, Any], module: str, fact: str) -> None:
    if raw.get("type", fact) != fact:
        raise Refused("malformed", f"The envelope's type isn't the subject's: {fact}.", {"type": f"must be {fact}"})
    if raw.get("source", f"/{module}") != f"/{module}":
        raise Refused("forged_source", f"Under this subject the source is /{module}.", {"source": f"must be /{module}"})
    if raw.get("channel") is not None:
        raise Refused("malformed", "The channel is decided, not reported.", {"channel": "leave it out"})


def _data(fact: type[Fact], raw: Any) -> Fact:
    if not isinstance(raw, dict):
        raise Refused("malformed", "The fact has no data; send a JSON object.", {"data": "must be an object"})
    given = sorted(fact.derived_fields() & raw.keys())
    if given:
        raise Refused(
            "malformed",
            f"{given[0]} is decided, not reported; leave it out.",
            {f"data.{name}": "leave it out" for name in given},
        )
    if _holds_sealed(raw):
        raise Refused("malformed", "A sealed text can't be reported; send the text itself.")
    try:
        return fact.model_validate(raw, extra="forbid")
    except ValidationError as problem:
        raise malformed(fact.__name__, problem, "data.") from problem


def _holds_sealed(value: Any) -> bool:
    if isinstance(value, dict):
        return value.keys() == _SEALED_KEYS or any(_holds_sealed(inner) for inner in value.values())
    return isinstance(value, list) and any(_holds_sealed(inner) for inner in value)


def _envelope(raw: dict[str, Any], data: Fact) -> Envelope:
    schema = raw.get("schema", data.schema_number)
    if isinstance(schema, int) and schema > data.schema_number:
        name = type(data).__name__
        raise Refused(
            "schema_too_new",
            f"{name} has schema {data.schema_number} here, not {schema}; bring this installation up to date.",
        )
    try:
        envelope = Envelope.model_validate(raw | {"data": data, "schema": data.schema_number}, extra="forbid")
    except ValidationError as problem:
        raise malformed(type(data).__name__, problem) from problem
    if envelope.subject is not None:
        return envelope
    if not data.begins:
        raise Refused(
            "malformed",
            f"{envelope.type} is about an existing record; name it.",
            {"subject": "the record's id is missing"},
        )
    return envelope.model_copy(update={"subject": envelope.id})


def _check_actor(envelope: Envelope) -> None:
    module, actor = envelope.module, envelope.actor
    if module in SPEAKERS:
        if actor.startswith("person:"):
            return
        raise Refused("forged_actor", f"{module} speaks for people only.", {"actor": "must be person:<id>"})
    expected = f"service:{module}" if module in SERVICES else f"module:{module}"
    if actor != expected:
        raise Refused("forged_actor", f"{module} speaks for itself only.", {"actor": f"must be {expected}"})


def _check_reporter(fact: type[Fact], who: Reporter, name: str) -> None:
    if who in fact.reporters:
        return
    allowed = " or ".join(f"a {one}" if one in ("person", "module") else f"the {one}" for one in sorted(fact.reporters))
    raise Refused("not_your_fact", f"{name} is reported by {allowed}, not by a {who}.")
