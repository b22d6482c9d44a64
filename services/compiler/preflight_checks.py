"""What a preflight says of what was looked up: one check per thing, with its sentence and what to do. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from contracts.queries import (
    Check,
    Conflicts,
    Difference,
    MaybeCompilation,
    ModelRow,
    PersonalData,
    Preflight,
    ProviderRow,
)
from services.packaging.checks import Fault
from services.providers.capabilities import KINDS
from services.training_sets import Packaged

LONGEST_SYSTEM_MESSAGE: Final = 6
"""Sentences; more make every example dearer and every answer slower."""
BYTES_PER_TOKEN: Final = (3, 5)
"""The fewest and the most, of English and Bulgarian texts with their JSON."""
EPOCHS: Final = (1, 3)
"""How often a provider goes through the file when it chooses for itself."""
SOON: Final = 180
"""Days before a base model's end from which it is mentioned."""
NAMED: Final = 50
"""Lessons that one check names, at most."""
_SENTENCE: Final = re.compile(r"[^.!?…]+[.!?…]+(?=\s|$)|[^.!?…]+$")


@dataclass(frozen=True, slots=True)
class Looked:
    """Everything that was looked up, before it is judged."""

    model: ModelRow
    provider: ProviderRow | None
    packaged: Packaged
    conflicts: Conflicts
    personal: PersonalData
    difference: Difference
    last: MaybeCompilation
    built_again: bool = False


def answer(looked: Looked, provider_checks: list[Check]) -> Preflight:
    """The whole preflight; `provider_checks` are what the provider itself was asked."""
    summary, provider = looked.packaged.summary, looked.provider
    checks = [*provider_checks, *set_checks(looked), *model_checks(looked)]
    low, high = summary.bytes // BYTES_PER_TOKEN[1], -(-summary.bytes // BYTES_PER_TOKEN[0])
    prices = provider.prices if provider is not None and provider.target == "fine_tune" else None
    price = prices.training if prices is not None else None
    return Preflight(
        model=looked.model.id,
        position=summary.position,
        ready=all(check.level != "error" for check in checks),
        provider=provider.id if provider else None,
        base_model=provider.base_model if provider else None,
        target=provider.target if provider else None,
        examples=summary.examples,
        lessons=summary.lessons,
        bytes=summary.bytes,
        tokens_low=low,
        tokens_high=high,
        sha256=summary.sha256,
        price_low=None if price is None else round(price * low * EPOCHS[0] / 1e6, 4),
        price_high=None if price is None else round(price * high * EPOCHS[1] / 1e6, 4),
        currency=None if price is None or prices is None else prices.currency,
        conflicts=summary.conflicts,
        duplicates=summary.duplicates,
        personal_data=looked.personal.total,
        validation=looked.model.lessons.validation,
        checks=checks,
        difference=looked.difference,
        usual=looked.last.usual,
    )


def retirement(provider: ProviderRow, today: date) -> Check:
    """Whether the base model lives long enough: one that ends within the provider's margin must be forced."""
    if provider.retires_on is None:
        return _ok("retirement", f"{provider.base_model} isn't known to be shut down.", base_model=provider.base_model)
    ends = date.fromisoformat(provider.retires_on)
    left = (ends - today).days
    said = f"{provider.base_model} {_shut_down(left)} on {ends.isoformat()}{_in_days(left)}."
    fix = "Choose another base model or provider, or force the compilation."
    values: dict[str, Any] = {"base_model": provider.base_model, "ends": ends.isoformat(), "days": left}
    if left < provider.retirement_margin:
        return _error("retirement", said, fix, **values)
    return _warning("retirement", said, fix, **values) if left < SOON else _ok("retirement", said, **values)


def set_checks(looked: Looked) -> Iterator[Check]:
    """Of the training set."""
    yield _enough(looked)
    yield _size(looked)
    yield from (_fault(one) for one in looked.packaged.faults)
    yield _conflicts(looked.conflicts)
    yield _duplicates(looked.packaged.summary.duplicates)
    yield _personal(looked.personal)


def model_checks(looked: Looked) -> Iterator[Check]:
    """Of the model: only what should be looked at."""
    model = looked.model
    sentences = len(_SENTENCE.findall(model.system_message or ""))
    if sentences > LONGEST_SYSTEM_MESSAGE:
        yield _warning("system_message", f"The system message has {sentences} sentences.",
                       "Shorten it to six; what the model should know belongs in lessons.", sentences=sentences)  # fmt: skip
    if model.acceptance is not None and not model.lessons.validation:
        yield _warning("validation", "The model asks for validation, but has no validation questions.",
                       "Write some, or no version becomes active.")  # fmt: skip
    if model.compiling is not None:
        yield _warning("running", "A compilation of this model is running.", "Wait for it, or ask to be queued.")
    if _unchanged(looked):
        yield _warning("unchanged", "Nothing has changed since the last version.",
                       "Force the compilation if it is wanted all the same.")  # fmt: skip


