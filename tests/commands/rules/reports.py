"""Facts of every kind for Hypothesis, in the shape of their published schemas, about few records, so that they meet."""

from functools import cache
from typing import Any

from hypothesis import strategies as st

from contracts.envelope import Envelope
from contracts.facts import FACTS
from tests.commands.bounds import REPORTED, Published, sample
from tests.commands.rules.given import compiling, fact, succeeded

MODELS = ("a", "b", "c")
PEOPLE = {"owner": ("administrator", "trainer"), "ann": ("member",), "tom": ("trainer",), "eve": ("auditor",)}
SUBJECTS = {
    "provider": ("p", "r"), "model": MODELS, "qa": ("q1", "q2", "n1", "n3"), "conversation": ("t1", "n3"),
    "proposal": ("n2", "n3"), "compilation": ("k1", "k2", "k3", "k4"), "group": ("g", "chat", "h"),
    "message": ("m1", "m2", "m3", "m4"), "person": (*PEOPLE, "new"), "module": ("erp",),
}  # fmt: skip
FRESH = tuple(f"x{number}" for number in range(6))
_IDS = {
    "model": MODELS, "to": MODELS, "parent": MODELS, "training_set": MODELS, "assistant": MODELS,
    "answering_model": MODELS, "provider": SUBJECTS["provider"], "models_of": SUBJECTS["provider"],
    "group": SUBJECTS["group"], "question": SUBJECTS["message"], "reply_to": SUBJECTS["message"],
    "lesson": ("q1", "t1", "n1"), "lessons": ("q1", "t1"), "other": SUBJECTS["qa"], "qa": SUBJECTS["qa"],
    "same_as": SUBJECTS["compilation"], "virtual_user": ("va", "vb"), "messages": SUBJECTS["message"],
    "message": SUBJECTS["message"],
}  # fmt: skip
_MEMBERS = ("person:owner", "person:ann", "person:tom", "virtual_user:va", "virtual_user:vb")
_TEXTS = {
    "name": ("One", "ONE. ", "Two", "Три", "Four", "Пет", "6"), "external_id": ("1", "2/1"), "external_system": ("erp", "erp/2"),
    "base_url": ("http://127.0.0.1:1/v1",),
}  # fmt: skip
_WORDS = ("How?", "how", "Yes.", "No.", "\u202eשלום")
_ACTORS = {
    "person": tuple(f"person:{one}" for one in PEOPLE), "module": ("module:erp",), "compiler": ("service:compiler",),
    "chat": ("service:chat",),
}  # fmt: skip

_ASKED, _WRONG = {"role": "user", "content": "How?"}, {"role": "assistant", "content": "Yes.", "learn": False}
_RIGHT = {"role": "assistant", "content": "No."}
FOUNDED = (
    fact("ProviderRegistered", "p", name="P", provider_kind="embedded", base_model="b"),
    fact("ModelDefined", "a", name="One", provider="p", virtual_user="va"),
    fact("ModelDefined", "b", name="Two", provider="p", parent="a", use="personal", virtual_user="vb"),
    *(
        fact("PersonAdded", id, name=id, roles=list(roles))
        for id, roles in PEOPLE.items()
        if id not in ("owner", "ann")
    ),
    fact("PersonAdded", "ann", name="ann", assistant="b"),
    fact("QAAdded", "q1", model="a", question="How?", answer="Yes."),
    fact("GroupCreated", "g", by="person:ann", name="G", members=["virtual_user:va", "person:owner"]),
    fact("GroupCreated", "chat", by="person:ann", name="C", use="assistant", members=["virtual_user:vb"]),
    fact("MessagePosted", "m1", by="person:ann", group="g", text="How?"),
    fact("MessagePosted", "m3", group="g", by="module:erp", text="How?"),
    fact("AnswerPosted", "m2", by="service:chat", group="g", question="m1", virtual_user="va", asker="person:ann",
         text="Yes.", answering_model="a"),
    fact("QAAdded", "q2", model="a", question="HOW", answer="No.", external_system="erp", external_id="1"),
    fact("ConversationTrained", "t1", model="a", messages=[_ASKED, _WRONG, _ASKED, _RIGHT]),
    fact("QAAdded", "n1", by="person:tom", model="a", question="New?", answer="Yes."),
    fact("QAAdded", "n2", by="person:ann", model="a", question="Newer?", answer="Yes."),
    fact("ModelDefined", "c", name="Три"),
    fact("ModelWatched", "owner", model="a"),
    fact("ReactionAdded", "m1", reaction="How?"),
    fact("MessagePosted", "m4", group="g", text="How?"),
    fact("AnswerFailed", "m4", by="service:chat", virtual_user="va", code="a", message="Down."),
    *compiling("k1", "a"),
    succeeded("k1"),
    *compiling("k2", "b"),
    fact("CompileRequested", "k3", model="b", queue=True),
)  # fmt: skip


