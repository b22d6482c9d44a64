"""The rules of lessons: QAs and training conversations."""

from collections.abc import Sequence

from contracts.envelope import Envelope
from contracts.facts import Fact
from contracts.facts.conversation import (
    ConversationDeactivated,
    ConversationReactivated,
    ConversationRevised,
    ConversationTrained,
    TrainAs,
    Turn,
)
from contracts.facts.qa import QAAdded, QADeactivated, QAMoved, QAReactivated, QARevised
from services.commands.channel import of_model
from services.commands.decide.event import Event
from services.commands.decide.lookups import fresh, live_model, the_conversation, the_qa
from services.commands.decide.revising import changed, required
from services.commands.decide.roles import need
from services.commands.states import Conversation, Model
from services.commands.world import World
from services.folding import fold
from services.refusals import Refused


def decide_qa(world: World, fact: Envelope, id: str) -> list[Event]:
    """Trainers, administrators and modules teach."""
    need(world, fact, "trainer")
    data = fact.data
    if isinstance(data, QAAdded):
        fresh(world.qa(id), "qa", id)
        model = live_model(world, data.model, "data.model")
        _free_external(world, data.external_system, data.external_id)
        return [_qa_event(model, id, data, question_key=fold(str(data.question)))]
    qa = the_qa(world, id)
    model = live_model(world, qa.model)
    match data:
        case QARevised():
            required(data, "question", "answer", "section", "purpose", "notes")
            changes = changed(qa, data)
            key = {"question_key": fold(str(data.question))} if "question" in changes else {}
            return [_qa_event(model, id, data, model=model.id, **key)]
        case QAMoved():
            if data.to == qa.model:
                raise Refused("nothing_changes", f"The QA belongs to {model.name} already.")
            receiving = live_model(world, data.to, "data.to")
            return [_qa_event(receiving, id, data, model=model.id)]
        case QADeactivated() | QAReactivated():
            _check_switch(qa.active, isinstance(data, QAReactivated))
    return [_qa_event(model, id, data, model=model.id)]


def decide_conversation(world: World, fact: Envelope, id: str) -> list[Event]:
    """Trainers, administrators and modules teach."""
    need(world, fact, "trainer")
    data = fact.data
    if isinstance(data, ConversationTrained):
        fresh(world.conversation(id), "conversation", id)
        model = live_model(world, data.model, "data.model")
        _free_external(world, data.external_system, data.external_id)
        _check_turns(data.messages, data.train_as, data.straight_question)
        return [_conversation_event(model, id, data)]
    conversation = the_conversation(world, id)
    model = live_model(world, conversation.model)
    match data:
        case ConversationRevised():
            required(data, "messages", "train_as", "section", "notes")
            changed(conversation, data)
            _check_revised(conversation, data)
        case ConversationDeactivated() | ConversationReactivated():
            _check_switch(conversation.active, isinstance(data, ConversationReactivated))
    return [_conversation_event(model, id, data.model_copy(update={"model": model.id}))]


def _qa_event(under: Model, id: str, data: Fact, **derived: str) -> Event:
    return Event("qa", id, data.model_copy(update=derived), of_model("qa", under, under.id))


def _conversation_event(model: Model, id: str, data: Fact) -> Event:
    return Event("conversation", id, data, of_model("conversation", model, model.id))


def _check_switch(active: bool, wanted: bool) -> None:
    if active == wanted:
        raise Refused("nothing_changes", f"It is {'active' if active else 'inactive'} already.")


def _free_external(world: World, system: str | None, id: str | None) -> None:
    if (system is None) != (id is None):
        raise Refused("malformed", "external_system and external_id go together; give both or none.",
                      {"data.external_id" if id is None else "data.external_system": "is missing"})  # fmt: skip
    if system is not None and (owner := world.unique("external", f"{system}/{id}")) is not None:
        raise Refused(
            "external_id_taken",
            f"{system} has taught its record {id} before, as the lesson {owner}; revise that.",
            {"data.external_id": "taken"},
        )


def _check_revised(conversation: Conversation, data: ConversationRevised) -> None:
    given = data.changes()
    _check_turns(
        given.get("messages", conversation.messages),
        given.get("train_as", conversation.train_as),
        given.get("straight_question", conversation.straight_question),
    )


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


def _check_straight(turns: Sequence[Turn], learnt: int, straight: int) -> None:
    if straight >= len(turns) or turns[straight].role != "user" or straight >= learnt:
        raise Refused("malformed", "straight_question must be the index of the user's turn that was answered wrongly.",
                      {"data.straight_question": "not a question before the learnt answer"})  # fmt: skip
    if not _has_wrong_answer(turns[straight:], learnt - straight):
        raise Refused("no_straight", "No answer after that question is context only, so none was wrong.",
                      {"data.straight_question": "no wrong answer after it"})  # fmt: skip


def _has_wrong_answer(turns: Sequence[Turn], learnt: int) -> bool:
    return any(turn.role == "assistant" and not turn.learnt for turn in turns[:learnt])
