"""A letter's Markdown as a tree of plain values: what a document is set from that is no page.

The rules are those of the page: no raw HTML, no pictures. Nodes are lists: their kind, then what belongs to
it; text is text. Headings stand below the letter's title, and skip no level.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

Node = list[Any]

_MARKDOWN: Final = MarkdownIt("commonmark", {"html": False}).disable("image")
_TITLE: Final = 1
_SCHEMES: Final = frozenset({"https", "http", "mailto"})
_PLAIN: Final = {"softbreak": ["text", " "], "hardbreak": ["break"]}
_AROUND: Final = {
    "em_open": "em",
    "strong_open": "strong",
    "bullet_list_open": "bullets",
    "list_item_open": "item",
    "blockquote_open": "quote",
    "paragraph_open": "paragraph",
}


def parse_marked(text: str) -> list[Node]:
    """Return the blocks of a text.

    `["paragraph", nodes]`, `["heading", level, nodes]`, `["bullets", items]`, `["numbers", start, items]`,
    `["item", nodes]`, `["quote", nodes]`, `["block", text]`, `["rule"]`; within them `["text", text]`,
    `["em", nodes]`, `["strong", nodes]`, `["code", text]`, `["link", address, nodes]` and `["break"]`.
    """
    nodes = _nodes(iter(_MARKDOWN.parse(text)))
    _settle_headings(nodes, _TITLE)
    return nodes


def _nodes(tokens: Iterator[Token]) -> list[Node]:
    """Return the nodes up to the end of the one that the tokens are within."""
    nodes: list[Node] = []
    for token in tokens:
        if token.nesting < 0:
            break
        if token.type == "inline":
            nodes += _nodes(iter(token.children or ()))
        elif token.nesting > 0:
            nodes.append(_around(token, _nodes(tokens)))
        else:
            nodes.append(_leaf(token))
    return nodes


def _around(token: Token, within: list[Node]) -> Node:
    match token.type:
        case "heading_open":
            return ["heading", int(token.tag[1]), within]
        case "ordered_list_open":
            return ["numbers", int(token.attrGet("start") or 1), within]
        case "link_open":
            address = str(token.attrGet("href") or "")
            is_safe = urlsplit(address).scheme in _SCHEMES
            return ["link", address if is_safe else "", within]
        case kind:
            return [_AROUND[kind], within]


def _leaf(token: Token) -> Node:
    match token.type:
        case "code_inline" | "code_block" | "fence":
            kind = "code" if token.type == "code_inline" else "block"
            return [kind, token.content.rstrip("\n")]
        case "hr":
            return ["rule"]
        case kind if kind in _PLAIN:
            return _PLAIN[kind]
        case _:
            return ["text", token.content]


def _settle_headings(nodes: Sequence[Node], above: int) -> int:
    """Let each heading be at most one level below the one before it; return the last one's level."""
    for node in nodes:
        if node[0] == "heading":
            above = node[1] = min(node[1] + _TITLE, above + 1)
        elif isinstance(node[-1], list):
            above = _settle_headings(node[-1], above)
    return above
