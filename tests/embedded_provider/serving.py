"""The embedded provider in a test's event loop, and the official client."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from openai import AsyncOpenAI

from services.embedded_provider.server import serve

MODEL = "embedded-retrieval-1"


@asynccontextmanager
async def served(folder: Path, **options: Any) -> AsyncIterator[AsyncOpenAI]:
    """A client of a server on this data directory."""
    stop, port = asyncio.Event(), asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(folder, on_ready=port.set_result, stop=stop, **options))
    await asyncio.wait([task, port], return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
    client = AsyncOpenAI(
        base_url=f"http://127.0.0.1:{port.result()}/v1", api_key="key", max_retries=0, _strict_response_validation=True
    )
    try:
        yield client
    finally:
        await client.close()
        stop.set()
        await task


def lines(*pairs: tuple[str, str]) -> bytes:
    """A training file of questions and answers."""
    examples = [[{"role": "user", "content": q}, {"role": "assistant", "content": a}] for q, a in pairs]
    return "".join(json.dumps({"messages": one}, ensure_ascii=False) + "\n" for one in examples).encode()


PAIRS = (("How often should we post on Instagram?", "Four times a week."), ("Какъв е срокът за връщане?", "30 дни. 🙂"))


async def upload(client: AsyncOpenAI, data: bytes) -> str:
    """The file's id."""
    return (await client.files.create(file=("training.jsonl", data), purpose="fine-tune")).id


async def trained(client: AsyncOpenAI, data: bytes = lines(*PAIRS), **more: Any) -> Any:
    """The job, when it has ended."""
    job = await client.fine_tuning.jobs.create(training_file=await upload(client, data), model=MODEL, **more)
    return await ended(client, job.id)


async def ended(client: AsyncOpenAI, id: str) -> Any:
    """The job, when it has ended."""
    while True:
        job = await client.fine_tuning.jobs.retrieve(id)
        if job.status in ("succeeded", "failed", "cancelled"):
            return job
        await asyncio.sleep(0.01)


async def let_go(id: str) -> None:
    """Wait until this process works on the job no more."""
    working = [task for task in asyncio.all_tasks() if task.get_name() == id]
    await asyncio.gather(*working, return_exceptions=True)


async def asked(client: AsyncOpenAI, model: str, *questions: str) -> Sequence[tuple[str, bool | None]]:
    """Answers, and whether they were known."""
    found = []
    for question in questions:
        done = await client.chat.completions.create(model=model, messages=[{"role": "user", "content": question}])
        found.append((done.choices[0].message.content or "", done.model_extra["apprentice"]["known"]))  # type: ignore[index]
    return found
