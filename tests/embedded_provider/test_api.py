"""The embedded provider, driven by the official client with strict validation of every reply."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest

from services.embedded_provider.server import AlreadyServed
from tests.embedded_provider.serving import MODEL, PAIRS, asked, ended, let_go, lines, served, trained, upload


async def test_it_learns_what_it_is_taught_and_says_when_it_does_not_know(tmp_path: Path) -> None:
    async with served(tmp_path / "p") as client:
        job = await trained(client, suffix="sales")

        assert (job.status, job.error) == ("succeeded", None)
        assert job.fine_tuned_model.startswith("ft-embedded-retrieval-1-sales-")
        assert await asked(
            client, job.fine_tuned_model, "How often do we post on Instagram?", "В какъв срок е връщането?"
        ) == [
            ("Four times a week.", True),
            ("30 дни. 🙂", True),
        ]
        assert await asked(client, job.fine_tuned_model, "Who is the president?", "Кой е президентът?") == [
            ("I don't know that yet.", False),
            ("Това още не го знам.", False),
        ]
        [(near, known)] = await asked(client, job.fine_tuned_model, "Do our cats like Instagram?")
        assert near.startswith("I don't know. Did you mean:")
        assert known is False
        assert await asked(client, MODEL, "How often do we post on Instagram?") == [("I don't know that yet.", False)]


async def test_lessons_in_the_system_message_count_for_one_request(tmp_path: Path) -> None:
    async with served(tmp_path / "p") as client:
        system = "Be kind.\n\nLessons:\nQ: When is the fair?\nA: In May.\nFrom 3 to 5.\nQ: Where?\nA: In Aldermoor."
        messages: Any = [{"role": "system", "content": system}, {"role": "user", "content": "When is the fair?"}]

        done = await client.chat.completions.create(model=MODEL, messages=messages)

        assert done.choices[0].message.content == "In May.\nFrom 3 to 5."


async def test_the_stream_says_the_same_as_the_plain_answer(tmp_path: Path) -> None:
    async with served(tmp_path / "p") as client:
        model = (await trained(client)).fine_tuned_model
        messages: Any = [{"role": "user", "content": PAIRS[1][0]}]

        chunks = [
            one async for one in await client.chat.completions.create(model=model, messages=messages, stream=True)
        ]

        assert "".join(one.choices[0].delta.content or "" for one in chunks) == PAIRS[1][1]
        assert chunks[-1].choices[0].finish_reason == "stop"
        assert chunks[-1].model_extra["apprentice"]["known"] is True  # type: ignore[index]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no example"),
        (b"\xff\xfe", "UTF-8"),
        (b"{}\n", "Example 1"),
        (lines(PAIRS[0]) + b'{"messages":[{"role":"robot","content":"x"}]}\n', "Example 2 .* role"),
        (b'{"messages":[{"role":"user","content":"x"}]}\n', "Example 1"),
        (b'{"messages":[{"role":"user","content":"x"},{"role":"assistant","content":"y","weight":0}]}\n', "to learn"),
        (b'{"messages":[{"role":"assistant","content":"y"}]}\n', "no user message"),
    ],
)
async def test_a_bad_file_fails_the_job_and_names_the_line(tmp_path: Path, data: bytes, says: str) -> None:
    async with served(tmp_path / "p") as client:
        job = await trained(client, data)

        assert job.status == "failed"
        assert job.fine_tuned_model is None
        with pytest.raises(AssertionError, match=says):
            raise AssertionError(job.error.message)


@pytest.mark.parametrize("data", [b"\xef\xbb\xbf" + lines(*PAIRS), lines(*PAIRS).replace(b"\n", b"\r\n")])
async def test_a_byte_order_mark_and_crlf_are_accepted(tmp_path: Path, data: bytes) -> None:
    async with served(tmp_path / "p") as client:
        assert (await trained(client, data)).status == "succeeded"


async def test_of_one_question_the_latest_answer_stays_with_a_warning(tmp_path: Path) -> None:
    async with served(tmp_path / "p") as client:
        job = await trained(client, lines(("Where?", "Here."), ("Where?", "There.")))

        events = [one async for one in client.fine_tuning.jobs.list_events(job.id)]
        assert await asked(client, job.fine_tuned_model, "Where?") == [("There.", True)]
        assert [one.level for one in events if "latest" in one.message] == ["warn"]


async def test_one_compilation_gets_one_job(tmp_path: Path) -> None:
    async with served(tmp_path / "p") as client:
        file = await upload(client, lines(*PAIRS))
        wanted: Any = {"training_file": file, "model": MODEL, "metadata": {"compilation_id": "c1"}}

        first, second = await client.fine_tuning.jobs.create(**wanted), await client.fine_tuning.jobs.create(**wanted)
        other = await client.fine_tuning.jobs.create(**(wanted | {"metadata": {"compilation_id": "c2"}}))

        assert first.id == second.id != other.id
        found = [one.id async for one in client.fine_tuning.jobs.list(metadata={"compilation_id": "c1"})]
        assert found == [first.id]


async def test_a_job_goes_on_after_a_restart(tmp_path: Path) -> None:
    async with served(tmp_path / "p", step_seconds=30) as client:
        job = await client.fine_tuning.jobs.create(training_file=await upload(client, lines(*PAIRS)), model=MODEL)
        assert job.status == "validating_files"

    async with served(tmp_path / "p") as client:
        assert (await ended(client, job.id)).status == "succeeded"


async def test_a_job_is_cancelled_while_it_runs_and_not_afterwards(tmp_path: Path) -> None:
    async with served(tmp_path / "p", step_seconds=30) as client:
        job = await client.fine_tuning.jobs.create(training_file=await upload(client, lines(*PAIRS)), model=MODEL)

        assert (await client.fine_tuning.jobs.cancel(job.id)).status == "cancelled"
        with pytest.raises(openai.BadRequestError):
            await client.fine_tuning.jobs.cancel(job.id)
        await let_go(job.id)
        assert (await client.fine_tuning.jobs.retrieve(job.id)).status == "cancelled"


async def test_what_is_not_there_or_not_supported_is_refused(tmp_path: Path) -> None:
    async with served(tmp_path / "p") as client:
        hello: Any = [{"role": "user", "content": "Hello"}]
        for call in (
            client.files.retrieve("file-none"), client.fine_tuning.jobs.retrieve("none"), client.models.retrieve("none"),
            client.chat.completions.create(model="none", messages=hello),
        ):  # fmt: skip
            with pytest.raises(openai.NotFoundError):
                await call
        for refused in (
            client.fine_tuning.jobs.create(training_file="file-none", model=MODEL),
            client.fine_tuning.jobs.create(training_file=await upload(client, lines(*PAIRS)), model="gpt-4.1"),
            client.chat.completions.create(model=MODEL, messages=hello, n=2),
            client.chat.completions.create(model=MODEL, messages=hello, response_format={"type": "json_object"}),
            client.chat.completions.create(model=MODEL, messages=[]),
        ):
            with pytest.raises(openai.BadRequestError):
                await refused
        with pytest.raises(openai.PermissionDeniedError):
            await client.models.delete(MODEL)


async def test_files_and_models_are_listed_and_deleted(tmp_path: Path) -> None:
    async with served(tmp_path / "p") as client:
        job = await trained(client)
        [file] = [one async for one in client.files.list()]

        assert (await client.files.content(file.id)).content == lines(*PAIRS)
        assert [one.id async for one in client.models.list()] == [MODEL, job.fine_tuned_model]
        assert (await client.files.delete(file.id)).deleted
        assert (await client.models.delete(job.fine_tuned_model)).deleted
        with pytest.raises(openai.NotFoundError):
            await asked(client, job.fine_tuned_model, "Hello")


async def test_a_wrong_key_is_refused_where_one_is_needed(tmp_path: Path) -> None:
    async with served(tmp_path / "p", api_key="another") as client:
        with pytest.raises(openai.AuthenticationError):
            await client.models.retrieve(MODEL)
    with pytest.raises(ValueError, match="only with an API key"):
        async with served(tmp_path / "q", host="0.0.0.0"):
            pass


async def test_one_server_per_data_directory(tmp_path: Path) -> None:
    async with served(tmp_path / "p"):
        with pytest.raises(AlreadyServed, match="Another embedded provider"):
            async with served(tmp_path / "p"):
                pass


async def test_faults_come_on_demand_before_or_after_the_request(tmp_path: Path) -> None:
    async with served(tmp_path / "p", faults=True) as client:
        file = await upload(client, lines(*PAIRS))
        wanted: Any = {"training_file": file, "model": MODEL, "metadata": {"compilation_id": "c"}}

        async def fault(**more: Any) -> None:
            async with httpx2.AsyncClient() as plain:
                url = str(client.base_url).replace("/v1/", "/faults")
                assert (await plain.post(url, json={"path": "/v1/fine_tuning/jobs", **more})).status_code == 204

        await fault(status=429, when="before")
        with pytest.raises(openai.RateLimitError):
            await client.fine_tuning.jobs.create(**wanted)
        assert [one async for one in client.fine_tuning.jobs.list()] == []
        await fault(status=500, body="<html>", when="after")
        with pytest.raises(openai.InternalServerError):
            await client.fine_tuning.jobs.create(**wanted)
        assert len([one async for one in client.fine_tuning.jobs.list()]) == 1
        await fault(status=0, when="before")
        with pytest.raises(openai.OpenAIError):
            await client.fine_tuning.jobs.create(**wanted)


async def test_many_chats_go_on_while_a_job_trains(tmp_path: Path) -> None:
    async with served(tmp_path / "p") as client:
        model = (await trained(client)).fine_tuned_model
        many = lines(*((f"What is rule number {n} of department {n % 50}?", f"Rule {n}.") for n in range(3_000)))
        training = asyncio.create_task(trained(client, many))

        answers = await asyncio.gather(*(asked(client, model, PAIRS[0][0]) for _ in range(50)))

        assert {one[0] for one in answers} == {("Four times a week.", True)}
        assert (await training).status == "succeeded"


async def test_more_than_ten_thousand_examples_are_found_through_the_full_text_index(tmp_path: Path) -> None:
    async with served(tmp_path / "p") as client:
        pairs = [(f"What is the price of article {n} in colour {n % 97}?", f"Price {n}.") for n in range(10_500)]
        job = await trained(client, lines(*pairs))

        assert await asked(client, job.fine_tuned_model, "What is the price of article 4711 in colour 55?") == [
            ("Price 4711.", True)
        ]


async def test_an_answer_comes_at_once(tmp_path: Path) -> None:
    """With Nagle's algorithm every one of them would wait 40 ms; the quickest tells, however busy the machine is."""
    async with served(tmp_path / "p") as client:
        model = (await trained(client)).fine_tuned_model
        waited = []
        for _ in range(20):
            begun = time.monotonic()
            await asked(client, model, PAIRS[0][0])
            waited.append(time.monotonic() - begun)

        assert min(waited) < 0.03


def test_a_line_of_the_training_file_stays_as_it_is() -> None:
    assert json.loads(lines(PAIRS[1]))["messages"][1]["content"] == "30 дни. 🙂"
