"""What every query's answer is made from: who asks, as of which position, and the read models."""

from dataclasses import dataclass, field

from sqlalchemy import Connection

from services.eventlog.keys import KeyStore
from services.eventlog.log import EventLog
from services.projections.asker import Asker
from services.projections.counting import Counted
from services.projections.project import Projector
from services.projections.similar import Similar
from services.projections.standings import Standings
from services.projections.training_set import TrainingSets


@dataclass(slots=True)
class Sources:
    """What the service holds open."""

    log: EventLog
    keys: KeyStore
    training: Projector
    chat: Projector
    sets: TrainingSets
    similar: Similar
    building: dict[str, int]
    standings: Standings = field(init=False)
    counted: Counted = field(default_factory=Counted)

    def __post_init__(self) -> None:
        self.standings = Standings(self.sets)

    def forget(self) -> None:
        """A read model was built anew: what was kept in memory of the one before goes."""
        self.sets.forget()
        self.standings.forget()
        self.counted.forget()


@dataclass(frozen=True, slots=True)
class Question:
    """One query being answered. `training` and `chat` are connections to the read models."""

    asker: Asker
    position: int
    training: Connection
    chat: Connection
    sources: Sources
