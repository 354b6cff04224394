"""Markdown of a letter as HTML: no raw HTML, no pictures, headings below those of the page."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

ALLOWED_TAGS: Final = {
    "a", "blockquote", "br", "code", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre",
    "strong", "ul",
}  # fmt: skip
ALLOWED_ATTRIBUTES: Final = {"a": {"href", "title"}, "ol": {"start"}}

CACHED_TEXTS: Final = 200
"""Texts kept as HTML, at most some 20 MB: every language of every letter that is being read."""

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).disable("image")


@lru_cache(CACHED_TEXTS)
def render_markdown(text: str) -> Markup:
    """Return the HTML of a letter's text, cleaned again after it was made."""
    return _render(_parse(text))


@lru_cache(CACHED_TEXTS)
def render_blocks(text: str) -> tuple[tuple[str, Markup], ...]:
    """Return the outermost blocks of a letter's text one by one: the name of the element, and its HTML."""
    blocks: list[list[Token]] = []
    for token in _parse(text):
        if token.level == 0 and token.nesting >= 0:
            blocks.append([])
        blocks[-1].append(token)
    return tuple((block[0].tag, _render(block)) for block in blocks)


def _parse(text: str) -> list[Token]:
    tokens = _MARKDOWN.parse(text)
    _lower_headings(tokens)
    return tokens


def _render(tokens: Sequence[Token]) -> Markup:
    html = str(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))
    clean = nh3.clean(
        html,
        tags=ALLOWED_TAGS,
        attributes=ALLOWED_ATTRIBUTES,
        url_schemes={"https", "http", "mailto"},
        link_rel="nofollow noopener noreferrer",
    )
    return Markup(clean)  # noqa: S704 - this is what nh3 has cleaned


def _lower_headings(tokens: Sequence[Token]) -> None:
    """The title is h1 and the parts of the page are h2: headings of the text stand below them."""
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 2)}"
