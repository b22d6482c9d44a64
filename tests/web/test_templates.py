"""What no template may contain: the policy would forbid it in the browser, this says so at once."""

import re
from pathlib import Path

import pytest

import services.web

FOLDER = Path(services.web.__file__).parent
TEMPLATES = sorted((FOLDER / "templates").rglob("*.html"))
SCRIPTS = sorted((FOLDER / "static").glob("*.js"))
OUR_LIMIT = 6 * 1024
"""Bytes, compressed, of all our scripts together, and of our style."""


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

    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text)


def test_our_scripts_and_our_style_stay_small() -> None:
    import gzip

    scripts = sum(len(gzip.compress(file.read_bytes(), 9)) for file in SCRIPTS)
    style = len(gzip.compress((FOLDER / "static" / "apprentice.css").read_bytes(), 9))

    assert style <= OUR_LIMIT
    assert scripts <= OUR_LIMIT
