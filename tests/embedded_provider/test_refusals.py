"""What the embedded provider refuses, always in OpenAI's shape and never by breaking."""

from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest
from openai import AsyncOpenAI

from services.http_server import PortTaken
from tests.embedded_provider.serving import MODEL, PAIRS, lines, served, trained, upload

pytestmark = pytest.mark.slow

CHAT, JOBS = "chat/completions", "fine_tuning/jobs"
HELLO = [{"role": "user", "content": "Hello"}]


async def raw(client: AsyncOpenAI, method: str, path: str, **more: Any) -> httpx2.Response:
    """A request as it is, without the official client."""
    async with httpx2.AsyncClient(base_url=str(client.base_url)) as plain:
        return await plain.request(method, path, **more)


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        (CHAT, {"model": MODEL}, "messages"),
        (CHAT, {"model": MODEL, "messages": "Hello"}, "messages"),
        (CHAT, {"model": MODEL, "messages": ["Hello"]}, "messages"),
        (CHAT, {"model": MODEL, "messages": [{"role": "user", "content": ["Hello"]}]}, "messages"),
        (CHAT, {"model": MODEL, "messages": [{"role": "user", "content": None}]}, "messages"),
        (CHAT, {"model": MODEL, "messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages"),
        (CHAT, {"model": MODEL, "messages": [{"role": "robot", "content": "x"}]}, "messages"),
        (CHAT, {"model": MODEL, "messages": [{"role": ["user"], "content": "x"}]}, "messages"),
        (CHAT, {"messages": HELLO}, "model"),
        (CHAT, {"model": [MODEL], "messages": HELLO}, "model"),
        (CHAT, {"model": MODEL, "messages": HELLO, "max_tokens": "many"}, "max_tokens"),
        (CHAT, {"model": MODEL, "messages": HELLO, "response_format": "text"}, "response_format"),
        (CHAT, {"model": MODEL, "messages": HELLO, "stream": True, "stream_options": "all"}, "stream_options"),
        (JOBS, {"model": MODEL}, "training_file"),
        (JOBS, {"model": MODEL, "training_file": 7}, "training_file"),
        (JOBS, {"model": MODEL, "training_file": "../lock"}, "training_file"),
        (JOBS, {"model": MODEL, "training_file": "f", "method": "supervised"}, "method"),
        (JOBS, {"model": MODEL, "training_file": "f", "suffix": "a/b"}, "suffix"),
        (JOBS, {"model": MODEL, "training_file": "f", "seed": "1"}, "seed"),
        (JOBS, {"model": MODEL, "training_file": "f", "metadata": {"a": 1}}, "metadata"),
        (JOBS, {"model": MODEL, "training_file": "f", "metadata": {"a": "x" * 513}}, "metadata"),
        (JOBS, {"model": "gpt-4.1", "training_file": "f"}, "model"),
    ],
)
async def test_a_wrong_parameter_is_named(tmp_path: Path, path: str, body: dict[str, Any], param: str) -> None:
    async with served(tmp_path) as client:
        reply = await raw(client, "POST", path, json=body)

        error = reply.json()["error"]
        assert (reply.status_code, error["param"], error["type"]) == (400, param, "invalid_request_error")
        assert reply.headers["x-request-id"]


@pytest.mark.parametrize(
    ("path", "more"),
    [
        (CHAT, {"n": 2}),
        (CHAT, {"tools": [{"type": "function", "function": {"name": "f"}}]}),
        (CHAT, {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {}}}}),
        (CHAT, {"stop": ["\n"]}),
        (CHAT, {"logprobs": True}),
        (CHAT, {"modalities": ["audio"]}),
        (CHAT, {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}]}),
        (JOBS, {"method": {"type": "dpo"}}),
        (JOBS, {"integrations": [{"type": "wandb"}]}),
    ],
)
async def test_what_a_retrieval_model_can_not_do_is_refused(tmp_path: Path, path: str, more: dict[str, Any]) -> None:
    async with served(tmp_path) as client:
        usual = {"model": MODEL, "messages": HELLO} if path == CHAT else {"model": MODEL, "training_file": "file-x"}
        reply = await raw(client, "POST", path, json=usual | more)

        assert (reply.status_code, reply.json()["error"]["code"]) == (400, "unsupported_parameter")


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'{"model":"\\ud800"}', b"[" * 100_000, b'"' + b"x" * 99])
async def test_a_body_that_is_no_json_object_is_refused(tmp_path: Path, body: bytes) -> None:
    async with served(tmp_path) as client:
        for path in (CHAT, JOBS):
            assert (await raw(client, "POST", path, content=body)).json()["error"]["code"] == "invalid_json"


