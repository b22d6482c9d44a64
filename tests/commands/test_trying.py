"""A fact that is only tried: answered as it would be, and not recorded."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from contracts.envelope import Envelope
from services.commands.writer import Writer
from services.eventlog.keys import KeyStore
from services.eventlog.log import EventLog
from services.eventlog.vault import open_vault
from services.refusals import Refused
from tests.commands.written import fact, taught


async def test_a_fact_that_is_only_tried_is_answered_as_it_would_be_and_not_recorded(
    writer: Writer, log: EventLog
) -> None:
    head = log.head()
    known = fact("QAAdded", None, {"model": "nobody", "question": "Who?", "answer": "?"})

    tried = await writer.submit(taught("Tried?", id="tried"), dry=True)
    with pytest.raises(Refused, match="nobody") as refused:
        await writer.submit(known, dry=True)

    assert (tried.id, tried.subject, tried.became) == ("tried", "tried", None)
    assert tried.position > head.position
    assert refused.value.code == "unknown_model"
    assert log.head() == head
    assert log.stream("qa:tried") == []


async def test_what_is_only_tried_is_not_there_for_its_neighbours(writer: Writer, log: EventLog) -> None:
    # when a model is tried between facts that would need it, and facts that would be refused because of it
    def support(id: str) -> Envelope:
        return fact("ModelDefined", id, {"name": "Support"}, id=id)

    tried = writer.submit(support("one"), dry=True)
    lesson = writer.submit(fact("QAAdded", None, {"model": "one", "question": "Who helps?", "answer": "We do."}))
    again = writer.submit(support("two"), dry=True)
    same = writer.submit(support("one"), dry=True)
    real = writer.submit(support("one"))
    later = writer.submit(support("three"), dry=True)
    await asyncio.wait([tried, lesson, again, same, real, later])

    # then only the real one counts, under the id that was tried before
    assert isinstance(lesson.exception(), Refused)
    assert tried.result().subject == same.result().subject == real.result().subject == "one"
    assert again.result().subject == "two"
    assert isinstance(later.exception(), Refused)
    assert [event.topic for event in log.stream("model:one")] == ["ModelDefined"]
    assert log.unique_rows()["model_name", "support"] == "one"
    assert (await writer.submit(taught("Is all well?"))).position == real.result().position + 1


async def test_what_is_only_tried_rests_on_what_is_recorded_before_it(writer: Writer) -> None:
    real = writer.submit(fact("ModelDefined", "support", {"name": "Support"}))
    tried = writer.submit(
        fact("QAAdded", None, {"model": "support", "question": "Who helps?", "answer": "We do."}), dry=True
    )

    assert (await tried).position == (await real).position + 1


async def test_trying_a_fact_that_was_accepted_gives_its_first_acceptance(writer: Writer, log: EventLog) -> None:
    sent = taught("Once?", id="once")
    first = await writer.submit(sent)
    await writer.submit(taught("Then?"))

    assert await writer.submit(sent, dry=True) == first
    with pytest.raises(Refused) as refused:
        await writer.submit(taught("Other?", id="once"), dry=True)
    assert refused.value.code == "id_reused"


async def test_trying_says_what_the_fact_would_become(writer: Writer) -> None:
    record = {"model": "sales", "question": "Which?", "external_system": "erp", "external_id": "1"}
    qa = await writer.submit(fact("QAAdded", None, record | {"answer": "This."}))
    await writer.submit(fact("PersonAdded", "ann", {"name": "Ann"}))
    by_ann = taught("May I?").model_copy(update={"actor": "person:ann"})

    revised = await writer.submit(fact("QAAdded", None, record | {"answer": "That."}), dry=True)
    proposed = await writer.submit(by_ann, dry=True)

    assert (revised.subject, revised.became) == (qa.subject, "QARevised")
    assert proposed.became == "LessonProposed"


async def test_trying_makes_no_keys_and_knows_what_is_too_large(writer: Writer, keys: KeyStore, tmp_path: Path) -> None:
    def turns(size: int) -> list[dict[str, Any]]:
        return [{"role": role, "content": "x" * size} for _ in range(10) for role in ("user", "assistant")]

    with pytest.raises(Refused) as refused:
        await writer.submit(fact("ConversationTrained", None, {"model": "sales", "messages": turns(60_000)}), dry=True)
    await writer.submit(fact("ConversationTrained", "tried", {"model": "sales", "messages": turns(60)}), dry=True)

    assert refused.value.code == "too_large"
    held = open_vault(f"sqlite:///{tmp_path}/keys.db")
    assert held.of_holders(["record:conversation:tried"]) == []
    held.close()
