"""Erasing a person: the key of their words is destroyed, whatever fails meanwhile."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from contracts.replies import Accepted
from services.commands.service import _prepare
from services.commands.writer import Writer
from services.eventlog import open_keys
from services.eventlog.keys import KeyStore
from services.eventlog.log import EventLog, LogUnavailable
from services.eventlog.sealing import is_sealed, unseal
from services.eventlog.upcasting import read
from tests.commands.written import MASTER_KEY, fact, taught


async def test_erasing_a_person_destroys_the_key_of_their_words(writer: Writer, log: EventLog, keys: KeyStore) -> None:
    await writer.write(fact("PersonAdded", "ann", {"name": "Ann"}))
    turns = [
        {"role": "user", "content": "My secret?", "author": "person:ann"},
        {"role": "assistant", "content": "Kept."},
    ]
    said = await writer.write(fact("ConversationTrained", None, {"model": "sales", "messages": turns}))
    [event] = log.at([said.position])
    before = unseal(read(event.state), keys, log.log_id)

    await writer.write(fact("PersonErased", "ann", {}))
    after = unseal(read(event.state), keys, log.log_id)

    assert not is_sealed(before)
    assert is_sealed(after)
    assert log.unique_rows()["erased", "ann"] == "yes"


async def test_the_key_of_an_erased_person_is_destroyed_when_it_could_not_be_at_first(
    writer: Writer, log: EventLog, keys: KeyStore, tmp_path: Path
) -> None:
    # given keys that can't be removed now
    added = await writer.write(fact("PersonAdded", "ann", {"name": "Ann"}))
    [event] = log.at([added.position])
    erased = fact("PersonErased", "ann", {})
    with closing(sqlite3.connect(tmp_path / "keys.db", isolation_level=None)) as vault:
        vault.execute("CREATE TRIGGER locked BEFORE DELETE ON keys BEGIN SELECT RAISE(ABORT, 'locked'); END")
        told, neighbour = await asyncio.gather(
            writer.submit(erased), writer.submit(taught("And I?")), return_exceptions=True
        )
        vault.execute("DROP TRIGGER locked")

    # then whoever erases her isn't told that it is done, and whoever comes with it is
    assert isinstance(told, LogUnavailable)
    assert isinstance(neighbour, Accepted)
    assert not is_sealed(unseal(read(event.state), keys, log.log_id))

    # when it is sent again
    assert await writer.write(erased)

    assert is_sealed(unseal(read(event.state), keys, log.log_id))


async def test_an_erasure_that_is_only_tried_destroys_nothing(writer: Writer, log: EventLog, keys: KeyStore) -> None:
    added = await writer.write(fact("PersonAdded", "ann", {"name": "Ann"}))

    assert await writer.write(fact("PersonErased", "ann", {}), dry=True)

    [event] = log.at([added.position])
    assert not is_sealed(unseal(read(event.state), keys, log.log_id))


async def test_keys_from_a_backup_bring_no_erased_words_back(
    writer: Writer, log: EventLog, keys: KeyStore, tmp_path: Path
) -> None:
    # given a copy of the keys from before somebody was erased
    await writer.write(fact("PersonAdded", "ann", {"name": "Ann"}))
    turns = [
        {"role": "user", "content": "My secret?", "author": "person:ann"},
        {"role": "assistant", "content": "Kept."},
    ]
    said = await writer.write(fact("ConversationTrained", None, {"model": "sales", "messages": turns}))
    with (
        closing(sqlite3.connect(tmp_path / "keys.db")) as source,
        closing(sqlite3.connect(tmp_path / "backup.db")) as target,
    ):
        source.backup(target)
    await writer.write(fact("PersonErased", "ann", {}))
    restored = open_keys(f"sqlite:///{tmp_path}/backup.db", MASTER_KEY)
    [event] = log.at([said.position])
    assert not is_sealed(unseal(read(event.state), restored, log.log_id))

    # when commands start with that copy
    _prepare(log, restored)

    # then it opens them no more
    assert is_sealed(unseal(read(event.state), restored, log.log_id))
