"""Names with an @: whom a text names, and whom somebody means who has begun to type one."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from services.web.directory import Named

MOST: Final = 100
OFFERED: Final = 8


def mentions(text: str, members: Iterable[Named]) -> tuple[str, ...]:
    """The members that the text names as `@Name`; of names that begin alike the longest counts."""
    left, found = text.casefold(), []
    names = [(name.casefold(), one.member) for one in members for name in {one.name, *one.names.values()} if name]
    for name, member in sorted(names, key=lambda pair: len(pair[0]), reverse=True):
        pattern = rf"(?<!\w)@{re.escape(name)}(?!\w)"
        if re.search(pattern, left):
            found.append(member)
            left = re.sub(pattern, " ", left)
    return tuple(dict.fromkeys(found))[:MOST]


def offered(begun: str, everybody: Iterable[Named], members: Sequence[str], language: str) -> list[Named]:
    """Who may be meant: assistants before people, members before others, each by name."""
    inside = set(members)
    fitting = [one for one in everybody if one.joins and _begins(begun.casefold(), one.called(language).casefold())]
    fitting.sort(key=lambda one: (one.member not in inside, not one.bot, one.called(language).casefold()))
    return fitting[:OFFERED]


def _begins(begun: str, name: str) -> bool:
    return any(part.startswith(begun) for part in _from_each_word(name))


def _from_each_word(name: str) -> Iterator[str]:
    for start in re.finditer(r"(?<!\w)\w", name):
        yield name[start.start() :]