@pytest.mark.parametrize("id", ["..%2flock", "a%00b", "a b", "%d1%8f", "a%5cb", "-a"])
async def test_ids_hold_no_characters_of_paths(tmp_path: Path, id: str) -> None:
    async with served(tmp_path) as client:
        for path in (f"files/{id}", f"files/{id}/content", f"models/{id}", f"fine_tuning/jobs/{id}"):
            reply = await raw(client, "GET", path)
            assert reply.status_code in (400, 404)
            assert reply.json()["error"]["message"]


async def test_paths_and_methods_that_are_not_there_are_answered_in_shape(tmp_path: Path) -> None:
    async with served(tmp_path) as client:
        assert (await raw(client, "POST", "embeddings", json={})).json()["error"]["type"] == "invalid_request_error"
        assert (await raw(client, "DELETE", JOBS)).status_code == 405
        root = str(client.base_url).removesuffix("/v1/")
        assert (await raw(client, "GET", f"{root}/healthz")).text == "ok"
        assert (await raw(client, "POST", f"{root}/faults", json={"path": "/v1/models"})).status_code == 404


async def test_too_large_a_file_is_refused_and_nothing_of_it_kept(tmp_path: Path) -> None:
    async with served(tmp_path, max_file_bytes=1_000) as client:
        assert (await client.files.create(file=("a.jsonl", b"x" * 1_000), purpose="fine-tune")).bytes == 1_000
        for size in (1_001, 5_000_000):
            with pytest.raises(openai.APIStatusError) as refused:
                await upload(client, b"x" * size)
            assert refused.value.status_code == 413

        async def endless() -> Any:
            yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.jsonl"\r\n\r\n'
            for _ in range(2_000):
                yield b"x" * 1_000

        headers = {"content-type": "multipart/form-data; boundary=b"}
        assert (await raw(client, "POST", "files", content=endless(), headers=headers)).status_code == 413
        assert len(list((tmp_path / "files").iterdir())) == 1


async def test_an_upload_needs_a_file_and_the_right_purpose(tmp_path: Path) -> None:
    async with served(tmp_path) as client:
        with pytest.raises(openai.BadRequestError, match="fine-tune"):
            await client.files.create(file=("a.jsonl", b"x"), purpose="assistants")
        assert (await raw(client, "POST", "files", data={"purpose": "fine-tune"})).json()["error"]["param"] == "file"
        headers = {"content-type": "multipart/form-data; boundary=b"}
        assert (await raw(client, "POST", "files", content=b"broken", headers=headers)).status_code == 400


async def test_files_are_listed_page_by_page_and_by_purpose(tmp_path: Path) -> None:
    async with served(tmp_path) as client:
        made = [await upload(client, lines(*PAIRS)) for _ in range(3)]

        assert [one.id async for one in client.files.list(limit=1)] == made[::-1]
        assert [one.id async for one in client.files.list(order="asc", purpose="fine-tune")] == made
        assert [one.id async for one in client.files.list(purpose="assistants")] == []


@pytest.mark.parametrize("given", [None, "Bearer wrong", "Bearer ключ".encode(), "secret"])
async def test_without_the_right_key_nothing_is_told_but_health(tmp_path: Path, given: Any) -> None:
    async with served(tmp_path, api_key="secret", faults=True) as client:
        headers = {"authorization": given} if given else {}
        root = str(client.base_url).removesuffix("/v1/")
        if given != "secret":
            for path in (f"{root}/v1/models", f"{root}/faults"):
                reply = await raw(client, "GET", path, headers=headers)
                assert (reply.status_code, reply.json()["error"]["code"]) == (401, "invalid_api_key")
        assert (await raw(client, "GET", f"{root}/healthz", headers=headers)).status_code == 200
        assert (await raw(client, "GET", "models", headers={"authorization": "Bearer secret"})).status_code == 200


async def test_a_foreign_name_for_this_machine_is_refused_without_a_key(tmp_path: Path) -> None:
    async with served(tmp_path) as client:
        assert (await raw(client, "GET", "models", headers={"host": "evil.example:80"})).status_code == 403
        assert (await raw(client, "GET", "models", headers={"host": "localhost:80"})).status_code == 200
    async with served(tmp_path, api_key="secret") as client:
        headers = {"host": "provider.internal", "authorization": "Bearer secret"}
        assert (await raw(client, "GET", "models", headers=headers)).status_code == 200


async def test_a_port_that_is_taken_leaves_the_data_directory_free(tmp_path: Path) -> None:
    async with served(tmp_path / "one") as client:
        with pytest.raises(PortTaken):
            async with served(tmp_path / "two", port=client.base_url.port):
                pass
        async with served(tmp_path / "two") as other:
            assert (await trained(other)).status == "succeeded"
