"""Which messages around an answer belong to it: what is ticked when somebody begins to teach from it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.capture.capturing import Author
from services.capture.correcting import corrects, objects
from services.capture.courtesy import confirms

LONGEST: Final = 20
"""Messages that are ticked at most."""


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a thread, its text cleaned of mentions and quotations. `question`: the message that it answers."""

    id: str
    author: str
    kind: Author
    text: str
    question: str | None = None
    reply_to: str | None = None


def exchange(thread: Sequence[Said], chosen: str) -> list[str]:
    """The ids of the exchange around the answer `chosen`, in the thread's order.

    That is its question and what the same person said with it; when that corrected an earlier answer of the same
    assistant, also that answer and its question, and so on back; and what corrected the chosen answer, with the answer
    to that.
    """
    place = {one.id: at for at, one in enumerate(thread)}
    if chosen not in place:
        return []
    taken = _back(thread, place, place[chosen]) | _forward(thread, place[chosen])
    first = sorted(taken)[-LONGEST:]
    return [thread[at].id for at in first]


def _back(thread: Sequence[Said], place: dict[str, int], answer: int) -> set[int]:
    taken = {answer}
    while True:
        asked = _asked(thread, place, answer)
        if asked is None:
            return taken
        said = _with(thread, asked, answer)
        taken |= said
        before = _answer_before(thread, min(said), thread[answer].author)
        if before is None or not any(objects(thread[at].text) for at in said) or len(taken) >= LONGEST:
            return taken
        taken.add(before)
        answer = before


def _asked(thread: Sequence[Said], place: dict[str, int], answer: int) -> int | None:
    """Where the question of this answer stands; without a link, the last thing that a person said before."""
    linked = place.get(thread[answer].question or "")
    if linked is not None and linked < answer:
        return linked
    return next((at for at in range(answer - 1, -1, -1) if thread[at].kind == "person"), None)


def _with(thread: Sequence[Said], asked: int, answer: int) -> set[int]:
    """The question and what its author said right before it, up to somebody else's words.

    Who only agrees with somebody says nothing without what that one said.
    """
    said, author = {asked}, thread[asked].author
    for at in range(asked - 1, -1, -1):
        if thread[at].kind == "notice":
            continue
        if thread[at].author != author:
            if thread[at].kind != "person" or not all(confirms(thread[one].text) for one in said):
                break
            author = thread[at].author
        said.add(at)
    corrections = {at for at in said if at < asked and objects(thread[at].text)}
    # What the person said long before has to do with it only when it corrects something.
    return {at for at in said if at >= min(corrections, default=asked)}


def _answer_before(thread: Sequence[Said], first: int, assistant: str) -> int | None:
    """The answer of the same assistant right before, notices and others' words apart."""
    for at in range(first - 1, -1, -1):
        if thread[at].kind == "assistant":
            return at if thread[at].author == assistant else None
    return None


def _forward(thread: Sequence[Said], answer: int) -> set[int]:
    """A correction right after the answer, and what the assistant said to that."""
    after = [at for at in range(answer + 1, len(thread)) if thread[at].kind != "notice"]
    if not after or thread[after[0]].kind != "person" or not corrects(thread[after[0]].text, thread[answer].text):
        return set()
    taken, author = {after[0]}, thread[after[0]].author
    for at in after[1:]:
        if thread[at].kind == "person" and thread[at].author == author:
            taken.add(at)
        elif thread[at].author == thread[answer].author:
            return taken | {at}
        else:
            break
    return taken
