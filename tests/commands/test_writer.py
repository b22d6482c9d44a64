"""The writer on a real log: order, acceptance, repetition, refusal, two writers at once."""

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from contracts.replies import Accepted
from services.commands.service import _prepare
from services.commands.writer import InOrder, Writer
from services.eventlog import open_log
from services.eventlog.keys import KeyStore
from services.eventlog.log import Append, EventLog, LogUnavailable, NewEvent
from services.eventlog.upcasting import NewerSchema
from services.refusals import Refused
from tests.commands.written import fact, failing_disk, taught


async def test_an_accepted_fact_is_in_the_log_at_the_position_it_was_told(writer: Writer, log: EventLog) -> None:
    accepted = await writer.write(taught("Who sells?"))

    [event] = log.at([accepted.position])
    stored = json.loads(event.state)
    assert (event.topic, event.stream, event.revision) == ("QAAdded", f"qa:{accepted.subject}", 1)
    assert stored["id"] == accepted.id == accepted.subject
    assert stored["channel"] == "shared.qa.sales"
    assert stored["correlationid"] == accepted.id
    assert stored["data"]["question_key"] == "who sells"


async def test_facts_are_decided_in_the_order_they_were_sent(writer: Writer) -> None:
    replies = await asyncio.gather(*(writer.submit(taught(f"Question {n}?")) for n in range(500)))

    positions = [reply.position for reply in replies]
    assert positions == list(range(positions[0], positions[0] + 500))


async def test_a_fact_may_rest_on_its_neighbour_in_the_same_batch(writer: Writer) -> None:
    define = writer.submit(fact("ModelDefined", "support", {"name": "Support", "parent": "sales"}))
    teach = writer.submit(fact("QAAdded", None, {"model": "support", "question": "Who helps?", "answer": "We do."}))
    again = writer.submit(fact("ModelDefined", "helpdesk", {"name": "SUPPORT "}))

    await define
    await teach
    with pytest.raises(Refused, match="Support") as refused:
        await again
    assert refused.value.code == "name_taken"


async def test_the_same_fact_again_gets_its_first_acceptance(writer: Writer, log: EventLog) -> None:
    sent = taught("Once?", id="once")
    first = await writer.write(sent)
    head = log.head().position

    together = await asyncio.gather(writer.submit(sent), writer.submit(sent))

    assert [first, first] == list(together)
    assert log.head().position == head


async def test_the_same_fact_twice_in_one_batch_is_appended_once(writer: Writer, log: EventLog) -> None:
    head = log.head().position

    first, second = await asyncio.gather(
        writer.submit(taught("Twice?", id="t")), writer.submit(taught("Twice?", id="t"))
    )

    assert first == second
    assert log.head().position == head + 1


async def test_an_id_with_another_body_is_refused(writer: Writer) -> None:
    await writer.write(taught("This?", id="same"))

    with pytest.raises(Refused) as refused:
        await writer.write(taught("That?", id="same"))

    assert refused.value.code == "id_reused"


async def test_a_refusal_leaves_no_trace_and_is_decided_anew(writer: Writer, log: EventLog) -> None:
    early = fact("QAAdded", "qa", {"model": "later", "question": "Early?", "answer": "Yes."}, id="early")
    with pytest.raises(Refused):
        await writer.write(early)
    assert log.stream("qa:qa") == []

    await writer.write(fact("ModelDefined", "later", {"name": "Later"}))

    assert (await writer.write(early)).subject == "qa"


async def test_an_event_that_is_too_large_is_refused_and_the_next_fact_goes_on(writer: Writer) -> None:
    turns = [{"role": role, "content": "x" * 60_000} for _ in range(10) for role in ("user", "assistant")]

    with pytest.raises(Refused) as refused:
        await writer.write(fact("ConversationTrained", None, {"model": "sales", "messages": turns}))

    assert refused.value.code == "too_large"
    assert await writer.write(taught("Still there?"))


