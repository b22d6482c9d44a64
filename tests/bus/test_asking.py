"""What a query asks for: everything in it counts, or it is refused."""

import json
from typing import Any

import pytest

from contracts.queries import LessonTableWanted, ModelWanted, Nothing, Shape
from services.asking import query_of, wanted_of
from services.refusals import Refused


def asked(kind: type[Shape], name: str, data: dict[str, Any], **more: Any) -> Shape:
    body = json.dumps({"actor": "person:ann", "data": data, **more})
    return wanted_of(kind, name, query_of(name, body))


def test_a_query_asks_for_what_its_fields_say() -> None:
    assert asked(ModelWanted, "model", {"model": "sales"}, at=7) == ModelWanted(model="sales")


@pytest.mark.parametrize(
    ("kind", "name", "data", "more", "sentence"),
    [
        (ModelWanted, "model", {"modle": "sales"}, {}, "The query model has no field modle; it has model."),
        (ModelWanted, "model", {"model": "sales", "at": 7}, {}, "The query model has no field at; it has model."),
        (Nothing, "providers", {"limit": 7}, {}, "The query providers has no field limit; it has none at all."),
        (ModelWanted, "model", {"model": "sales"}, {"afer": 7},
         "The envelope of the query model has no field afer; it has actor, at, after, data."),
    ],
)  # fmt: skip
def test_a_field_that_a_query_does_not_have_is_refused_with_those_that_it_has(
    kind: type[Shape], name: str, data: dict[str, Any], more: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(Refused) as refused:
        asked(kind, name, data, **more)

    assert (refused.value.code, refused.value.message) == ("malformed", sentence)
    assert list(refused.value.fields.values())[-1] == "there is no such field"


def test_a_field_with_a_wrong_value_is_refused_as_that() -> None:
    with pytest.raises(Refused, match="The query lesson_table is wrong: limit: ") as refused:
        asked(LessonTableWanted, "lesson_table", {"model": "sales", "limit": 0})

    assert list(refused.value.fields) == ["limit"]


def test_a_name_that_is_much_too_long_does_not_fill_the_refusal() -> None:
    with pytest.raises(Refused) as refused:
        asked(ModelWanted, "model", {"model": "sales"} | {f"{number}{'x' * 9_000}": 1 for number in range(900)})

    assert len(refused.value.refusal.model_dump_json()) < 20_000
