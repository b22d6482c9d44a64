"""The laws of the log, the same on SQLite and PostgreSQL."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.eventlog.chain import beginning, verify
from services.eventlog.log import Append, EventLog, FactTaken, NewEvent, Recorded, RevisionTaken
from services.refusals import Refused
from tests.eventlog.conftest import OpenLog


def fact(id: str, *streams: tuple[str, int], claims: dict[tuple[str, str], str | None] | None = None) -> Append:
    events = [NewEvent(name, revision, "QAAdded", f'{{"n":"{id}"}}'.encode()) for name, revision in streams]
    return Append("/cli", id, b"d" * 32, events, claims or {})


def append(log: EventLog, *facts: Append) -> list[int]:
    with log.writing() as writing:
        return list(writing.append(facts))


def everything(log: EventLog) -> Sequence[Recorded]:
    return log.read(0, 10_000)


def test_positions_have_no_gaps_and_a_fact_ends_with_its_last_event(log: EventLog) -> None:
    positions = append(log, fact("a", ("qa:1", 1)), fact("b", ("model:m", 1), ("model:m", 2)))

    assert positions == [1, 3]
    assert [(one.position, one.fact_end) for one in everything(log)] == [(1, 1), (2, 3), (3, 3)]


def test_recorded_at_is_one_per_transaction_and_grows(log: EventLog) -> None:
    append(log, fact("a", ("qa:1", 1)), fact("b", ("qa:2", 1)))
    append(log, fact("c", ("qa:3", 1)))

    first, second, third = (one.recorded_at for one in everything(log))
    assert first == second < third


def test_the_chain_holds_and_shows_every_change(log: EventLog) -> None:
    append(log, fact("a", ("qa:1", 1)), fact("b", ("qa:2", 1)))
    append(log, fact("c", ("qa:3", 1)))
    events = list(everything(log))

    assert verify(events, beginning(log.log_id)).holds
    for changed in ({"state": b"{}"}, {"topic": "QARevised"}, {"recorded_at": 1}, {"stream": "qa:9"}, {"fact_end": 3}):
        forged = [events[0], replace(events[1], **changed), events[2]]  # type: ignore[arg-type]
        assert not verify(forged, beginning(log.log_id)).holds
    assert not verify([events[0], events[2]], beginning(log.log_id)).holds


def test_a_revision_that_another_writer_took_is_not_written_twice(log: EventLog) -> None:
    append(log, fact("a", ("qa:1", 1)))

    with pytest.raises(RevisionTaken):
        append(log, fact("b", ("qa:2", 1)), fact("c", ("qa:1", 1)))

    assert len(everything(log)) == 1


def test_a_fact_is_in_the_log_once(log: EventLog) -> None:
    append(log, fact("a", ("qa:1", 1)))

    with log.writing() as writing:
        seen = writing.facts([("/cli", "a"), ("/cli", "b"), ("/web", "a")])
    with pytest.raises(FactTaken):
        append(log, fact("a", ("qa:2", 1)))

    assert {key: one.position for key, one in seen.items()} == {("/cli", "a"): 1}
    assert seen["/cli", "a"].digest == b"d" * 32


def test_an_error_takes_everything_back(log: EventLog) -> None:
    with pytest.raises(ZeroDivisionError), log.writing() as writing:
        writing.append([fact("a", ("qa:1", 1), claims={("model_name", "sales"): "m"})])
        raise ZeroDivisionError

    assert everything(log) == []
    assert log.unique_rows() == {}
    assert append(log, fact("a", ("qa:1", 1))) == [1]


def test_unique_rows_are_taken_exchanged_and_given_up(log: EventLog) -> None:
    append(log, fact("a", ("model:m", 1), claims={("model_name", "sales"): "m", ("parent", "m"): "master"}))
    append(log, fact("b", ("model:m", 2), claims={("model_name", "sales"): None, ("parent", "m"): "other"}))

    with log.writing() as writing:
        found = writing.unique([("model_name", "sales"), ("parent", "m")])
    assert found == {("parent", "m"): "other"} == log.unique_rows()


def test_a_transaction_reads_log_streams_in_order(log: EventLog) -> None:
    append(log, fact("a", ("qa:1", 1), ("qa:2", 1)), fact("b", ("qa:1", 2)))

    with log.writing() as writing:
        found = writing.streams(["qa:1", "qa:2", "qa:3"])

    assert {name: [one.revision for one in events] for name, events in found.items()} == {"qa:1": [1, 2], "qa:2": [1]}
    assert [one.position for one in log.stream("qa:1")] == [1, 3]


def test_as_of_rounds_down_to_the_end_of_a_fact(log: EventLog) -> None:
    append(log, fact("a", ("qa:1", 1)), fact("b", ("qa:2", 1), ("qa:3", 1)))

    assert [log.resolve(at) for at in (-1, 0, 1, 2, 3, 99)] == [0, 0, 1, 1, 3, 3]


def test_an_instant_means_what_was_recorded_by_then(log: EventLog) -> None:
    append(log, fact("a", ("qa:1", 1)))
    between = datetime.now(UTC)
    append(log, fact("b", ("qa:2", 1)))

    assert log.resolve(between) == 1
    assert log.resolve(datetime.now(UTC)) == 2
    assert log.resolve(datetime(2020, 1, 1, tzinfo=UTC)) == 0
    with pytest.raises(Refused, match="still to come"):
        log.resolve(datetime.now(UTC) + timedelta(hours=1))
    with pytest.raises(Refused, match="time zone"):
        log.resolve(datetime(2026, 1, 1))  # noqa: DTZ001


def test_two_writers_at_once_leave_no_gap_and_lose_nothing(opened: OpenLog) -> None:
    def write(log: EventLog, name: str) -> None:
        for number in range(50):
            append(log, fact(f"{name}{number}", (f"qa:{name}{number}", 1)))

    writers = [threading.Thread(target=write, args=(opened(), name)) for name in "xy"]
    for one in writers:
        one.start()
    for one in writers:
        one.join()

    log = opened()
    assert [one.position for one in everything(log)] == list(range(1, 101))
    assert verify(everything(log), beginning(log.log_id)).holds


def test_the_log_keeps_its_id_and_its_events_when_it_is_opened_again(opened: OpenLog) -> None:
    first = opened()
    append(first, fact("a", ("qa:1", 1)))

    second = opened()

    assert second.log_id == first.log_id
    assert everything(second) == everything(first)
    assert [one.position for one in second.at([1, 1, 7])] == [1]
