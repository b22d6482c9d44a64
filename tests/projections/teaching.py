"""What teaching is made of, at random, for Hypothesis: lessons, their models and versions, and looking in between."""

from typing import Any, Final

from hypothesis import strategies as st

from services.refusals import Refused
from tests.projections.company import Company
from tests.projections.compiling import compiled, with_a_provider

MODELS: Final = ("top", "low", "side")
Step = tuple[str, dict[str, Any]]
"""A fact or an act of `taught`, and its fields."""

_MODEL = st.sampled_from(MODELS)
_QA = st.sampled_from(["q1", "q2", "q3", "q4", "q5"])
_TALK = st.sampled_from(["t1", "t2"])
_QUESTION = st.sampled_from(["How?", "how", "When?", "When do you open?"])
_ANSWER = st.sampled_from(["Yes.", "No.", "At nine."])
_SECTION = st.sampled_from(["General", "Prices", "prices.", "!"])
_TAKES = st.sampled_from(["all", "qas", "none"])
_HELD = st.sampled_from([None, True, False])
_PURPOSE = st.sampled_from(["training", "training", "validation"])
_TURNS = st.sampled_from(["ann", "eve"]).map(
    lambda person: [
        {"role": "user", "content": "How?", "author": f"person:{person}"},
        {"role": "assistant", "content": "Yes."},
    ]
)


def _some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.sets(st.sampled_from(sorted(fields)), min_size=1).flatmap(
        lambda names: st.fixed_dictionaries({name: fields[name] for name in sorted(names)})
    )


def _step(name: str, fields: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[Step]:
    return st.tuples(st.just(name), fields)


_LESSON = {"section": _SECTION, "held_back": _HELD}
_TEXT = {"question": _QUESTION, "answer": _ANSWER, "purpose": _PURPOSE}
_MARK = {
    "held_back_sections": st.sampled_from([[], ["Prices"], ["!", "General"]]),
    "use": st.sampled_from(["arbiter", "personal"]),
}
_RULE = {"lineage": st.fixed_dictionaries({"descendants": _TAKES, "ancestors": _TAKES})}
_TAUGHT = _step("QAAdded", st.fixed_dictionaries({"subject": _QA, "model": _MODEL, **_TEXT, **_LESSON}))
_SWITCH = st.sampled_from(["QADeactivated", "QAReactivated"])
STEPS: Final = st.one_of(
    _TAUGHT,
    _TAUGHT,
    _step("ConversationTrained", st.fixed_dictionaries({"subject": _TALK, "model": _MODEL, "messages": _TURNS, **_LESSON})),
    _step("QARevised", st.builds(dict, _some(**_TEXT, **_LESSON), subject=_QA)),
    _step("ConversationRevised", st.builds(dict, _some(messages=_TURNS, **_LESSON), subject=_TALK)),
    st.tuples(_SWITCH, st.fixed_dictionaries({"subject": _QA})),
    _step("ConversationDeactivated", st.fixed_dictionaries({"subject": _TALK})),
    _step("QAMoved", st.fixed_dictionaries({"subject": _QA, "to": _MODEL})),
    _step("ConflictSettled", st.fixed_dictionaries({"subject": _QA, "training_set": _MODEL})),
    _step("ModelRevised", st.builds(dict, _some(**_MARK, **_RULE), subject=_MODEL)),
    _step("ParentAssigned", st.fixed_dictionaries({"subject": _MODEL, "parent": st.none() | _MODEL})),
    st.tuples(st.sampled_from(["ModelArchived", "ModelRestored"]), st.fixed_dictionaries({"subject": _MODEL})),
    _step("PersonErased", st.fixed_dictionaries({"subject": st.just("eve")})),
    _step("proposed", st.fixed_dictionaries({"model": _MODEL, "question": _QUESTION, "answer": _ANSWER})),
    _step("compiled", st.fixed_dictionaries({"model": _MODEL})),
    _step("failed", st.fixed_dictionaries({"model": _MODEL})),
)  # fmt: skip


async def founded(company: Company) -> None:
    """Three models, of which `low` stands below `top`, and two people."""
    await with_a_provider(company)
    for id in ("ann", "eve"):
        await company.report("PersonAdded", id, name=id, roles=["member"])
    for model in MODELS:
        await company.report(
            "ModelDefined", model, name=model, provider="p", parent="top" if model == "low" else None,
            lineage={"descendants": "all", "ancestors": "qas"},
        )  # fmt: skip


async def taught(company: Company, step: Step, number: int) -> None:
    """One step, the so manieth; what the rules refuse doesn't happen."""
    name, fields = step
    try:
        match name:
            case "compiled":
                await compiled(company, fields["model"], f"c{number}")
            case "failed":
                error = {"code": "x", "message": "It failed."}
                await company.report("CompileRequested", f"c{number}", model=fields["model"])
                await company.report("CompilationFailed", f"c{number}", by="service:compiler", error=error)
            case "proposed":
                await company.qa(fields["model"], f"n{number}", fields["question"], fields["answer"], by="person:ann")
                await company.report("LessonApproved", f"n{number}")
            case _:
                await company.report(name, **fields)
    except Refused as refused:
        assert refused.code != "internal_error", step
