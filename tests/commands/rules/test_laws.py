"""Laws that hold whatever is reported: Hypothesis reports facts at random over a few ids."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.envelope import Envelope
from contracts.facts.model import ActiveVersionChanged
from services.commands.claims import claims
from services.commands.world import DictWorld
from services.refusals import Refused
from tests.commands.rules.given import Given, compiling, fact, succeeded

IDS = st.sampled_from(["a", "b", "c", "d"])
NAMES = st.sampled_from(["Sales", "sales ", "Support", "Marketing"])
USERS = st.sampled_from([None, "u", "v"])


def _reported(
    type_: str, subject: st.SearchStrategy[str], **fields: st.SearchStrategy[Any]
) -> st.SearchStrategy[list[Envelope]]:
    def make(subject: str, data: dict[str, Any]) -> list[Envelope]:
        return [fact(type_, subject, **data)]

    return st.builds(make, subject, st.fixed_dictionaries(fields))


PROVIDER = fact("ProviderRegistered", "p", name="P", provider_kind="embedded", base_model="b")
SOMETHING = st.one_of(
    _reported("ModelDefined", IDS, name=NAMES, parent=st.none() | IDS, virtual_user=USERS, provider=st.just("p"), default=st.booleans()),
    _reported("ModelRevised", IDS, name=NAMES, activate_automatically=st.booleans()),
    _reported("ParentAssigned", IDS, parent=st.none() | IDS),
    _reported("VirtualUserLinked", IDS, virtual_user=USERS),
    _reported("DefaultModelChosen", IDS),
    _reported("ModelArchived", IDS),
    _reported("ModelRestored", IDS),
    _reported("VersionChosen", IDS, version=st.integers(1, 3)),
    _reported("QAAdded", st.sampled_from(["q1", "q2"]), model=IDS, question=st.sampled_from(["One?", "Two?"]), answer=st.just("Yes.")),
    _reported("QAMoved", st.sampled_from(["q1", "q2"]), to=IDS),
    _reported("CompileRequested", st.sampled_from(["k1", "k2", "k3"]), model=IDS, queue=st.booleans()),
    st.builds(lambda id, model: [*compiling(id, model), succeeded(id)], st.sampled_from(["k4", "k5", "k6"]), IDS),
    st.builds(lambda id: [fact("CompilationFailed", id, by="service:compiler", error={"code": "x", "message": "It failed."})],
              st.sampled_from(["k1", "k2", "k3"])),
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(SOMETHING, max_size=25))
def test_the_rules_refuse_or_keep_the_laws(reports: list[list[Envelope]]) -> None:
    given = Given(PROVIDER)
    for one in (one for some in reports for one in some):
        try:
            given.when(one)
        except Refused as refusal:
            assert refusal.message

    models = [given.world.model(id) for id in "abcd"]
    there = [model for model in models if model is not None]
    _no_cycles({model.id: model.parent for model in there})
    linked = [model.virtual_user for model in there if model.virtual_user]
    assert len(linked) == len(set(linked))
    _active_versions_come_from_successes(given)
    assert _rebuilt(given) == given.world.rows


def _no_cycles(parents: dict[str, str | None]) -> None:
    for start in parents:
        seen, at = set(), parents[start]
        while at is not None:
            assert at != start
            assert at not in seen
            seen.add(at)
            at = parents[at]


def _active_versions_come_from_successes(given: Given) -> None:
    succeeded_so_far = set()
    for event in given.events:
        if type(event.data).__name__ == "CompilationSucceeded":
            succeeded_so_far.add(event.subject)
        if isinstance(event.data, ActiveVersionChanged) and event.data.new is not None:
            assert event.data.new.compilation in succeeded_so_far


def _rebuilt(given: Given) -> dict[tuple[str, str], str]:
    """The unique rows, made again from the events alone."""
    again = Given.__new__(Given)
    again.world, again.events = DictWorld(), []
    for event in given.events:
        cause = fact(type(event.data).__name__, event.subject, **event.data.model_dump(mode="json", exclude_unset=True))
        taken = claims(again.world, event)
        again._evolve(event, cause)
        again.world.take(taken)
    return again.world.rows
