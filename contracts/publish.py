"""Writes contracts/published: JSON Schemas of facts, queries and replies, and the AsyncAPI document of the bus.

`python -m contracts.publish` writes them, `--check` says whether they are what the code would write.
"""

import inspect
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from contracts.envelope import Envelope
from contracts.facts import FACTS, Fact
from contracts.queries import QUERIES, Answer, AnswerChunk, Query
from contracts.replies import Accepted, Outcome, Refused
from contracts.training_file import SidecarLine, TrainingSetSummary

PUBLISHED: Final = Path(__file__).parent / "published"
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_OTHERS: Final[Mapping[str, type[BaseModel]]] = {
    "query": Query,
    "answer": Answer,
    "accepted": Accepted,
    "refused": Refused,
    "outcome": Outcome,
    "answer_chunk": AnswerChunk,
    "sidecar_line": SidecarLine,
    "training_set": TrainingSetSummary,
}


def main(arguments: list[str]) -> int:
    """Write, or with `--check` compare; 1 when they are stale."""
    wanted = {PUBLISHED / name: text for name, text in documents()}
    present = {path: path.read_text(encoding="utf-8") for path in PUBLISHED.rglob("*.json")}
    if "--check" in arguments:
        return _check(wanted, present)
    for path in present.keys() - wanted.keys():
        path.unlink()
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{len(wanted)} documents written to contracts/published\n")
    return 0


def documents() -> Iterator[tuple[str, str]]:
    """Every document's path below contracts/published, and its text."""
    for name, fact in FACTS.items():
        yield f"facts/{name}.json", _text(fact_schema(fact))
    for name, (question, reply) in QUERIES.items():
        yield f"queries/{name}.json", _text(_titled(question.model_json_schema(), f"{name}: what is asked"))
        yield f"queries/{name}.reply.json", _text(_titled(reply.model_json_schema(), f"{name}: the answer's data"))
    for name, shape in _OTHERS.items():
        yield f"{name}.json", _text(_titled(shape.model_json_schema(), shape.__name__))
    from contracts.asyncapi import asyncapi

    yield "asyncapi.json", _text(asyncapi())


def fact_schema(fact: type[Fact]) -> dict[str, Any]:
    """The envelope with this fact's data, as it is stored and published. Derived fields are read-only."""
    envelope = _titled(Envelope.model_json_schema(by_alias=True), fact.__name__)
    data = fact.model_json_schema(by_alias=True)
    definitions = envelope.pop("$defs", {}) | data.pop("$defs", {})
    definitions.pop("Fact", None)
    properties = envelope["properties"]
    properties["type"] = {"const": fact.__name__}
    properties["schema"] = {"type": "integer", "minimum": 1, "default": fact.schema_number}
    properties["data"] = data
    envelope["required"] = sorted({*envelope["required"], *([] if fact.begins else ["subject"])})
    return {
        **envelope,
        "description": inspect.cleandoc(str(fact.__doc__)),
        "x-kind": fact.kind,
        "x-reporters": sorted(fact.reporters),
        "x-schema": fact.schema_number,
        "x-begins-record": fact.begins,
    } | ({"$defs": dict(sorted(definitions.items()))} if definitions else {})


def _titled(schema: dict[str, Any], title: str) -> dict[str, Any]:
    return {"$schema": DIALECT, **schema, "title": title}


def _text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _check(wanted: Mapping[Path, str], present: Mapping[Path, str]) -> int:
    stale = sorted(path for path in wanted.keys() | present.keys() if wanted.get(path) != present.get(path))
    if not stale:
        return 0
    names = ", ".join(path.relative_to(PUBLISHED).as_posix() for path in stale[:5])
    more = f" and {len(stale) - 5} more" if len(stale) > 5 else ""
    sys.stderr.write(f"contracts/published is stale ({names}{more}); run: make contracts\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
