"""Jobs: their states, restarts, cancelling, and one job for what was asked for once."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI

from services.embedded_provider.training import Training
from tests.embedded_provider.serving import MODEL, PAIRS, asked, ended, let_go, lines, served, trained, upload

pytestmark = pytest.mark.slow

STATES = ["validating_files", "queued", "running"]


async def created(client: AsyncOpenAI, data: bytes = lines(*PAIRS), **more: Any) -> Any:
    """A new job."""
    return await client.fine_tuning.jobs.create(training_file=await upload(client, data), model=MODEL, **more)


async def until(client: AsyncOpenAI, id: str, status: str) -> Any:
    """The job, when it has this status."""
    while True:
        job = await client.fine_tuning.jobs.retrieve(id)
        if job.status == status:
            return job
        assert job.status in STATES, f"it was over before it could be seen {status}"
        await asyncio.sleep(0.005)


def held(patch: pytest.MonkeyPatch, state: str) -> asyncio.Event:
    """Jobs stay in this state until the event is set, however long it takes to see them there."""
    released, begin = asyncio.Event(), Training._begin

    async def begin_and_stay(training: Training, id: str, status: str) -> None:
        await begin(training, id, status)
        if status == state:
            await released.wait()

    patch.setattr(Training, "_begin", begin_and_stay)
    return released


async def messages(client: AsyncOpenAI, id: str) -> list[str]:
    """What a job's events say, oldest first."""
    return [one.message async for one in client.fine_tuning.jobs.list_events(id)][::-1]


async def test_a_job_goes_through_its_states_and_tells_its_result_at_the_end_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = {state: held(monkeypatch, state) for state in STATES}
    async with served(tmp_path) as client:
        job = await created(client, seed=7, metadata={"a": "b"}, suffix="sales")
        for state in STATES:
            job = await until(client, job.id, state)
            assert (job.fine_tuned_model, job.finished_at, job.trained_tokens, job.error) == (None,) * 4
            released[state].set()

        job = await until(client, job.id, "succeeded")
        assert job.fine_tuned_model == f"ft-{MODEL}-sales-{job.id}"
        assert job.finished_at >= job.created_at
        assert job.trained_tokens > 0
        assert (job.seed, job.metadata) == (7, {"a": "b"})
        [checkpoint] = [one async for one in client.fine_tuning.jobs.checkpoints.list(job.id)]
        assert checkpoint.fine_tuned_model_checkpoint == job.fine_tuned_model


async def test_events_come_newest_first_page_by_page(tmp_path: Path) -> None:
    async with served(tmp_path) as client:
        job = await trained(client)

        every = [one.id async for one in client.fine_tuning.jobs.list_events(job.id)]
        paged = [one.id async for one in client.fine_tuning.jobs.list_events(job.id, limit=2)]

        assert paged == every
        assert len(set(every)) == 5
        said = await messages(client, job.id)
        assert said[0].startswith("Created")
        assert said[-1] == "The job has successfully completed: 2 pairs learnt"
        with pytest.raises(openai.NotFoundError):
            await client.fine_tuning.jobs.list_events(job.id, after="ftevent-none")


async def test_jobs_are_listed_newest_first_page_by_page(tmp_path: Path) -> None:
    async with served(tmp_path) as client:
        made = [(await created(client, metadata={"even": str(n % 2)})).id for n in range(5)]

        assert [one.id async for one in client.fine_tuning.jobs.list(limit=2)] == made[::-1]
        assert [one.id async for one in client.fine_tuning.jobs.list(limit=1, metadata={"even": "0"})] == made[::-2]


async def test_a_bad_file_fails_before_it_is_queued(tmp_path: Path) -> None:
    async with served(tmp_path) as client:
        job = await trained(client, b"{}\n")

        assert (job.status, job.error.param, job.error.code) == ("failed", "training_file", "invalid_training_file")
        assert len(await messages(client, job.id)) == 3
        assert [one.id async for one in client.models.list()] == [MODEL]


@pytest.mark.parametrize("data", [b'{"messages":[{"role":"user","content":"\\ud800"}]}\n', b"[" * 100_000 + b"\n"])
async def test_a_poisonous_file_fails_the_job_and_nothing_else(tmp_path: Path, data: bytes) -> None:
    async with served(tmp_path) as client:
        job = await trained(client, lines(PAIRS[0]) + data)

        assert job.status == "failed"
        assert "Example 2" in job.error.message


async def test_a_validation_file_is_checked_too(tmp_path: Path) -> None:
    async with served(tmp_path) as client:
        with pytest.raises(openai.BadRequestError) as refused:
            await created(client, validation_file="file-none")
        job = await trained(client, validation_file=await upload(client, b"{}\n"))

        assert refused.value.param == "validation_file"
        assert (job.status, job.error.param) == ("failed", "validation_file")


async def test_a_file_that_was_deleted_fails_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    released = held(monkeypatch, "queued")
    async with served(tmp_path) as client:
        job = await created(client)
        await until(client, job.id, "queued")
        await client.files.delete(job.training_file)
        released.set()

        assert "deleted" in (await ended(client, job.id)).error.message


