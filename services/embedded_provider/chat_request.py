"""What a caller wants to be answered, checked; what a retrieval model can't do is refused, never left out silently."""

import re
from dataclasses import dataclass
from typing import Any, Final

from services.embedded_provider.problems import ApiProblem, unsupported, wrong

BYTES_PER_TOKEN: Final = 4
_UNSUPPORTED: Final = (
    "tools", "functions", "audio", "logprobs", "top_logprobs", "prediction", "logit_bias", "stop", "web_search_options",
)  # fmt: skip
_ROLES: Final = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A conversation for one model."""

    model: str
    messages: tuple[dict[str, str], ...]
    streamed: bool
    usage_wanted: bool
    most_tokens: int | None

    @classmethod
    def read(cls, body: dict[str, Any]) -> "ChatRequest":
        """From a request's body. Raises `ApiProblem`: 400 with the parameter at fault."""
        _refuse_unsupported(body)
        model, messages = body.get("model"), body.get("messages")
        if not isinstance(model, str) or not model:
            raise wrong("model", "is missing")
        if not isinstance(messages, list) or not messages:
            raise wrong("messages", "must be a list that isn't empty")
        options = _object(body, "stream_options")
        return cls(
            model, tuple(_message(one) for one in messages), bool(body.get("stream")),
            bool(options.get("include_usage")), _most_tokens(body),
        )  # fmt: skip

    def cut(self, text: str) -> tuple[str, str]:
        """An answer of at most so many tokens as wanted, and why it ends: `stop` or `length`."""
        if self.most_tokens is None or tokens(text) <= self.most_tokens:
            return text, "stop"
        return text.encode()[: self.most_tokens * BYTES_PER_TOKEN].decode(errors="ignore"), "length"

    def usage(self, answer: str) -> dict[str, int]:
        """Tokens, guessed from bytes."""
        prompt = sum(tokens(one["content"]) + 4 for one in self.messages)
        return {
            "prompt_tokens": prompt, "completion_tokens": tokens(answer), "total_tokens": prompt + tokens(answer),
        }  # fmt: skip


def tokens(text: str) -> int:
    """A guess: there is no tokenizer."""
    return -(-len(text.encode()) // BYTES_PER_TOKEN)


def pieces(text: str) -> list[str]:
    """The text word by word, with what separates them."""
    return re.findall(r"\s*\S+\s*|\s+", text)


def _refuse_unsupported(body: dict[str, Any]) -> None:
    for name in _UNSUPPORTED:
        if body.get(name):
            raise unsupported(name, "it returns trained answers only")
    if body.get("modalities") not in (None, [], ["text"]):
        raise unsupported("modalities", "it returns text only")
    if body.get("n") not in (None, 1):
        raise unsupported("n", "it has one answer")
    if _object(body, "response_format").get("type", "text") != "text":
        raise unsupported("response_format", "it returns trained answers as they are")


def _most_tokens(body: dict[str, Any]) -> int | None:
    for name in ("max_completion_tokens", "max_tokens"):
        most = body.get(name)
        if most is not None:
            if not isinstance(most, int) or isinstance(most, bool) or most < 1:
                raise wrong(name, "must be a whole number above 0")
            return most
    return None


def _object(body: dict[str, Any], name: str) -> dict[str, Any]:
    given = body.get(name) or {}
    if not isinstance(given, dict):
        raise wrong(name, "must be an object")
    return given


def _message(message: Any) -> dict[str, str]:
    role = message.get("role") if isinstance(message, dict) else None
    if not isinstance(role, str) or role not in _ROLES:
        raise ApiProblem(400, f"a message has the role {str(role)[:40]!r}", code="invalid_value", param="messages")
    return {"role": _ROLES[role], "content": _content(message.get("content"))}


def _content(content: Any) -> str:
    if isinstance(content, str):
        return content
    if not isinstance(content, list) or not all(isinstance(part, dict) for part in content):
        raise wrong("messages", "has a message without content that is text")
    if any(part.get("type") != "text" for part in content):
        raise unsupported("messages", "it reads text only")
    texts = [part.get("text") for part in content]
    if not all(isinstance(text, str) for text in texts):
        raise wrong("messages", "has a part without text")
    return "\n".join(str(text) for text in texts)
