"""Read models are built anew beside the serving ones, and nobody who asks meanwhile is told less than before."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from services.projections import following as following_module
from services.projections import project
from services.projections.answering import Sources
from services.projections.following import Following
from services.projections.project import Projector
from tests.projections.company import Company


@asynccontextmanager
async def following_the_log(company: Company) -> AsyncIterator[Following]:
    """From when the read models have caught up."""
    stop, following = asyncio.Event(), Following(company.sources, company.models_url)
    running = asyncio.create_task(following.run(stop))
    await following.caught_up.wait()
    try:
        yield following
    finally:
        stop.set()
        await running


async def until(true: Callable[[], bool]) -> None:
    """Looks again and again."""
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.005)


async def test_a_read_model_built_anew_serves_when_it_has_all_that_the_one_before_has(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given read models that are looked after when somebody wakes them only, and one built anew
    monkeypatch.setattr(following_module, "POLL", 600.0)
    built, over, advance = threading.Event(), threading.Event(), Projector.advance

    def held(self: Projector, progress: Callable[[int], None] | None = None, *rest: Any, **more: Any) -> int:
        reached = advance(self, progress, *rest, **more)
        if progress is not None:
            built.set()
            assert over.wait(60)
        return reached

    came, forget = list[int](), Sources.forget

    def noted(self: Sources) -> None:
        came.append(min(self.training.position, self.chat.position))
        forget(self)

    monkeypatch.setattr(Projector, "advance", held)
    monkeypatch.setattr(Sources, "forget", noted)
    async with following_the_log(company) as following:
        following.rebuild()
        await asyncio.to_thread(built.wait, 60)

        # when another fact is projected before that one serves
        defined = await company.report("ModelDefined", "sales", name="Sales")
        await following.reached(defined.position, 60)
        over.set()
        await until(lambda: not following.rebuilding)

        # then each had the fact, too, when it came to serve, and they answer from the whole history
        assert len(came) == 2
        assert min(came) >= defined.position
        assert [one.id for one in (await company.ask("models")).models] == ["sales"]

        # and what is new is projected into them
        revised = await company.report("ModelRevised", "sales", name="Sales anew")
        await following.reached(revised.position, 60)
        assert company.sources.training.store.generation == company.sources.chat.store.generation == 2


async def test_a_rebuild_that_fails_is_told_in_the_log_and_can_be_begun_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(project, "PAGE", 1)
    company = await Company(tmp_path).begin()
    await company.report("ModelDefined", "sales", name="Sales")
    async with following_the_log(company) as following:
        # given a place for the new read model that takes no models
        fresh = company.open_read_models(generation=2)
        fresh.training.store.close()
        fresh.chat.store.close()
        (path,) = (tmp_path / "models").glob("rm_training_*_2.db")
        with closing(sqlite3.connect(path)) as place:
            place.execute(
                "CREATE TRIGGER full BEFORE INSERT ON model BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
            )

        # when
        following.rebuild()
        assert company.sources.building
        await until(lambda: not company.sources.building)

        # then
        (told,) = (one for one in caplog.records if "could not be built anew" in one.getMessage())
        assert told.exc_info and "the disk is full" in str(told.exc_info[1])
        assert company.sources.training.store.generation == 1

        # and when there is room again
        with closing(sqlite3.connect(path)) as place:
            place.execute("DROP TRIGGER full")
        following.rebuild()
        await until(lambda: not following.rebuilding)
        assert company.sources.training.store.generation == company.sources.chat.store.generation == 2
    await company.close()
