"""Every refusal that a page can provoke, as a sentence of ours for its code: where the rules' own, English one won't do."""

from collections.abc import Callable, Mapping
from typing import Final

Say = Callable[[str], str]
"""A sentence in the reader's language."""

NOT_BY_PAGES: Final = frozenset({
    "forged_actor", "forged_source", "id_reused", "inbox_full", "instant_without_zone", "intent_running",
    "job_exists", "not_a_question", "not_announced", "not_requested", "not_your_fact", "schema_too_new",
    "unknown_fact", "wrong_step", "answer_stopped",
})  # fmt: skip
"""Codes of refusals that only modules, services and the command line meet."""


def refusal_words(_: Say) -> Mapping[str, str]:
    """The sentences by code."""
    return _of_the_system(_) | _of_people(_) | _of_models(_) | _of_lessons(_) | _of_chats(_)


def _of_the_system(_: Say) -> dict[str, str]:
    away = _("This can't be shown now because a part of the system isn't answering. Try again in a moment.")
    return {
        "unavailable": away,
        "behind": away,
        "busy": _("There is too much to do just now. Try again in a moment."),
        "unknown_page": _("There is no such page. It may have moved, or the address is mistyped."),
        "malformed": _("Something in this request is wrong; open the page again and retry."),
        "too_large": _("This is too long; make it shorter."),
        "too_long": _("This is too long; make it shorter."),
        "internal_error": _(
            "This failed because of an error in Apprentice; nothing was changed. Tell whoever runs the server."
        ),
        "conflict": _("Somebody else changed this meanwhile. Look at the newer text and save again."),
        "nothing_changes": _("Nothing would change by this."),
        "name_taken": _("This name is taken already; choose another one."),
        "already_exists": _("There is one with this id already; choose another id."),
        "instant_in_future": _("This instant is still to come; ask for an earlier one."),
        "erased": _("It holds words of somebody who was erased; decline it."),
    }


def _of_people(_: Say) -> dict[str, str]:
    return {
        "role_needed": _("This needs another role; ask an administrator."),
        "unknown_person": _("There is no such person here."),
        "unknown_module": _("There is no such module here."),
        "person_erased": _("This person's data was erased; nothing can be changed."),
        "last_administrator": _("This is the last administrator; give somebody else the role first."),
        "assistant_taken": _("This model is another person's own assistant; choose another one."),
        "login_taken": _("Somebody else signs in with this name already; choose another one."),
        "not_yourself": _("Only the person themselves can do this."),
        "password_short": _("A password needs at least 10 characters; a few words in a row are easy to remember."),
        "password_long": _("This password is too long."),
    }


def _of_models(_: Say) -> dict[str, str]:
    return {
        "unknown_model": _("There is no such model."),
        "unknown_provider": _("There is no such provider."),
        "unknown_version": _("There is no such version."),
        "unknown_compilation": _("There is no such compilation."),
        "model_archived": _("This model is archived; restore it first."),
        "is_default": _("This is the default model; choose another default first."),
        "personal_model": _("A personal assistant serves one person alone; choose another model."),
        "cycle": _("A model can't be below itself; choose another parent."),
        "virtual_user_taken": _("This virtual user belongs to another model already."),
        "version_active": _("This version answers now; let another version answer first, then delete it."),
        "nothing_there": _("This version has no model of its own at its provider."),
        "version_gone": _("This version no longer exists at its provider; choose another one, or compile again."),
        "not_accepted": _(
            "Too few validation questions passed. Lower the acceptance, or teach more and compile again."
        ),
        "no_provider": _("This model has no provider, so it can't be compiled; choose one for it."),
        "provider_retired": _("This provider is retired; choose another one."),
        "address_needed": _("A provider of this kind needs its address."),
        "secret_needed": _("A provider of this kind needs a secret: name one that is configured with its host."),
        "base_model_retires": _(
            "The base model is shut down soon. Choose another base model or provider, or compile all the same."
        ),
        "compilation_running": _("This model is being compiled. Wait for it, cancel it, or queue behind it."),
        "compilation_over": _("This compilation has ended already."),
    }


def _of_lessons(_: Say) -> dict[str, str]:
    return {
        "unknown_lesson": _("There is no such lesson."),
        "unknown_qa": _("There is no such lesson."),
        "unknown_conversation": _("There is no such lesson."),
        "unknown_proposal": _("There is no such proposal."),
        "external_id_taken": _("This record was taught before; revise that lesson."),
        "wrong_model": _("A conversation stays with the model to which it was taught."),
        "trains_nothing": _("This lesson is inactive or for validation, so it can't win; choose one that trains."),
        "nothing_learnt": _("No answer of the assistant is to be learnt; choose the right one."),
        "no_question": _("Nobody asks before the answer that is to be learnt; include the question."),
        "no_straight": _("There is no wrong answer to set straight; train the whole exchange instead."),
        "unknown_import": _("There is no such import."),
        "import_running": _("It is still on its way; wait until it is done."),
        "no_file": _("Choose a file first."),
        "proposal_closed": _("This proposal was decided on already."),
        "not_the_proposer": _("Only its proposer can take it back; a trainer may decline it."),
    }


def _of_chats(_: Say) -> dict[str, str]:
    return {
        "unknown_group": _(
            "There is no such group that you are in. If you were in it until now, its members can add you again."
        ),
        "unknown_message": _("There is no such message in this group."),
        "unknown_virtual_user": _("There is no such assistant any more."),
        "group_archived": _("This group is archived: everything stays readable, and nobody writes here any more."),
        "group_exists": _("You two have your chat already; go on there."),
        "members_fixed": _("The members of this chat never change; create a group instead."),
        "not_a_member": _("Only the members of a group take part in it."),
        "not_the_author": _("Only its author changes a message."),
        "not_your_assistant": _("This isn't your assistant, or you have none; ask an administrator."),
        "message_deleted": _("This message was taken back."),
        "wrong_group": _("A reply belongs in the group of the message it replies to."),
        "already_answered": _("This question has its answer already."),
        "not_an_answer": _("Only an assistant's answer can be marked or looked into."),
        "nothing_to_retry": _("This answer hasn't failed, or is being tried again."),
        "nothing_to_stop": _("No answer is awaited here, so there is nothing to stop."),
    }
