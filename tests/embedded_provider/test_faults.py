"""Faults on demand: what the official client meets when a provider fails."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from openai import AsyncOpenAI, OpenAI

from tests.embedded_provider.serving import MODEL, PAIRS, lines, served, upload

pytestmark = pytest.mark.slow

JOBS = "/v1/fine_tuning/jobs"


async def faulty(client: AsyncOpenAI, verb: str = "POST", /, **fault: Any) -> int:
    """Ask for a fault, or forget all; gives the status."""
    async with httpx2.AsyncClient() as plain:
        url = str(client.base_url).replace("/v1/", "/faults")
        return (await plain.request(verb, url, json=fault)).status_code


async def waiting(client: AsyncOpenAI) -> int:
    """How many requests will still meet a fault."""
    async with httpx2.AsyncClient() as plain:
        reply = await plain.get(str(client.base_url).replace("/v1/", "/faults"))
        return sum(fault["times"] for fault in reply.json())


def creating(client: AsyncOpenAI, file: str) -> Callable[[float], Awaitable[Any]]:
    """Creates the job of one compilation, within these seconds."""
    return lambda seconds: client.fine_tuning.jobs.create(
        training_file=file, model=MODEL, metadata={"compilation_id": "c"}, timeout=seconds
    )


async def listed(client: AsyncOpenAI) -> list[str]:
    """The ids of all jobs."""
    return [one.id async for one in client.fine_tuning.jobs.list()]


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        ({"status": 429, "headers": {"retry-after-ms": "250"}}, openai.RateLimitError),
        ({"status": 409}, openai.ConflictError),
        ({"status": 503}, openai.InternalServerError),
        ({"status": 502, "body": "<html>", "headers": {"content-type": "text/html"}}, openai.InternalServerError),
        ({"status": 0}, openai.APIConnectionError),
        ({"delay": 3_600}, openai.APITimeoutError),
        ({"status": None, "delay": 3_600}, openai.APITimeoutError),
        ({"status": 200, "body": "{", "headers": {"content-type": "application/json"}}, ValueError),
    ],
)
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_fault_comes_before_or_after_and_one_compilation_still_gets_one_job(
    tmp_path: Path, fault: dict[str, Any], raised: type[Exception], when: str
) -> None:
    async with served(tmp_path, faults=True) as client:
        create = creating(client, await upload(client, lines(*PAIRS)))
        assert await faulty(client, path=JOBS, when=when, **fault) == 204

        with pytest.raises(raised):
            await create(0.5 if "delay" in fault else 30)

        jobs = await listed(client)
        while when == "after" and not jobs:  # whoever has given up may be quicker than the job
            jobs = await listed(client)
        assert len(jobs) == (1 if when == "after" else 0)
        await faulty(client, "DELETE")
        again = await create(30)
        assert await listed(client) == [again.id]
        assert jobs in ([], [again.id])


async def test_a_fault_comes_so_many_times_on_its_path_only_until_all_are_forgotten(tmp_path: Path) -> None:
    async with served(tmp_path, faults=True) as client:
        await faulty(client, path="/v1/models", method="GET", times=5)
        assert await faulty(client, "DELETE") == 204
        await faulty(client, path="/v1/models", method="GET", times=2, status=None, delay=0.1)

        for left in (2, 1, 0):
            await client.models.retrieve(MODEL)
            assert await waiting(client) == left
            begun = time.monotonic()
            assert [one.id async for one in client.models.list()] == [MODEL]
            assert left == 0 or time.monotonic() - begun >= 0.1


async def test_what_a_fault_delays_goes_on_at_once_when_all_are_forgotten(tmp_path: Path) -> None:
    async with served(tmp_path, faults=True) as client:
        await faulty(client, path="/v1/models", method="GET", status=None, delay=3_600)
        listing = asyncio.ensure_future(client.models.list())
        while await waiting(client):
            assert not listing.done()

        await faulty(client, "DELETE")

        assert [one.id async for one in await listing] == [MODEL]


async def test_what_is_no_fault_is_refused(tmp_path: Path) -> None:
    async with served(tmp_path, faults=True) as client:
        assert await faulty(client, paths="/v1/models") == 400


def test_other_parts_get_a_provider_as_a_fixture(embedded_provider: str) -> None:
    with OpenAI(base_url=embedded_provider, api_key="-", max_retries=0) as client:
        assert client.models.retrieve(MODEL).id == MODEL
