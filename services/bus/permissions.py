"""Who may do what on the bus: every user's subjects, as data, and as nats-server's configuration."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from contracts import subjects
from contracts.identifiers import RESERVED_MODULES

PROVISIONING: Final = "provisioning"
OWNER: Final = "owner"


@dataclass(frozen=True, slots=True)
class Permissions:
    """What a user may publish and subscribe to, besides its own inbox; `answers`: it may reply to what it receives."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...] = ()
    answers: bool = False


def inbox_of(user: str) -> str:
    """The prefix of a user's reply subjects; nobody else may subscribe to them."""
    return f"_INBOX_{user}"


def _follow(stream: str, *filters: str) -> tuple[str, ...]:
    """Rights to follow a stream by own consumers. With filters: only by a consumer created with one of them.

    A consumer's name is random, so knowing it is the right to read from it: listing consumers is nobody's right.
    """
    create = f"$JS.API.CONSUMER.CREATE.{stream}"
    created = tuple(f"{create}.*.{each}" for each in filters) or (f"{create}.>",)
    return (*created, f"$JS.API.CONSUMER.MSG.NEXT.{stream}.*", f"$JS.API.CONSUMER.DELETE.{stream}.*")


def _look_up(stream: str) -> tuple[str, ...]:
    """Rights to look at any message of a stream, wherever it stands."""
    return (f"$JS.API.STREAM.INFO.{stream}", f"$JS.API.DIRECT.GET.{stream}", f"$JS.API.STREAM.MSG.GET.{stream}")


_EVERYTHING_OF_EV = (*_follow(subjects.EV), *_look_up(subjects.EV))


def module(name: str) -> Permissions:
    """An ordinary module: it speaks for itself, and sees what is shared and its own outcomes."""
    return Permissions(
        publish=(
            f"cmd.{name}.>",
            f"inbox.{name}.>",
            f"qry.{name}.>",
            *_follow(subjects.EV, "ev.shared.>"),
            *_follow(subjects.OUT, f"out.{name}.>"),
            *_follow(subjects.DLQ, f"dlq.{name}.>"),
        ),
    )


USERS: Final[Mapping[str, Permissions]] = {
    "commands": Permissions(
        publish=(
            "ev.>",
            "out.>",
            "dlq.>",
            subjects.HINT,
            "qry.commands.>",
            *_look_up(subjects.EV),
            "$JS.API.CONSUMER.INFO.INBOX.*",
            "$JS.API.CONSUMER.MSG.NEXT.INBOX.*",
            "$JS.ACK.INBOX.>",
        ),
        subscribe=("cmd.>", "qry.*.sequence"),
        answers=True,
    ),
    "projections": Permissions(
        publish=("qry.projections.>", "dlq.>"),
        subscribe=("qry.>", subjects.HINT),
        answers=True,
    ),
    "compiler": Permissions(
        publish=("cmd.compiler.>", "qry.compiler.>", "dlq.>", *_EVERYTHING_OF_EV),
        subscribe=("qry.*.preflight", subjects.HINT),
        answers=True,
    ),
    "chat": Permissions(
        publish=("cmd.chat.>", "qry.chat.>", "chunk.>", "dlq.>", *_EVERYTHING_OF_EV),
        subscribe=("qry.*.ask", subjects.HINT),
        answers=True,
    ),
    "web": Permissions(
        publish=(
            "cmd.web.>",
            "inbox.web.>",
            "qry.web.>",
            "typing.>",
            *_EVERYTHING_OF_EV,
            *_follow(subjects.OUT, "out.web.>"),
        ),
        subscribe=("chunk.>", "typing.>", "qry.*.sign_in_link", subjects.HINT),
        answers=True,
    ),
    "cli": Permissions(
        publish=("cmd.cli.>", "inbox.cli.>", "qry.cli.>", *_follow(subjects.OUT, "out.cli.>")),
        subscribe=("chunk.>", subjects.HINT),
    ),
    OWNER: Permissions(
        publish=(
            "cmd.>",
            "inbox.>",
            "qry.>",
            *_EVERYTHING_OF_EV,
            *_follow(subjects.OUT),
            *_follow(subjects.DLQ),
            *_look_up(subjects.DLQ),
        ),
        subscribe=("ev.>", "chunk.>", "out.>", "dlq.>", subjects.HINT),
    ),
    PROVISIONING: Permissions(
        publish=(
            *(f"$JS.API.STREAM.{verb}.*" for verb in ("INFO", "CREATE", "UPDATE")),
            "$JS.API.CONSUMER.CREATE.INBOX.>",
            "$JS.API.CONSUMER.INFO.INBOX.*",
        ),
    ),
}
"""The users of every installation. Only commands, whose relay it is, may publish events."""


def permissions_of(user: str) -> Permissions:
    """What a user may do; a name that isn't one of ours is an ordinary module's.

    Raises:
        ValueError: the name is reserved and isn't a user.
    """
    known = USERS.get(user)
    if known is None and user in RESERVED_MODULES:
        raise ValueError(f"{user} is a reserved name; give the module another one.")
    return known or module(user)


def authorization(passwords: Mapping[str, str]) -> str:
    """The `authorization {}` block of nats-server's configuration. `passwords`: by user, plain or bcrypt."""
    users = ",\n".join(_user(name, password) for name, password in passwords.items())
    return f"authorization {{\n  users = [\n{users}\n  ]\n}}\n"


def _user(name: str, password: str) -> str:
    allowed = permissions_of(name)
    permissions: dict[str, object] = {
        "publish": {"allow": list(allowed.publish)},
        "subscribe": {"allow": [f"{inbox_of(name)}.>", *allowed.subscribe]},
    }
    if allowed.answers:
        permissions["allow_responses"] = {"max": 1, "expires": "10m"}
    return "    " + json.dumps({"user": name, "password": password, "permissions": permissions})
