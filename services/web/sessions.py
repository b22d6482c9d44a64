"""Sessions: who is signed in in which browser. The browser holds a random id, the server its digest and the person."""

import hashlib
import secrets
import time
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine, delete, func, insert, select, update

from services.web.database import link, session

IDLE_SECONDS: Final = 30 * 24 * 3600
"""A session that wasn't used for so long has ended."""
LONGEST_SECONDS: Final = 180 * 24 * 3600
SEEN_EVERY: Final = 300
LINK_SECONDS: Final = 24 * 3600


@dataclass(frozen=True, slots=True)
class Session:
    """One browser of one person."""

    digest: str
    person: str


def digest_of(token: str) -> str:
    """What is stored in place of a token: whoever reads the database can't sign in with it."""
    return hashlib.sha256(token.encode()).hexdigest()


class Sessions:
    """Begins, finds and ends sessions, and the one-time links that begin one."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self, person: str, browser: str) -> str:
        """A new session's token, for the cookie."""
        token, now = secrets.token_urlsafe(32), int(time.time())
        row = {"digest": digest_of(token), "person": person, "began_at": now, "seen_at": now, "browser": browser[:200]}
        with self._engine.begin() as connection:
            connection.execute(insert(session).values(row))
        return token

    def find(self, token: str) -> Session | None:
        """The session of this token, if it hasn't ended."""
        digest, now = digest_of(token), int(time.time())
        with self._engine.connect() as connection:
            row = connection.execute(select(session).where(session.c.digest == digest)).mappings().first()
        if row is None or now - row["seen_at"] > IDLE_SECONDS or now - row["began_at"] > LONGEST_SECONDS:
            return None
        if now - row["seen_at"] > SEEN_EVERY:
            with self._engine.begin() as connection:
                connection.execute(update(session).where(session.c.digest == digest).values(seen_at=now))
        return Session(digest, row["person"])

    def still(self, digest: str) -> bool:
        """Whether the session hasn't been ended."""
        with self._engine.connect() as connection:
            return connection.execute(select(session.c.digest).where(session.c.digest == digest)).first() is not None

    def end(self, digest: str) -> None:
        """Sign this browser out."""
        with self._engine.begin() as connection:
            connection.execute(delete(session).where(session.c.digest == digest))

    def end_all(self, person: str, but: str = "") -> int:
        """Sign the person out everywhere, except in the session with the digest `but`; how many there were."""
        with self._engine.begin() as connection:
            gone = connection.execute(delete(session).where(session.c.person == person, session.c.digest != but))
        return gone.rowcount

    def seen(self) -> dict[str, int]:
        """When each person was here last, in seconds since 1970."""
        query = select(session.c.person, func.max(session.c.seen_at)).group_by(session.c.person)
        with self._engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def invited(self) -> dict[str, int]:
        """Until when each person's unused link is good."""
        good = (link.c.used_at.is_(None), link.c.ends_at >= int(time.time()))
        query = select(link.c.person, func.max(link.c.ends_at)).where(*good).group_by(link.c.person)
        with self._engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def end_links(self, person: str) -> None:
        """Links of the person that weren't used are no good any more."""
        with self._engine.begin() as connection:
            connection.execute(delete(link).where(link.c.person == person, link.c.used_at.is_(None)))

    def new_link(self, person: str) -> str:
        """A token that signs the person in once, within a day."""
        token = secrets.token_urlsafe(24)
        row = {"digest": digest_of(token), "person": person, "ends_at": int(time.time()) + LINK_SECONDS}
        with self._engine.begin() as connection:
            connection.execute(insert(link).values(row))
        return token

    def link_is_good(self, token: str) -> bool:
        """Whether the link can still be used."""
        with self._engine.connect() as connection:
            query = select(link.c.digest).where(link.c.digest == digest_of(token), link.c.used_at.is_(None))
            return connection.execute(query.where(link.c.ends_at >= int(time.time()))).first() is not None

    def use_link(self, token: str) -> str | None:
        """The person whom the link signs in; None when it was used, has ended or never was."""
        now, mine = int(time.time()), link.c.digest == digest_of(token)
        with self._engine.begin() as connection:
            used = connection.execute(
                update(link).where(mine, link.c.used_at.is_(None), link.c.ends_at >= now).values(used_at=now)
            )
            if used.rowcount != 1:
                return None
            return str(connection.execute(select(link.c.person).where(mine)).scalar_one())
