"""Keys of sealed texts: one per holder, wrapped by the master key, durable before anything is sealed with them."""

from __future__ import annotations

import hmac
import os
import threading
import uuid
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.eventlog.vault import Row, Vault

LARGEST_CACHE: Final = 50_000
BODY_HOLDER: Final = "installation:bodies"
_NONCE: Final = 12


class WrongMasterKey(Exception):
    """The keys were wrapped by another master key."""

    def __init__(self) -> None:
        super().__init__(
            "The master key isn't the one that the keys were made with; restore the right master key file."
        )


@dataclass(frozen=True, slots=True)
class Key:
    """A holder's key: its random id and 32 secret bytes."""

    id: str
    holder: str
    secret: bytes = field(repr=False)


class Passing:
    """Keys for a trial of sealing: each is good for once, and kept nowhere."""

    def ensure(self, holders: Collection[str]) -> dict[str, Key]:
        """A new key for every holder."""
        return {holder: Key(uuid.uuid4().hex, holder, os.urandom(32)) for holder in holders}


class KeyStore:
    """Keys by holder and by id. Usable from any thread."""

    def __init__(self, vault: Vault, master_key: bytes) -> None:
        self._vault = vault
        self._master = AESGCM(master_key)
        self._lock = threading.RLock()
        self._by_holder: OrderedDict[str, Key] = OrderedDict()
        self._by_id: OrderedDict[str, Key] = OrderedDict()
        self.body_secret: bytes = self.ensure([BODY_HOLDER])[BODY_HOLDER].secret

    def ensure(self, holders: Collection[str]) -> dict[str, Key]:
        """Every holder's key, made where there was none; durable on return.

        Raises:
            WrongMasterKey: when a kept key can't be unwrapped.
        """
        with self._lock:
            missing = [holder for holder in holders if holder not in self._by_holder]
            if missing:
                self._learn(self._vault.of_holders(missing))
                fresh = [holder for holder in dict.fromkeys(missing) if holder not in self._by_holder]
                if fresh:
                    self._vault.add([self._wrap(holder) for holder in fresh])
                    self._learn(self._vault.of_holders(fresh))
            keys = {holder: self._by_holder[holder] for holder in holders}
            self._trim()
            return keys

    def by_id(self, ids: Collection[str]) -> dict[str, Key]:
        """Those of the keys that weren't destroyed."""
        with self._lock:
            missing = [id for id in set(ids) if id not in self._by_id]
            if missing:
                self._learn(self._vault.of_ids(missing))
            found = {id: self._by_id[id] for id in ids if id in self._by_id}
            self._trim()
            return found

    def destroy(self, holder: str) -> None:
        """Forget the holder's key for good; what was sealed with it can never be read again."""
        with self._lock:
            self._vault.remove(holder)
            self.forget(holder)

    def forget(self, holder: str) -> None:
        """Drop a key from memory that another process may have destroyed."""
        with self._lock:
            key = self._by_holder.pop(holder, None)
            if key is not None:
                self._by_id.pop(key.id, None)

    def digest(self, words: str) -> str:
        """Always the same for the same words, which nobody without the keys finds out from it."""
        return hmac.digest(self.body_secret, b"words\0" + words.encode(), "sha256").hex()

    def close(self) -> None:
        """Close the vault."""
        self._vault.close()

    def _wrap(self, holder: str) -> Row:
        id, nonce = uuid.uuid4().hex, os.urandom(_NONCE)
        return id, holder, nonce + self._master.encrypt(nonce, os.urandom(32), f"{id}\0{holder}".encode())

    def _learn(self, rows: Collection[Row]) -> None:
        for id, holder, wrapped in rows:
            try:
                secret = self._master.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], f"{id}\0{holder}".encode())
            except InvalidTag as problem:
                raise WrongMasterKey from problem
            self._by_holder[holder] = self._by_id[id] = Key(id, holder, secret)

    def _trim(self) -> None:
        for cache in (self._by_holder, self._by_id):
            while len(cache) > LARGEST_CACHE:
                cache.popitem(last=False)
