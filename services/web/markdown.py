"""Markdown that people and assistants write, as HTML that may stand in a page."""

import re
from collections.abc import Callable
from functools import cache, lru_cache
from html import unescape
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

_TAGS: Final = {
    "a", "blockquote", "br", "code", "del", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "s", "strong",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES: Final = {"a": {"href", "title"}, "ol": {"start"}, "code": {"class"}}
_SCHEMES: Final = {"http", "https", "mailto"}
_TOP_HEADINGS: Final = re.compile(r"<(/?)h[12]>")


@lru_cache(maxsize=2_048)
def html(text: str) -> Markup:
    """Rendered and sanitised; raw HTML in the text stays text."""
    import nh3

    rendered = _TOP_HEADINGS.sub(r"<\1h3>", _parser().render(text))
    clean = nh3.clean(
        rendered, tags=_TAGS, attributes=_ATTRIBUTES, url_schemes=_SCHEMES, link_rel="noopener noreferrer nofollow"
    )
    reached = clean.replace("<table>", '<table tabindex="0">')  # a wide one scrolls, by keyboard too
    return Markup(reached)  # noqa: S704  # nh3 has just cleaned it


def plain(text: str) -> str:
    """The words alone, in one line."""
    return html(text).striptags()


def mentioned(rendered: Markup, link: Callable[[str], str | None], names: list[str]) -> Markup:
    """The same with every `@Name` marked. `link`: where a name leads, or None."""
    if "@" not in rendered or not names:
        return rendered
    either = "|".join(re.escape(str(escape(name))) for name in sorted(names, key=len, reverse=True))

    def mark(found: "re.Match[str]") -> str:
        target = link(unescape(found.group(1)))
        return (
            f'<a class="at" href="{escape(target)}">{found.group()}</a>'
            if target
            else f'<span class="at">{found.group()}</span>'
        )

    # Between tags only: an @ in an attribute stays as it is.
    parts = re.split(r"(<[^>]*>)", str(rendered))
    marked = [
        part if part.startswith("<") else re.sub(rf"(?<!\w)@({either})(?!\w)", mark, part, flags=re.I) for part in parts
    ]
    return Markup("".join(marked))  # noqa: S704  # only our own tags were added


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    options: dict[str, Any] = {"html": False, "linkify": True, "breaks": True}
    parser = MarkdownIt("commonmark", options).enable(["table", "strikethrough", "linkify"])
    assert parser.linkify is not None
    parser.linkify.set({"fuzzy_link": False, "fuzzy_email": False})  # whole addresses only: main.py is none
    return parser
