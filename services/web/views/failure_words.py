"""Why a compilation failed or a provider can't be used, as a sentence of ours for its code, with what to do about it."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup, escape

from services.web.languages import translations
from services.web.views.refusal_words import Say, refusal_words


def failure_words(_: Say) -> Mapping[str, str]:
    """The sentences by code."""
    return _of_providers(_) | _of_training_sets(_)


def failure(language: str, code: str, message: str, fix: str = "") -> Markup:
    """What failed and what to do: as it was recorded, or ours for its code in another language, else marked as English."""
    recorded = " ".join(part for part in (message, fix) if part)
    return _said(language, failure_words(translations(language).gettext).get(code), recorded)


def refused(language: str) -> Any:
    """A function for templates: the refusal of this code and message in this language, else marked as English."""

    def write(code: str, message: str) -> Markup:
        return _said(language, refusal_words(translations(language).gettext).get(code), message)

    return write


def _said(language: str, ours: str | None, recorded: str) -> Markup:
    if language == "en":
        return escape(recorded)
    return escape(ours) if ours else Markup('<span lang="en">{}</span>').format(recorded)


def failed(language: str) -> Any:
    """The same for templates, in this language. A fix that is sealed is left out."""

    def write(code: str, message: str, fix: Any = "") -> Markup:
        return failure(language, code, message, fix if isinstance(fix, str) else "")

    return write


def _of_providers(_: Say) -> dict[str, str]:
    return {
        "address_needed": _("The provider has no address. Give it one in its settings."),
        "address_wrong": _("The provider's address is wrong. Correct it in its settings."),
        "secret_missing": _(
            "The provider's secret isn't configured here. Whoever runs the server adds it to the secrets file and starts "
            "Apprentice again."
        ),
        "secret_not_for_host": _(
            "The provider's secret may not be sent to its host. Add the host to the secret, if that is really where it belongs."
        ),
        "secret_unusable": _(
            "The provider's secret holds a space or a letter that no key has. Whoever runs the server puts the key into the "
            "secrets file as the provider gave it, and starts Apprentice again."
        ),
        "provider_unauthorized": _(
            "The provider doesn't accept the key. Put the right key into the secret and try again."
        ),
        "provider_forbidden": _(
            "The provider doesn't allow this organisation to do it. Fine-tuning may be closed for it: choose another provider "
            "or the target “grounded”, and compile the same lessons there."
        ),
        "provider_unknown_model": _(
            "The provider doesn't know the base model. Choose one that the provider lists, and compile again."
        ),
        "provider_quota": _("The provider's quota is used up. Raise it with the provider, then try again."),
        "provider_busy": _("The provider is too busy. Try again later."),
        "provider_silent": _("The provider didn't answer in time. Try again later."),
        "provider_broken": _("The provider failed. Try again later."),
        "provider_unreachable": _("The provider can't be reached. Check its address and that it runs, then try again."),
        "provider_garbled": _(
            "The provider answered something that isn't its API. Check its address; a proxy or login page may be in between."
        ),
        "provider_unexpected": _(
            "Asking the provider failed in a way that Apprentice doesn't expect. Check its address; if it is right, tell "
            "whoever runs the server."
        ),
        "provider_refused": _("The provider refused. Read what it says, correct that, and compile again."),
        "job_failed": _("The provider failed the fine-tuning job. Read what it says, correct that, and compile again."),
        "no_model": _("The job succeeded, but the provider names no model. Compile again."),
        "model_does_not_answer": _(
            "The provider built the model, but doesn't let it answer. Compile again, or ask the provider."
        ),
        "training_too_long": _(
            "The job took longer than this provider may take and was cancelled. Raise the provider's limit, or compile again."
        ),
    }


def _of_training_sets(_: Say) -> dict[str, str]:
    mend = _("Correct the lesson and compile again.")
    return {
        "nothing_learnt": _("A lesson's example doesn't end with an answer that is learnt.") + " " + mend,
        "no_question": _("A lesson's example has no question.") + " " + mend,
        "special_token": _("A lesson holds signs that providers take for a command.") + " " + mend,
        "too_long": _("A lesson's example is too long for the provider.") + " " + mend,
        "too_few_examples": _(
            "The training set has too few examples for this provider. Teach more, or choose a provider with the target "
            "“grounded”."
        ),
        "too_many_examples": _(
            "The training set has too many examples for this provider. Deactivate lessons, or take in fewer from relatives."
        ),
        "file_too_large": _(
            "The training file is too large for this provider. Deactivate lessons, or take in fewer from relatives."
        ),
        "training_set_changed": _(
            "Words of the training set were erased since it was packaged. Compile again: the new training set leaves them out."
        ),
    }
