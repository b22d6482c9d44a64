"""Bad input: at every edge that a published schema states, reception says yes or no just as it is stated."""

from typing import Any

import pytest

from services.commands.receive import receive
from services.refusals import Refused
from tests.commands.bounds import KEY, REPORTED, Leaf, Published, allows, longest

ENVELOPE = ("id", "subject", "correlationid", "causationid")


def verdict(published: Published, body: bytes) -> Refused | None:
    """What reception says to it; None: accepted."""
    try:
        receive(body, published.module, published.fact)
    except Refused as refused:
        return refused
    return None


def texts(schema: Any) -> dict[str, str]:
    """Texts at the edges, each by what it is."""
    most = longest(schema)
    assert most is not None, "the schema states no bound"
    probes = {
        "empty": "",
        "blank": " \t\n",
        "the longest": most,
        "one over": most + most[-1],
        "a line break after the longest": most + "\n",
        "right to left": "\u202eשלום עולם\u202c",
        "1 MB": "x" * 1_000_000,
    }
    if "maxLength" in schema and allows(schema, "я😀"):
        probes["the longest, in characters of four bytes"] = "😀" * int(schema["maxLength"])
        probes["one over, in characters of four bytes"] = "😀" * (int(schema["maxLength"]) + 1)
    return probes


@pytest.mark.parametrize("fact", REPORTED)
def test_the_smallest_fact_is_accepted(fact: str) -> None:
    published = Published(fact)

    assert verdict(published, published.report(published.smallest())) is None


@pytest.mark.parametrize("fact", REPORTED)
def test_texts_are_accepted_up_to_their_bound_and_no_further(fact: str) -> None:
    published = Published(fact)
    for leaf in published.leaves():
        if leaf.schema.get("type") == "string":
            for what, text in texts(leaf.schema).items():
                refusal = verdict(published, published.report(published.smallest(leaf.path, text)))
                assert (refusal is None) == allows(leaf.schema, text), f"{leaf.name}: {what}: {refusal}"
                assert refusal is None or _tells(refusal, leaf), f"{leaf.name}: {what}: {refusal.fields}"


@pytest.mark.parametrize("fact", REPORTED)
def test_no_text_holds_half_a_character_or_the_character_of_no_meaning(fact: str) -> None:
    published = Published(fact)
    for leaf in published.leaves():
        if leaf.schema.get("type") == "string":
            for text in ("a\x00b", "\x00", "a\ud800", "\udfff", "\udc00\ud800"):
                refusal = verdict(published, published.report(published.smallest(leaf.path, text)))
                assert refusal is not None, f"{leaf.name}: {text!r}"
                assert (refusal.code, _tells(refusal, leaf)) == ("malformed", True), f"{leaf.name}: {refusal.fields}"


@pytest.mark.parametrize("fact", REPORTED)
def test_numbers_and_lists_have_a_least_and_a_most(fact: str) -> None:
    published = Published(fact)
    for leaf in published.leaves():
        for value, allowed in _edges(leaf):
            refusal = verdict(published, published.report(published.smallest(leaf.path, value)))
            assert (refusal is None) == allowed, f"{leaf.name}: {value}: {refusal}"
            assert refusal is None or _tells(refusal, leaf), f"{leaf.name}: {value}: {refusal.fields}"


@pytest.mark.parametrize("field", ENVELOPE)
def test_what_the_envelope_names_is_bounded_too(field: str) -> None:
    published = Published("QAAdded")
    schema = published.branch(published.schema["properties"][field])
    for what, text in (texts(schema) | {"NUL": "a\x00", "half a character": "\ud800"}).items():
        refusal = verdict(published, published.report(published.smallest(), **{field: text}))
        allowed = allows(schema, text) and what not in ("NUL", "half a character")
        assert (refusal is None) == allowed, f"{field}: {what}: {refusal}"


@pytest.mark.parametrize("time", ["1899-12-31T23:59:59Z", "2200-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00",
                                  "9999-12-31T23:59:59-14:00", "2026-11-24T10:00:00", "yesterday"])  # fmt: skip
def test_a_time_lies_in_our_time_and_names_its_zone(time: str) -> None:
    published = Published("QAAdded")

    refusal = verdict(published, published.report(published.smallest(), time=time))

    assert refusal is not None
    assert "time" in refusal.fields


@pytest.mark.parametrize("number", ["1e999", "-1e999", "NaN", "Infinity"])
def test_a_number_is_finite(number: str) -> None:
    published = Published("ProviderRegistered")
    body = published.report(published.smallest(("prices", "training"), 0.25)).replace(b"0.25", number.encode())

    assert verdict(published, body) is not None


def _edges(leaf: Leaf) -> list[tuple[Any, bool]]:
    schema = leaf.schema
    match schema.get("type"):
        case "integer" | "number" if "enum" not in schema and "const" not in schema:
            least, most = schema["minimum"], schema["maximum"]
            return [(least, True), (least - 1, False), (most, True), (most + 1, False), (10**30, False)]
        case "array":
            return [(schema["maxItems"] + 1, False)]
        case "object":
            return [(schema["maxProperties"] + 1, False)]
        case _:
            return []


def _tells(refusal: Refused, leaf: Leaf) -> bool:
    """Whether the refusal names the field, or says that the whole is too large; and is a sentence."""
    if refusal.code == "too_large":
        return True
    field = ".".join(map(str, ("data", *(part for part in leaf.path if part not in (KEY, "en")))))
    return refusal.message.endswith((".", "?")) and any(name.startswith(field) for name in refusal.fields)
