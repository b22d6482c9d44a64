"""Refusals in OpenAI's shape: `{"error": {message, type, param, code}}`."""

from typing import Any, Final

_TYPES: Final = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


class ApiProblem(Exception):
    """Answered with this HTTP status."""

    def __init__(self, status: int, message: str, *, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        kind = "server_error" if status >= 500 else _TYPES.get(status, "invalid_request_error")
        self.body: dict[str, Any] = {"error": {"message": message, "type": kind, "param": param, "code": code}}


def unknown(kind: str, id: str) -> ApiProblem:
    """404 for a record that isn't there."""
    return ApiProblem(404, f"No such {kind}: {id[:100]}", code=f"{kind.replace(' ', '_')}_not_found", param="id")


def unsupported(param: str, why: str) -> ApiProblem:
    """400 for what a retrieval model can't do."""
    return ApiProblem(
        400, f"{param} isn't supported by the embedded provider: {why}", code="unsupported_parameter", param=param
    )


def wrong(param: str, rule: str) -> ApiProblem:
    """400 for a parameter of the wrong type or form."""
    return ApiProblem(400, f"{param} {rule}", code="invalid_value", param=param)
