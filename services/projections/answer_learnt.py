"""The answer to which versions learnt from a person: those that are to be replaced when the person is erased."""

from contracts import queries as q
from services.projections.answering import Question
from services.projections.learnt_words import learnt, lessons_said_by


def learnt_from(question: Question, wanted: q.PersonWanted) -> q.LearntFrom:
    """Every version, in the person's models and up and down the lineage, whose training set held the person's words."""
    lessons = lessons_said_by(question.training, f"person:{wanted.person}")
    found = [
        q.LearntVersion(
            model=one.model, version=one.version, compilation=one.compilation, position=one.position,
            active=one.active, deleted=one.deleted, target=one.target,
        )
        for one in learnt(question.training, lessons, question.position)
        if one.version is not None
    ]  # fmt: skip
    return q.LearntFrom(
        person=wanted.person,
        lessons=len(lessons),
        versions=sorted(found, key=lambda one: (one.model, one.version)),
        replace=sorted({one.model for one in found if one.active and one.target == "fine_tune"}),
    )
