"""What reception accepts, and the sentence it has for everything else."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.facts import FACTS
from contracts.facts.qa import QAAdded
from services.commands.receive import receive
from services.refusals import Refused


def qa(**changes: Any) -> dict[str, Any]:
    return {"model": "sales", "question": "How often?", "answer": "Weekly."} | changes


def reported(**changes: Any) -> bytes:
    envelope = {
        "specversion": "1.0",
        "id": "fact-1",
        "source": "/cli",
        "type": "QAAdded",
        "time": "2026-11-24T10:00:00Z",
        "actor": "person:owner",
        "data": qa(),
    }
    return json.dumps(envelope | changes).encode()


def test_a_fact_that_begins_a_record_gives_it_its_own_id() -> None:
    envelope = receive(reported(), "cli", "QAAdded")

    assert envelope.subject == "fact-1"
    assert isinstance(envelope.data, QAAdded)
    assert envelope.data.question == "How often?"


def test_a_module_speaks_for_itself() -> None:
    envelope = receive(reported(source="/helpdesk", actor="module:helpdesk"), "helpdesk", "QAAdded")

    assert envelope.actor == "module:helpdesk"


@pytest.mark.parametrize(
    ("body", "module", "fact", "code", "field"),
    [
        (b"nope", "cli", "QAAdded", "malformed", None),
        (b"[1]", "cli", "QAAdded", "malformed", None),
        (b"\xff\xfe", "cli", "QAAdded", "malformed", None),
        (b'{"data": NaN}', "cli", "QAAdded", "malformed", None),
        (b'{"data": {"question": "\\ud800"}}', "cli", "QAAdded", "malformed", "data.question"),
        (b'{"data": {"question": "a\\u0000"}}', "cli", "QAAdded", "malformed", "data.question"),
        (b"[" * 100_000, "cli", "QAAdded", "malformed", None),
        (b" " * 1_000_001, "cli", "QAAdded", "too_large", None),
        (reported(), "cli", "QAAded", "unknown_fact", None),
        (reported(), "cli", "QARevised", "malformed", "type"),
        (reported(), "web", "QAAdded", "forged_source", "source"),
        (reported(schema=2), "cli", "QAAdded", "schema_too_new", None),
        (reported(colour="red"), "cli", "QAAdded", "malformed", "colour"),
        (reported(channel="shared.qa.sales"), "cli", "QAAdded", "malformed", "channel"),
        (reported(id="../etc"), "cli", "QAAdded", "malformed", "id"),
        (reported(time="2026-11-24T10:00:00"), "cli", "QAAdded", "malformed", "time"),
        (reported(data=None), "cli", "QAAdded", "malformed", "data"),
        (reported(data=qa(question=" \n")), "cli", "QAAdded", "malformed", "data.question"),
        (reported(data=qa(question="q" * 2001)), "cli", "QAAdded", "malformed", "data.question"),
        (reported(data={"model": "sales", "question": "q"}), "cli", "QAAdded", "malformed", "data.answer"),
        (
            reported(data={"model": "sales", "question": "q", "answer": "a", "question_key": "q"}),
            "cli", "QAAdded", "malformed", "data.question_key",
        ),
        (
            reported(data={"model": "s", "question": {"k": "1", "i": 0, "n": "", "c": ""}, "answer": "a"}),
            "cli", "QAAdded", "malformed", None,
        ),
        (reported(type="QARevised", data={"answer": "a"}), "cli", "QARevised", "malformed", "subject"),
        (reported(actor="module:helpdesk"), "cli", "QAAdded", "forged_actor", "actor"),
        (reported(source="/helpdesk"), "helpdesk", "QAAdded", "forged_actor", "actor"),
        (reported(source="/chat", actor="person:owner"), "chat", "QAAdded", "forged_actor", "actor"),
        (reported(type="JobCreated", data={"job": "j"}, subject="c"), "cli", "JobCreated", "not_your_fact", None),
        (
            reported(type="ActiveVersionChanged", subject="m", data={"old": 1, "new": None, "reason": "chosen"}),
            "cli", "ActiveVersionChanged", "not_your_fact", None,
        ),
    ],
)  # fmt: skip
def test_what_is_not_a_fact_is_refused_with_a_sentence(
    body: bytes, module: str, fact: str, code: str, field: str | None
) -> None:
    with pytest.raises(Refused) as refused:
        receive(body, module, fact)

    assert refused.value.code == code
    assert refused.value.message.endswith((".", "?"))
    assert field is None or field in refused.value.fields


def _nested(levels: int, **more: Any) -> bytes:
    """A fact with so many levels: the envelope, its data, and lists."""
    inner = "[" * (levels - 2) + "]" * (levels - 2)
    return reported(data=qa(question="nested"), **more).replace(b'"nested"', inner.encode())


@pytest.mark.parametrize("more", [{}, {"note": "\ud83d\ude00"}])
@pytest.mark.parametrize("levels", [33, 400, 600, 990, 100_000])
def test_a_fact_that_is_nested_however_deep_is_refused_in_words(levels: int, more: dict[str, str]) -> None:
    with pytest.raises(Refused, match="nested more than 32 levels deep") as refused:
        receive(_nested(levels, **more), "cli", "QAAdded")

    assert refused.value.code == "malformed"


def test_a_fact_as_deep_as_may_be_is_read() -> None:
    with pytest.raises(Refused) as refused:
        receive(_nested(32), "cli", "QAAdded")

    assert "data.question" in refused.value.fields


def test_a_name_where_an_id_belongs_is_said_to_be_one() -> None:
    with pytest.raises(Refused, match=r"data\.model: must be an id .* not a name\."):
        receive(reported(data=qa(model="AI Sales Assistant")), "cli", "QAAdded")


def test_a_module_can_not_report_what_the_compiler_reports() -> None:
    body = reported(source="/helpdesk", actor="module:helpdesk", type="CompilationSucceeded", subject="c",
                    data={"compiled_model": "ft"})  # fmt: skip

    with pytest.raises(Refused, match="reported by the compiler"):
        receive(body, "helpdesk", "CompilationSucceeded")


@pytest.mark.parametrize("fact", sorted(FACTS))
def test_every_fact_says_who_may_report_it_and_what_it_is_for(fact: str) -> None:
    declared = FACTS[fact]

    assert declared.kind
    assert declared.__doc__
    assert declared.reporters <= {"person", "module", "compiler", "chat"}


_ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters(codec=None), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec=None), max_size=20), inner, max_size=4),
)  # fmt: skip


@given(
    st.sampled_from(["data", "id", "subject", "time", "actor", "schema", "type", "source", "\ud800", "x" * 100_000]),
    _ANY_JSON,
)
def test_whatever_stands_in_a_fact_it_is_read_or_refused_in_words_that_can_be_sent(field: str, value: Any) -> None:
    try:
        receive(reported(**{field: value}), "cli", "QAAdded")
    except Refused as refused:
        assert len(refused.refusal.model_dump_json()) < 100_000
