"""The lessons that aren't the same at two positions: by them what is kept of one moment becomes what holds at another."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from services.projections.tables import CEASED, lesson

FEW: Final = 2_000
"""More changes than that are sooner counted anew than followed."""
_PART: Final = 500


class Form(NamedTuple):
    """A lesson as it is from one position up to another."""

    id: str
    valid_from: int
    valid_to: int
    model: str
    kind: str
    trains: bool
    erased: bool
    first_position: int | None
    question_key: str
    section_key: str
    held_back: int
    personal: str
    body: int
    taught: int
    active: bool
    purpose: str

    @property
    def place(self) -> int:
        """Where it stands among the lessons that train."""
        assert self.first_position is not None, f"{self.id} has never trained"
        return self.first_position


Forms = dict[str, list[Form]]
"""By lesson its forms."""
_COLUMNS: Final = tuple(lesson.c[name] for name in Form._fields)


def turned(connection: Connection, one: int, other: int) -> Forms | None:
    """All forms of the lessons that changed between the two positions, whichever is the later; None of too many."""
    low, high = sorted((one, other))
    # Whatever ceases goes on in another form, so those that began tell of all.
    begun = select(lesson.c.id).where(lesson.c.valid_from > low, lesson.c.valid_from <= high).limit(FEW + 1)
    found = list(connection.execute(begun).scalars())
    return None if len(found) > FEW else forms_of(connection, set(found))


def forms_of(connection: Connection, ids: Collection[str]) -> Forms:
    """All forms of these lessons."""
    return _by_lesson(_of(connection, sorted(ids)))


def turned_since(connection: Connection, position: int, until: int) -> Forms:
    """As `turned`, however many; only the forms that train, and that hold at one of the positions from the one to the other
    if they are not the same at both."""
    began = and_(lesson.c.valid_from > position, lesson.c.valid_from <= until)
    ceased = and_(lesson.c.valid_to > position, lesson.c.valid_to <= until, CEASED)
    return _by_lesson(forms_where(connection, lesson.c.trains.is_(True), or_(began, ceased)))


def forms_where(connection: Connection, *these: ColumnElement[bool]) -> Iterator[Form]:
    """The forms of which all this is true."""
    return map(Form._make, connection.execute(select(*_COLUMNS).where(*these)))


def at(forms: list[Form], position: int) -> Form | None:
    """A lesson as it was at the position; None where it wasn't there yet."""
    for form in forms:  # a generator would take twice as long, and this is asked of every lesson
        if form.valid_from <= position < form.valid_to:
            return form
    return None


def _of(connection: Connection, ids: list[str]) -> Iterator[Form]:
    for start in range(0, len(ids), _PART):
        yield from forms_where(connection, lesson.c.id.in_(ids[start : start + _PART]))


def _by_lesson(forms: Iterable[Form]) -> Forms:
    found: Forms = defaultdict(list)
    for form in forms:
        found[form.id].append(form)
    return found
