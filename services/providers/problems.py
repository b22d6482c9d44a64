"""From what a provider answers to one sentence, the fix, and the raw text."""

import json
import re
from typing import Any, Final, Literal

from services.providers.port import ProviderProblem

_LINE: Final = re.compile(r"(?:[Ee]xample|[Ll]ine)\s+(\d+)")
_STATUS: Final[dict[int, tuple[str, str, str]]] = {
    401: ("provider_unauthorized", "The provider doesn't accept the key.", "Put the right key into the secret and try again."),
    403: (
        "provider_forbidden",
        "The provider doesn't allow this organisation to do it.",
        "Fine-tuning may be closed for it: choose another provider or the target `grounded`, and compile the same lessons there.",
    ),
    404: ("provider_unknown_model", "The provider doesn't know the model.", "Choose a base model that the provider lists."),
    413: ("file_too_large", "The training file is too large for the provider.", "Deactivate lessons, or choose another provider."),
}  # fmt: skip


How = Literal["timeout", "connection", "status", "garbled", "unexpected"]
"""In which way a call failed; `status` errors have `status_code`, `body` and `response`."""


def problem_of(error: Exception, *, doing: str, how: How) -> ProviderProblem:
    """The problem that an error of the client means. `doing` is what was tried: "creating the job"."""
    if how == "timeout":
        return ProviderProblem("provider_silent", f"The provider didn't answer in time ({doing}).",
                               "Try again later.", str(error), ambiguous=True, passing=True)  # fmt: skip
    if how == "connection":
        return _unreachable(error, doing)
    if how == "status":
        return _status(error, doing)
    if how == "unexpected":
        return _unexpected(error, doing)
    return ProviderProblem(
        "provider_garbled",
        f"The provider answered something that isn't its API ({doing}).",
        "Check the provider's address; a proxy or login page may be in between.",
        f"{type(error).__name__}: {error}",
        ambiguous=True,
        passing=True,
    )


def failed_job(error: str | None) -> ProviderProblem:
    """A job that the provider ended as failed."""
    text = error or "it gave no reason"
    return ProviderProblem(
        "job_failed", f"The provider failed the fine-tuning job: {text[:400]}", _fix_of(text), text, line=_line_of(text)
    )


def _unreachable(error: Exception, doing: str) -> ProviderProblem:
    cause = error.__cause__ or error
    refused = "refused" in str(cause).lower() or "ConnectError" in type(cause).__name__
    return ProviderProblem(
        "provider_unreachable",
        f"The provider can't be reached ({doing}).",
        "Check its address and that it runs, then try again.",
        f"{type(cause).__name__}: {cause}",
        ambiguous=not refused,
        passing=True,
    )


def _unexpected(error: Exception, doing: str) -> ProviderProblem:
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return ProviderProblem(
        "provider_unexpected",
        f"Asking the provider failed in a way that Apprentice doesn't expect ({doing}).",
        "Check the provider's address; if it is right, tell whoever runs the server.",
        f"{type(error).__name__}: {error}",
        ambiguous=True,
        passing=True,
    )


def _status(error: Any, doing: str) -> ProviderProblem:
    status, raw = error.status_code, _raw(error)
    said = _said(error)
    if status == 429 and "quota" in raw:
        return ProviderProblem(
            "provider_quota", "The provider's quota is used up.", "Raise it with the provider, then try again.", raw
        )
    if status in (408, 409, 429):
        return ProviderProblem(
            "provider_busy",
            f"The provider is too busy ({doing}).",
            "Try again later.",
            raw,
            ambiguous=status != 429,
            passing=True,
        )
    if status >= 500:
        return ProviderProblem(
            "provider_broken",
            f"The provider failed with status {status} ({doing}).",
            "Try again later.",
            raw,
            ambiguous=True,
            passing=True,
        )
    if status == 400 and ("model" in said.lower() and "file" not in said.lower()):
        return ProviderProblem(
            "provider_unknown_model", f"The provider doesn't take the base model: {said}", _STATUS[404][2], raw
        )
    if status in _STATUS:
        code, sentence, fix = _STATUS[status]
        return ProviderProblem(code, f"{sentence[:-1]} ({doing}): {said}" if said else sentence, fix, raw)
    return ProviderProblem(
        "provider_refused", f"The provider refused ({doing}): {said}", _fix_of(said), raw, line=_line_of(said)
    )


def _said(error: Any) -> str:
    body: Any = error.body
    message = body.get("message") if isinstance(body, dict) else None
    return str(message or "")[:400]


def _raw(error: Any) -> str:
    try:
        text = error.response.text
    except RuntimeError:
        text = json.dumps(error.body, default=str)
    return f"{error.status_code} {text}"


def _line_of(text: str) -> int | None:
    found = _LINE.search(text)
    return int(found.group(1)) if found else None


def _fix_of(text: str) -> str:
    return (
        "Correct the lesson that is named and compile again."
        if _line_of(text)
        else "Read what the provider says, correct that, and compile again."
    )
