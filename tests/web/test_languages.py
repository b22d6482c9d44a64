"""No word of the pages is left untranslated, and no translation is left over."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import Environment

from contracts.facts import KINDS
from services.web.languages import LANGUAGES, translations
from services.web.problems import OURS, sentence
from services.web.views.failure_words import failure_words
from services.web.views.refusal_words import NOT_BY_PAGES, refusal_words
from tests.web.catalog import FOLDER, ROOT, catalog, faults, found, key, said

OTHERS = sorted(set(LANGUAGES) - {"en"})
TEMPLATES = sorted((FOLDER / "templates").rglob("*.html"))
SPOKEN = frozenset({"aria-label", "title", "placeholder", "alt"})
NAMES = frozenset({"Apprentice", "SHA", "Esc", "Ctrl", "Enter", "en"})
"""Words that are the same in every language."""
REFUSING = (
    "services/commands",
    "services/projections",
    "services/chat",
    "services/compiler",
    "services/web",
    "services/bus",
    "services/eventlog",
)


@pytest.mark.parametrize("language", OTHERS)
def test_every_word_in_the_code_is_translated(language: str) -> None:
    known = {key(message): message for message in catalog(language) if message.id}

    missing = sorted(one for one in found() if one not in known)
    wrong = {
        one: faults(one, said(known[one])) for one in sorted(found()) if one in known and faults(one, said(known[one]))
    }

    assert not missing, "run `make messages` and translate these"
    assert not wrong
    assert not [one for one, message in known.items() if message.fuzzy]


@pytest.mark.parametrize("language", OTHERS)
def test_no_translation_is_of_words_that_are_gone(language: str) -> None:
    gone = sorted(key(message) for message in catalog(language) if message.id and key(message) not in found())

    assert not gone, "run `make messages`"
    assert not catalog(language).obsolete


@pytest.mark.parametrize("language", OTHERS)
def test_a_catalog_says_how_its_language_counts(language: str) -> None:
    header = (
        (FOLDER / "locale" / language / "LC_MESSAGES" / "messages.po").read_text(encoding="utf-8").partition("\n\n")[0]
    )

    assert f"Plural-Forms: nplurals={catalog(language).num_plurals};" in header


def test_what_a_translation_may_get_wrong_is_noticed() -> None:
    assert not faults(("Taught by %(name)s",), ("Научено от %(name)s",))
    assert faults(("Taught by %(name)s",), ("Научено",)) == ["has other placeholders"]
    assert faults(("%(num)s day", "%(num)s days"), ("%(num)s ден", "дни")) == ["has other placeholders"]
    assert faults(("{} messages picked",), ("избрани",)) == ["has other placeholders"]
    assert faults((" and",), ("и",)) == ["begins or ends with other spaces"]
    assert faults(("<b>Now</b>",), ("Сега",)) == ["has other tags"]
    assert faults(("Save",), ("",)) == ["isn't translated"]


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: str(file.relative_to(FOLDER / "templates")))
def test_a_template_says_nothing_outside_the_catalog(file: Path) -> None:
    assert not sorted(set(unwrapped(file.read_text(encoding="utf-8"))) - NAMES)


def test_words_outside_the_catalog_are_noticed() -> None:
    assert list(unwrapped("<p class='soft'>Hello {{ name }}</p>")) == ["Hello"]
    assert list(unwrapped('<a href="/x" aria-label="Open it">{{ _("Open") }}</a>')) == ["Open", "it"]
    assert not list(unwrapped('<a href="/x?to={{ here }}">{# words #}{{ _("Open") }}</a>'))


def unwrapped(template: str) -> Iterator[str]:
    """Words of the markup itself: of its text, and of attributes that are read out or shown."""
    lexed = Environment(extensions=["jinja2.ext.i18n", "jinja2.ext.do"]).lex(template)  # nothing is rendered
    markup = "".join(
        value if token == "data" else "\0" for _, token, value in lexed if token in ("data", "variable_begin")
    )
    for name, value in re.findall(r'([\w-]+)="([^"]*)"', markup):
        if name in SPOKEN:
            yield from _words(value)
    yield from _words(re.sub(r'<(?:[^>"]|"[^"]*")*>', " ", re.sub(r'="[^"]*"', "", markup)))


def _words(text: str) -> Iterator[str]:
    yield from re.findall(r"(?<![&\w/])[A-Za-z]{2,}(?!\w|;)", text)


def test_every_refusal_has_a_sentence_in_every_language() -> None:
    codes, known = set(refusal_codes()), refusal_words(str)

    assert len(codes) > 50
    assert not sorted(codes - set(known) - NOT_BY_PAGES), "add them to services/web/refusal_words.py"
    assert not sorted(NOT_BY_PAGES & set(known))
    assert not sorted(NOT_BY_PAGES - codes), "nothing is refused so any more"
    assert not sorted(set(known) - codes), "nothing is refused so any more"


def refusal_codes() -> Iterator[str]:
    """The codes of all `Refused(...)` and `Told(...)`; one made of a kind stands for every kind."""
    for folder in REFUSING:
        for file in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Refused", "Told") and node.args:
                    yield from _codes(node.args[0])


def _codes(code: ast.expr) -> Iterator[str]:
    match code:
        case ast.Constant(value=str(value)):
            yield value
        case ast.JoinedStr():
            yield from (f"unknown_{kind}" for kind in KINDS)
        case ast.IfExp():
            yield from _codes(code.body)
            yield from _codes(code.orelse)


def test_every_way_to_fail_has_a_sentence_in_every_language() -> None:
    codes = set(failure_codes())

    assert len(codes) > 15
    assert not sorted(codes - set(failure_words(str))), "add them to services/web/failure_words.py"
    assert not sorted(set(failure_words(str)) - codes), "nothing fails so any more"


def failure_codes() -> Iterator[str]:
    """The codes with which a provider, a training set or a compilation is at fault."""
    for folder in ("services/providers", "services/packaging", "services/compiler"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            text = file.read_text(encoding="utf-8")
            yield from re.findall(r'(?:ProviderProblem|Fault)\(\s*"(\w+)"', text)
            yield from re.findall(r'\d{3}: \(\s*"(\w+)"', text)


@pytest.mark.parametrize("language", OTHERS)
def test_a_refusal_is_said_in_the_visitors_language(language: str) -> None:
    for code, english in refusal_words(str).items():
        assert sentence(language, code, "English") == translations(language).gettext(english) != english
        assert sentence("en", code, "As the rules say it.") == (english if code in OURS else "As the rules say it.")