async def test_a_job_that_breaks_is_failed_and_not_left_running(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = held(monkeypatch, "running")
    async with served(tmp_path) as client:
        job = await created(client)
        await until(client, job.id, "running")
        (tmp_path / "models").rename(tmp_path / "gone")
        released.set()

        job = await ended(client, job.id)

        assert (job.status, job.error.code) == ("failed", "server_error")
        assert job.id in caplog.text


@pytest.mark.parametrize("state", STATES)
async def test_a_job_goes_on_after_a_restart_in_any_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    released = held(monkeypatch, state)
    async with served(tmp_path) as client:
        job = await created(client, metadata={"compilation_id": "c"})
        await until(client, job.id, state)
    released.set()

    async with served(tmp_path) as client:
        done = await ended(client, job.id)

        assert done.status == "succeeded"
        assert await asked(client, done.fine_tuned_model, PAIRS[0][0]) == [(PAIRS[0][1], True)]
        said = await messages(client, job.id)
        assert len(said) == len(set(said))
        assert "The job goes on after a restart" in said
        assert (await created(client, metadata={"compilation_id": "c"})).id == job.id


KILLED = """
import asyncio, sys
from pathlib import Path
from services.embedded_provider.server import serve
from services.embedded_provider.training import Training
begin = Training._begin
async def begin_and_stay(training, id, status):
    await begin(training, id, status)
    if status == sys.argv[2]:
        await asyncio.Event().wait()
Training._begin = begin_and_stay
def ready(port):
    print(port, flush=True)
asyncio.run(serve(Path(sys.argv[1]), stop=asyncio.Event(), on_ready=ready))
"""


@pytest.mark.parametrize("state", STATES)
async def test_a_job_goes_on_after_the_provider_was_killed(tmp_path: Path, state: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, str(tmp_path), state, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        port = (await process.stdout.readline()).decode().strip()
        async with AsyncOpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="-", max_retries=0) as client:
            job = await created(client)
            await until(client, job.id, state)
    finally:
        process.kill()
        await process.wait()

    (tmp_path / "models" / "left.model.new").touch()
    async with served(tmp_path) as client:
        assert (await ended(client, job.id)).status == "succeeded"
        assert [path.name for path in (tmp_path / "models").iterdir()] == [f"{job.id}.model"]


@pytest.mark.parametrize("state", STATES)
async def test_a_job_is_cancelled_in_any_state_and_stays_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    released = held(monkeypatch, state)
    async with served(tmp_path) as client:
        job = await created(client)
        await until(client, job.id, state)

        assert (await client.fine_tuning.jobs.cancel(job.id)).status == "cancelled"
        await let_go(job.id)
        assert (await client.fine_tuning.jobs.retrieve(job.id)).status == "cancelled"
        assert (await messages(client, job.id))[-1] == "Fine-tuning job cancelled"

    released.set()
    async with served(tmp_path) as client:
        other = await trained(client)
        assert (await client.fine_tuning.jobs.retrieve(job.id)).status == "cancelled"
        assert [one.id async for one in client.models.list()] == [MODEL, other.fine_tuned_model]


@pytest.mark.parametrize(("data", "status"), [(lines(*PAIRS), "succeeded"), (b"{}\n", "failed")])
async def test_a_job_that_has_ended_is_not_cancelled(tmp_path: Path, data: bytes, status: str) -> None:
    async with served(tmp_path) as client:
        job = await trained(client, data)

        with pytest.raises(openai.BadRequestError, match="already completed"):
            await client.fine_tuning.jobs.cancel(job.id)
        assert (await client.fine_tuning.jobs.retrieve(job.id)).status == status


async def test_one_key_or_one_compilation_gets_one_job_even_at_the_same_time(tmp_path: Path) -> None:
    async with served(tmp_path) as client:
        file = await upload(client, lines(*PAIRS))

        async def create(key: str | None, compilation: str | None) -> str:
            metadata = {"compilation_id": compilation} if compilation else {}
            headers = {"Idempotency-Key": key} if key else {}
            job = await client.fine_tuning.jobs.create(
                training_file=file, model=MODEL, metadata=metadata, extra_headers=headers
            )
            return job.id

        assert len(set(await asyncio.gather(*(create(None, "one") for _ in range(10))))) == 1
        first = await create("key", "two")
        assert await create("key", None) == await create("other", "two") == await create(None, "two") == first
        assert len({first, await create("one", None), await create(None, "key"), await create(None, None)}) == 4


async def test_chats_go_on_while_many_jobs_train(tmp_path: Path) -> None:
    async with served(tmp_path) as client:
        model = (await trained(client)).fine_tuned_model
        many = lines(*((f"What is rule number {n} of department {n % 50}?", f"Rule {n}.") for n in range(2_000)))
        training = asyncio.gather(*(trained(client, many) for _ in range(8)))

        answers = await asyncio.gather(*(asked(client, model, PAIRS[0][0]) for _ in range(50)))

        assert {one[0] for one in answers} == {("Four times a week.", True)}
        assert {job.status for job in await training} == {"succeeded"}
