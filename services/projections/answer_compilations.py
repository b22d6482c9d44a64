"""Answers about compilations: what became of them, how long they take, and how their versions answered."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal

from sqlalchemy import and_, or_, select

from contracts import queries as q
from services.projections.answer_training import check_taught, find_taught, hidden_models, model_names
from services.projections.answering import Question
from services.projections.durations import started_at, usual
from services.projections.tables import body, compilation, lesson
from services.projections.training_set import LARGEST_PAGE, document_at
from services.refusals import Refused

Document = dict[str, Any]
OPEN: Final = ("queued", "packaging", "uploading", "training", "evaluating")
_SUCCESSES: Final = 5
"""So many of the latest make out how long it usually takes."""
_SEARCHED: Final = 50
"""Among so many successes of all models those of a provider are looked for."""


def compilations(question: Question, wanted: q.CompilationsWanted) -> q.Compilations:
    """A page of compilations, newest first."""
    query = select(compilation.c.document).order_by(compilation.c.requested_position.desc()).limit(wanted.limit + 1)
    if wanted.model is not None:
        query = query.where(compilation.c.model == find_taught(question, wanted.model))
    query = query.where(compilation.c.model.not_in(hidden_models(question)))
    if wanted.status is not None:
        query = query.where(compilation.c.status == wanted.status)
    if wanted.before is not None:
        query = query.where(compilation.c.requested_position < wanted.before)
    found = [json.loads(one) for one in question.training.execute(query).scalars()]
    rows: list[q.CompilationRow] = []
    size = 0
    for row in _rows(question, found[: wanted.limit]):
        size += len(row.model_dump_json())
        if rows and size > LARGEST_PAGE:
            break
        rows.append(row)
    return q.Compilations(compilations=rows, next=rows[-1].position if len(found) > len(rows) else None)


def one_compilation(question: Question, wanted: q.CompilationWanted) -> q.CompilationRow:
    """One compilation by id."""
    return _rows(question, [_document(question, wanted.compilation)])[0]


def open_compilations(question: Question, _: q.Nothing) -> q.Compilations:
    """Compilations that haven't ended, and versions that are to be deleted, oldest first."""
    shown = compilation.c.model.not_in(hidden_models(question))
    due = or_(compilation.c.status.in_(OPEN), compilation.c.deleting)
    query = select(compilation.c.document).where(due, shown)
    oldest = query.order_by(compilation.c.requested_position)
    found = [json.loads(one) for one in question.training.execute(oldest).scalars()]
    return q.Compilations(compilations=_rows(question, found))


def last_success(question: Question, wanted: q.LastSuccessWanted) -> q.MaybeCompilation:
    """The succeeded compilation with the model's highest version, and how long the next one usually takes."""
    id = find_taught(question, wanted.model)
    found = _successes(question, id, 1)
    provider = document_at(question.training, id, question.position)["provider"]
    return q.MaybeCompilation(
        compilation=_rows(question, found)[0] if found else None,
        usual=_usual(question, id, provider, None) if provider else None,
    )


def evaluation(question: Question, wanted: q.EvaluationWanted) -> q.Evaluation:
    """A version's answers to its validation questions, beside those of the version that was active before it."""
    document = _document(question, wanted.compilation)
    active = document_at(question.training, document["model"], document["position"])["active"]
    former = _document(question, active["compilation"])["results"] if active else []
    before = {one["qa"]: one for one in former}
    results = document["results"]
    changes = [_change(one, before.get(one["qa"])) for one in results]
    page = results[wanted.after : wanted.after + wanted.limit]
    texts = _texts(question, [one["qa"] for one in page], document["position"])
    shown: list[q.EvaluatedQuestion] = []
    size = 0
    for one, change in zip(page, changes[wanted.after :], strict=False):
        row = _evaluated(one, before.get(one["qa"]), texts.get(one["qa"], {}), change)
        size += len(row.model_dump_json())
        if shown and size > LARGEST_PAGE:
            break
        shown.append(row)
    end = wanted.after + len(shown)
    return q.Evaluation(
        compilation=document["id"],
        model=document["model"],
        version=document["version"],
        version_before=active["version"] if active else None,
        asked=len(results),
        passed=sum(one["passed"] for one in results),
        better=changes.count("better"),
        worse=changes.count("worse"),
        questions=shown,
        next=end if end < len(results) else None,
    )


