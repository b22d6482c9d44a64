"""Chat completions, plain and streamed, in OpenAI's shapes."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from typing import Any

from services.embedded_provider.chat_request import ChatRequest, pieces
from services.embedded_provider.database import now
from services.embedded_provider.models import Models
from services.embedded_provider.retrieval import Reply, reply


async def answer(models: Models, wanted: ChatRequest) -> Reply:
    """What the model says. Raises `ApiProblem`: 404."""
    models.get(wanted.model)
    return await asyncio.to_thread(lambda: reply(models.knowledge(wanted.model), wanted.messages))


def completion(wanted: ChatRequest, said: Reply) -> dict[str, Any]:
    """The answer at once, as OpenAI's client reads it."""
    text, end = wanted.cut(said.text)
    message = {"role": "assistant", "content": text, "refusal": None}
    return _head(wanted.model, "chat.completion") | {
        "choices": [{"index": 0, "finish_reason": end, "message": message, "logprobs": None}],
        "usage": wanted.usage(text),
        "apprentice": said.about(),
    }


async def chunks(wanted: ChatRequest, said: Reply) -> AsyncIterator[bytes]:
    """The same as server-sent events, word by word, ended by `[DONE]`. The last choice tells what was known."""
    text, end = wanted.cut(said.text)
    head = _head(wanted.model, "chat.completion.chunk")
    yield _event(head | {"choices": [_delta({"role": "assistant", "content": ""})]})
    for piece in pieces(text):
        yield _event(head | {"choices": [_delta({"content": piece})]})
        await asyncio.sleep(0)
    yield _event(head | {"choices": [_delta({}, end)], "apprentice": said.about()})
    if wanted.usage_wanted:
        yield _event(head | {"choices": [], "usage": wanted.usage(text)})
    yield b"data: [DONE]\n\n"


def _head(model: str, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{secrets.token_hex(12)}", "object": kind, "created": now(), "model": model}


def _delta(delta: dict[str, Any], end: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": end, "logprobs": None}


def _event(chunk: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n".encode()
