"""Whoever asks for more than the bus carries is told so, and may ask for less."""

from pathlib import Path

import pytest

from services.bus.server import EmbeddedServer
from services.refusals import Refused
from tests.projections.served import served


async def test_an_answer_that_the_bus_can_not_carry_is_refused_in_words(tmp_path: Path, nats: EmbeddedServer) -> None:
    async with served(tmp_path, nats) as system:
        # given a model that knows long answers
        await system.company.report("ModelDefined", "sales", name="Sales")
        questions = [f"question {number}" for number in range(20)]
        for question in questions:
            await system.company.report("QAAdded", model="sales", question=question, answer="x" * 60_000)

        # when somebody asks for all of them at once
        with pytest.raises(Refused, match=r"The answer to known_questions has .* ask for less at once") as refused:
            await system.bus.query("known_questions", {"model": "sales", "questions": questions}, module="cli")
        _, fewer = await system.bus.query(
            "known_questions", {"model": "sales", "questions": questions[:10]}, module="cli"
        )

    # then they hear that it is too much, and get what fits
    assert refused.value.code == "too_large"
    assert len(fewer.known) == 10
