"""Names are unique after folding, across all their translations."""

from services.commands.world import World
from services.folding import keys_of
from services.refusals import Refused


def free_names(world: World, table: str, id: str, name: str, names: dict[str, str]) -> tuple[str, ...]:
    """The folded keys, when none belongs to another record.

    Raises:
        Refused: `name_taken`.
    """
    keys = keys_of(name, names.values())
    for key in keys:
        owner = world.unique(table, key)
        if owner not in (None, id):
            kind = table.removesuffix("_name")
            there = world.model(str(owner)) if kind == "model" else world.provider(str(owner))
            called = there.name if there else name
            aside = next((f"{word} " for word in ("archived", "retired") if getattr(there, word, False)), "")
            said = f"There is {'an' if aside == 'archived ' else 'a'} {aside}{kind} called {called} already"
            raise Refused("name_taken", f"{said}; choose another name.", {"data.name": "taken"})
    return keys
