"""What a caller wants a job to be, checked before anything is stored."""

import re
from dataclasses import dataclass
from typing import Any, Final

from services.embedded_provider.models import BASE
from services.embedded_provider.problems import ApiProblem, unsupported, wrong

_SUFFIX: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class JobRequest:
    """A supervised job on the base model."""

    training_file: str
    validation_file: str | None
    suffix: str | None
    seed: int
    metadata: dict[str, str]

    @classmethod
    def read(cls, body: dict[str, Any]) -> "JobRequest":
        """From a request's body. Raises `ApiProblem`: 400 with the parameter at fault."""
        _check_model(body)
        _check_method(body)
        return cls(
            _file(body, "training_file") or "", _file(body, "validation_file"), _suffix(body), _seed(body), _metadata(body)
        )  # fmt: skip


def _check_model(body: dict[str, Any]) -> None:
    if body.get("model") != BASE:
        refused = f"The model {str(body.get('model'))[:100]!r} can't be fine-tuned here; use {BASE}."
        raise ApiProblem(400, refused, code="model_not_available", param="model")


def _check_method(body: dict[str, Any]) -> None:
    method = body.get("method") or {"type": "supervised"}
    if not isinstance(method, dict):
        raise wrong("method", "must be an object")
    if method.get("type") != "supervised":
        raise unsupported("method", "it learns supervised only")
    if body.get("integrations"):
        raise unsupported("integrations", "it reports to nobody")


def _file(body: dict[str, Any], name: str) -> str | None:
    id = body.get(name)
    if id is None and name == "validation_file":
        return None
    if not isinstance(id, str) or not id:
        raise wrong(name, "must be the id of a file")
    return id


def _suffix(body: dict[str, Any]) -> str | None:
    suffix = body.get("suffix") or None
    if suffix is not None and not (isinstance(suffix, str) and _SUFFIX.fullmatch(suffix)):
        raise wrong("suffix", "may have letters, digits, - and _, at most 64")
    return suffix


def _seed(body: dict[str, Any]) -> int:
    seed = body.get("seed")
    if seed is None:
        return 0
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 2**31:
        raise wrong("seed", "must be a whole number from 0 to 2147483647")
    return seed


def _metadata(body: dict[str, Any]) -> dict[str, str]:
    metadata = body.get("metadata") or {}
    if (
        not isinstance(metadata, dict)
        or len(metadata) > 16
        or not all(isinstance(value, str) and len(value) <= 512 and len(key) <= 64 for key, value in metadata.items())
    ):
        raise wrong("metadata", "takes at most 16 pairs of strings, of 64 and 512 characters")
    return metadata