async def test_a_fact_that_can_not_be_stored_for_itself_is_refused_and_its_neighbours_go_on(
    writer: Writer, tmp_path: Path
) -> None:
    # given that Ann's key was damaged on the disk
    with closing(sqlite3.connect(tmp_path / "keys.db")) as damaged, damaged:
        damaged.execute("INSERT INTO keys VALUES ('k', 'person:ann', ?)", (b"x" * 60,))

    before, ann, after = await asyncio.gather(
        *(writer.submit(fact("PersonAdded", name, {"name": name.title()})) for name in ("max", "ann", "tom")),
        return_exceptions=True,
    )

    assert isinstance(ann, Refused)
    assert ann.code == "internal_error"
    assert isinstance(before, Accepted)
    assert isinstance(after, Accepted)


async def test_of_facts_in_order_none_is_decided_after_one_that_could_not_be_stored(
    writer: Writer, tmp_path: Path
) -> None:
    define = fact("ModelDefined", "support", {"name": "Support"}, id="define")
    teach = fact("QAAdded", None, {"model": "support", "question": "Who helps?", "answer": "We do."})
    order = InOrder()

    # given a first fact that can't be stored, in a batch of its own
    with failing_disk(tmp_path, "define"), pytest.raises(LogUnavailable, match="can't be used now"):
        await writer.submit(define, order=order)

    # when the disk is well again
    with pytest.raises(LogUnavailable, match="can't be used now"):
        await writer.submit(teach, order=order)
    anew = InOrder()
    together = await asyncio.gather(writer.submit(define, order=anew), writer.submit(teach, order=anew))

    # then the second has waited for the first, and wasn't refused for want of it
    assert together[0].position < together[1].position


async def test_a_fact_of_nobody_s_order_does_not_wait_for_one_that_could_not_be_stored(
    writer: Writer, tmp_path: Path
) -> None:
    with failing_disk(tmp_path, "first"):
        with pytest.raises(LogUnavailable):
            await writer.submit(taught("First?", id="first"), order=InOrder())

        assert await writer.submit(taught("Second?"))


async def test_what_people_say_is_stored_sealed(writer: Writer, log: EventLog) -> None:
    turns = [{"role": "user", "content": "My secret wish?"}, {"role": "assistant", "content": "A kiln."}]

    accepted = await writer.write(fact("ConversationTrained", None, {"model": "sales", "messages": turns}))

    [event] = log.at([accepted.position])
    assert b"secret wish" not in event.state
    assert b'"k":' in event.state


async def test_the_revision_that_the_sender_saw_is_checked(writer: Writer) -> None:
    qa = await writer.write(taught("Which?"))
    await writer.write(fact("QARevised", qa.subject, {"answer": "First."}), expected_revision=1)

    with pytest.raises(Refused) as refused:
        await writer.write(fact("QARevised", qa.subject, {"answer": "Second."}), expected_revision=1)

    assert refused.value.code == "conflict"


async def test_two_who_edit_one_lesson_at_once_get_one_revision_and_one_conflict_that_says_what_changed(
    writer: Writer, log: EventLog
) -> None:
    # given a lesson that two administrators have open
    await writer.write(fact("PersonAdded", "tom", {"name": "Tom", "roles": ["administrator", "trainer"]}))
    qa = await writer.write(taught("Which?"))
    edits = [
        (fact("QARevised", qa.subject, {"answer": "Blue.", "section": "Colours"}, actor="person:tom"), 1),
        (fact("QARevised", qa.subject, {"answer": "Green."}), 1),
    ]

    # when both save, in one batch and in one after the other
    results = await asyncio.gather(*(writer.submit(*edit) for edit in edits), return_exceptions=True)
    with pytest.raises(Refused) as later:
        await writer.write(fact("QADeactivated", qa.subject, {}), expected_revision=1)

    # then one revision is in the log, and the other is told what changed, by whom, and where they met
    assert isinstance(results[1], Refused)
    assert [event.topic for event in log.stream(f"qa:{qa.subject}")] == ["QAAdded", "QARevised"]
    for refused in (results[1], later.value):
        assert refused.code == "conflict"
        assert refused.message == (
            "It was changed since you saw it (now revision 2, you saw 1): answer, section by Tom at 10:00 UTC. "
            "Look again before you change it."
        )
    assert results[1].fields == {"subject": "is at revision 2", "data.answer": "was changed meanwhile"}

    # and who may not change the lesson isn't told what others did to it
    await writer.write(fact("PersonAdded", "ann", {"name": "Ann"}))
    with pytest.raises(Refused) as stranger:
        await writer.write(fact("QADeactivated", qa.subject, {}, actor="person:ann"), expected_revision=1)
    assert stranger.value.code == "role_needed"


