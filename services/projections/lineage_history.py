"""Whose lessons a model took in at earlier positions: the hierarchy's past, read once."""

from bisect import bisect_right

from sqlalchemy import Connection, select

from services.projections.lineage import Contributor, Place, contributors
from services.projections.tables import model
from services.projections.training_set import PLACE, place_of


class LineageHistory:
    """From the position `oldest` up to `newest`. Most positions have the hierarchy of another: each is made once."""

    def __init__(self, connection: Connection, oldest: int, newest: int) -> None:
        held = (model.c.valid_to > oldest, model.c.valid_from <= newest)
        query = select(*PLACE, model.c.valid_from, model.c.valid_to).where(*held).order_by(model.c.valid_from)
        self._rows = [(place_of(row), row.valid_from, row.valid_to) for row in connection.execute(query)]
        self._turns = self._changed()
        self._places: dict[int, dict[str, Place]] = {}

    def of(self, id: str, position: int) -> list[Contributor]:
        """The model and whom it took in then; nobody before there was one."""
        turn = bisect_right(self._turns, position)
        if turn not in self._places:
            self._places[turn] = {one.id: one for one, begin, end in self._rows if begin <= position < end}
        places = self._places[turn]
        return contributors(places, id) if id in places else []

    def _changed(self) -> list[int]:
        """The positions at which somebody's place became another: most rows of a model differ in other things."""
        last: dict[str, Place] = {}
        turns: list[int] = []
        for place, begin, _ in self._rows:
            if last.get(place.id) != place:
                turns.append(begin)
            last[place.id] = place
        return turns
