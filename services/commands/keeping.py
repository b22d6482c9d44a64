"""Unique rows that an older log doesn't have yet: made from it once, at the first start that needs them."""

from collections.abc import Iterator

from contracts.envelope import Envelope
from services.commands.claims import logins
from services.commands.states import evolve, stream_of
from services.commands.world import DictWorld
from services.eventlog.keys import KeyStore
from services.eventlog.log import EventLog
from services.eventlog.sealing import unseal
from services.eventlog.upcasting import read

PAGE = 5_000
_OF_LOGINS = ("PersonAdded", "PersonRevised", "PersonErased")


def keep_logins(log: EventLog, keys: KeyStore) -> None:
    """Write the rows of the logins that people have, two of one login as well: nobody loses theirs."""
    with log.writing() as writing:
        world = _People(keys)
        for event in _events(log, keys):
            name, taken = stream_of("person", str(event.subject)), logins(world, str(event.subject), event.data)
            world.states[name] = evolve("person", world.states.get(name), event)
            world.take(taken)
        writing.replace_unique(log.unique_rows() | world.rows)


class _People(DictWorld):
    """People as they were at some time."""

    def __init__(self, keys: KeyStore) -> None:
        super().__init__()
        self._keys = keys

    def digest(self, words: str) -> str:
        """By the installation's keys."""
        return self._keys.digest(words)


def _events(log: EventLog, keys: KeyStore) -> Iterator[Envelope]:
    position = 0
    while page := log.read(position, PAGE):
        position = page[-1].position
        yield from (unseal(read(one.state), keys, log.log_id) for one in page if one.topic in _OF_LOGINS)
