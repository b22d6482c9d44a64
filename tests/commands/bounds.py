"""The bounds that the published schemas state: every leaf of a fact's data, values at its edges, and a smallest fact."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from contracts.facts import FACTS

PUBLISHED = Path(__file__).parents[2] / "contracts" / "published" / "facts"
KEY = "<key>"
"""In a path: not the value below a key, but the key itself."""
SAMPLES = (
    "a", "en", "0" * 64, "USD", "manual", "person:a", "https://a.example/v1", "2026-11-24", "2026-11-24T10:00:00Z",
    "virtual_user:a",
)  # fmt: skip
LONGEST_PATTERN = 2_000

Path_ = tuple[str | int, ...]
Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Leaf:
    """One text, number or list that a fact can be given. `schema`: its branch without null and without sealed texts."""

    path: Path_
    schema: Schema

    @property
    def name(self) -> str:
        return ".".join(map(str, self.path))


class Published:
    """One fact's published schema."""

    def __init__(self, fact: str) -> None:
        self.fact = fact
        self.schema: Schema = json.loads((PUBLISHED / f"{fact}.json").read_text(encoding="utf-8"))
        self.data: Schema = self.schema["properties"]["data"]

    @property
    def module(self) -> str:
        """Who may report it."""
        [*_, last] = sorted(self.schema["x-reporters"])
        return {"person": "cli", "module": "crm", "compiler": "compiler", "chat": "chat"}[last]

    def report(self, data: Any, **more: Any) -> bytes:
        """The fact as a reporter sends it; texts may hold anything that a Python string can."""
        module = self.module
        actor = {"cli": "person:owner", "crm": "module:crm"}.get(module, f"service:{module}")
        envelope = {"specversion": "1.0", "id": "f", "source": f"/{module}", "type": self.fact, "subject": "s",
                    "time": "2026-11-24T10:00:00Z", "actor": actor, "data": data}  # fmt: skip
        return json.dumps(envelope | more).encode()

    def leaves(self) -> list[Leaf]:
        """Everything that has bounds, in the fact's data."""
        return list(self._walk((), self.data))

    def smallest(self, path: Path_ = (), value: Any = None) -> Any:
        """The smallest data that is as it should be, with this value at the path."""
        return self._sample(self.data, path, value)

    def branch(self, schema: Schema) -> Schema:
        """References followed; of several branches the one that a reporter uses."""
        while "$ref" in schema:
            schema = schema | self.schema["$defs"][schema["$ref"].rpartition("/")[2]]
            schema = {name: value for name, value in schema.items() if name != "$ref"}
        if "anyOf" not in schema:
            return schema
        branches = [one for one in schema["anyOf"] if one.get("type") != "null"]
        return self.branch(next(one for one in branches if not str(one.get("$ref")).endswith("/Sealed")))

    def _walk(self, path: Path_, schema: Schema) -> Iterator[Leaf]:
        schema = self.branch(schema)
        match schema.get("type"):
            case "object" if "additionalProperties" in schema:
                yield Leaf(path, schema)
                yield from self._walk((*path, KEY), schema["propertyNames"] | {"type": "string"})
                yield from self._walk((*path, "en"), schema["additionalProperties"])
            case "object":
                for name, inner in schema.get("properties", {}).items():
                    if not inner.get("readOnly"):
                        yield from self._walk((*path, name), inner)
            case "array":
                yield Leaf(path, schema)
                yield from self._walk((*path, 0), schema["items"])
            case "string" | "integer" | "number":
                yield Leaf(path, schema)
            case _:
                assert schema.get("type") == "boolean" or "const" in schema, (self.fact, path, schema)

    def _sample(self, schema: Schema, path: Path_, value: Any) -> Any:
        schema = self.branch(schema)
        if path == (KEY,):
            return {value: self._sample(schema["additionalProperties"], (), None)}
        if schema.get("type") == "array":
            return self._list(schema, path, value)
        if schema.get("type") == "object":
            return self._object(schema, path, value)
        return value if value is not None else sample(schema)

    def _list(self, schema: Schema, path: Path_, value: Any) -> Any:
        if not path and value is not None:
            return [self._sample(schema["items"], (), None)] * value
        return [self._sample(schema["items"], path[1:], value)] if path or schema.get("minItems") else []

    def _object(self, schema: Schema, path: Path_, value: Any) -> Any:
        if "additionalProperties" in schema:
            inner = schema["additionalProperties"]
            if not path:
                keys = [f"aa-{number:04}" for number in range(value or 0)]
                return {key: self._sample(inner, (), None) for key in keys}
            return {path[0]: self._sample(inner, path[1:], value)}
        wanted = {name for name in schema.get("required", ()) if not schema["properties"][name].get("readOnly")}
        wanted |= {str(path[0])} if path else set()
        deeper = {str(path[0]): path[1:]} if path else {}
        properties = schema.get("properties", {})
        return {
            name: self._sample(properties[name], deeper.get(name, ()), value if name in deeper else None)
            for name in properties
            if name in wanted
        }


def sample(schema: Schema) -> Any:
    """Some value that the schema allows."""
    if "enum" in schema or "const" in schema:
        return schema["enum"][0] if "enum" in schema else schema["const"]
    if schema["type"] == "string":
        return next(one for one in SAMPLES if allows(schema, one))
    return schema.get("minimum", False)


def allows(schema: Schema, text: str) -> bool:
    """Whether the schema says that this text may stand there."""
    if "enum" in schema or "const" in schema:
        return text in schema.get("enum", [schema.get("const")])
    shape = _FORMATS.get(schema.get("format", ""), schema.get("pattern", ""))
    # `$` of Python's own patterns lets a line break follow
    fits = re.search(shape.replace("$", r"\Z"), text) is not None
    return fits and schema.get("minLength", 0) <= len(text) <= schema.get("maxLength", len(text))


_FORMATS = {"date-time": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", "date": r"^\d{4}-\d\d-\d\d$"}


@cache
def _longest(pattern: str) -> str | None:
    start = next(one for one in SAMPLES if re.search(pattern, one))
    found = [start + "a" * more for more in range(LONGEST_PATTERN) if re.search(pattern, start + "a" * more)]
    return found[-1] if len(found[-1]) < LONGEST_PATTERN else None


def longest(schema: Schema) -> str | None:
    """The longest text that the schema allows, or None when it has no end."""
    if "enum" in schema or "const" in schema or "format" in schema:
        return str(sample(schema))
    if "maxLength" in schema and schema.get("pattern", r"\S") == r"\S":
        return "x" * int(schema["maxLength"])
    if "maxLength" in schema:
        start = next(one for one in SAMPLES if allows(schema, one))
        return next(
            text
            for text in (start + filler * number for filler in ("a", "-aaaaaaaa")
                         for number in range(int(schema["maxLength"]), -1, -1))
            if allows(schema, text)
        )  # fmt: skip
    return _longest(schema["pattern"]) if "pattern" in schema else None


REPORTED = sorted(name for name, fact in FACTS.items() if fact.reporters)
