"""Templates as pages and parts: one Jinja environment per language, and what every template may use."""

import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime, tzinfo
from functools import cache
from pathlib import Path
from typing import Any, Final

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from services.web import markdown, static_files
from services.web.languages import translations
from services.web.views.failure_words import failed, refused
from services.web.views.row_words import row_problem

TEMPLATES: Final = Path(__file__).parent / "templates"
_COLOURS: Final = 6
_WITH_YEAR: Final = {"en": "d MMMM y", "bg": "d MMMM y 'г'."}
_WEEKDAY: Final = {"en": "EEEE ", "bg": "EEEE, "}
_UNITS: Final = {"B": 1, "KB": 1_000, "MB": 1_000_000}


@cache
def environment(language: str) -> Environment:
    """The templates in this language."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        auto_reload=False,
    )
    made.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]  # its i18n extension adds it
    made.globals |= {
        "icon": icon,
        "static": static_files.url,
        "language": language,
        "new_id": new_id,
        "failed": failed(language),
        "refused": refused(language),
        "row_problem": row_problem(language),
    }
    made.filters |= {
        "markdown": markdown.html, "initials": initials, "colour": colour, "number": number(language),
        "called": called(language), "instant": instant, "size": size(language), "calendar": calendar(language), "money": money(language),
    }  # fmt: skip
    made.filters |= {
        name: _timed(name, language)
        for name in ("clock", "day", "moment", "date", "brief", "lately", "recently", "exactly")
    }
    made.tests["holds"] = lambda several, one: one in several
    macros = made.get_template("macros.html").module
    made.globals |= {name: macro for name, macro in vars(macros).items() if not name.startswith("_")}
    return made


def render(template: str, language: str, context: Mapping[str, Any]) -> str:
    """A page or a part as text."""
    return environment(language).get_template(template).render(context)


def answer(
    template: str,
    language: str,
    context: Mapping[str, Any],
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """A page or a part as an answer; never kept by the browser, for the next person may sit there."""
    kept = {"cache-control": "no-store", **(headers or {})}
    return HTMLResponse(render(template, language, context), status_code=status, headers=kept)


def new_id() -> str:
    """An id for a form: of the fact that it will report, so that sending it twice counts once."""
    return str(uuid.uuid4())


def icon(name: str) -> Markup:
    """An icon of static/icons.svg; the words beside it say what it means."""
    file = static_files.url("icons.svg")
    return Markup(f'<svg class="i" aria-hidden="true"><use href="{file}#{escape(name)}"/></svg>')  # noqa: S704


def initials(name: str) -> str:
    """Two letters for a round or square picture."""
    words = [word for word in name.replace("AI ", "", 1).split() if word[:1].isalnum()] or ["?"]
    return (words[0][0] + (words[-1][0] if len(words) > 1 else words[0][1:2])).upper()


def colour(id: str) -> str:
    """One of the six colours of pictures, always the same for the same id."""
    return f"h{sum(id.rpartition(':')[2].encode()) % _COLOURS + 1}"


def called(language: str) -> Any:
    """A filter that gives the name of a model or provider in this language."""

    def write(one: Any) -> str:
        return str(one.names.get(language) or one.name)

    return write


def instant(value: str | int | datetime) -> datetime:
    """A time as it stands in replies: RFC 3339, or microseconds UTC."""
    if isinstance(value, datetime):
        return value
    return datetime.fromtimestamp(value / 1_000_000, UTC) if isinstance(value, int) else datetime.fromisoformat(value)


def number(language: str) -> Any:
    """A filter that writes numbers as the language does."""

    def write(value: float) -> str:
        from babel.numbers import format_decimal

        return str(format_decimal(value, locale=language))

    return write


def money(language: str) -> Any:
    """A filter that writes an amount in its currency; cents of a cent are kept, because examples are cheap."""

    def write(amount: float, currency: str) -> str:
        from babel.numbers import format_currency

        pattern = None if amount == 0 or amount >= 0.01 else "¤0.00####"
        return str(format_currency(amount, currency, pattern, locale=language, currency_digits=pattern is None))

    return write


def size(language: str) -> Any:
    """A filter that writes how large a file is."""
    write = number(language)

    def words(value: int) -> str:
        unit = next((one for one in ("MB", "KB") if value >= _UNITS[one]), "B")
        return f"{write(round(value / _UNITS[unit], 1 if unit == 'MB' else None))} {unit}"

    return words


def calendar(language: str) -> Any:
    """A filter for days that have no hour, such as `2027-01-14`: as the language writes them."""

    def write(value: str | date) -> str:
        from babel.dates import format_date

        day = date.fromisoformat(value) if isinstance(value, str) else value
        return str(format_date(day, _WITH_YEAR[language], locale=language))

    return write


def _timed(name: str, language: str) -> Any:
    def write(value: str | int | datetime, zone: tzinfo) -> str:
        from babel.dates import format_date, format_time

        at = instant(value).astimezone(zone)
        if name == "exactly":
            return str(format_time(at, "HH:mm:ss", locale=language))
        today = datetime.now(zone).date()
        short = format_time(at, "HH:mm", locale=language)
        if name == "clock" or (name in ("lately", "recently") and at.date() == today):
            return str(short)
        pattern = "d MMMM" if at.year == today.year else _WITH_YEAR[language]
        if name in ("brief", "lately"):  # in the columns of tables and lists
            pattern = "d MMM" if at.year == today.year else "d MMM y"
        if name == "day":
            pattern = _WEEKDAY[language] + pattern
        day = str(format_date(at.date(), pattern, locale=language))
        day = day[:1].upper() + day[1:]
        return f"{day}, {short}" if name in ("moment", "recently") else day

    return write