def _enough(looked: Looked) -> Check:
    summary, provider = looked.packaged.summary, looked.provider
    least = 1
    if provider is not None and provider.target == "fine_tune":
        least = provider.limits.minimum_examples or KINDS[provider.provider_kind].minimum_examples
    if summary.examples < least:
        there = "is one example" if summary.examples == 1 else f"are {summary.examples or 'no'} examples"
        return _error(
            "examples",
            f"There {there}; {_counted(least, 'is', 'are')} needed.",
            "Teach more.",
            examples=summary.examples,
            least=least,
        )
    most = provider.limits.maximum_examples if provider else None
    if most is not None and summary.examples > most:
        return _error("examples", f"There are {summary.examples:,} examples; the provider takes {most:,}.",
                      "Narrow the lineage rule, or deactivate lessons.", examples=summary.examples, most=most)  # fmt: skip
    lessons = f"{summary.lessons:,} lesson{'s' if summary.lessons != 1 else ''}"
    said = f"{summary.examples:,} example{'s' if summary.examples != 1 else ''} of {lessons}."
    return _ok("examples", said, examples=summary.examples, lessons=summary.lessons)


def _size(looked: Looked) -> Check:
    size, limits = looked.packaged.summary.bytes, looked.provider.limits if looked.provider else None
    if limits is None or limits.maximum_file_bytes is None:
        return _ok("size", f"The training file has {size:,} bytes.", bytes=size)
    said = f"The training file has {size:,} bytes; the provider takes {limits.maximum_file_bytes:,}."
    if size > limits.maximum_file_bytes:
        fix = "Narrow the lineage rule, or deactivate lessons."
        return _error("size", said, fix, bytes=size, most=limits.maximum_file_bytes)
    return _ok("size", said, bytes=size, most=limits.maximum_file_bytes)


def _fault(fault: Fault) -> Check:
    return Check(
        check=fault.code, level="error", message=fault.message, fix="Correct the lesson.", lessons=[fault.lesson]
    )


def _conflicts(found: Conflicts) -> Check:
    if not found.open:
        return _ok("conflicts", "No question has several answers that nobody has decided on.")
    many = "One question has" if found.open == 1 else f"{found.open:,} questions have"
    lessons = [one.winner for one in found.conflicts[:NAMED]]
    fix = "Settle them, or revise the answers."
    return _warning("conflicts", f"{many} several answers; only the winner is learnt.", fix, lessons, number=found.open)


def _duplicates(number: int) -> Check:
    if not number:
        return _ok("duplicates", "No QA is repeated.")
    many = "One QA repeats another" if number == 1 else f"{number:,} QAs repeat others"
    return _warning("duplicates", f"{many}; each counts once.", "Deactivate the duplicates.", number=number)


def _personal(found: PersonalData) -> Check:
    if not found.total:
        return _ok("personal_data", "No lesson seems to hold personal data.")
    many = "One lesson seems" if found.total == 1 else f"{found.total:,} lessons seem"
    fix, lessons = "Take it out, or accept it lesson by lesson.", [one.id for one in found.lessons[:NAMED]]
    return _warning("personal_data", f"{many} to hold personal data.", fix, lessons, number=found.total)


def _unchanged(looked: Looked) -> bool:
    last, provider, summary = looked.last.compilation, looked.provider, looked.packaged.summary
    if last is None or provider is None or looked.built_again:
        return False
    plan = last.plan
    then: tuple[Any, ...] = (
        last.packaging,
        last.sha256,
        plan.target,
        plan.provider,
        plan.base_model,
        plan.base_url,
    )
    return then == (
        summary.packaging,
        summary.sha256,
        provider.target,
        provider.id,
        provider.base_model,
        provider.base_url,
    )


def _counted(number: int, one: str, more: str) -> str:
    return f"one {one}" if number == 1 else f"{number:,} {more}"


def _shut_down(left: int) -> str:
    return "is shut down" if left >= 0 else "was shut down"


def _in_days(left: int) -> str:
    if left < 0:
        return ""
    return ", today" if left == 0 else f", in {left} day{'s' if left != 1 else ''}"


def _ok(check: str, message: str, **values: Any) -> Check:
    return Check(check=check, level="ok", message=message, values=values)


def _warning(check: str, message: str, fix: str, lessons: list[str] | None = None, **values: Any) -> Check:
    return Check(check=check, level="warning", message=message, fix=fix, lessons=lessons or [], values=values)


def _error(check: str, message: str, fix: str, **values: Any) -> Check:
    return Check(check=check, level="error", message=message, fix=fix, values=values)
