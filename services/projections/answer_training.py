"""Answers about providers, models, lessons and training sets."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import and_, or_, select

from contracts import queries as q
from services.folding import fold
from services.projections.answering import Question
from services.projections.tables import FOREVER, PERSONAL, body, compilation, lesson, model, proposal, provider
from services.projections.training_set import LARGEST_PAGE, document_at, page, places_at
from services.refusals import Refused

Document = dict[str, Any]


def assistants(question: Question, wanted: q.AssistantsWanted) -> q.Assistants:
    """The models as everybody may know them, by name."""
    query = select(model.c.id, model.c.document).where(_valid(model, question.position))
    rows = [_assistant(id, json.loads(one)) for id, one in question.training.execute(query)]
    shown = [
        one for one in rows if question.asker.sees_model(one.model, one.use) and (wanted.archived or not one.archived)
    ]
    return q.Assistants(assistants=sorted(shown, key=lambda row: row.name.casefold()))


def models(question: Question, wanted: q.ModelsWanted) -> q.Models:
    """All models, by name."""
    rows = _model_rows(question)
    seen = [row for row in rows.values() if question.asker.sees_model(row.id, row.use)]
    shown = [row for row in seen if wanted.archived or not row.archived]
    return q.Models(models=sorted(shown, key=lambda row: row.name.casefold()))


def model_row(question: Question, wanted: q.ModelWanted) -> q.ModelRow:
    """One model by id or name."""
    return _model_rows(question)[find_model(question, wanted.model)]


def find_model(question: Question, named: str) -> str:
    """A model's id, by id or by any of its names, folded. Raises `Refused`: `unknown_model`."""
    query = select(model.c.id, model.c.document).where(_valid(model, question.position))
    every = {row[0]: json.loads(row[1]) for row in question.training.execute(query)}
    rows = {id: one for id, one in every.items() if question.asker.sees_model(id, one["use"])}
    if named in rows:
        return named
    key = fold(named)
    found = [id for id, one in rows.items() if key in {fold(name) for name in (one["name"], *one["names"].values())}]
    if not found:
        raise Refused(
            "unknown_model", f"There is no model called {named}; `apprentice models` lists them.", {"model": "unknown"}
        )
    return str(found[0])


def find_taught(question: Question, named: str) -> str:
    """As `find_model`, of a model whose lessons the asker may see. Raises `Refused`: `unknown_model`, `personal_model`."""
    id = find_model(question, named)
    check_taught(question, id)
    return id


def check_taught(question: Question, id: str) -> None:
    """The asker may see what the model learns. Raises `Refused`: `personal_model`."""
    if id in hidden_models(question):
        raise Refused("personal_model", "This is somebody's own assistant; what it learns is that person's alone.",
                      {"model": "personal"})  # fmt: skip


def hidden_models(question: Question) -> list[str]:
    """The models that learn for somebody else alone: nothing of their lessons and versions is shown to the asker."""
    query = select(model.c.id).where(model.c.personal.is_(True), _valid(model, question.position))
    personal = question.training.execute(query).scalars()
    return [id for id in personal if not question.asker.sees_lessons_of(id, "personal")]


def model_names(question: Question) -> dict[str, str]:
    """Every model's name by id."""
    query = select(model.c.id, model.c.document).where(_valid(model, question.position))
    return {id: json.loads(one)["name"] for id, one in question.training.execute(query)}


def providers(question: Question, _: q.Nothing) -> q.Providers:
    """All providers, by name."""
    query = select(provider.c.id, provider.c.document).where(_valid(provider, question.position))
    users = _users(question)
    rows = [_provider(id, json.loads(one), users.get(id, [])) for id, one in question.training.execute(query)]
    return q.Providers(providers=sorted(rows, key=lambda row: row.name.casefold()))


def one_lesson(question: Question, wanted: q.LessonWanted) -> q.LessonRow:
    """One lesson by id; members see those that they taught or proposed."""
    return visible_lesson(question, wanted.lesson)


def visible_lesson(question: Question, id: str) -> q.LessonRow:
    """A lesson that the asker may see. Raises `Refused`: `unknown_lesson`."""
    found = lesson_row(question, id)
    if found is None or not _sees(question, found) or found.model in hidden_models(question):
        raise Refused("unknown_lesson", f"There is no lesson {id}.", {"lesson": "unknown"})
    return found


