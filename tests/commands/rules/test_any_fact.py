"""Whatever is reported, by whomever and in whatever order: refused with a sentence, or accepted with the laws kept."""

import re
from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.envelope import Envelope
from contracts.facts.message import MessagePosted
from contracts.facts.model import ActiveVersionChanged
from services.commands.decide import check_revision
from services.commands.states import QA, Compilation, Conversation, Group, Model
from services.eventlog.upcasting import read
from services.folding import keys_of
from services.refusals import Refused
from tests.commands.rules.given import Given
from tests.commands.rules.reports import FOUNDED, Reported, reports
from tests.commands.rules.test_laws import _no_cycles, _rebuilt


@settings(max_examples=1_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(reports(), st.none() | st.integers(0, 3)), min_size=5, max_size=40))
def test_every_fact_is_refused_with_a_sentence_or_keeps_the_laws(
    reported: list[tuple[Reported, int | None]],
) -> None:
    company = Given(*FOUNDED)
    for one, expected in ((one, expected) for some, expected in reported for one in some.facts):
        _report(company, one, expected)

    states = company.world.states.values()
    models = {one.id: one for one in states if isinstance(one, Model)}
    _no_cycles({id: model.parent for id, model in models.items()})
    names = Counter(key for model in models.values() for key in set(keys_of(model.name, model.names.values())))
    users = Counter(model.virtual_user for model in models.values() if model.virtual_user)
    running = Counter(
        one.model for one in states if isinstance(one, Compilation) and not one.over and one.status != "queued"
    )
    assert {1} >= {*names.values(), *users.values(), *running.values()}
    assert all(one.model in models for one in states if isinstance(one, QA | Conversation))
    _one_default(company, models)
    _versions_come_from_successes(company)
    _strangers_are_in_no_chat_of_two(company, models)
    assert _rebuilt(company) == company.world.rows


def _report(company: Given, one: Envelope, expected: int | None) -> None:
    before = len(company.events)
    try:
        check_revision(company.world, one, expected)
        company.when(one)
    except Refused as refusal:
        assert re.fullmatch(r"[a-z0-9_]+", refusal.code)
        assert refusal.message.endswith((".", "?"))
        assert company.events[before:] == []
        return
    new = company.events[before:]
    assert new, "an accepted fact appends at least one event"
    for event in new:
        stored = one.model_copy(
            update={"type": type(event.data).__name__, "data": event.data, "channel": event.channel}
        )
        assert read(stored.to_json()).data == event.data
        if isinstance(event.data, MessagePosted) and one.actor.startswith("person:"):
            assert one.actor in company.world.states[f"group:{event.data.group}"].members


def _one_default(company: Given, models: dict[str, Model]) -> None:
    default = company.world.unique("default", "model")
    assert default is None or not (models[default].archived or models[default].use == "personal")


def _versions_come_from_successes(company: Given) -> None:
    made = set()
    for event in company.events:
        if type(event.data).__name__ == "CompilationSucceeded":
            made.add(event.subject)
        if isinstance(event.data, ActiveVersionChanged) and event.data.new is not None:
            assert event.data.new.compilation in made


def _strangers_are_in_no_chat_of_two(company: Given, models: dict[str, Model]) -> None:
    for group in company.world.states.values():
        if isinstance(group, Group) and group.use != "group":
            assert len(group.members) == 2
