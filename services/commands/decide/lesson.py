"""The rules of lessons, whoever teaches them: QAs and training conversations."""

from collections.abc import Sequence
from typing import Any

from contracts.facts import Fact
from contracts.facts.conversation import (
    ConversationDeactivated,
    ConversationPersonalDataAccepted,
    ConversationReactivated,
    ConversationRevised,
    ConversationTrained,
    TrainAs,
    Turn,
)
from contracts.facts.qa import (
    ConflictSettled,
    QAAdded,
    QADeactivated,
    QAMoved,
    QAPersonalDataAccepted,
    QAReactivated,
    QARevised,
    QAsDistinguished,
)
from services.commands.channel import of_model
from services.commands.decide.event import Event
from services.commands.decide.lookups import check_speaks, fresh, live_model, the_conversation, the_qa
from services.commands.decide.revising import changed, required
from services.commands.states import QA, Conversation, Model
from services.commands.world import World
from services.folding import fold, record_key
from services.refusals import Refused

QA_FIELDS = ("question", "answer", "section", "purpose", "language", "notes", "held_back")
CONVERSATION_FIELDS = ("messages", "train_as", "straight_question", "section", "language", "notes", "held_back")


def qa_events(world: World, data: Fact, id: str) -> list[Event]:
    """What the fact about a QA gives. A record that was taught before revises its lesson."""
    if isinstance(data, QAAdded):
        return _qa_added(world, data, id)
    qa = the_qa(world, id)
    model = live_model(world, qa.model)
    match data:
        case QARevised():
            return [_revised_qa(model, qa, data)]
        case QAMoved():
            return [_moved(world, model, qa, data)]
        case QADeactivated() | QAReactivated():
            _check_switch(qa.active, isinstance(data, QAReactivated))
        case ConflictSettled():
            return [_settled(world, model, qa, data)]
        case QAsDistinguished():
            _check_distinguished(world, qa, data.other)
        case QAPersonalDataAccepted():
            _check_accepted(qa)
    return [_event("qa", model, id, data, model=model.id)]


def conversation_events(world: World, data: Fact, id: str) -> list[Event]:
    """What the fact about a conversation gives. A record that was taught before revises its lesson."""
    if isinstance(data, ConversationTrained):
        return _conversation_added(world, data, id)
    conversation = the_conversation(world, id)
    model = live_model(world, conversation.model)
    match data:
        case ConversationRevised():
            return [_revised_conversation(world, model, conversation, data)]
        case ConversationDeactivated() | ConversationReactivated():
            _check_switch(conversation.active, isinstance(data, ConversationReactivated))
        case ConversationPersonalDataAccepted():
            _check_accepted(conversation)
    return [_event("conversation", model, id, data, model=model.id)]


def taught_before(world: World, system: str | None, id: str | None) -> str | None:
    """The lesson that this record of another system was taught as. Raises `Refused`: `malformed`."""
    if (system is None) != (id is None):
        raise Refused("malformed", "external_system and external_id go together; give both or none.",
                      {"data.external_id" if id is None else "data.external_system": "is missing"})  # fmt: skip
    return world.unique("external", record_key(system, id)) if system is not None else None


