"""What people and assistants write becomes markup that does nothing but show it."""

import re

import pytest

from services.web.markdown import html, mentioned

HOSTILE = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[x](javascript:alert(1))", "<svg/onload=alert(1)>",
    "![x](https://elsewhere.example/pixel.png)", "[x](data:text/html;base64,PHNjcmlwdD4=)", "<style>*{display:none}</style>",
    '<a href="x" onclick="alert(1)">x</a>', "<iframe src=//elsewhere.example></iframe>", "`<b onmouseover=alert(1)>`",
    "[x](  jAvAsCrIpT:alert(1) )", "<math><mtext></mtext><script>alert(1)</script></math>", "&lt;script&gt;",
)  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_shows_as_text(text: str) -> None:
    shown = str(html(text)).lower()

    for never in (
        "<script",
        "<img",
        "<svg",
        "<style",
        "<iframe",
        "<math",
        "<b ",
        'href="javascript',
        'href="data',
        'href="  j',
    ):
        assert never not in shown
    assert not re.search(r"<[^>]*\son\w+=", shown)


def test_markdown_shows_as_it_is_meant() -> None:
    shown = str(
        html("# Ember\n\n**five** *years*\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\n[shop](https://shop.example)")
    )

    for part in (
        "<h3>Ember</h3>",
        "<strong>five</strong>",
        "<em>years</em>",
        '<table tabindex="0">',
        "<td>1</td>",
        'href="https://shop.example"',
    ):
        assert part in shown
    assert "noopener" in shown


def test_a_mention_leads_to_its_model_also_when_its_name_has_an_ampersand() -> None:
    names = {"Rowan & Vale": "/models/master", "Rowan": None}

    shown = mentioned(html("@Rowan & Vale and @Rowan, not mail@Rowan.example"), names.get, list(names))

    assert '<a class="at" href="/models/master">@Rowan &amp; Vale</a>' in shown
    assert '<span class="at">@Rowan</span>,' in shown
    assert "mail@Rowan.example" in shown


def test_whole_addresses_are_links_and_names_of_files_are_none() -> None:
    shown = str(html("See https://shop.example/a_b?x=1, main.py and `https://code.example`; mara@shop.example knows."))

    assert re.findall(r'href="([^"]*)"', shown) == ["https://shop.example/a_b?x=1"]