def _document(question: Question, id: str) -> Document:
    found = question.training.execute(select(compilation.c.document).where(compilation.c.id == id)).scalar()
    if found is None:
        raise Refused("unknown_compilation", f"There is no compilation {id}.", {"compilation": "unknown"})
    document: Document = json.loads(found)
    check_taught(question, document["model"])
    return document


def _rows(question: Question, documents: Iterable[Document]) -> list[q.CompilationRow]:
    names = model_names(question)
    return [
        q.CompilationRow.model_validate(one | {"model_name": names.get(one["model"], "")} | _times(question, one))
        for one in documents
    ]


def _times(question: Question, document: Document) -> Document:
    started = started_at(document)
    if document["status"] not in OPEN:
        return {"started_at": started}
    found = _usual(question, document["model"], document["plan"]["provider"], started)
    if found is None or found.expected_at is None:
        return {"started_at": started, "usual": found}
    left = (datetime.fromisoformat(found.expected_at) - datetime.now(UTC)).total_seconds()
    return {"started_at": started, "usual": found, "eta_seconds": max(0.0, round(left, 1))}


def _usual(question: Question, model: str, provider: str, started: str | None) -> q.UsualTime | None:
    # What it took at another provider says nothing of this one.
    own = [one for one in _successes(question, model, _SUCCESSES) if one["plan"]["provider"] == provider]
    of: Literal["model", "provider"] = "model" if own else "provider"
    return usual(own or _of_provider(question, provider), of, started)


def _successes(question: Question, model: str, limit: int) -> Sequence[Document]:
    query = select(compilation.c.document).where(compilation.c.model == model, compilation.c.status == "succeeded")
    found = question.training.execute(query.order_by(compilation.c.version.desc()).limit(limit)).scalars()
    return [json.loads(one) for one in found]


def _of_provider(question: Question, provider: str) -> Sequence[Document]:
    query = select(compilation.c.document).where(compilation.c.status == "succeeded")
    latest = query.order_by(compilation.c.requested_position.desc()).limit(_SEARCHED)
    found = [json.loads(one) for one in question.training.execute(latest).scalars()]
    return [one for one in found if one["plan"]["provider"] == provider][:_SUCCESSES]


def _texts(question: Question, ids: Sequence[str], position: int) -> dict[str, Document]:
    holds = and_(lesson.c.valid_from <= position, lesson.c.valid_to > position)
    query = (
        select(lesson.c.id, body.c.document).join(body, body.c.id == lesson.c.body).where(lesson.c.id.in_(ids), holds)
    )
    return {id: json.loads(text) for id, text in question.training.execute(query)}


def _change(now: Document, before: Mapping[str, Any] | None) -> Literal["better", "worse", "same"] | None:
    if before is None:
        return None
    if now["passed"] == before["passed"]:
        return "same"
    return "better" if now["passed"] else "worse"


def _evaluated(now: Document, before: Document | None, text: Document, change: str | None) -> q.EvaluatedQuestion:
    was = before or {}
    return q.EvaluatedQuestion.model_validate(
        {
            "qa": now["qa"],
            "question": text.get("question"),
            "expected": text.get("answer"),
            "answer": _plain(now["answer"]),
            "passed": now["passed"],
            "score": now["score"],
            "answer_before": _plain(was.get("answer")),
            "passed_before": was.get("passed"),
            "score_before": was.get("score"),
            "change": change,
        }
    )


def _plain(text: Any) -> str | None:
    return text if isinstance(text, str) else None
