"""Who teaches: a lesson from a trainer holds at once, one from anybody else becomes a proposal."""

from contracts.envelope import Envelope
from contracts.facts.conversation import ConversationRevised, ConversationTrained
from contracts.facts.qa import ConflictSettled, QAAdded, QARevised, QAsDistinguished
from services.commands.decide.event import Event
from services.commands.decide.lesson import conversation_events, qa_events
from services.commands.decide.lookups import the_model
from services.commands.decide.proposal import propose
from services.commands.decide.roles import need, person_of
from services.commands.world import World


def decide_qa(world: World, fact: Envelope, id: str) -> list[Event]:
    """Trainers teach, and modules that are trusted to; what others report is proposed."""
    data = fact.data
    if isinstance(data, ConflictSettled | QAsDistinguished):
        need(world, fact, "trainer")
    events = qa_events(world, data, id)  # what can't be taught can't be proposed either
    if _teaches(world, fact, events[0]):
        return events
    if isinstance(data, QAAdded | QARevised):
        return propose(world, fact, id, data)
    need(world, fact, "trainer")
    return events


def decide_conversation(world: World, fact: Envelope, id: str) -> list[Event]:
    """As for QAs."""
    data = fact.data
    events = conversation_events(world, data, id)
    if _teaches(world, fact, events[0]):
        return events
    if isinstance(data, ConversationTrained | ConversationRevised):
        return propose(world, fact, id, data)
    need(world, fact, "trainer")
    return events


def _teaches(world: World, fact: Envelope, event: Event) -> bool:
    if fact.actor.startswith("module:"):
        module = world.module(fact.actor.removeprefix("module:"))
        return module is None or module.lessons == "teaches"
    person = person_of(world, fact)
    if person is None or "trainer" in person.roles:
        return True
    model = the_model(world, str(getattr(event.data, "model", "")))
    return model.use == "personal" and person.assistant == model.id
