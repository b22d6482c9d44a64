"""Who may publish and subscribe what on the bus: one table for the embedded server and for a server apart."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

FOLLOW_EV: Final = ("$JS.API.CONSUMER.CREATE.EV.*.ev.>", "$JS.API.CONSUMER.DELETE.EV.*")
FOLLOW_SHARED: Final = ("$JS.API.CONSUMER.CREATE.EV.*.ev.shared.>", "$JS.API.CONSUMER.DELETE.EV.*")
READ_STREAMS: Final = ("$JS.API.STREAM.INFO.*", "$JS.API.STREAM.MSG.GET.*", "$JS.API.DIRECT.GET.>")


@dataclass(frozen=True, slots=True)
class Rights:
    """What one user may do besides receiving on its own inbox."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...] = ()
    replies: bool = False
    """Whether it may answer requests."""


SERVICES: Final[dict[str, Rights]] = {
    "commands": Rights(("ev.>", "out.>", "dlq.>", "hint.log", "$JS.API.>", "$JS.ACK.>"), ("cmd.>",), replies=True),
    "projections": Rights((), ("qry.>", "hint.log"), replies=True),
    "compiler": Rights(("cmd.compiler.*", "qry.compiler.*", *FOLLOW_EV)),
    "chat": Rights(("cmd.chat.*", "qry.chat.*", "chunk.>", *FOLLOW_EV), ("qry.*.ask",), replies=True),
    "web": Rights(("cmd.web.*", "qry.web.*", *FOLLOW_EV), ("chunk.>", "hint.log")),
    "cli": Rights(("cmd.cli.*", "qry.cli.*"), ("chunk.>", "hint.log")),
    "owner": Rights(
        ("cmd.*.*", "qry.*.*", "inbox.*.*", "$JS.API.CONSUMER.CREATE.>", "$JS.API.CONSUMER.DELETE.>", *READ_STREAMS),
        ("chunk.>", "hint.log"),
    ),
}
"""The users of every installation. `owner` is the machine's owner, who may speak as any module."""


def module_rights(name: str) -> Rights:
    """An ordinary module: speaks for itself, follows what is shared, reads its own outcomes and dead letters."""
    return Rights(
        (
            f"cmd.{name}.*",
            f"inbox.{name}.*",
            f"qry.{name}.*",
            *FOLLOW_SHARED,
            f"$JS.API.CONSUMER.CREATE.OUT.*.out.{name}.>",
            f"$JS.API.CONSUMER.CREATE.DLQ.*.dlq.{name}.>",
        )
    )


def inbox_of(user: str) -> str:
    """The prefix of a user's reply subjects."""
    return f"_INBOX_{user}"


def authorization(passwords: Mapping[str, str], modules: tuple[str, ...] = ()) -> str:
    """The `authorization` block of a nats-server configuration, for the services and these modules."""
    users = [_user(name, passwords[name], rights) for name, rights in SERVICES.items()]
    users += [_user(name, passwords[name], module_rights(name)) for name in modules]
    return "authorization {\n  timeout: 5\n  users: [\n" + "\n".join(users) + "\n  ]\n}\n"


def _user(name: str, password: str, rights: Rights) -> str:
    responses = ", allow_responses: { max: 100000, expires: '2m' }" if rights.replies else ""
    publish = json.dumps(list(rights.publish) or ["none.allowed"])
    subscribe = json.dumps([f"{inbox_of(name)}.>", *rights.subscribe])
    return (
        f"    {{ user: {json.dumps(name)}, password: {json.dumps(password)}, permissions: "
        f"{{ publish: {publish}, subscribe: {subscribe}{responses} }} }}"
    )
