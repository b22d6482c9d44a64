"""What a form is answered, in a page with scripts and in one without."""

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.web.rendering import answer
from services.web.visitor import Visitor


def by_script(request: Request) -> bool:
    """Whether a part of the open page is asked for, not a page."""
    return request.headers.get("hx-request") == "true"


def aims_at(request: Request, id: str) -> bool:
    """Whether the answer will stand in the element with this id."""
    return request.headers.get("hx-target", "").endswith(f"#{id}")


def lead(request: Request, url: str) -> Response:
    """To another page."""
    if by_script(request):
        return Response(status_code=204, headers={"hx-redirect": url})
    return RedirectResponse(url, status_code=303)


def lead_saying(request: Request, visitor: Visitor, url: str, said: str) -> Response:
    """To another page, where a toast says what was done."""
    visitor.house.toasts.put(visitor.session.digest, "parts/plain_toast.html", {"said": said})
    return lead(request, url)


def refreshed(request: Request, visitor: Visitor, back: str, said: str, kind: str = "") -> Response:
    """It is done, and the page shows it by its live regions: a toast says so, an open dialog closes."""
    if not by_script(request):
        return RedirectResponse(back, status_code=303)
    headers = {"hx-reswap": "none", "hx-trigger": "close-dialog"}
    return said_toast(visitor, said, kind, headers)


def said_toast(visitor: Visitor, said: str, kind: str = "", headers: dict[str, str] | None = None) -> HTMLResponse:
    """A toast with this sentence, and nothing else."""
    return answer("parts/said_toast.html", visitor.language, {"said": said, "kind": kind}, headers=headers)
