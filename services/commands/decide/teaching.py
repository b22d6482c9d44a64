"""Who teaches: a lesson from a trainer holds at once, one from anybody else becomes a proposal."""

from collections.abc import Sequence

from contracts.envelope import Envelope
from contracts.facts.conversation import ConversationRevised, ConversationTrained
from contracts.facts.qa import ConflictSettled, QAAdded, QARevised, QAsDistinguished
from services.commands.decide.event import Event
from services.commands.decide.lesson import conversation_events, qa_events
from services.commands.decide.lookups import the_model
from services.commands.decide.proposal import propose
from services.commands.decide.roles import need, person_of
from services.commands.states import Person
from services.commands.world import World
from services.refusals import Refused


def decide_qa(world: World, fact: Envelope, id: str) -> list[Event]:
    """Trainers teach, and modules that are trusted to; what others report is proposed."""
    data = fact.data
    if isinstance(data, ConflictSettled | QAsDistinguished):
        need(world, fact, "trainer")
    events = qa_events(world, data, id)  # what can't be taught can't be proposed either
    if _teaches(world, fact, events):
        return events
    if isinstance(data, QAAdded | QARevised):
        return propose(world, fact, id, data)
    _need_trainer(world, fact)
    return events


def decide_conversation(world: World, fact: Envelope, id: str) -> list[Event]:
    """As for QAs."""
    data = fact.data
    events = conversation_events(world, data, id)
    if _teaches(world, fact, events):
        return events
    if isinstance(data, ConversationTrained | ConversationRevised):
        return propose(world, fact, id, data)
    _need_trainer(world, fact)
    return events


def _need_trainer(world: World, fact: Envelope) -> None:
    if fact.actor.startswith("module:"):
        raise Refused("role_needed", "This module may only propose lessons; a trainer changes what is taught.",
                      {"actor": "only proposes"})  # fmt: skip
    need(world, fact, "trainer")


def _teaches(world: World, fact: Envelope, events: Sequence[Event]) -> bool:
    if fact.actor.startswith("module:"):
        module = world.module(fact.actor.removeprefix("module:"))
        return module is None or module.lessons == "teaches"
    person = person_of(world, fact)
    if person is None or "trainer" in person.roles:
        return True
    return all(_own(world, person, id) for event in events for id in _models_of(event))


def _own(world: World, person: Person, model: str) -> bool:
    return person.assistant == model and the_model(world, model).use == "personal"


def _models_of(event: Event) -> set[str]:
    # A lesson that moves concerns the model that it leaves and the one that receives it.
    return {id for name in ("model", "to") if (id := getattr(event.data, name, None)) is not None}
