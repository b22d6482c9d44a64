"""Whatever the rules accept, the read models take in: an accepted fact never stops them."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.envelope import Envelope
from services.refusals import Refused
from tests.commands.rules.reports import FOUNDED, MODELS, PEOPLE, Reported, reports
from tests.projections.company import Company

QUERIES = ("models", "providers", "people", "groups", "proposals", "notices", "modules", "history", "open_compilations")


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(reports(), min_size=30, max_size=60))
def test_the_read_models_take_in_whatever_was_accepted(reported: list[Reported]) -> None:
    with TemporaryDirectory() as folder:
        asyncio.run(_reported(Path(folder), [*FOUNDED, *(one for some in reported for one in some.facts)]))


async def _reported(folder: Path, facts: list[Envelope]) -> None:
    company = await Company(folder).begin()
    try:
        for one in facts:
            try:
                await company.write(one)
            except Refused as refused:
                assert refused.code != "internal_error", one
        for name in QUERIES:
            await company.ask(name)
        for model in MODELS:
            await _whole(company, model)
        for person in PEOPLE:
            await company.ask("person", person=person)
        assert (await company.ask("chain")).whole
    finally:
        await company.close()


async def _whole(company: Company, model: str) -> None:
    try:
        for name in ("model", "training_page", "lessons", "conflicts", "resemblances", "compilations", "difference"):
            await company.ask(name, by="service:compiler", module="compiler", model=model)
    except Refused as refused:
        assert refused.code == "unknown_model"
