"""Notices as English sentences, one for each kind."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from contracts import queries as q

Document = dict[str, Any]
NAMED: Final = 5
"""So many versions a sentence names."""
_OCCASIONS: Final = {
    "nightly": " It was compiled because it is night.", "waiting": " It was compiled because lessons waited.",
}  # fmt: skip


def notice_row(position: int, about: Document, names: Mapping[str, str], read: bool) -> q.NoticeRow:
    """The notice with its sentence. `names`: by `model:<id>` and `provider:<id>`."""
    name = names.get(f"model:{about.get('model')}") or names.get(f"provider:{about.get('provider')}") or ""
    if "versions" in about:
        about |= {"versions": [one | {"name": names.get(f"model:{one['model']}", "")} for one in about["versions"]]}
    given = {"position": position, "message": _message(about, name), "read": read, "name": name}
    return q.NoticeRow.model_validate(about | given)


def _message(about: Document, name: str) -> str:  # noqa: C901 - one sentence per kind
    match about["kind"]:
        case "compilation_succeeded":
            passed = f", {about['passed']} of {about['asked']} validation questions passed" if about["asked"] else ""
            waits = "" if about["accepted"] else " It was not accepted, so the version before goes on answering."
            return f"Version {about['version']} of {name} is ready: {_changes(about)}{passed}.{waits}" + _why(about)
        case "compilation_unchanged":
            return f"{name} was compiled: nothing has changed since its last version." + _why(about)
        case "compilation_failed":
            return f"{name} was not compiled: {about['problem']} Its version goes on answering." + _why(about)
        case "compilation_cancelled":
            return f"The compilation of {name} was cancelled."
        case "version_changed":
            if about.get("archived"):
                return f"{name} was archived, so no version of it answers any more."
            if about["version"] is None:
                return f"No version of {name} answers any more ({about['reason'].replace('_', ' ')})."
            answers = f"Version {about['version']} of {name} answers now ({about['reason'].replace('_', ' ')})."
            return f"{answers} It has learnt {_yours(about)}." if about.get("lessons") else answers
        case "lesson_learnt":
            return f"Version {about['version']} of {name} answers now; it has learnt {_yours(about)}."
        case "lesson_proposed":
            return f"A lesson was proposed for {name}."
        case "proposal_approved":
            return f"The lesson that you proposed for {name} was approved."
        case "proposal_declined":
            return f"The lesson that you proposed for {name} was declined."
        case "base_model_retires":
            soon = f" (in {about['days']} days or fewer)" if about["days"] else ""
            ends = f"{about['base_model']} at {name} is shut down on {about['retires_on']}{soon}"
            return f"{ends}; choose another base model or provider, then recompile."
        case "person_erased":
            return _learnt_words(about)
        case kind:
            return str(kind).replace("_", " ")


def _yours(about: Document) -> str:
    return "a lesson of yours" if about["lessons"] == 1 else f"{about['lessons']:,} lessons of yours"


def _changes(about: Document) -> str:
    parts = [
        f"{about[key]} {word}"
        for key, word in (("added", "new"), ("changed", "changed"), ("removed", "gone"))
        if about[key]
    ]
    return f"{', '.join(parts)} since the version before" if parts else "built from the same lessons"


def _why(about: Document) -> str:
    return _OCCASIONS.get(str(about["occasion"]), "")


def _learnt_words(about: Document) -> str:
    versions = about["versions"]
    named = [_version(one) for one in versions[:NAMED]]
    more = about["count"] - len(named)
    told = "; ".join(named) + (f"; and {more} more" if more else "")
    return f"Words of {about['person']}, who was erased, were learnt by {told}. {' '.join(_remedies(versions))}".strip()


def _version(one: Document) -> str:
    if one["version"] is None:
        return f"the compilation of {one['name']} that was under way"
    where = (
        "answers now" if one["active"] else "is gone at its provider" if one["deleted"] else "is still at its provider"
    )
    return f"version {one['version']} of {one['name']}, which {where}"


def _remedies(versions: Sequence[Document]) -> Iterator[str]:
    """What an administrator does about it: nothing about what is gone."""
    if any(one["active"] for one in versions):
        yield "Compile what answers now again, so that a version without these words answers instead."
    if any(one["version"] is None for one in versions):
        yield "Cancel what is under way, and compile it again."
    if any(one["version"] is not None and not one["deleted"] for one in versions):
        yield "Delete what learnt them at its provider, each on its own page."
