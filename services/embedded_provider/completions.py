"""Chat completions, plain and streamed, in OpenAI's shapes."""

import asyncio
import json
import re
import secrets
from collections.abc import AsyncIterator
from typing import Any, Final

from services.embedded_provider.database import now
from services.embedded_provider.models import Models
from services.embedded_provider.problems import ApiProblem, unsupported
from services.embedded_provider.retrieval import Reply, reply

_UNSUPPORTED: Final = ("tools", "functions", "audio", "modalities", "logprobs", "prediction")


async def complete(models: Models, wanted: dict[str, Any]) -> tuple[Reply, dict[str, Any]]:
    """The reply, and the completion as OpenAI's client reads it. Raises `ApiProblem`: 400, 404."""
    messages = _messages(wanted)
    model = str(wanted.get("model"))
    models.get(model)
    said = await asyncio.to_thread(lambda: reply(models.knowledge(model), messages))
    choice = {
        "index": 0,
        "finish_reason": "stop",
        "message": {"role": "assistant", "content": said.text, "refusal": None},
        "logprobs": None,
    }
    return said, _head(model, "chat.completion") | {
        "choices": [choice],
        "usage": _usage(messages, said),
        "apprentice": said.about(),
    }


async def stream(models: Models, wanted: dict[str, Any]) -> AsyncIterator[bytes]:
    """The same as server-sent events, word by word, ended by `[DONE]`."""
    said, whole = await complete(models, wanted)
    head = _head(whole["model"], "chat.completion.chunk")
    yield _event(head | {"choices": [_delta({"role": "assistant", "content": ""})]})
    for word in re.findall(r"\S+\s*|\s+", said.text):
        yield _event(head | {"choices": [_delta({"content": word})]})
        await asyncio.sleep(0)
    yield _event(head | {"choices": [_delta({}, "stop")], "apprentice": said.about()})
    if (wanted.get("stream_options") or {}).get("include_usage"):
        yield _event(head | {"choices": [], "usage": whole["usage"]})
    yield b"data: [DONE]\n\n"


def _head(model: str, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{secrets.token_hex(12)}", "object": kind, "created": now(), "model": model}


def _delta(delta: dict[str, Any], end: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": end, "logprobs": None}


def _event(chunk: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n".encode()


def _usage(messages: list[dict[str, str]], said: Reply) -> dict[str, int]:
    prompt = sum(len(one["content"].encode()) // 4 + 4 for one in messages)
    answer = len(said.text.encode()) // 4 + 1
    return {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer}


def _messages(wanted: dict[str, Any]) -> list[dict[str, str]]:
    for name in _UNSUPPORTED:
        if wanted.get(name):
            raise unsupported(name, "it returns trained answers only")
    if wanted.get("n", 1) not in (None, 1):
        raise unsupported("n", "it has one answer")
    if (wanted.get("response_format") or {}).get("type", "text") != "text":
        raise unsupported("response_format", "it returns trained answers as they are")
    messages = wanted.get("messages")
    if not isinstance(messages, list) or not messages:
        raise ApiProblem(400, "messages must be a list that isn't empty", param="messages")
    return [_message(one) for one in messages]


def _message(message: Any) -> dict[str, str]:
    role = message.get("role") if isinstance(message, dict) else None
    if role not in ("system", "developer", "user", "assistant"):
        raise ApiProblem(400, f"a message has the role {str(role)[:40]!r}", param="messages")
    return {"role": "system" if role == "developer" else role, "content": _content(message.get("content"))}


def _content(content: Any) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise ApiProblem(400, "a message has no content", param="messages")
    if any(part.get("type") != "text" for part in content if isinstance(part, dict)):
        raise unsupported("messages", "it reads text only")
    return "\n".join(str(part.get("text", "")) for part in content)
