"""ERP.net's JSON (OData): `Projects_AI_ModelQAs`, and `Projects_AI_TrainingConversations` with their `Messages`.

Names and values are those of its public entity reference (docs.erp.net/model: Projects.AI.ModelQAs,
Projects.AI.TrainingConversations, Projects.AI.TrainingConversationMessages), `DeactivatonTimeUtc` included."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import BinaryIO, Final

import orjson

from services.lesson_files.erpnet_records import ORIGINS, SYSTEM, lesson_of, record_of
from services.lesson_files.json_objects import objects
from services.lesson_files.losses import losses
from services.lesson_files.rows import BadRow, Data, Row, each

_HELD: Final = {
    "qa": ("section", "purpose", "active", "notes"),
    "conversation": ("notes", "messages.name", "messages.time"),
}


def read(stream: BinaryIO) -> Iterator[Row | BadRow]:
    """A lesson for every object of the array, of OData's `value`, or of the lines."""
    return each(objects(stream), lesson_of)


class Writer:
    """Writes an OData document, `{"value": [...]}`; an imported record comes back as it was, with what was changed."""

    def __init__(self, stream: BinaryIO, models: Mapping[str, str]) -> None:
        self.lost: Counter[str] = Counter()
        self._stream, self._models = stream, models
        self._before = b'{"value":[\n'

    def write(self, lesson: Data) -> None:
        """One lesson, as the query `lesson` gives it."""
        self._stream.write(self._before + orjson.dumps(record_of(lesson, self._models)))
        self._before = b",\n"
        held = _HELD[lesson["kind"]]
        if lesson.get("external_system") == SYSTEM:
            held += ("external_system", "external_id")
        if lesson.get("origin") in ORIGINS.values():
            held += ("origin",)
        self.lost.update(losses(lesson, "erpnet", held))

    def close(self) -> None:
        """End the document; the stream stays open."""
        self._stream.write((self._before if self._before != b",\n" else b"\n") + b"]}\n")
