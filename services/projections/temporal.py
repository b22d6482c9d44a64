"""Rows that hold from one position up to another, changed in memory per batch and written by executemany."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, Table, bindparam, select, update

from services.projections.inserting import insert_rows
from services.projections.tables import FOREVER

Row = dict[str, Any]
_PART = 500


class Temporal:
    """One table's open rows while a batch is projected. Key: `id`."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._open: dict[str, Row] = {}
        self._kept: dict[str, int] = {}
        self._new: list[Row] = []
        self._closed: list[Row] = []

    def load(self, connection: Connection, ids: Collection[str]) -> None:
        """Fetch the open rows of these records in one go."""
        self._open, self._kept, self._new, self._closed = {}, {}, [], []
        wanted = sorted(ids)
        for start in range(0, len(wanted), _PART):
            query = select(self._table).where(
                self._table.c.id.in_(wanted[start : start + _PART]), self._table.c.valid_to == FOREVER
            )
            for row in connection.execute(query).mappings():
                self._open[row["id"]] = dict(row)
                self._kept[row["id"]] = row["valid_from"]

    def get(self, id: str) -> Row | None:
        """The record's open row."""
        return self._open.get(id)

    def ids(self) -> list[str]:
        """The records with an open row here."""
        return list(self._open)

    def batch(self, id: str) -> list[Row]:
        """The record's rows of this batch, oldest first."""
        return [row for row in self._new if row["id"] == id]

    def put(self, id: str, position: int, values: Mapping[str, Any]) -> None:
        """From this position on the record is so."""
        before = self._open.get(id)
        if before is not None:
            before["valid_to"] = position
            if id in self._kept:
                self._closed.append({"_id": id, "_from": self._kept.pop(id), "_to": position})
        row = {**values, "id": id, "valid_from": position, "valid_to": FOREVER}
        self._open[id] = row
        self._new.append(row)

    def write(self, connection: Connection) -> None:
        """Write what was changed."""
        if self._closed:
            closing = (
                update(self._table)
                .where(self._table.c.id == bindparam("_id"), self._table.c.valid_from == bindparam("_from"))
                .values(valid_to=bindparam("_to"))
            )
            connection.execute(closing, self._closed)
        insert_rows(connection, self._table, self._new)
