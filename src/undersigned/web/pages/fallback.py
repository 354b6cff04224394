"""Pages in a language whose catalogue is partial: what comes in English says so in the markup.

Sentences bear marks (`language.PartialTranslations`) until the page is whole; here they become `lang` and
`dir`. A paragraph of which no word is in the page's language is marked itself, so that its lines run as
English does; elsewhere each sentence gets a `span`. An attribute's words cannot be marked apart.
"""

import re
from dataclasses import dataclass
from typing import Final

from undersigned.language import OTHER, OTHER_END, OWN

_SOURCE: Final = ' lang="en" dir="ltr"'
_TAG: Final = re.compile(r"(<[^<>]*>)")
_NAME: Final = re.compile(r"<(/?)([a-z][a-z0-9]*)", re.IGNORECASE)
_MARKS: Final = re.compile("|".join(map(re.escape, (OTHER, OTHER_END, OWN))))
_BETWEEN: Final = re.compile(rf"{re.escape(OTHER_END)}(\s*){re.escape(OTHER)}")

_TEXT_ONLY: Final = frozenset({"desc", "option", "template", "text", "textarea", "title"})
"""Elements in which a `span` may not stand, or is lost."""

_RUNNING: Final = frozenset({"blockquote", "li", "p"}) | _TEXT_ONLY
"""Elements that are marked themselves."""

_BLOCKS: Final = _RUNNING | {
    "article", "aside", "body", "caption", "dd", "details", "div", "dl", "dt", "fieldset", "figcaption",
    "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "html", "label",
    "legend", "main", "nav", "ol", "pre", "section", "summary", "svg", "table", "tbody", "td", "th", "thead",
    "tr", "ul",
}  # fmt: skip
"""Elements whose words are laid out apart from those around them."""


@dataclass(slots=True, eq=False)
class _Block:
    """An element: where its tag is among the tokens, and what is in it."""

    name: str
    at: int
    has_lang: bool = False
    has_blocks: bool = False
    has_own: bool = False
    has_other: bool = False

    @property
    def is_other(self) -> bool:
        """Say whether it is marked as a whole."""
        is_leaf = self.name in _RUNNING and not (self.has_blocks or self.has_lang)
        return is_leaf and self.has_other and not self.has_own


def mark_fallbacks(html: str) -> str:
    """Return a page with `lang` and `dir` where its marks say that words are in the source's language."""
    tokens = _TAG.split(html)  # texts at even places, tags between them
    holders = _find_holders(tokens)
    for at, block in holders.items():
        if not (block.is_other or block.name in _TEXT_ONLY):
            joined = _BETWEEN.sub(r"\1", tokens[at])
            tokens[at] = joined.replace(OTHER, f"<span{_SOURCE}>").replace(OTHER_END, "</span>")
    for block in {block for block in holders.values() if block.is_other}:
        tokens[block.at] = f"{tokens[block.at][:-1]}{_SOURCE}>"
    return _MARKS.sub("", "".join(tokens))


def _find_holders(tokens: list[str]) -> dict[int, _Block]:
    """Return the block that each text with marks stands in."""
    stack: list[_Block] = [_Block("", 0)]
    holders = {}
    for at, token in enumerate(tokens):
        tag = _NAME.match(token) if at % 2 else None
        if tag is None:
            if _MARKS.search(token) and not at % 2:
                stack[-1].has_other |= OTHER in token
                stack[-1].has_own |= OWN in token
                holders[at] = stack[-1]
        elif tag[2] in _BLOCKS:
            if tag[1]:
                stack.pop()
            else:
                stack[-1].has_blocks = True
                stack.append(_Block(tag[2], at, " lang=" in token))
    return holders
