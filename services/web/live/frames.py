"""Frames as server-sent events."""

from typing import Final

from services.web.live.rooms import Frame

BEAT: Final = b": still here\n\n"
RESYNC: Final = "resync"
"""A page that gets this fetches its live parts anew: what it missed can't be told any more."""


def html(text: str, position: int) -> bytes:
    """Markup that the page puts in its place: partials name their targets."""
    return _event("", text, position)


def hint(name: str, position: int, about: str = "") -> Frame:
    """An event that parts of pages wait for; they fetch themselves anew, each as its person may see it."""
    encoded = _event(name, about, position)
    return Frame(position, lambda _: encoded)


def _event(name: str, data: str, position: int) -> bytes:
    lines = [f"event: {name}"] if name else []
    lines += [f"id: {position}"] if position else []
    lines += [f"data: {line}" for line in data.splitlines() or [""]]
    return ("\n".join(lines) + "\n\n").encode()
