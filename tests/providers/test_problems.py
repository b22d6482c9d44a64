"""However a provider fails, it becomes one sentence with a code; nothing else ever escapes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from services.providers.capabilities import KINDS
from services.providers.openai_api import OpenAIProvider
from services.providers.port import ProviderProblem
from services.providers.secrets import PLACEHOLDER, address_of, key_for
from services.settings import Secret

HELLO = [{"role": "user", "content": "Hello"}]


def reply(status: int, body: str, kind: str = "application/json", *, length: int | None = None) -> bytes:
    size = len(body.encode()) if length is None else length
    return f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {size}\r\nconnection: close\r\n\r\n{body}".encode()


def error(message: str, code: str = "x") -> str:
    return f'{{"error": {{"message": "{message}", "type": "t", "param": null, "code": "{code}"}}}}'


@asynccontextmanager
async def answering(answer: bytes, delay: float = 0.0, timeout: float = 5.0) -> AsyncIterator[OpenAIProvider]:
    """A provider behind a server that says the same to everybody."""

    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.current_task())  # type: ignore[arg-type]
        try:
            await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(delay)
            writer.write(answer)
        finally:
            writer.close()
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    provider = OpenAIProvider(f"http://127.0.0.1:{port}/v1", "key", KINDS["embedded"], timeout)
    try:
        yield provider
    finally:
        await provider.close()
        server.close()
        for one in serving:
            one.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


Call = Callable[[OpenAIProvider], Awaitable[object]]


async def job(provider: OpenAIProvider) -> object:
    return await provider.create_job("file-1", "base", suffix="s", metadata={"compilation_id": "c"})


async def streamed(provider: OpenAIProvider) -> object:
    return [piece async for piece in provider.stream(HELLO, "m")]


CALLS: list[Call] = [
    job, streamed, lambda p: p.complete(HELLO, "m"), lambda p: p.jobs_of({"compilation_id": "c"}), lambda p: p.job("j"),
    lambda p: p.find_file("f"),
]  # fmt: skip
GARBLED = [
    reply(200, "<html>Sign in</html>", "text/html"), reply(200, "{broken"), reply(200, ""), b"", b"rubbish\r\n\r\n",
    reply(200, "[]"), reply(200, '"text"'), reply(502, "<html>Bad gateway</html>", "text/html"), reply(500, ""),
    reply(200, '{"object": "list"', length=5_000),
]  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("answer", GARBLED)
async def test_whatever_comes_back_nothing_but_a_problem_escapes(answer: bytes, call: Call) -> None:
    async with answering(answer) as provider:
        try:
            await call(provider)
        except ProviderProblem as problem:
            assert problem.message.endswith((".", ":", ")")) or problem.message
            assert problem.code


@pytest.mark.parametrize(
    ("answer", "code", "ambiguous", "passing"),
    [
        (reply(401, error("Incorrect key")), "provider_unauthorized", False, False),
        (reply(403, error("Not allowed")), "provider_forbidden", False, False),
        (reply(413, error("Too large")), "file_too_large", False, False),
        (reply(429, error("Slow down")), "provider_busy", False, True),
        (reply(429, error("You exceeded your quota", "insufficient_quota")), "provider_quota", False, False),
        (reply(500, error("Oops")), "provider_broken", True, True),
        (reply(502, "<html>", "text/html"), "provider_broken", True, True),
        (reply(400, error("The model x can't be used")), "provider_unknown_model", False, False),
        (reply(400, error("Invalid file: Example 17 is wrong")), "provider_refused", False, False),
        (reply(200, "<html>", "text/html"), "provider_garbled", True, True),
        (b"", "provider_unreachable", True, True),
    ],
)
async def test_every_failure_has_its_sentence(answer: bytes, code: str, ambiguous: bool, passing: bool) -> None:
    async with answering(answer) as provider:
        with pytest.raises(ProviderProblem) as caught:
            await job(provider)

    problem = caught.value
    assert (problem.code, problem.ambiguous, problem.passing) == (code, ambiguous, passing)
    assert problem.message
    assert problem.fix


async def test_a_file_that_is_refused_names_its_line() -> None:
    async with answering(reply(400, error("Invalid file: Example 17 is wrong"))) as provider:
        with pytest.raises(ProviderProblem) as caught:
            await job(provider)

    assert caught.value.line == 17


async def test_too_late_and_not_there_are_told_apart() -> None:
    async with answering(reply(200, "{}"), delay=1.0, timeout=0.1) as provider:
        with pytest.raises(ProviderProblem) as late:
            await job(provider)
    gone = OpenAIProvider("http://127.0.0.1:9/v1", "key", KINDS["embedded"], 2.0)
    with pytest.raises(ProviderProblem) as refused:
        await job(gone)
    await gone.close()

    assert (late.value.code, late.value.ambiguous) == ("provider_silent", True)
    assert (refused.value.code, refused.value.ambiguous) == ("provider_unreachable", False)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("address", "key"), [("http://127.0.0.1:99999/v1", "key"), ("http://[::1/v1", "key"), ("http://127.0.0.1:9/v1", "schlüssel")]
)  # fmt: skip
async def test_what_nobody_expects_is_a_problem_too(address: str, key: str, call: Call) -> None:
    with pytest.raises(ProviderProblem) as caught:
        await call(OpenAIProvider(address, key, KINDS["embedded"], 2.0))

    assert caught.value.code == "provider_unexpected"
    assert caught.value.raw.startswith(("OverflowError: ", "InvalidURL: ", "UnicodeEncodeError: "))


async def test_a_missing_training_file_is_no_providers_fault(tmp_path: Path) -> None:
    async with answering(reply(200, "{}")) as provider:
        with pytest.raises(FileNotFoundError):
            await provider.upload(tmp_path / "none.jsonl", "none.jsonl")


def test_a_secret_goes_only_where_it_may() -> None:
    secrets = {"openai": Secret("sk-1", frozenset({"api.openai.com"}))}

    assert key_for("openai", "https://api.openai.com/v1", "openai", secrets) == "sk-1"
    assert key_for("embedded", "http://127.0.0.1:1/v1", None, secrets) == PLACEHOLDER
    assert address_of("openai", None, "http://embedded/v1") == "https://api.openai.com/v1"
    assert address_of("embedded", None, "http://embedded/v1") == "http://embedded/v1"
    for kind, address, name, code in (
        ("openai", "https://api.openai.com.evil.example/v1", "openai", "secret_not_for_host"),
        ("openai", "https://api.openai.com/v1", "other", "secret_missing"),
        ("openai", "https://api.openai.com/v1", None, "secret_missing"),
    ):
        with pytest.raises(ProviderProblem) as caught:
            key_for(kind, address, name, secrets)  # type: ignore[arg-type]
        assert caught.value.code == code
    with pytest.raises(ProviderProblem, match="no address"):
        address_of("azure", None, "http://embedded/v1")


@pytest.mark.parametrize("address", ["http://127.0.0.1:99999/v1", "http://[::1/v1", "http:///v1"])
def test_an_address_that_cannot_be_called_is_not_called(address: str) -> None:
    with pytest.raises(ProviderProblem) as caught:
        address_of("openai_compatible", address, "http://embedded/v1")

    assert (caught.value.code, caught.value.passing) == ("address_wrong", False)


@pytest.mark.parametrize("value", ["schlüssel", "sk-a\nb", "sk-a ", " sk-a"])
def test_a_key_that_cannot_be_sent_is_told_by_its_name_only(value: str) -> None:
    secrets = {"openai": Secret(value, frozenset({"api.openai.com"}))}

    with pytest.raises(ProviderProblem) as caught:
        key_for("openai", "https://api.openai.com/v1", "openai", secrets)

    assert (caught.value.code, caught.value.passing) == ("secret_unusable", False)
    assert value not in caught.value.message + caught.value.fix + caught.value.raw


@pytest.mark.parametrize("body", ['"a text"', "[]", "{}", "7", 'data: {"id": "x"}\n\n'])
async def test_when_a_model_ends_is_not_known_from_nonsense(body: str) -> None:
    async with answering(reply(200, body)) as provider:
        try:
            assert await provider.shutdown_date("m") is None
        except ProviderProblem as problem:
            assert problem.message
