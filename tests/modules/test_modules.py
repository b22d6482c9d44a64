"""What an ERP module can do on a running system, with plain nats-py and the login that it was given."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nats.errors import Error as NatsError

from tests.fixtures.module import ALL, LATEST, Module, connected, from_sequence, take
from tests.fixtures.system import System

pytestmark = pytest.mark.slow

QA = {"model": "sales", "question": "How often should we call?", "answer": "Once a week."}
RECORD = {"external_system": "crm", "external_id": "4711"}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """One sandbox for all modules, with a model that has a version."""
    system = System(tmp_path_factory.mktemp("modules") / "home", "--no-demo", "--sandbox").start()
    system.send("ModelDefined", "--subject", "sales", name="Sales")
    system.send("QAAdded", model="sales", question="Where are we?", answer="In Sofia.")
    assert system.ask_json("compile", "sales", "--wait")["version"] == 1
    yield system
    assert system.stop() == 0, system.said


def login(system: System, name: str, *options: str) -> dict[str, Any]:
    found: dict[str, Any] = system.ask_json("module", name, *options)
    return found


async def outcome(module: Module, id: str) -> dict[str, Any]:
    """What became of a fact that was left in the inbox."""
    outcomes = await module.follow("OUT", f"out.{module.name}.>", ALL)
    while True:
        [message] = await take(outcomes, 1)
        found: dict[str, Any] = json.loads(message.data)
        if found["id"] == id:
            return found


async def test_the_same_record_twice_revises_its_lesson_and_never_doubles_it(sandbox: System) -> None:
    async with connected(login(sandbox, "sync")) as sync:
        first = await sync.report("QAAdded", **QA, **RECORD)
        again = await sync.report("QAAdded", **QA, **RECORD)
        changed = await sync.report("QAAdded", **QA | RECORD | {"answer": "Twice a week."})
        resent = await sync.report("QAAdded", id=first["id"], **QA, **RECORD)
        lessons = (await sync.ask("lessons", after=changed["position"], model="sales"))["lessons"]

    assert again["refused"]["code"] == "nothing_changes"
    assert first["subject"] in again["refused"]["message"]
    assert (changed["subject"], changed["became"]) == (first["subject"], "QARevised")
    assert resent["position"] == first["position"]
    mine = [one for one in lessons if one.get("external_id") == "4711"]
    assert [(one["id"], one["answer"]) for one in mine] == [(first["subject"], "Twice a week.")]


async def test_a_module_proposes_when_it_says_so_and_when_it_is_set_to(sandbox: System) -> None:
    async with connected(login(sandbox, "helpdesk")) as helpdesk:
        asked = await helpdesk.report("LessonProposed", qa=QA | {"question": "May we call on Sundays?"})
        login(sandbox, "helpdesk", "--proposes")
        set_to = await helpdesk.report("QAAdded", **QA | {"question": "May we call at night?"})
        waiting = (await helpdesk.ask("proposals", after=set_to["position"]))["proposals"]
        taken = sandbox.ask_json("approve", asked["subject"])
        told = (await helpdesk.ask("notices", after=taken["position"]))["notices"]

    assert set_to["became"] == "LessonProposed"
    assert [(one["id"], one["proposer"]) for one in waiting] == [
        (asked["subject"], "module:helpdesk"), (set_to["subject"], "module:helpdesk"),
    ]  # fmt: skip
    assert [one["kind"] for one in told] == ["proposal_approved"]


def test_a_login_that_is_shown_again_says_how_far_the_module_is_trusted(sandbox: System) -> None:
    first = login(sandbox, "trusted", "--proposes")

    assert first["proposes"] is True
    assert login(sandbox, "trusted") == first
    assert login(sandbox, "trusted", "--teaches") == first | {"proposes": False}


async def test_a_module_asks_queries_and_sees_nothing_of_what_people_say(sandbox: System) -> None:
    group = sandbox.send("GroupCreated", name="Secret", members=["person:owner"])["subject"]
    sent = sandbox.send("MessagePosted", group=group, text="Between us.")

    async with connected(login(sandbox, "asker")) as asker:
        model = await asker.ask("model", model="Sales")
        known = await asker.ask("known_questions", model="Sales", questions=["where are WE"])
        groups = await asker.ask("groups", after=sent["position"])
        messages = await asker.ask("messages", group=group)
        unknown = await asker.ask("model", model="Salse")
        wrong = await asker.ask("model")
        strange = await asker.ask("model", modle="Sales")
        far = [await asker.ask("history", before=10**30), await asker.ask("models", after=10**30)]

    assert (model["id"], model["active"]["version"]) == ("sales", 1)
    assert [one["answer"] for one in known["known"]] == ["In Sofia."]
    assert groups == {"groups": []}
    assert messages["refused"]["code"].startswith(("unknown", "not_"))
    assert unknown["refused"]["code"] == "unknown_model"
    assert wrong["refused"]["code"] == "malformed"
    assert wrong["refused"]["message"] == "The query model is wrong: model: is missing."
    assert strange["refused"]["message"] == "The query model has no field modle; it has model."
    assert all("a number is larger than" in one["refused"]["message"] for one in far), far


async def test_a_module_follows_what_is_shared_from_any_position_in_order_and_once(sandbox: System) -> None:
    async with connected(login(sandbox, "follower")) as follower:
        seen = (await follower.report("ModelDefined", "followed", name="Followed"))["position"]
        news = [
            (await follower.report("QAAdded", model="followed", question=f"{number}?", answer="Yes."))["position"]
            for number in range(3)
        ]
        sandbox.send("GroupCreated", name="Quiet", members=["person:owner"])
        last = (await follower.report("SystemMessageSet", "followed", system_message="Be brief."))["position"]

        place = await follower.ask("sequence", after=last, position=seen)
        events = await take(await follower.follow("EV", "ev.shared.>", from_sequence(place["start"])), 4)
        everything = await take(await follower.follow("EV", "ev.shared.>", ALL), 10)

    positions = [int((event.headers or {})["Event-Position"]) for event in events]
    assert positions == [*news, last]
    assert [json.loads(event.data)["type"] for event in events] == ["QAAdded"] * 3 + ["SystemMessageSet"]
    assert [int((event.headers or {})["Event-Position"]) for event in everything] == sorted(
        {int((event.headers or {})["Event-Position"]) for event in everything}
    )


async def test_a_module_knows_which_versions_answer_and_every_change(sandbox: System) -> None:
    async with connected(login(sandbox, "versions")) as versions:
        following = await versions.follow("EV", "ev.shared.model.*.ActiveVersionChanged", LATEST)
        [now] = await take(following, 1)
        assert (await versions.report("QAAdded", **QA | {"question": "Who calls?", "answer": "Mara."}))["position"]
        compiled = sandbox.ask_json("compile", "sales", "--wait")
        [changed] = await take(following, 1)

    before, after = (json.loads(one.data) for one in (now, changed))
    assert (before["subject"], before["data"]["new"]["version"]) == ("sales", 1)
    assert (after["data"]["old"], after["data"]["new"]["version"]) == (1, compiled["version"])


async def test_outcomes_of_what_was_left_are_read_and_dead_letters_found_with_the_reason(sandbox: System) -> None:
    async with connected(login(sandbox, "later")) as later:
        good = await later.leave("QAAdded", **QA | {"question": "Left one?"})
        bad = await later.leave("QAAdded", **QA | {"question": "Left two?", "model": "nobody"})
        twice = await later.leave("QAAdded", id=good, **QA | {"question": "Left one?"})
        await later.leave_raw("QAAdded", b'{"id": "torn", "data": ', "torn")
        found = [await outcome(later, id) for id in (good, bad, "later/torn")]
        [letter] = await take(await later.follow("DLQ", "dlq.later.>", ALL), 1)

    assert twice == good
    assert found[0]["accepted"]["subject"] == good
    assert found[1]["refused"]["code"] == "unknown_model"
    assert found[2]["refused"]["code"] == "malformed"
    assert letter.subject == "dlq.later.QAAdded"
    assert letter.data == b'{"id": "torn", "data": '
    assert (letter.headers or {})["Dead-Letter-Reason"] == found[2]["refused"]["message"]


REFUSALS: list[tuple[str, str, dict[str, Any], str, str]] = [
    # why, fact, data, code, the field at fault
    ("a field that no fact has", "QAAdded", QA | {"anwser": "x"}, "malformed", "data.anwser"),
    ("a field that is missing", "QAAdded", {"model": "sales", "question": "?"}, "malformed", "data.answer"),
    ("a model that isn't there", "QAAdded", QA | {"model": "nobody"}, "unknown_model", "data.model"),
    ("what is decided here", "ActiveVersionChanged", {}, "not_your_fact", ""),
    ("a fact that isn't one", "QaAdded", QA, "unknown_fact", ""),
    ("half a reference", "QAAdded", QA | {"external_id": "1"}, "malformed", "data.external_system"),
]


@pytest.mark.parametrize(("why", "fact", "data", "code", "field"), REFUSALS, ids=[one[0] for one in REFUSALS])
async def test_what_a_module_gets_wrong_is_said_with_a_code_a_sentence_and_the_field(
    sandbox: System, why: str, fact: str, data: dict[str, Any], code: str, field: str
) -> None:
    async with connected(login(sandbox, "clumsy")) as clumsy:
        refused = (await clumsy.report(fact, **data))["refused"]

    assert refused["code"] == code, refused
    assert refused["message"].endswith(".")
    if field:
        assert field in refused["fields"], refused


async def test_a_module_speaks_for_itself_only(sandbox: System) -> None:
    async with connected(login(sandbox, "honest")) as honest:
        forged = json.loads(honest.envelope("QAAdded", None, None, QA)) | {"actor": "person:owner"}
        reply = await honest.nc.request("cmd.honest.QAAdded", json.dumps(forged).encode(), timeout=10)
        with pytest.raises(NatsError):
            await honest.nc.request("cmd.crm.QAAdded", json.dumps(forged).encode(), timeout=1)

    assert json.loads(reply.data)["refused"]["code"] == "forged_actor"


async def test_a_revision_that_has_moved_on_is_a_conflict_that_says_where_it_stands(sandbox: System) -> None:
    async with connected(login(sandbox, "editor")) as editor:
        added = await editor.report("QAAdded", **QA | {"question": "Revised?"})
        seen = await editor.ask("lesson", after=added["position"], lesson=added["subject"])
        expected = {"Expected-Revision": str(seen["revision"])}
        first = await editor.report("QARevised", added["subject"], headers=expected, answer="One.")
        late = await editor.report("QARevised", added["subject"], headers=expected, answer="Two.")
        garbled = await editor.report("QARevised", added["subject"], headers={"Expected-Revision": "x"}, answer="3.")
        now = await editor.ask("lesson", after=first["position"], lesson=added["subject"])

    assert late["refused"]["code"] == "conflict"
    assert "(now revision 2, you saw 1): answer by the module editor" in late["refused"]["message"], late
    assert garbled["refused"]["code"] == "malformed"
    assert (now["answer"], now["revision"]) == ("One.", seen["revision"] + 1)


async def test_a_sandbox_refuses_on_demand_so_that_a_module_can_be_tried(sandbox: System) -> None:
    demand = {"Sandbox-Refuse": "busy"}
    async with connected(login(sandbox, "tried")) as tried:
        refused = (await tried.report("QAAdded", **QA | {"question": "Tried?"}, headers=demand))["refused"]
        left = await outcome(tried, await tried.leave("QAAdded", **QA | {"question": "Tried?"}, headers=demand))
        accepted = await tried.report("QAAdded", **QA | {"question": "Tried?"})

    assert refused["code"] == left["refused"]["code"] == "busy"
    assert "sandbox" in refused["message"]
    assert "position" in accepted


async def test_a_dry_run_decides_and_records_nothing(sandbox: System) -> None:
    async with connected(login(sandbox, "careful")) as careful:
        tried = await careful.report("QAAdded", id="dry", **QA | {"question": "Dry?"}, headers={"Dry-Run": "1"})
        known = await careful.ask("known_questions", model="sales", questions=["Dry?"])

    assert tried["subject"] == "dry"
    assert known["known"] == []


async def test_what_is_published_while_we_are_down_arrives_once_and_only_a_sandbox_refuses_on_demand(
    tmp_path: Path,
) -> None:
    # given a module that is connected when everything ends
    system = System(tmp_path / "home", "--no-demo").start()
    system.send("ModelDefined", "--subject", "sales", name="Sales")
    async with connected(login(system, "crm")) as crm:
        await asyncio.to_thread(system.stop)

        # when it leaves a fact meanwhile, as a module that never gives up, and everything starts again
        leaving = asyncio.create_task(leave_at_last(crm, "night", **QA))
        await asyncio.to_thread(system.start)
        await leaving

        # then it was taken, once; a header that means something in a sandbox only is nothing here
        assert (await outcome(crm, "night"))["accepted"]["subject"] == "night"
        again = await crm.report("QAAdded", id="night", **QA, headers={"Sandbox-Refuse": "busy"})
        lessons = (await crm.ask("lessons", after=again["position"], model="sales"))["lessons"]

    assert [one["id"] for one in lessons] == ["night"]
    assert system.stop() == 0, system.said


async def leave_at_last(module: Module, id: str, **data: Any) -> None:
    """Leave the fact until the bus says that it is stored; the same id again is the same fact."""
    while True:
        try:
            await module.leave("QAAdded", id=id, **data)
        except NatsError:
            await asyncio.sleep(0.1)
        else:
            return