def lessons(question: Question, wanted: q.LessonsWanted) -> q.Lessons:
    """A page of a model's own lessons."""
    id = find_taught(question, wanted.model)
    as_taught = wanted.order == "taught"
    conditions = [lesson.c.model == id, _valid(lesson, question.position)]
    conditions.append(lesson.c.taught > _number(wanted.after) if as_taught else lesson.c.id > wanted.after)
    if wanted.kind:
        conditions.append(lesson.c.kind == wanted.kind)
    if wanted.personal_data:
        conditions.append(PERSONAL)
    if wanted.purpose:
        conditions.append(lesson.c.attributes.contains(f'"purpose":"{wanted.purpose}"'))
    order = lesson.c.taught if as_taught else lesson.c.id
    query = select(lesson).where(and_(*conditions)).order_by(order).limit(wanted.limit + 1)
    rows = question.training.execute(query).mappings().all()
    shown: list[q.LessonRow] = []
    size = 0
    for row in rows[: wanted.limit]:
        one = _lesson(question, row)
        size += len(one.model_dump_json())
        if shown and size > LARGEST_PAGE:
            break
        shown.append(one)
    last = rows[len(shown) - 1] if len(rows) > len(shown) else None
    return q.Lessons(lessons=shown, next=None if last is None else str(last["taught"] if as_taught else last["id"]))


def training_page(question: Question, wanted: q.TrainingPageWanted) -> q.TrainingPage:
    """A page of a training set."""
    id = find_taught(question, wanted.model)
    plan = question.sources.sets.plan(question.training, id, question.position)
    found, following = page(question.training, plan, question.position, wanted.after, wanted.limit)
    first = wanted.after is None
    system = document_at(question.training, id, question.position)["system_message"]
    return q.TrainingPage.model_construct(
        model=id,
        position=question.position,
        fingerprint=question.sources.training.store.fingerprint,
        system_message=system,
        lessons=found,
        next=following,
        conflicts=plan.conflicts if first else 0,
        duplicates=plan.duplicates if first else 0,
        erased=plan.erased if first else 0,
    )


def nearest(question: Question, wanted: q.NearestWanted) -> q.Nearest:
    """Lessons that resemble a question."""
    id = find_taught(question, wanted.model)
    plan = question.sources.sets.plan(question.training, id, question.position)
    similar = question.sources.similar
    return q.Nearest(lessons=similar.nearest(question.training, plan, question.position, wanted.question, wanted.limit))


def _number(after: str) -> int:
    if after and not after.isdecimal():
        raise Refused("malformed", "after is a `next` of the page before.", {"after": "is no position"})
    return int(after or 0)


def _sees(question: Question, found: q.LessonRow) -> bool:
    asker = question.asker
    if asker.studio or not asker.actor.startswith("person:") or found.added_by == asker.actor:
        return True
    query = select(proposal.c.id).where(proposal.c.proposer == asker.actor, proposal.c.lesson == found.id)
    return question.training.execute(query.limit(1)).first() is not None


def _assistant(id: str, document: Document) -> q.AssistantRow:
    active = document["active"]
    seen = {"model": id, "version": active["version"] if active else None, "has_provider": bool(document["provider"])}
    return q.AssistantRow.model_validate(document | seen)


def _model_rows(question: Question) -> dict[str, q.ModelRow]:
    query = select(model.c.id, model.c.document).where(_valid(model, question.position))
    documents: dict[str, Document] = {id: json.loads(one) for id, one in question.training.execute(query)}
    places = places_at(question.training, question.position)
    active = {id: one["active"]["position"] if one["active"] else None for id, one in documents.items()}
    versions, running, tried, latest = _compiled(question)
    untried = _other_system_messages(question, documents, tried)
    made = [one["active"]["compilation"] for one in documents.values() if one["active"]]
    built = _built(question, {*latest.values(), *made})
    counted = question.sources.counted.counts(question.training, places, active, tried, question.position)
    return {
        id: q.ModelRow(
            **{name: one[name] for name in q.ModelRow.model_fields if name in one},
            id=id, versions=versions.get(id, 0), lessons=counted[id], compiling=running.get(id),
            latest=built.get(latest.get(id, "")),
            active_since=_since(built, one["active"]), system_message_untried=untried.get(id, False),
        )
        for id, one in documents.items()
    }  # fmt: skip


