"""One login, one person: at once as well, and in a log that is older than the rule."""

import asyncio

import pytest

from contracts.envelope import Envelope
from services.commands.service import _prepare
from services.commands.writer import Writer
from services.eventlog.keys import KeyStore
from services.eventlog.log import Append, EventLog, NewEvent
from services.eventlog.sealing import seal
from services.refusals import Refused
from tests.commands.written import fact


def ann(id: str, login: str) -> Envelope:
    return fact("PersonAdded", id, {"name": id.title(), "login": login})


async def test_of_two_people_who_get_one_login_at_once_one_is_refused(writer: Writer) -> None:
    outcomes = await asyncio.gather(
        writer.submit(ann("ann", "A")), writer.submit(ann("bob", "a")), return_exceptions=True
    )

    assert [getattr(one, "code", "accepted") for one in outcomes] == ["accepted", "login_taken"]


async def test_a_log_that_is_older_than_the_rule_keeps_its_logins_and_takes_no_more_of_the_same(
    writer: Writer, log: EventLog, keys: KeyStore
) -> None:
    # given two people with one login, somebody who was erased, and no rows of logins, as an older program left it
    for one in (ann("ann", "one"), ann("eve", "gone"), ann("tom", "other"), fact("PersonErased", "eve", {})):
        await writer.write(one)
    await writer.write(fact("PersonAdded", "bob", {"name": "Bob"}))
    await writer.stop()
    _as_if_before_the_rule(log, keys)

    # when it is started anew
    _prepare(log, keys)
    later = Writer(log, keys)

    # then both stay, a third is refused, and what the erased one signed in with is free
    for taken in (ann("max", "ONE"), fact("PersonRevised", "tom", {"login": "one"})):
        with pytest.raises(Refused, match="Ann signs in with this login"):
            await later.write(taken)
    await later.write(ann("ida", "gone"))
    await later.write(fact("PersonRevised", "ann", {"login": "apart"}))
    with pytest.raises(Refused, match="Bob signs in with this login"):
        await later.write(ann("max", "one"))
    rows = log.unique_rows()
    _prepare(log, keys)
    assert log.unique_rows() == rows
    await later.stop()


def _as_if_before_the_rule(log: EventLog, keys: KeyStore) -> None:
    stored = fact("PersonRevised", "bob", {"login": "One"})
    event = NewEvent("person:bob", 2, "PersonRevised", seal(stored, keys, log.log_id).to_json())
    rows = {key: value for key, value in log.unique_rows().items() if key[0] not in ("login", "kept")}
    with log.writing() as writing:
        writing.append([Append(stored.source, stored.id, b"x" * 32, [event])])
        writing.replace_unique(rows)
