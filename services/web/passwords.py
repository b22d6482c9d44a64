"""Passwords of local users, as argon2id, and how often a name may be tried."""

import time
from functools import cache
from typing import TYPE_CHECKING, Final

from sqlalchemy import Engine, delete, select

from services.refusals import Refused
from services.web.database import attempt, insert_into, password, put

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST: Final = 10
LONGEST: Final = 200
FREE_ATTEMPTS: Final = 5
PAUSE_SECONDS: Final = 30
"""After the free attempts each further one must wait so long."""


class Passwords:
    """Sets and checks them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def set(self, person: str, text: str) -> None:
        """From now on this is the person's password. Raises `Refused`: too short or too long."""
        if len(text) < SHORTEST:
            message = f"A password needs at least {SHORTEST} characters; a few words in a row are easy to remember."
            raise Refused("password_short", message, {"password": message})
        if len(text) > LONGEST:
            message = f"A password has at most {LONGEST} characters."
            raise Refused("password_long", message, {"password": message})
        row = {"person": person, "hash": _hasher().hash(text), "changed_at": int(time.time())}
        with self._engine.begin() as connection:
            put(connection, password, row)

    def has(self, person: str) -> bool:
        """Whether the person ever set one."""
        with self._engine.connect() as connection:
            return connection.execute(select(password.c.person).where(password.c.person == person)).first() is not None

    def check(self, person: str | None, text: str) -> bool:
        """Whether this is the person's password. Takes as long for a person who isn't there."""
        from argon2.exceptions import InvalidHashError, VerificationError

        stored = None
        if person is not None:
            with self._engine.connect() as connection:
                stored = connection.execute(select(password.c.hash).where(password.c.person == person)).scalar()
        try:
            _hasher().verify(stored or _nobody(), text[:LONGEST])
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None

    def count_try(self, login: str) -> int:
        """Count a try of this name, before it is looked at: many at once are as many. Seconds to wait if it is too many."""
        now = int(time.time())
        counted = insert_into(self._engine, attempt).values(login=login, failures=1, last_at=now)
        may_be_tried = (attempt.c.failures < FREE_ATTEMPTS) | (attempt.c.last_at <= now - PAUSE_SECONDS)
        once_more = {"failures": attempt.c.failures + 1, "last_at": now}
        counted = counted.on_conflict_do_update(index_elements=["login"], set_=once_more, where=may_be_tried)
        with self._engine.begin() as connection:
            if connection.execute(counted.returning(attempt.c.failures)).first() is not None:
                return 0
            last = connection.execute(select(attempt.c.last_at).where(attempt.c.login == login)).scalar() or now
            return max(1, int(last) + PAUSE_SECONDS - now)

    def forget_tries(self, login: str) -> None:
        """One was right."""
        with self._engine.begin() as connection:
            connection.execute(delete(attempt).where(attempt.c.login == login))


@cache
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher  # argon2id with the library's parameters; imported when first needed

    return PasswordHasher()


@cache
def _nobody() -> str:
    return _hasher().hash("nobody's password")
