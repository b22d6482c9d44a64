"""Who may ask which query. What a reply holds may depend on the asker besides: groups one is in, proposals of one's own."""

from typing import Final, get_args

from contracts.facts.person import RoleName
from services.projections.asker import STUDIO, Asker
from services.refusals import Refused

EVERYBODY: Final[tuple[RoleName, ...]] = get_args(RoleName)
NOBODY: Final[tuple[RoleName, ...]] = ()
"""Services alone ask this."""

READERS: Final[dict[str, tuple[RoleName, ...]]] = {
    "assistants": EVERYBODY,
    "models": STUDIO,
    "model": STUDIO,
    "system_messages": STUDIO,
    "affected": STUDIO,
    "providers": STUDIO,
    "lesson": EVERYBODY,
    "lesson_revisions": EVERYBODY,
    "lessons": STUDIO,
    "lesson_table": STUDIO,
    "training_page": STUDIO,
    "conflicts": STUDIO,
    "resemblances": STUDIO,
    "known_questions": EVERYBODY,
    "personal_data": STUDIO,
    "difference": STUDIO,
    "imported": STUDIO,
    "undone": EVERYBODY,
    "proposals": EVERYBODY,
    "proposal": EVERYBODY,
    "modules": STUDIO,
    "notices": EVERYBODY,
    "nearest": STUDIO,
    "compilations": STUDIO,
    "compilation": STUDIO,
    "evaluation": STUDIO,
    "open_compilations": STUDIO,
    "last_success": STUDIO,
    "find": EVERYBODY,
    "people": EVERYBODY,
    "person": EVERYBODY,
    "learnt_from": ("administrator", "auditor"),
    "sign_in": NOBODY,
    "groups": EVERYBODY,
    "group": EVERYBODY,
    "messages": EVERYBODY,
    "message": EVERYBODY,
    "search_messages": EVERYBODY,
    "unread": EVERYBODY,
    "why": EVERYBODY,
    "question": EVERYBODY,
    "open_questions": NOBODY,
    "history": STUDIO,
    "chain": STUDIO,
    "state": EVERYBODY,
    "rebuild": ("administrator",),
}
"""The roles of which a person needs one. Modules may ask whatever people may, services everything."""


def admit(asker: Asker, query: str) -> None:
    """Raises `Refused`: `role_needed`."""
    readers = READERS[query]
    if readers:
        asker.need(*readers)
    elif not asker.service:
        raise Refused("role_needed", f"Only services ask the query {query}.")
