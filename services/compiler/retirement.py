"""Watching the base models' ends: what providers say of them is recorded, and announced 90, 30 and 7 days before."""

import asyncio
import logging
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Final, Literal

from contracts.facts import Fact
from contracts.facts.provider import BaseModelRetirementAnnounced, BaseModelRetirementNear
from contracts.queries import Nothing, ProviderRow, Providers
from services.bus.client import NoReply
from services.bus.reporting import new_fact
from services.compiler.context import ACTOR, MODULE, Context
from services.providers.port import ProviderProblem
from services.providers.retirements import known_end
from services.refusals import Refused

LOOK_SECONDS: Final = 15.0
"""How often to see whether a provider is new, or was revised."""
ASK_SECONDS: Final = 3_600.0
"""How often to ask a provider that is as it was."""
DAYS: Final[tuple[Literal[7], Literal[30], Literal[90]]] = (7, 30, 90)
_FACTS: Final = uuid.UUID("6a1c0c8e-8a58-5d0c-9d21-7d9d0a4f1b02")

logger = logging.getLogger(__name__)


def news(provider: ProviderRow, ends: date | None, today: date) -> Iterator[Fact]:
    """What is to be recorded of a provider whose base model ends then, as far as anybody knows."""
    recorded = date.fromisoformat(provider.retires_on) if provider.retires_on else None
    if ends is not None and ends != recorded:
        yield BaseModelRetirementAnnounced(base_model=provider.base_model, retires_on=ends)
    ends = ends or recorded
    if ends is None or ends < today:
        return
    for days in DAYS:
        if (ends - today).days <= days:
            yield BaseModelRetirementNear(base_model=provider.base_model, retires_on=ends, days=days)
            return


def fact_id(provider: ProviderRow, fact: Fact) -> str:
    """The same news of the same revision is the same fact, so it is recorded once, however many look.

    A date that comes back after another one is news again.
    """
    return str(uuid.uuid5(_FACTS, f"{provider.id} {provider.revision} {type(fact).__name__} {fact.model_dump_json()}"))


async def watch(context: Context, stop: asyncio.Event) -> None:
    """Ask every provider hourly, and one that is new or revised soon, until `stop` is set."""
    asked: dict[str, tuple[int, float]] = {}
    while not stop.is_set():
        try:
            found: Providers = await context.ask("providers", Nothing())
            due = [one for one in found.providers if not one.retired and _is_due(asked.get(one.id), one.revision)]
            for provider in due:
                if await _looked(context, provider):
                    asked[provider.id] = (provider.revision, time.monotonic())
        except (NoReply, Refused) as problem:
            logger.warning("the base models' ends can't be looked at now: %s", problem)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), LOOK_SECONDS)


def _is_due(asked: tuple[int, float] | None, revision: int) -> bool:
    return asked is None or asked[0] != revision or time.monotonic() - asked[1] >= ASK_SECONDS


async def _looked(context: Context, provider: ProviderRow) -> bool:
    """Whether it could be looked at; what one provider suffers from is no trouble of those behind it."""
    try:
        await _look(context, provider)
    except (NoReply, Refused) as problem:
        logger.warning("the end of %s's base model can't be looked at now: %s", provider.name, problem)
    except Exception:
        logger.exception("the end of %s's base model can't be looked at: an error in Apprentice", provider.name)
    else:
        return True
    return False


async def _look(context: Context, provider: ProviderRow) -> None:
    recorded = provider.retires_on is not None
    ends = await _end(context, provider)
    if ends is None and not recorded:
        ends = known_end(provider.provider_kind, provider.base_model)
    for fact in news(provider, ends, datetime.now(UTC).date()):
        try:
            await context.bus.report(
                new_fact(fact, module=MODULE, actor=ACTOR, subject=provider.id, id=fact_id(provider, fact))
            )
        except Refused as refused:
            if refused.code != "nothing_changes":
                raise


async def _end(context: Context, provider: ProviderRow) -> date | None:
    try:
        return await context.providers.get(provider).shutdown_date(provider.base_model)
    except ProviderProblem as problem:
        logger.info("%s doesn't say when %s ends: %s", provider.name, provider.base_model, problem)
        return None
