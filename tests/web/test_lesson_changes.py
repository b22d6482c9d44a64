"""What a change of many lessons means besides, told in its toast. Pure."""

from contracts.queries import LessonRow, ModelRow
from services.web.views.lesson_changes import no_longer_held_back

DESK = ModelRow.model_construct(id="desk", held_back_sections=["Prices"])


def lesson(section: str, held_back: bool | None = None, model: str = "desk") -> LessonRow:
    return LessonRow.model_construct(id="q", model=model, section=section, held_back=held_back)


def test_lessons_that_leave_a_section_which_is_held_back_are_counted() -> None:
    rows = [
        lesson("prices."), lesson("Prices"),
        lesson("Prices", held_back=True), lesson("Prices", held_back=False), lesson("Hours"), lesson("Prices", model="x"),
    ]  # fmt: skip

    assert no_longer_held_back(rows, {"desk": DESK}, "Pricing") == 2
    assert no_longer_held_back(rows, {"desk": DESK}, " PRICES") == 0
