"""Signing in and out: a one-time link, or a name and a password; in a demo company, as anybody."""

import asyncio
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from contracts.facts.person import PersonRevised
from contracts.queries import People, SignIn
from services.refusals import Refused
from services.web.asking import ACTOR, MODULE
from services.web.house import House
from services.web.languages import LANGUAGES, chosen, translations
from services.web.problems import explained
from services.web.rendering import answer
from services.web.shell import page
from services.web.visitor import Signed, cookie_name, house_of, is_encrypted, theme_of, visitor_of

router = APIRouter()
Text = Annotated[str, Form()]


@router.get("/sign-in")
async def sign_in(request: Request, to: str = "/", language: str = "") -> Response:
    """The door."""
    if await visitor_of(request) is not None:
        return RedirectResponse(_inside(to), status_code=303)
    return await _door(request, to=to, language=language)


@router.post("/sign-in")
async def check_password(
    request: Request, login: Text, password: Text, to: Text = "/", language: Text = ""
) -> Response:
    """In with a name and a password; both wrong look alike."""
    house, name = house_of(request), login.strip().casefold()[:200]
    _ = translations(_language(request, language)).gettext
    found: SignIn = (await house.bus.query("sign_in", {"login": login[:200]}, module=MODULE, actor=ACTOR))[1]
    if wait := await asyncio.to_thread(house.passwords.count_try, name):
        late = _("This name was tried too often. Wait %(seconds)s seconds and try again.") % {"seconds": wait}
        return await _door(request, 429, to=to, language=language, login=login, problem=late)
    right = await asyncio.to_thread(house.passwords.check, found.person, password)
    if not right or found.person is None:
        wrong = _("Name or password is wrong. An administrator can give you a new link.")
        return await _door(request, 422, to=to, language=language, login=login, problem=wrong)
    await asyncio.to_thread(house.passwords.forget_tries, name)
    return await _begin(request, house, found.person, to)


@router.get("/welcome/{token}")
async def welcome(request: Request, token: str, language: str = "") -> Response:
    """Where a one-time link leads. Only the button uses it up: programs that look at links before people don't."""
    good = await asyncio.to_thread(house_of(request).sessions.link_is_good, token)
    if not good:
        if await visitor_of(request) is not None:
            return RedirectResponse("/", status_code=303)
        _ = translations(_language(request, language)).gettext
        gone = _("This link was used already or is older than a day. Sign in, or ask an administrator for a new one.")
        return await _door(request, 410, language=language, problem=gone)
    return _gate(request, "welcome.html", token=token, language=language)


@router.post("/welcome/{token}")
async def use_link(request: Request, token: str) -> Response:
    """In by the link, once."""
    house = house_of(request)
    person = await asyncio.to_thread(house.sessions.use_link, token)
    if person is None:
        return RedirectResponse(f"/welcome/{quote(token)}", status_code=303)
    return await _begin(request, house, person, "/")


@router.post("/switch/{person}")
async def switch(request: Request, person: str) -> Response:
    """Go on as another person of the demo company; there is no such thing elsewhere."""
    house = house_of(request)
    if not house.demo or await house.person(person) is None:
        raise Refused("unknown_page", "There is no such page.")
    visitor = await visitor_of(request)
    if visitor is not None:
        await asyncio.to_thread(house.sessions.end, visitor.session.digest)
    return await _begin(request, house, person, "/")


@router.post("/sign-out")
async def sign_out(request: Request, visitor: Signed) -> Response:
    """Out, in this browser."""
    await asyncio.to_thread(visitor.house.sessions.end, visitor.session.digest)
    for reader in visitor.house.rooms.everyone():
        if reader.session == visitor.session.digest:
            reader.end()
    answer_ = RedirectResponse("/sign-in", status_code=303)
    answer_.delete_cookie(cookie_name(request), path="/")
    return answer_


@router.get("/me")
async def me(request: Request, visitor: Signed) -> HTMLResponse:
    """The person's own settings: language, look, password; in a demo company, who else one may be."""
    has = await asyncio.to_thread(visitor.house.passwords.has, visitor.person.id)
    people: People = await visitor.ask("people")
    return await page(
        request, visitor, "me.html", has_password=has, people=people.people, languages=LANGUAGES, problem="", done=""
    )


@router.post("/me/password")
async def set_password(request: Request, visitor: Signed, password: Text, current: Text = "") -> HTMLResponse:
    """A new password; every other browser is signed out."""
    house, id = visitor.house, visitor.person.id
    has = await asyncio.to_thread(house.passwords.has, id)
    problem, done = "", ""
    if has and not await asyncio.to_thread(house.passwords.check, id, current):
        problem = visitor.text("The current password is wrong.")
    else:
        try:
            await asyncio.to_thread(house.passwords.set, id, password)
            await asyncio.to_thread(house.sessions.end_all, id, visitor.session.digest)
            done = visitor.text("Your password is set; you were signed out in other browsers.")
        except Refused as refused:
            problem = explained(visitor, refused)
    people: People = await visitor.ask("people")
    return await page(
        request, visitor, "me.html", 422 if problem else 200, has_password=has or bool(done), people=people.people,
        languages=LANGUAGES, problem=problem, done=done,
    )  # fmt: skip


@router.post("/me/language")
async def set_language(request: Request, visitor: Signed, language: Text, id: Text) -> Response:
    """From now on everything is in this language."""
    if language in LANGUAGES and language != visitor.person.language:
        await visitor.report(PersonRevised(language=language), subject=visitor.person.id, id=id)
    return RedirectResponse("/me", status_code=303)


async def _begin(request: Request, house: House, person: str, to: str) -> Response:
    token = await asyncio.to_thread(house.sessions.begin, person, request.headers.get("user-agent", ""))
    entered = RedirectResponse(_inside(to), status_code=303)
    entered.set_cookie(
        cookie_name(request), token, max_age=180 * 24 * 3600, path="/", httponly=True, samesite="lax",
        secure=is_encrypted(request),
    )  # fmt: skip
    return entered


async def _door(request: Request, status: int = 200, /, *, language: str = "", **context: str) -> HTMLResponse:
    house = house_of(request)
    people: list[object] = []
    if house.demo:
        found: People = (await house.bus.query("people", {}, module=MODULE, actor=ACTOR))[1]
        people = [one for one in found.people if not one.erased]
    given = {"login": "", "problem": "", "to": "/"} | context
    return _gate(request, "sign_in.html", status, language=language, people=people, **given)


def _gate(request: Request, template: str, status: int = 200, /, *, language: str, **context: object) -> HTMLResponse:
    spoken = _language(request, language)
    given = {"visitor": None, "theme": theme_of(request), "languages": LANGUAGES, "path": request.url.path}
    return answer(template, spoken, given | context, status)


def _language(request: Request, asked: str) -> str:
    return chosen([asked], request.headers.get("accept-language", ""))


def _inside(to: str) -> str:
    """Only paths of ours: `//elsewhere` and `https://elsewhere` lead to the first page."""
    return to if to.startswith("/") and not to.startswith(("//", "/\\")) and "\n" not in to else "/"
