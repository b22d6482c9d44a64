"""Passwords of local users, as argon2id, and how often a name may be tried."""

import time
from functools import cache
from typing import TYPE_CHECKING, Final

from sqlalchemy import Engine, delete, select

from services.refusals import Refused
from services.web.database import attempt, password, put

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

    def may_try(self, login: str) -> int:
        """Seconds that this name has to wait before it may be tried again."""
        with self._engine.connect() as connection:
            row = connection.execute(select(attempt).where(attempt.c.login == login)).mappings().first()
        if row is None or row["failures"] < FREE_ATTEMPTS:
            return 0
        return max(0, int(row["last_at"]) + PAUSE_SECONDS - int(time.time()))

    def tried(self, login: str, *, right: bool) -> None:
        """Count a failure, or forget them."""
        with self._engine.begin() as connection:
            failures = connection.execute(select(attempt.c.failures).where(attempt.c.login == login)).scalar() or 0
            if right:
                connection.execute(delete(attempt).where(attempt.c.login == login))
            else:
                put(connection, attempt, {"login": login, "failures": failures + 1, "last_at": int(time.time())})


@cache
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher  # argon2id with the library's parameters; imported when first needed

    return PasswordHasher()


@cache
def _nobody() -> str:
    return _hasher().hash("nobody's password")
