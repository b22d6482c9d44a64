"""Who answers a message: a pure rule."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any


def answerers(
    group: Mapping[str, Any],
    assistants: Mapping[str, Sequence[str]],
    author: str,
    text: str,
    mentions: Sequence[str],
    replied_to: str | None,
) -> list[str]:
    """The virtual users that should answer, sorted.

    `assistants`: virtual users of the group with their models' names. One answers when it is mentioned (by `mentions`
    or as `@name` in the text), when the message replies to it, always in direct and assistant chats, and in a group
    that answers every message, unless somebody else is addressed. Virtual users never answer each other.
    """
    if author.startswith("virtual_user:"):
        return []
    if group["use"] != "group":
        return sorted(assistants)
    addressed = {member.removeprefix("virtual_user:") for member in mentions if member.startswith("virtual_user:")}
    addressed |= named(text, assistants)
    if replied_to and replied_to.startswith("virtual_user:"):
        addressed.add(replied_to.removeprefix("virtual_user:"))
    if addressed:
        return sorted(addressed & set(assistants))
    to_people = any(member.startswith("person:") for member in mentions)
    return sorted(assistants) if group["answers"] == "every" and not to_people else []


def named(text: str, members: Mapping[str, Sequence[str]]) -> set[str]:
    """Those of the members, with their names, who stand in the text as `@name`; of several names the longest counts."""
    folded = folded_text(text)
    names = sorted(
        ((folded_text(name), user) for user, names in members.items() for name in (user, *names)),
        key=lambda pair: len(pair[0]),
        reverse=True,
    )
    found: set[str] = set()
    for name, user in names:
        pattern = rf"(?<!\w)@{re.escape(name)}(?!\w)"
        if re.search(pattern, folded):
            found.add(user)
            folded = re.sub(pattern, " ", folded)
    return found


def folded_text(text: str) -> str:
    """The text as it is looked through: case, width and spaces are nothing."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
