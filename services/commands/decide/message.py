"""The rules of messages and answers."""

from contracts.envelope import Envelope
from contracts.facts import Fact
from contracts.facts.message import (
    AnswerFailed,
    AnswerMarked,
    AnswerPosted,
    AnswerStopRequested,
    MessageDeleted,
    MessageEdited,
    MessagePosted,
    ReactionAdded,
    ReactionRemoved,
    RetryRequested,
)
from services.commands.channel import of_group
from services.commands.decide.event import Event
from services.commands.decide.group import check_visible
from services.commands.decide.lookups import check_speaks, fresh, the_group, the_message, the_model
from services.commands.decide.private import check_served
from services.commands.decide.roles import person_of
from services.commands.states import Group, Message
from services.commands.world import World
from services.refusals import Refused


def decide(world: World, fact: Envelope, id: str) -> list[Event]:
    """Members write; authors change their own; assistants answer once."""
    data = fact.data
    if isinstance(data, MessagePosted):
        fresh(world.message(id), "message", id)
        group = _writable(world, fact, data.group, "data.group")
        _check_links(world, data, group)
        check_served(world, group)
        return [_event(group.id, id, data)]
    if isinstance(data, AnswerPosted):
        return [_answered(world, data, id)]
    message = the_message(world, id)
    group = _writable(world, fact, message.group, "subject")
    if message.deleted and not isinstance(data, AnswerFailed):
        raise Refused("message_deleted", "This message was taken back.", {"subject": "deleted"})
    _check_change(world, fact, message, group)
    return [_event(group.id, id, data.model_copy(update={"group": group.id}))]


def _event(group: str, id: str, data: Fact) -> Event:
    return Event("message", id, data, of_group("message", group))


def _writable(world: World, fact: Envelope, id: str, field: str) -> Group:
    person_of(world, fact)
    group = the_group(world, id, field)
    check_visible(fact, group, field)
    if fact.actor.startswith("person:") and fact.actor not in group.members:
        raise Refused("not_a_member", "Only the members of a group write there.", {"actor": "not a member"})
    if group.archived:
        raise Refused("group_archived", f"{group.name} is archived; nobody writes there any more.", {field: "archived"})
    return group


def _check_links(world: World, data: MessagePosted, group: Group) -> None:
    if data.reply_to is not None and the_message(world, data.reply_to, "data.reply_to").group != group.id:
        raise Refused(
            "wrong_group",
            "A reply belongs in the group of the message it replies to.",
            {"data.reply_to": "other group"},
        )
    strangers = [member for member in data.mentions if member not in group.members]
    if strangers:
        raise Refused("not_a_member", f"{strangers[0]} isn't in {group.name}.", {"data.mentions": "not a member"})


def _answered(world: World, data: AnswerPosted, id: str) -> Event:
    if world.message(id) is not None or _answered_by(world, data.question, data.virtual_user):
        raise Refused("already_answered", "This question has its answer already.")
    question = the_message(world, data.question, "data.question")
    group = the_group(world, data.group, "data.group")
    if question.group != group.id:
        raise Refused("wrong_group", "An answer belongs in the group of its question.", {"data.group": "other group"})
    if question.author.startswith("virtual_user:"):
        raise Refused(
            "not_a_question", "Virtual users don't answer each other.", {"data.question": "from a virtual user"}
        )
    if f"virtual_user:{data.virtual_user}" not in group.members:
        raise Refused(
            "not_a_member", f"{data.virtual_user} isn't in {group.name}.", {"data.virtual_user": "not a member"}
        )
    if question.deleted:
        raise Refused("message_deleted", "The question was taken back.", {"data.question": "deleted"})
    if data.asker != question.author:
        raise Refused("malformed", "The asker is who wrote the question.", {"data.asker": "somebody else"})
    check_speaks(world, data.asker, "data.asker")  # an answer is kept with the key of who asked
    if data.virtual_user in question.stopped:
        raise Refused("answer_stopped", "Somebody stopped this answer; it is given when somebody asks for it again.")
    _check_voice(world, data)
    return _event(group.id, id, data)


def _answered_by(world: World, question: str, virtual_user: str) -> bool:
    return world.unique("answered", f"{question}/{virtual_user}") is not None


def _check_voice(world: World, data: AnswerPosted) -> None:
    # The model may have been linked to another virtual user, or another version made active, while it answered.
    model = the_model(world, data.answering_model, "data.answering_model")
    if data.version is not None and world.unique("version", f"{model.id}/{data.version}") is None:
        raise Refused("unknown_version", f"{model.name} has no version {data.version}.", {"data.version": "unknown"})


def _check_change(world: World, fact: Envelope, message: Message, group: Group) -> None:
    match data := fact.data:
        case MessageEdited() | MessageDeleted():
            _check_author(fact, message)
        case ReactionAdded() | ReactionRemoved():
            there = (fact.actor, data.reaction) in message.reactions
            if there == isinstance(data, ReactionAdded):
                raise Refused("nothing_changes", "This reaction is set already.")
        case AnswerFailed() | AnswerStopRequested() | RetryRequested():
            _check_answering(world, data, message, group)
        case AnswerMarked():
            _check_mark(fact, message, data.verdict)


def _check_author(fact: Envelope, message: Message) -> None:
    if fact.actor != message.author:
        raise Refused("not_the_author", "Only its author changes a message.", {"actor": "not the author"})
    if isinstance(fact.data, MessageEdited) and fact.data.text == message.text:
        raise Refused("nothing_changes", "It says this already.")


def _check_answering(
    world: World, data: AnswerFailed | AnswerStopRequested | RetryRequested, question: Message, group: Group
) -> None:
    virtual_user = data.virtual_user
    if f"virtual_user:{virtual_user}" not in group.members:
        raise Refused("not_a_member", f"{virtual_user} isn't in {group.name}.", {"data.virtual_user": "not a member"})
    failed = virtual_user in question.failed
    if isinstance(data, RetryRequested):
        if not failed:
            raise Refused("nothing_to_retry", "That answer hasn't failed, or is being tried again.")
        check_served(world, group)
        return
    if _answered_by(world, question.id, virtual_user):
        raise Refused("already_answered", "This question has its answer already.")
    if isinstance(data, AnswerFailed):
        if failed:
            raise Refused("nothing_changes", "It is known already that this answer failed.")
    elif failed or question.question is not None:
        raise Refused("nothing_to_stop", "No answer is awaited here, so there is nothing to stop.")
    elif virtual_user in question.stopped:
        raise Refused("nothing_changes", "This answer is being stopped already.")


def _check_mark(fact: Envelope, message: Message, verdict: str) -> None:
    if message.question is None:
        raise Refused("not_an_answer", "Only an assistant's answer can be marked right or wrong.")
    mine = [mark for actor, mark in message.marks if actor == fact.actor]
    if mine == [verdict] or (not mine and verdict == "none"):
        raise Refused("nothing_changes", "You have marked it like this already.")