def differing(state: QA | Conversation, given: dict[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    """Those of the given fields that the lesson has otherwise."""
    return {name: given[name] for name in fields if name in given and given[name] != getattr(state, name)}


def _origin(data: QAAdded | ConversationTrained) -> dict[str, Any]:
    return {"proposal": data.proposal, "proposed_by": data.proposed_by} if data.proposal is not None else {}


def nothing_new(lesson: str) -> Refused:
    """The refusal of a record that was taught just so."""
    return Refused("nothing_changes", f"This record was taught before, exactly like this, as the lesson {lesson}.")


# QAs ------------------------------------------------------------------------------------------------------------------


def _qa_added(world: World, data: QAAdded, id: str) -> list[Event]:
    before = taught_before(world, data.external_system, data.external_id)
    if before is not None:
        return _qa_again(world, data, before)
    fresh(world.qa(id), "qa", id)
    model = live_model(world, data.model, "data.model")
    return [_event("qa", model, id, data, question_key=fold(str(data.question)))]


def _qa_again(world: World, data: QAAdded, id: str) -> list[Event]:
    qa = world.qa(id)
    if qa is None:
        raise Refused("external_id_taken", f"This record was taught before as the conversation {id}; revise that.",
                      {"data.external_id": "taken"})  # fmt: skip
    model = live_model(world, qa.model)
    given = data.changes()
    events: list[Event] = []
    if changes := differing(qa, given, QA_FIELDS):
        events.append(_revised_qa(model, qa, QARevised(**changes, **_origin(data))))
    if data.model != qa.model:
        events.append(_moved(world, model, qa, QAMoved(to=data.model)))
        model = live_model(world, data.model, "data.model")
    if "active" in given and given["active"] != qa.active:
        switch = QAReactivated() if given["active"] else QADeactivated()
        events.append(_event("qa", model, id, switch, model=model.id))
    if not events:
        raise nothing_new(id)
    return events


def _revised_qa(model: Model, qa: QA, data: QARevised) -> Event:
    required(data, "question", "answer", "section", "purpose", "notes")
    changes = changed(qa, data)
    key = {"question_key": fold(str(data.question))} if "question" in changes else {}
    return _event("qa", model, qa.id, data, model=model.id, **key)


def _moved(world: World, model: Model, qa: QA, data: QAMoved) -> Event:
    if data.to == qa.model:
        raise Refused("nothing_changes", f"The QA belongs to {model.name} already.")
    receiving = live_model(world, data.to, "data.to")
    return _event("qa", receiving, qa.id, data, model=model.id)


def _settled(world: World, model: Model, qa: QA, data: ConflictSettled) -> Event:
    # Settled again, with another winner between or another text set since, it is decided anew.
    live_model(world, data.training_set, "data.training_set")
    if not qa.active or qa.purpose != "training":
        raise Refused("trains_nothing", "This QA is inactive or for validation, so it can't win; choose one that trains.",
                      {"subject": "trains nothing"})  # fmt: skip
    return _event("qa", model, qa.id, data, model=model.id, question_key=qa.question_key)


def _check_distinguished(world: World, qa: QA, other: str) -> None:
    if other == qa.id:
        raise Refused("malformed", "A QA can't be told from itself; name another.", {"data.other": "is the QA itself"})
    compared = world.qa(other)
    if compared is None:
        raise Refused("unknown_qa", f"There is no QA {other}.", {"data.other": "unknown"})
    if other in qa.distinguished or qa.id in compared.distinguished:
        raise Refused("nothing_changes", "It is known already that these two are different.")


# conversations --------------------------------------------------------------------------------------------------------


def _conversation_added(world: World, data: ConversationTrained, id: str) -> list[Event]:
    before = taught_before(world, data.external_system, data.external_id)
    if before is not None:
        return _conversation_again(world, data, before)
    fresh(world.conversation(id), "conversation", id)
    model = live_model(world, data.model, "data.model")
    _check_turns(data.messages, data.train_as, data.straight_question)
    _check_authors(world, data.messages)
    return [_event("conversation", model, id, data)]


def _conversation_again(world: World, data: ConversationTrained, id: str) -> list[Event]:
    conversation = world.conversation(id)
    if conversation is None:
        raise Refused("external_id_taken", f"This record was taught before as the QA {id}; revise that.",
                      {"data.external_id": "taken"})  # fmt: skip
    model = live_model(world, conversation.model)
    if data.model != conversation.model:
        raise Refused("wrong_model", f"This record was taught to {model.name}; a conversation stays with its model.",
                      {"data.model": "differs"})  # fmt: skip
    given = data.changes()
    events: list[Event] = []
    if changes := differing(conversation, given, CONVERSATION_FIELDS):
        revised = ConversationRevised(**changes, **_origin(data))
        events.append(_revised_conversation(world, model, conversation, revised))
    if "active" in given and given["active"] != conversation.active:
        switch = ConversationReactivated() if given["active"] else ConversationDeactivated()
        events.append(_event("conversation", model, id, switch, model=model.id))
    if not events:
        raise nothing_new(id)
    return events


def _revised_conversation(world: World, model: Model, conversation: Conversation, data: ConversationRevised) -> Event:
    required(data, "messages", "train_as", "section", "notes")
    changed(conversation, data)
    given = data.changes()
    _check_turns(
        given.get("messages", conversation.messages),
        given.get("train_as", conversation.train_as),
        given.get("straight_question", conversation.straight_question),
    )
    _check_authors(world, given.get("messages", ()))
    return _event("conversation", model, conversation.id, data, model=model.id)


# both -----------------------------------------------------------------------------------------------------------------


def _event(kind: Any, under: Model, id: str, data: Fact, **derived: str) -> Event:
    return Event(kind, id, data.model_copy(update=derived), of_model(kind, under, under.id))


def _check_switch(active: bool, wanted: bool) -> None:
    if active == wanted:
        raise Refused("nothing_changes", f"It is {'active' if active else 'inactive'} already.")


def _check_accepted(lesson: QA | Conversation) -> None:
    if lesson.personal_data_accepted:
        raise Refused("nothing_changes", "It was said already that this text may be trained.")


def _check_turns(turns: Sequence[Turn], train_as: TrainAs, straight: int | None) -> None:
    learnt = [index for index, turn in enumerate(turns) if turn.learnt]
    if not learnt:
        raise Refused("nothing_learnt", "No turn of the assistant is to be learnt; mark the right answer as learnt.",
                      {"data.messages": "nothing is learnt"})  # fmt: skip
    if any(turn.learn and turn.role != "assistant" for turn in turns):
        raise Refused(
            "malformed", "Only what the assistant says can be learnt.", {"data.messages": "learns another's turn"}
        )
    if not any(turn.role == "user" for turn in turns[: learnt[0]]):
        raise Refused("no_question", "Nobody asks before the answer that is to be learnt; include the question.",
                      {"data.messages": "no question"})  # fmt: skip
    if straight is not None:
        _check_straight(turns, learnt[-1], straight)
    if train_as == "straight" and straight is None and not _has_wrong_answer(turns, learnt[-1]):
        raise Refused("no_straight", "There is no wrong answer to set straight; train the whole exchange instead.",
                      {"data.train_as": "no wrong answer in context"})  # fmt: skip


def _check_authors(world: World, turns: Sequence[Turn]) -> None:
    for author in dict.fromkeys(turn.author for turn in turns):
        check_speaks(world, author, "data.messages")


def _check_straight(turns: Sequence[Turn], learnt: int, straight: int) -> None:
    if straight >= len(turns) or turns[straight].role != "user" or straight >= learnt:
        raise Refused("malformed", "straight_question must be the index of the user's turn that was answered wrongly.",
                      {"data.straight_question": "not a question before the learnt answer"})  # fmt: skip
    if not _has_wrong_answer(turns[straight:], learnt - straight):
        raise Refused("no_straight", "No answer after that question is context only, so none was wrong.",
                      {"data.straight_question": "no wrong answer after it"})  # fmt: skip


def _has_wrong_answer(turns: Sequence[Turn], learnt: int) -> bool:
    return any(turn.role == "assistant" and not turn.learnt for turn in turns[:learnt])
