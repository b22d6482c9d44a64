"""The AsyncAPI document of the bus, put together from the registries of facts and queries."""

import inspect
from typing import Any

from pydantic import BaseModel

from contracts.facts import FACTS, Fact
from contracts.queries import QUERIES
from contracts.queries.shape import Nothing

_MODULE = {"module": {"description": "Who speaks; the bus lets a user publish under its own name only."}}
_CHANNEL = {
    "reach": {"enum": ["shared", "private"], "description": "Modules may follow what is shared."},
    "record": {"description": "The model's id (for group kinds the group's), or `_`."},
}


def asyncapi() -> dict[str, Any]:
    """AsyncAPI 3.0: a channel per fact as it is reported, left in an inbox and published, and one per query."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for name, fact in FACTS.items():
        if fact.reporters:
            _reported(name, fact, channels, operations)
        _published(name, fact, channels, operations)
    for name, shapes in QUERIES.items():
        _asked(name, shapes, channels, operations)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Apprentice",
            "version": "1",
            "description": "Facts are reported under `cmd` (answered) or `inbox` (durable), events followed under "
            "`ev` in the JetStream stream EV, queries asked under `qry`. Bodies are JSON.",
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": _messages()},
    }


def _reported(name: str, fact: type[Fact], channels: dict[str, Any], operations: dict[str, Any]) -> None:
    who = ", ".join(sorted(fact.reporters))
    message = {name: _message(name)}
    channels[f"cmd.{name}"] = {"address": f"cmd.{{module}}.{name}", "parameters": _MODULE, "messages": message}
    channels[f"inbox.{name}"] = {"address": f"inbox.{{module}}.{name}", "parameters": _MODULE, "messages": message}
    channels[f"out.{name}"] = {
        "address": f"out.{{module}}.{name}",
        "parameters": _MODULE,
        "messages": {"outcome": _message("outcome")},
    }
    operations[f"report.{name}"] = {
        "action": "receive",
        "channel": _channel(f"cmd.{name}"),
        "summary": f"{_said_of(fact)} Reported by: {who}.",
        "reply": {"messages": [_message("accepted"), _message("refused")]},
    }
    operations[f"leave.{name}"] = {
        "action": "receive",
        "channel": _channel(f"inbox.{name}"),
        "summary": f"{name}, durably; the outcome is kept for 7 days under out.",
    }


def _published(name: str, fact: type[Fact], channels: dict[str, Any], operations: dict[str, Any]) -> None:
    address = f"ev.{{reach}}.{fact.kind}.{{record}}.{name}"
    channels[f"ev.{name}"] = {"address": address, "parameters": _CHANNEL, "messages": {name: _message(name)}}
    operations[f"follow.{name}"] = {"action": "send", "channel": _channel(f"ev.{name}"), "summary": _said_of(fact)}


def _asked(
    name: str, shapes: tuple[type[BaseModel], ...], channels: dict[str, Any], operations: dict[str, Any]
) -> None:
    channels[f"qry.{name}"] = {
        "address": f"qry.{{module}}.{name}",
        "parameters": _MODULE,
        "messages": {"query": _message(f"query.{name}")},
    }
    operations[f"ask.{name}"] = {
        "action": "receive",
        "channel": _channel(f"qry.{name}"),
        "reply": {"messages": [_message(f"answer.{name}"), _message("refused")]},
    }
    if said := " ".join(_said_of(shape) for shape in shapes if shape.__doc__ and shape is not Nothing):
        operations[f"ask.{name}"]["summary"] = said


def _said_of(shape: type[BaseModel]) -> str:
    return inspect.cleandoc(str(shape.__doc__))


def _messages() -> dict[str, Any]:
    messages = {name: {"payload": {"$ref": f"facts/{name}.json"}} for name in FACTS}
    messages |= {name: {"payload": {"$ref": f"{name}.json"}} for name in ("accepted", "refused", "outcome")}
    for name in QUERIES:
        messages[f"query.{name}"] = {"payload": _with_data("query.json", f"queries/{name}.json")}
        messages[f"answer.{name}"] = {"payload": _with_data("answer.json", f"queries/{name}.reply.json")}
    return messages


def _with_data(shape: str, data: str) -> dict[str, Any]:
    return {"allOf": [{"$ref": shape}, {"properties": {"data": {"$ref": data}}}]}


def _message(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/messages/{name}"}


def _channel(name: str) -> dict[str, str]:
    return {"$ref": f"#/channels/{name}"}
