"""What no template may contain: the policy would forbid it in the browser, this says so at once."""

import re
from pathlib import Path

import pytest

import services.web

FOLDER = Path(services.web.__file__).parent
TEMPLATES = sorted((FOLDER / "templates").rglob("*.html"))
SCRIPTS = sorted((FOLDER / "static").glob("*.js"))


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.name)
def test_a_template_has_no_inline_script_style_or_handler(file: Path) -> None:
    text = file.read_text(encoding="utf-8")

    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"<style\b|\sstyle=", text)
    assert not re.search(r"\s(on[a-z]+|hx-on[^=\s]*|hx-vals=['\"]js:)=", text)
    assert not re.search(r"javascript:|https?://(?!www\.w3\.org)", text)


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.name)
def test_a_script_makes_no_markup_and_evaluates_nothing(file: Path) -> None:
    text = file.read_text(encoding="utf-8")

    assert not re.search(r"\.innerHTML|\.outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text)
