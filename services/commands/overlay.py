"""The world that the rules see while a batch is decided: the log's states with the batch's own effects on top."""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from contracts.envelope import Envelope
from contracts.facts import Kind
from services.commands.states import evolve, stream_of
from services.eventlog.keys import KeyStore
from services.eventlog.log import Recorded, UniqueKey, Writing
from services.eventlog.sealing import unseal
from services.eventlog.upcasting import read

LARGEST_CACHE = 50_000


class Overlay:
    """Implements `World`. States are cached between batches; `forget` drops them when they may be wrong."""

    def __init__(self, keys: KeyStore, log_id: str) -> None:
        self._keys = keys
        self._log_id = log_id
        self._states: OrderedDict[str, Any] = OrderedDict()
        self._unique: OrderedDict[UniqueKey, str | None] = OrderedDict()
        self._fresh: dict[str, list[Envelope]] = {}
        self._writing: Writing | None = None

    def begin(self, writing: Writing, streams: Iterable[str], unique: Iterable[UniqueKey]) -> None:
        """Look into this transaction from now on, and load at once what a batch will read."""
        self._writing = writing
        self._fresh = {}
        self._load([name for name in streams if name not in self._states])
        self._look_up([key for key in unique if key not in self._unique])

    def end(self) -> None:
        """The batch is committed: keep what it taught, within bounds."""
        self._writing = None
        for cache in (self._states, self._unique):
            while len(cache) > LARGEST_CACHE:
                cache.popitem(last=False)

    def forget(self) -> None:
        """Somebody else wrote, or the batch was rolled back: nothing cached is sure any more."""
        self._writing = None
        self._states.clear()
        self._unique.clear()

    def apply(self, kind: Kind, event: Envelope, claims: Mapping[UniqueKey, str | None]) -> int:
        """Fold one accepted event in; gives its revision."""
        name = stream_of(kind, event.subject or "")
        state = evolve(kind, self._state(name), event)
        self._states[name] = state
        self._unique.update(claims)
        self._fresh.setdefault(name, []).append(event)
        return state.revision

    def since(self, kind: Kind, id: str, revision: int) -> Sequence[Envelope]:
        """The record's events after the revision: the log's, and the batch's own."""
        name = stream_of(kind, id)
        stored = self._transaction().streams([name]).get(name, ())
        later = [read(one.state) for one in stored if one.revision > revision]
        fresh = self._fresh.get(name, [])
        return later + fresh[max(0, revision - len(stored)) :]

    def unique(self, table: str, key: str) -> str | None:
        """The value of a unique row, or None."""
        wanted = (table, key)
        if wanted not in self._unique:
            self._look_up([wanted])
        return self._unique[wanted]

    def digest(self, words: str) -> str:
        """By the installation's keys."""
        return self._keys.digest(words)

    def provider(self, id: str) -> Any:
        """Its state, or None when there is none."""
        return self._state(stream_of("provider", id))

    def model(self, id: str) -> Any:
        """Its state, or None when there is none."""
        return self._state(stream_of("model", id))

    def qa(self, id: str) -> Any:
        """Its state, or None when there is none."""
        return self._state(stream_of("qa", id))

    def conversation(self, id: str) -> Any:
        """Its state, or None when there is none."""
        return self._state(stream_of("conversation", id))

    def proposal(self, id: str) -> Any:
        """Its state, or None when there is none."""
        return self._state(stream_of("proposal", id))

    def module(self, id: str) -> Any:
        """Its state, or None when there is none."""
        return self._state(stream_of("module", id))

    def compilation(self, id: str) -> Any:
        """Its state, or None when there is none."""
        return self._state(stream_of("compilation", id))

    def group(self, id: str) -> Any:
        """Its state, or None when there is none."""
        return self._state(stream_of("group", id))

    def message(self, id: str) -> Any:
        """Its state, or None when there is none."""
        return self._state(stream_of("message", id))

    def person(self, id: str) -> Any:
        """Its state, or None when there is none."""
        return self._state(stream_of("person", id))

    def _state(self, name: str) -> Any:
        if name not in self._states:
            self._load([name])
        self._states.move_to_end(name)
        return self._states[name]

    def _load(self, names: Collection[str]) -> None:
        if not names:
            return
        found = self._transaction().streams(names)
        for name in names:
            self._states[name] = self._fold(name, found.get(name, ()))

    def _fold(self, name: str, events: Iterable[Recorded]) -> Any:
        kind: Any = name.partition(":")[0]
        state = None
        for event in events:
            state = evolve(kind, state, unseal(read(event.state), self._keys, self._log_id))
        return state

    def _look_up(self, keys: Collection[UniqueKey]) -> None:
        if not keys:
            return
        found = self._transaction().unique(keys)
        for key in keys:
            self._unique[key] = found.get(key)

    def _transaction(self) -> Writing:
        if self._writing is None:
            raise RuntimeError("the overlay reads inside a transaction only")
        return self._writing