class Reported:
    """Facts reported one after the other. Its short form says which, when a law is broken."""

    def __init__(self, facts: list[Envelope]) -> None:
        self.facts = facts

    def __repr__(self) -> str:
        return "; ".join(f"{one.type} {one.subject} by {one.actor} {one.data.changes()}"[:400] for one in self.facts)


@st.composite
def reports(draw: st.DrawFn) -> Reported:
    """One fact of any kind, or a whole compilation that succeeds."""
    name = draw(st.sampled_from(("", *REPORTED)))
    if name:
        return Reported([draw(_reported(name))])
    id, model = draw(st.sampled_from(SUBJECTS["compilation"])), draw(st.sampled_from(MODELS))
    return Reported([*compiling(id, model), succeeded(id)])


@cache
def _reported(name: str) -> st.SearchStrategy[Envelope]:
    published, declared = Published(name), FACTS[name]
    actors = [actor for who in sorted(declared.reporters) for actor in _ACTORS[who]]
    # the owner may do most things, so most is said by the owner
    speakers = st.sampled_from(["person:owner"] * len(actors) * ("person" in declared.reporters) + actors)
    return st.builds(
        lambda subject, by, data: fact(name, subject, by=by, **data),
        st.sampled_from(SUBJECTS[declared.kind] if not declared.begins else (*SUBJECTS[declared.kind], *FRESH)),
        speakers,
        _values(published, "", published.data),
    )


def _values(published: Published, name: str, schema: Any) -> st.SearchStrategy[Any]:
    nullable = any(one.get("type") == "null" for one in schema.get("anyOf", ()))
    given = _given(published, name, published.branch(schema))
    return st.one_of(given, given, given, st.none()) if nullable else given


def _given(published: Published, name: str, schema: Any) -> st.SearchStrategy[Any]:
    if "enum" in schema or "const" in schema:
        return st.sampled_from(schema.get("enum", [schema.get("const")]))
    match schema.get("type"):
        case "object" if "additionalProperties" in schema:
            return st.dictionaries(st.sampled_from(["en", "bg"]), st.sampled_from(_TEXTS["name"]), max_size=2)
        case "object":
            return _objects(published, schema)
        case "array":
            least = schema.get("minItems", 0)
            return st.lists(_values(published, name, schema["items"]), min_size=least, max_size=max(least, 4))
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(schema["minimum"], schema["minimum"] + 3)
        case "number":
            return st.floats(schema["minimum"], min(1, schema["maximum"]))
        case _:
            return st.sampled_from(_texts(name, schema))


def _objects(published: Published, schema: Any) -> st.SearchStrategy[dict[str, Any]]:
    properties = {name: one for name, one in schema.get("properties", {}).items() if not one.get("readOnly")}
    values = {name: _values(published, name, one) for name, one in properties.items()}
    needed = [name for name in schema.get("required", ()) if name in values]
    optional = sorted(values.keys() - needed)
    chosen = st.lists(st.sampled_from(optional), max_size=3, unique=True) if optional else st.just([])
    return chosen.flatmap(lambda more: st.fixed_dictionaries({name: values[name] for name in (*needed, *more)}))


def _texts(name: str, schema: Any) -> tuple[Any, ...]:
    pattern = schema.get("pattern", "")
    if pattern.startswith("^(person|virtual_user):"):
        return _MEMBERS
    if pattern.startswith("^(person:"):
        return ("person:ann", "person:owner", "module:erp")
    if name in _IDS and "{0,63}" in pattern:
        return _IDS[name]
    if name in _TEXTS:
        return _TEXTS[name]
    return _WORDS if pattern in ("", r"\S") and "format" not in schema else (sample(schema),)
