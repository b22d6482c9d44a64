"""The rule of modules: an administrator says how far one is trusted."""

import re

from contracts.envelope import Envelope
from contracts.facts.module import ModuleTrusted
from contracts.identifiers import MODULE_PATTERN, RESERVED_MODULES
from services.commands.decide.event import Event
from services.commands.decide.roles import need
from services.commands.world import World
from services.refusals import Refused

CHANNEL = "shared.module._"


def decide(world: World, fact: Envelope, id: str) -> list[Event]:
    """Only administrators do."""
    need(world, fact, "administrator")
    data = fact.data
    assert isinstance(data, ModuleTrusted)
    if not re.match(MODULE_PATTERN, id) or id in RESERVED_MODULES:
        raise Refused("malformed", f"{id} can't be a module: its name has a-z, 0-9 and -, at most 32, and isn't one of ours.",
                      {"subject": "not a module's name"})  # fmt: skip
    before = world.module(id)
    if before is not None and not any(getattr(before, name) != value for name, value in data.changes().items()):
        raise Refused("nothing_changes", f"{id} is trusted like this already.")
    return [Event("module", id, data, CHANNEL)]
