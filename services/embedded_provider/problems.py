"""Refusals in OpenAI's shape: `{"error": {message, type, param, code}}`."""

from typing import Any


class ApiProblem(Exception):
    """Answered with this HTTP status."""

    def __init__(self, status: int, message: str, *, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"error": {"message": message, "type": _type(status), "param": param, "code": code}}


def _type(status: int) -> str:
    if status == 401:
        return "authentication_error"
    if status == 429:
        return "rate_limit_error"
    return "server_error" if status >= 500 else "invalid_request_error"


def unknown(kind: str, id: str) -> ApiProblem:
    """404 for a record that isn't there."""
    return ApiProblem(404, f"No such {kind}: {id[:100]}", code=f"{kind.replace(' ', '_')}_not_found", param="id")


def unsupported(param: str, why: str) -> ApiProblem:
    """400 for what a retrieval model can't do."""
    return ApiProblem(
        400, f"{param} isn't supported by the embedded provider: {why}", code="unsupported_parameter", param=param
    )
