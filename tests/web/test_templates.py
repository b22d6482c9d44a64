"""What no template may contain: the policy would forbid it in the browser, this says so at once."""

import re
from pathlib import Path

import pytest

import services.web

FOLDER = Path(services.web.__file__).parent
TEMPLATES = sorted((FOLDER / "templates").rglob("*.html"))
SCRIPTS = sorted((FOLDER / "static").glob("*.js"))

NO_FACT = (
    r"^/(sign-in|sign-out|welcome|switch|me/password)", r"/people/[^/]+/(link|sign-out)$",  # sessions aren't facts
    r"^/(imports|models/[^/]*/import$)",  # an import names its own facts, row by row
    r"/(ask|check|preview)$",  # nothing is recorded
    r"/messages$",  # chat.js names what it sends; without it the page does
    r"^/groups/direct$",  # there is one chat of two, whoever opens it how often
)  # fmt: skip
"""Forms that report no fact, or whose fact is named elsewhere."""


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.name)
def test_a_template_has_no_inline_script_style_or_handler(file: Path) -> None:
    text = file.read_text(encoding="utf-8")

    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"<style\b|\sstyle=", text)
    assert not re.search(r"\s(on[a-z]+|hx-on[^=\s]*|hx-vals=['\"]js:)=", text)
    assert not re.search(r"javascript:|https?://(?!www\.w3\.org)", text)


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.name)
def test_a_form_that_reports_a_fact_names_it_so_that_sending_it_twice_counts_once(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    for form in re.finditer(r'<form[^>]*?(?:method="post"|hx-post)[^>]*>', text):
        where = re.search(r'(?:action|hx-post)="([^"]*)"', form.group())
        inside = text[form.end() :].partition("</form>")[0]

        assert where is not None
        assert 'name="id"' in inside or "{% include" in inside or any(re.search(one, where[1]) for one in NO_FACT)


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.name)
def test_what_is_sent_is_answered_in_a_place_that_stays_also_when_its_sender_has_gone(file: Path) -> None:
    text = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", file.read_text(encoding="utf-8"))
    for sender in re.findall(r"<\w+[^>]*\bhx-(?:post|put|delete)=[^>]*>", text):
        assert "hx-target=" in sender  # without one it is the sender itself, which live updates and toasts take away


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.name)
def test_a_script_makes_no_markup_and_evaluates_nothing(file: Path) -> None:
    text = file.read_text(encoding="utf-8")

    assert not re.search(r"\.innerHTML|\.outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text)
