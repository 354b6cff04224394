"""Reading pages in tests: their elements, their words."""

import re
from html.parser import HTMLParser
from itertools import pairwise

Elements = list[tuple[str, dict[str, str | None]]]


class _Outline(HTMLParser):
    """Collects elements, checks that they are closed in order."""

    VOID = frozenset({"meta", "link", "br", "hr", "input"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: Elements = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def outline(html: str) -> Elements:
    """Return the elements of a page whose elements are all closed in order."""
    parser = _Outline()
    parser.feed(html)
    parser.close()
    assert parser.open == []
    return parser.tags


def texts_of(html: str) -> str:
    """Return a page's text without markup, white space made one."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", html))


def check_soundness(html: str) -> Elements:
    """Check what holds for every page; return its elements.

    One h1, headings without gaps, ids once, labels and fragments that lead somewhere, nothing inline,
    nothing from elsewhere.
    """
    tags = outline(html)
    levels = [int(tag[1]) for tag, _ in tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for tag, attributes in tags:
        for name in ("aria-labelledby", "aria-describedby", "for"):
            assert set((attributes.get(name) or "").split()) <= set(ids)
        assert tag not in {"iframe", "img", "style", "object", "base"}
        assert not any(name.startswith("on") or name == "style" for name in attributes)
        href = attributes.get("href") or ""
        if href.startswith("#"):
            assert href[1:] in ids
        if tag == "link" and attributes["rel"] in ("stylesheet", "icon"):
            assert href.startswith("/static/")
        elif tag == "link":
            assert attributes["rel"] in ("alternate", "canonical")
        if tag == "script":
            assert (attributes["src"] or "").startswith("/static/dist/")
        if tag == "form":
            action = attributes["action"] or ""
            pages = ("/letters/", "/answer/", "/guarantee/", "/mails/", "/desk/")
            assert action == "/" or action.startswith(pages)
    assert "<script>" not in html
    return tags