async def test_two_writers_on_one_log_double_nothing(
    writer: Writer, log: EventLog, keys: KeyStore, tmp_path: Path
) -> None:
    other_log = open_log(f"sqlite:///{tmp_path}/log.db")
    other = Writer(other_log, keys)
    try:
        facts = [fact("ModelDefined", None, {"name": f"Model {n % 50}"}) for n in range(200)]
        results = await asyncio.gather(
            *(one.submit(each) for each, one in zip(facts, [writer, other] * 100, strict=True)), return_exceptions=True
        )
    finally:
        await other.stop()
        other_log.close()

    accepted = [result for result in results if not isinstance(result, BaseException)]
    assert len(accepted) == 50
    events = log.read(0, limit=1_000)
    assert [event.position for event in events] == list(range(1, len(events) + 1))


async def test_every_event_of_a_fact_names_its_cause(writer: Writer, log: EventLog) -> None:
    await writer.write(fact("ProviderRegistered", "p", {"name": "P", "provider_kind": "embedded", "base_model": "b"}))
    await writer.write(fact("ModelRevised", "sales", {"provider": "p"}))
    asked = await writer.write(fact("CompileRequested", "c", {"model": "sales"}))
    for type_, data in [
        ("TrainingSetPackaged", {"position": asked.position, "packaging": 1, "sha256": "0" * 64, "examples": 1,
                                 "lessons": 1, "bytes": 1}),
        ("FileUploadIntended", {"runner": "r", "deadline": 0, "upload_sha256": "0" * 64, "bytes": 1}),
        ("FileUploaded", {"file": "f"}),
        ("JobCreationIntended", {"runner": "r", "deadline": 0}),
        ("JobCreated", {"job": "j"}),
        ("EvaluationStarted", {"compiled_model": "ft"}),
    ]:  # fmt: skip
        await writer.write(fact(type_, "c", data, module="compiler"))

    done = await writer.write(fact("CompilationSucceeded", "c", {"compiled_model": "ft"}, module="compiler", id="win"))

    succeeded, changed = (json.loads(event.state) for event in log.at([done.position - 1, done.position]))
    assert (succeeded["type"], succeeded["id"]) == ("CompilationSucceeded", "win")
    assert (changed["type"], changed["causationid"]) == ("ActiveVersionChanged", "win")
    assert changed["id"] != "win"
    assert {event.fact_end for event in log.at([done.position - 1, done.position])} == {done.position}


async def test_the_log_tells_which_schemas_it_holds_so_that_older_code_refuses_to_start(
    writer: Writer, log: EventLog, keys: KeyStore
) -> None:
    assert log.unique_rows()["schema", "ModelDefined"] == "1"
    with log.writing() as writing:
        writing.append(
            [Append("/cli", "x", b"", [NewEvent("qa:x", 1, "QAPainted", b"{}")], {("schema", "QAPainted"): "1"})]
        )

    with pytest.raises(NewerSchema, match="Install the newer Apprentice"):
        _prepare(log, keys)
