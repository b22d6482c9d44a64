"""Sealing: what people say is stored so that only their key opens it."""

import json
import sqlite3
import uuid
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from contracts.envelope import Envelope
from contracts.facts import FACTS
from contracts.text import Sealed
from services.eventlog import open_keys
from services.eventlog.keys import KeyStore, WrongMasterKey
from services.eventlog.log import LogUnavailable
from services.eventlog.sealing import _marks, holders, is_sealed, seal, unseal, unseal_all
from services.eventlog.upcasting import NewerSchema, forget_upcaster, read, upcaster

LOG = "log-1"


def event(type_: str, data: dict[str, Any], *, subject: str = "s", actor: str = "person:ann") -> Envelope:
    return Envelope(
        id=uuid.uuid4().hex, source="/cli", type=type_, time=datetime.now(UTC), subject=subject, actor=actor,
        data=FACTS[type_].model_validate(data),
    )  # fmt: skip


TALK = event(
    "ConversationTrained",
    {
        "model": "m",
        "notes": "About kilns",
        "messages": [
            {"role": "user", "content": "Is it hot?", "author": "person:bob", "name": "Bob"},
            {"role": "assistant", "content": "Very."},
        ],
    },
)


def test_every_text_takes_its_holders_key() -> None:
    assert holders(TALK) == {"person:bob", "record:conversation:s"}
    assert holders(event("MessagePosted", {"group": "g", "text": "Hi"})) == {"person:ann"}
    assert holders(event("MessagePosted", {"group": "g", "text": "Hi"}, actor="module:erp")) == {"record:message:s"}
    assert holders(event("PersonAdded", {"name": "Bob"}, subject="bob")) == {"person:bob"}
    assert holders(event("QAAdded", {"model": "m", "question": "q", "answer": "a"})) == set()
    problem = {"code": "x", "message": "It failed.", "raw": "502 <html>"}
    assert holders(event("CompilationFailed", {"error": problem})) == {"record:compilation:s"}


def test_what_was_sealed_is_opened_again(keys: KeyStore) -> None:
    sealed = seal(TALK, keys, LOG)
    stored = sealed.to_json()

    assert b"Is it hot" not in stored
    assert b"kilns" not in stored
    assert is_sealed(sealed)
    assert unseal(read(stored), keys, LOG).data == TALK.data


def test_a_destroyed_key_leaves_its_texts_sealed_and_the_others_readable(keys: KeyStore) -> None:
    stored = read(seal(TALK, keys, LOG).to_json())

    keys.destroy("person:bob")
    opened: Any = unseal(stored, keys, LOG).data

    assert isinstance(opened.messages[0].content, Sealed)
    assert opened.messages[1].content == "Very."
    assert opened.notes == "About kilns"


def test_a_sealed_text_can_not_be_moved_to_another_event(keys: KeyStore) -> None:
    sealed = seal(TALK, keys, LOG)
    moved = sealed.model_copy(update={"id": "other"})

    with pytest.raises(ValueError, match="changed or moved"):
        unseal(moved, keys, LOG)


def test_many_events_are_opened_together(keys: KeyStore) -> None:
    plain = [event("MessagePosted", {"group": "g", "text": f"Number {n}"}, actor=f"person:p{n % 3}") for n in range(20)]

    opened = unseal_all([seal(one, keys, LOG) for one in plain], keys, LOG)

    assert [one.data for one in opened] == [one.data for one in plain]


def test_keys_are_kept_wrapped_and_need_the_right_master_key(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/k.db"
    first = open_keys(url, b"a" * 32)
    secret = first.ensure(["person:bob"])["person:bob"].secret
    first.close()

    assert open_keys(url, b"a" * 32).ensure(["person:bob"])["person:bob"].secret == secret
    assert secret not in (tmp_path / "k.db").read_bytes()
    with pytest.raises(WrongMasterKey, match="master key"):
        open_keys(url, b"b" * 32)


def test_keys_stand_in_postgresql_too(postgres: str) -> None:
    first, second = open_keys(postgres, b"a" * 32), open_keys(postgres, b"a" * 32)

    key = first.ensure(["person:bob"])["person:bob"]

    assert second.ensure(["person:bob"])["person:bob"] == key
    assert second.by_id([key.id, "none"]) == {key.id: key}
    first.destroy("person:bob")
    second.forget("person:bob")
    assert second.by_id([key.id]) == {}
    first.close()
    second.close()


@pytest.mark.parametrize("where", ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def test_keys_that_can_not_be_reached_are_unavailable(
    where: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path}/keys.db" if where == "sqlite" else request.getfixturevalue("postgres")
    keys = open_keys(url, b"m" * 32)
    keys.close()

    for use in (lambda: keys.ensure(["person:ann"]), lambda: keys.by_id(["k"]), lambda: keys.destroy("person:ann")):
        with pytest.raises(LogUnavailable, match="The keys can't be used now"):
            use()


def test_a_full_disk_makes_no_key_and_is_said(tmp_path: Path) -> None:
    keys = open_keys(f"sqlite:///{tmp_path}/keys.db", b"m" * 32)
    with closing(sqlite3.connect(tmp_path / "keys.db")) as disk, disk:
        disk.execute("CREATE TRIGGER full BEFORE INSERT ON keys BEGIN SELECT RAISE(ABORT, 'disk is full'); END")

    with pytest.raises(LogUnavailable, match="disk is full"):
        keys.ensure(["person:ann"])

    keys.close()


def test_an_older_schema_is_upcast_on_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    # QAAdded once had its section as a number; schema 2 has it as text.
    monkeypatch.setattr(FACTS["QAAdded"], "schema_number", 2)

    @upcaster("QAAdded", from_schema=1)
    def name_the_section(data: dict[str, Any]) -> dict[str, Any]:
        return data | {"section": {7: "Prices"}[data["section"]]}

    try:
        old = {"specversion": "1.0", "id": "x", "source": "/cli", "type": "QAAdded", "time": "2026-01-01T00:00:00Z",
               "subject": "x", "schema": 1, "actor": "person:ann",
               "data": {"model": "m", "question": "q", "answer": "a", "section": 7}}  # fmt: skip
        found: Any = read(json.dumps(old).encode())
    finally:
        forget_upcaster("QAAdded", 1)

    assert (found.schema_number, found.data.section) == (2, "Prices")


def test_a_newer_schema_is_refused_with_a_sentence() -> None:
    newer = json.loads(event("QADeactivated", {}).to_json()) | {"schema": 9}
    unknown = newer | {"type": "QAPainted"}

    with pytest.raises(NewerSchema, match="Install the newer Apprentice"):
        read(json.dumps(newer).encode())
    with pytest.raises(NewerSchema, match="doesn't know it"):
        read(json.dumps(unknown).encode())


LESSONS_AND_NAMES = {
    "QAAdded", "QARevised", "ModelDefined", "ModelRevised", "ProviderRegistered", "ProviderRevised", "ModuleTrusted",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(FACTS.keys() - LESSONS_AND_NAMES))
def test_every_text_that_people_say_is_marked_in_its_contract(name: str) -> None:
    fact = FACTS[name]
    personal = {"text", "login", "email", "notes", "raw"} | ({"name"} if fact.kind == "person" else set())

    marked = {field for field, _ in _marks(fact).own}

    assert personal & set(fact.model_fields) <= marked
