"""Models that compile by themselves: nightly, or as soon as enough lessons wait."""

import asyncio
import logging
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from contracts.facts.compilation import CompileRequested, Occasion
from contracts.queries import ModelRow, Models, ModelsWanted
from services.bus.client import NoReply
from services.bus.reporting import new_fact
from services.compiler.context import ACTOR, MODULE, Context
from services.refusals import Refused

LOOK_SECONDS: Final = 5.0
NIGHT: Final = timedelta(hours=4)
"""How long after its time a night's compilation is made up for; later than that it waits for the next night."""
_NIGHTS: Final = uuid.UUID("be0a4a6f-5a55-5a3b-8a53-2f4f5a1f3c60")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Due:
    """A model that is to be compiled now. `id`: of the fact, so that a night is counted once."""

    model: str
    occasion: Occasion
    id: str


def due(models: Sequence[ModelRow], now: datetime, nightly_at: time) -> Iterator[Due]:
    """What is to be compiled. A compilation that failed isn't repeated before something else was taught."""
    for model in models:
        if model.archived or model.provider is None or model.compiling is not None:
            continue
        if not (model.lessons.untried or model.system_message_untried):
            continue
        rule = model.compiles_itself
        if rule.waiting is not None and model.lessons.untried >= rule.waiting:
            yield Due(model.id, "waiting", str(uuid.uuid4()))
        elif rule.nightly and (night := _night(now, nightly_at)) is not None:
            yield Due(model.id, "nightly", str(uuid.uuid5(_NIGHTS, f"{model.id} {night}")))


def _night(now: datetime, nightly_at: time) -> str | None:
    began = datetime.combine(now.date(), nightly_at, tzinfo=now.tzinfo)
    if now < began:
        began -= timedelta(days=1)
    return began.date().isoformat() if now - began < NIGHT else None


async def watch(context: Context, stop: asyncio.Event) -> None:
    """Look every few seconds until `stop` is set; `nightly_at` is in the time zone of this machine."""
    told: dict[str, str] = {}
    while not stop.is_set():
        try:
            found: Models = await context.ask("models", ModelsWanted())
            for one in due(found.models, datetime.now().astimezone(), context.settings.nightly_at):
                await _request(context, one, told)
        except (NoReply, Refused) as problem:
            logger.warning("models that compile by themselves can't be looked at now: %s", problem)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), LOOK_SECONDS)


async def _request(context: Context, one: Due, told: dict[str, str]) -> None:
    """`told`: by model, the refusal that was logged last, so that one reason is logged once."""
    asked = CompileRequested(model=one.model, occasion=one.occasion)
    try:
        await context.bus.report(new_fact(asked, module=MODULE, actor=ACTOR, id=one.id, subject=one.id))
        told.pop(one.model, None)
    except Refused as refused:
        # Somebody was quicker, or it can't be compiled now: administrators see the reason in the preflight.
        if told.get(one.model) != refused.message:
            logger.warning("%s isn't compiled by itself: %s", one.model, refused.message)
            told[one.model] = refused.message