def _other_system_messages(
    question: Question, documents: Mapping[str, Document], tried: Mapping[str, int]
) -> dict[str, bool]:
    """Of the models that were compiled, whether the system message is another than at the latest compilation."""
    found: dict[str, bool] = {}
    wanted = sorted(tried.keys() & documents.keys())
    for start in range(0, len(wanted), 200):
        then = or_(*(and_(model.c.id == id, _valid(model, tried[id])) for id in wanted[start : start + 200]))
        for id, text in question.training.execute(select(model.c.id, model.c.document).where(then)):
            found[id] = json.loads(text)["system_message"] != documents[id]["system_message"]
    return found


def _compiled(question: Question) -> tuple[dict[str, int], dict[str, str], dict[str, int], dict[str, str]]:
    """Per model: the highest version, the compilation that runs, and the latest one's position and id."""
    columns = (compilation.c.model, compilation.c.id, compilation.c.status, compilation.c.version)
    versions: dict[str, int] = {}
    running: dict[str, str] = {}
    tried: dict[str, int] = {}
    latest: dict[str, str] = {}
    query = select(*columns, compilation.c.requested_position).order_by(compilation.c.requested_position)
    for owner, id, status, version, position in question.training.execute(query):
        versions[owner] = max(versions.get(owner, 0), version or 0)
        if position <= question.position:
            tried[owner], latest[owner] = position, id
        if status in ("packaging", "uploading", "training", "evaluating"):
            running[owner] = id
    return versions, running, tried, latest


def _built(question: Question, ids: Collection[str]) -> dict[str, q.LatestCompilation]:
    query = select(compilation.c.id, compilation.c.document).where(compilation.c.id.in_(sorted(ids)))
    fields = q.LatestCompilation.model_fields
    found = ((id, json.loads(one)) for id, one in question.training.execute(query))
    return {
        id: q.LatestCompilation(**({name: one[name] for name in fields if name in one} | {"id": id}))
        for id, one in found
    }


def _since(built: Mapping[str, q.LatestCompilation], active: Document | None) -> str | None:
    made = built.get(active["compilation"]) if active else None
    return made.ended_at if made else None


def _users(question: Question) -> dict[str, list[str]]:
    """By provider, the models that are built there."""
    query = select(model.c.id, model.c.document).where(_valid(model, question.position), model.c.archived.is_(False))
    found: dict[str, list[str]] = {}
    for id, document in question.training.execute(query.order_by(model.c.id)):
        found.setdefault(json.loads(document)["provider"], []).append(id)
    return found


def _provider(id: str, document: Document, users: list[str]) -> q.ProviderRow:
    ends = document["retires"].get(document["base_model"])
    known = {"id": id, "retires_on": ends, "notes": _plain(document["notes"]), "models": users}
    return q.ProviderRow.model_validate(document | known)


def lesson_row(question: Question, id: str) -> q.LessonRow | None:
    """One lesson by id, as it stood at the position."""
    query = select(lesson).where(lesson.c.id == id, _valid(lesson, question.position))
    row = question.training.execute(query).mappings().first()
    return _lesson(question, row) if row is not None else None


def lesson_fields(row: Mapping[Any, Any], text: str) -> Document:
    """The fields of a `LessonRow`, from its row and the document with its text."""
    attributes = json.loads(row["attributes"])
    columns = ("id", "kind", "model", "position", "first_position")
    given: Document = {name: row[name] for name in columns} | attributes | json.loads(text)
    plain = {"notes": _plain(attributes["notes"]), "personal_data": [one for one in row["personal"].split(",") if one]}
    return given | plain


def _lesson(question: Question, row: Mapping[Any, Any]) -> q.LessonRow:
    text = question.training.execute(select(body.c.document).where(body.c.id == row["body"])).scalar_one()
    return q.LessonRow.model_validate(lesson_fields(row, text))


def _plain(text: Any) -> str:
    return text if isinstance(text, str) else ""


def _valid(table: Any, position: int) -> Any:
    if position >= FOREVER:
        return table.c.valid_to == FOREVER
    return and_(table.c.valid_from <= position, table.c.valid_to > position)
