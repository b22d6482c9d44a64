"""Sealing: the texts that a contract marks `SealedFor` are encrypted with their holder's key before they are stored.

AES-256-GCM with a random nonce per value; additional data: log id, event source and id, which value, key id.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import BaseModel

from contracts.envelope import Envelope
from contracts.facts import Part
from contracts.text import Holder, Sealed, SealedFor
from services.eventlog.keys import Key, KeyStore, Passing

Replace = Callable[[Part, str, Holder, Any], Any]
"""Called for every marked field that is set: its part, name, holder rule and value; gives the value to put there."""


@dataclass(frozen=True, slots=True)
class _Marks:
    """Of one class: fields that are sealed themselves, and fields whose parts have some."""

    own: tuple[tuple[str, Holder], ...]
    inner: tuple[str, ...]


def holders(envelope: Envelope) -> set[str]:
    """Whose keys the envelope's texts take: `person:<id>` or `record:<kind>:<id>`."""
    found: set[str] = set()

    def note(part: Part, _: str, rule: Holder, value: Any) -> Any:
        if isinstance(value, str) and value:
            found.add(_holder(envelope, part, rule))
        return value

    _walk(envelope.data, note)
    return found


def seal(envelope: Envelope, keys: KeyStore | Passing, log_id: str) -> Envelope:
    """The envelope with its marked texts sealed. Empty texts stay empty."""
    needed = keys.ensure(holders(envelope))
    count = iter(range(2**31))

    def close(part: Part, _: str, rule: Holder, value: Any) -> Any:
        if not isinstance(value, str) or not value:
            return value
        return _encrypt(value, needed[_holder(envelope, part, rule)], next(count), envelope, log_id)

    data = _walk(envelope.data, close)
    return envelope if data is envelope.data else envelope.model_copy(update={"data": data})


def unseal(envelope: Envelope, keys: KeyStore, log_id: str) -> Envelope:
    """The envelope with its texts readable; what its key was destroyed for stays `Sealed`."""
    return unseal_all([envelope], keys, log_id)[0]


def unseal_all(envelopes: Iterable[Envelope], keys: KeyStore, log_id: str) -> list[Envelope]:
    """Many envelopes with one look-up of their keys."""
    everything = list(envelopes)
    wanted = {sealed.k for envelope in everything for sealed in _sealed(envelope)}
    if not wanted:
        return everything
    known = keys.by_id(wanted)
    return [_open(envelope, known, log_id) for envelope in everything]


def is_sealed(envelope: Envelope) -> bool:
    """Whether some text of it can't be read."""
    return next(_sealed(envelope), None) is not None


def _open(envelope: Envelope, known: Mapping[str, Key], log_id: str) -> Envelope:
    def reveal(_: Part, __: str, ___: Holder, value: Any) -> Any:
        if not isinstance(value, Sealed) or value.k not in known:
            return value
        return _decrypt(value, known[value.k], envelope, log_id)

    data = _walk(envelope.data, reveal)
    return envelope if data is envelope.data else envelope.model_copy(update={"data": data})


def _sealed(envelope: Envelope) -> Iterator[Sealed]:
    found: list[Sealed] = []

    def note(_: Part, __: str, ___: Holder, value: Any) -> Any:
        if isinstance(value, Sealed):
            found.append(value)
        return value

    _walk(envelope.data, note)
    return iter(found)


def _walk(part: Part, replace: Replace) -> Any:
    kind: type[BaseModel] = type(part)
    marks = _marks(kind)
    changes: dict[str, Any] = {}
    for name, rule in marks.own:
        value = getattr(part, name)
        if value is not None and (new := replace(part, name, rule, value)) is not value:
            changes[name] = new
    for name in marks.inner:
        value = getattr(part, name)
        new = _walk_inner(value, replace)
        if new is not value:
            changes[name] = new
    return part.model_copy(update=changes) if changes else part


def _walk_inner(value: Any, replace: Replace) -> Any:
    if isinstance(value, tuple):
        new = tuple(_walk(one, replace) for one in value)
        return value if all(a is b for a, b in zip(new, value, strict=True)) else new
    return _walk(value, replace) if isinstance(value, Part) else value


@cache
def _marks(kind: type[BaseModel]) -> _Marks:
    own: list[tuple[str, Holder]] = []
    inner: list[str] = []
    for name, field in kind.model_fields.items():
        rules = [
            one.holder for one in (*field.metadata, *_nested_marks(field.annotation)) if isinstance(one, SealedFor)
        ]
        if rules:
            own.append((name, rules[0]))
        elif any(_marks(part) != _Marks((), ()) for part in _parts_in(field.annotation)):
            inner.append(name)
    return _Marks(tuple(own), tuple(inner))


def _nested_marks(annotation: Any) -> Iterator[Any]:
    yield from getattr(annotation, "__metadata__", ())
    if not isinstance(annotation, type):
        for inner in get_args(annotation):
            yield from _nested_marks(inner)


def _parts_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, Part):
        yield annotation
    for inner in get_args(annotation):
        yield from _parts_in(inner)


def _holder(envelope: Envelope, part: Part, rule: Holder) -> str:
    person: str | None = None
    if rule == "actor":
        person = envelope.actor
    elif rule == "subject":
        person = f"person:{envelope.subject}"
    elif rule in ("asker", "author", "proposer"):
        person = getattr(part, rule, None)
    if person is not None and person.startswith("person:"):
        return person
    return f"record:{envelope.data.kind}:{envelope.subject}"


def _encrypt(text: str, key: Key, index: int, envelope: Envelope, log_id: str) -> Sealed:
    nonce = os.urandom(12)
    secret = AESGCM(key.secret).encrypt(nonce, text.encode(), _context(log_id, envelope, index, key.id))
    return Sealed(k=key.id, i=index, n=base64.b64encode(nonce).decode(), c=base64.b64encode(secret).decode())


def _decrypt(sealed: Sealed, key: Key, envelope: Envelope, log_id: str) -> str | Sealed:
    try:
        text = AESGCM(key.secret).decrypt(
            base64.b64decode(sealed.n), base64.b64decode(sealed.c), _context(log_id, envelope, sealed.i, key.id)
        )
    except InvalidTag as problem:
        raise ValueError(
            f"A sealed text of the event {envelope.id} was changed or moved; restore the log."
        ) from problem
    return text.decode()


def _context(log_id: str, envelope: Envelope, index: int, key: str) -> bytes:
    return "\0".join((log_id, envelope.source, envelope.id, str(index), key)).encode()
