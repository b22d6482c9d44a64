"""Projects which chat messages lessons and proposals were made from."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, insert, select

from contracts.envelope import Envelope
from contracts.facts.conversation import ConversationChanges, ConversationContent
from contracts.facts.proposal import LessonProposed
from services.eventlog.log import Recorded
from services.projections.tables import taught

_PART = 500


class Origins:
    """Collects a batch's pairs of message and record. A revision adds to them: what was taught once stays visible."""

    def __init__(self) -> None:
        self._pairs: dict[tuple[str, str], None] = {}

    def begin(self, _: Connection, __: Sequence[tuple[Recorded, Envelope]]) -> None:
        """Start a batch."""
        self._pairs = {}

    def project(self, _: Recorded, event: Envelope) -> None:
        """Take one event in."""
        self._pairs |= dict.fromkeys((message, str(event.subject)) for message in _messages(event))

    def write(self, connection: Connection) -> None:
        """Write what isn't known yet."""
        known = self._known(connection)
        fresh = [
            {"message": message, "record": record} for message, record in self._pairs if (message, record) not in known
        ]
        if fresh:
            connection.execute(insert(taught), fresh)

    def _known(self, connection: Connection) -> set[tuple[str, str]]:
        records = sorted({record for _, record in self._pairs})
        found: set[tuple[str, str]] = set()
        for start in range(0, len(records), _PART):
            query = select(taught.c.message, taught.c.record).where(taught.c.record.in_(records[start : start + _PART]))
            found |= {(message, record) for message, record in connection.execute(query)}
        return found


def _messages(event: Envelope) -> Iterator[str]:
    content = _content(event)
    if content is None:
        return
    yield from (turn.message for turn in content.messages or () if turn.message is not None)
    if isinstance(content, ConversationContent):
        yield from content.origin_reference.messages


def _content(event: Envelope) -> ConversationContent | ConversationChanges | None:
    match event.data:
        case ConversationContent() | ConversationChanges() as content:
            return content
        case LessonProposed() as proposed:
            return proposed.conversation or proposed.conversation_changes
        case _:
            return None
