"""The texts of a letter, two of them side by side: which one counts, and the hash that binds each.

The first text of a letter is the authoritative one (formats, section 3.1); the others are translations by
whoever wrote the letter, fixed with it. Each is a document whose SHA-256 is in the letter's record.
"""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, Response
from markupsafe import Markup
from starlette.requests import Request

from undersigned.app import reading
from undersigned.app.reading import LetterPage
from undersigned.domain.letter import TextDocument
from undersigned.domain.terms import LONGEST_LANG
from undersigned.web.door import AtDoor
from undersigned.web.pages.address import find_base_url
from undersigned.web.pages.choosing import choose_text
from undersigned.web.pages.letters import renderer_of, values_of
from undersigned.web.pages.markup import render_blocks, render_markdown

router = APIRouter(tags=["pages"], default_response_class=HTMLResponse)


@dataclass(frozen=True, slots=True)
class BoundText:
    """A text with the SHA-256 (hex) of its document; the first of a letter counts."""

    document: TextDocument
    digest: str
    counts: bool

    @property
    def lang(self) -> str:
        """The language of its document."""
        return self.document.lang


@router.get("/letters/{slug}/texts")
def show_texts(
    request: Request,
    door: AtDoor,
    slug: str,
    one: Annotated[str | None, Query(max_length=LONGEST_LANG)] = None,
    other: Annotated[str | None, Query(max_length=LONGEST_LANG)] = None,
) -> Response:
    """Show two texts of a letter side by side: the authoritative one and a translation, or any two."""
    renderer, running = renderer_of(request), door.running
    page = reading.get_page(running.site, running.letters, slug)
    tag = renderer.language_of(request, page.texts).tag
    texts = bound_texts(page)
    left = next((text for text in texts if text.document.lang == one), texts[0])
    right = _choose_other(texts, left, other, tag)
    shown = [left] if right is None else [left, right]
    values = values_of(page, choose_text(page.texts, None, tag), running.site.clock.now()) | {
        "texts": texts,
        "shown": shown,
        "rows": align([text.document for text in shown]),
        "base": find_base_url(request, running),
    }
    return renderer.page(request, "texts.html", values, forms=True, texts=page.texts)


def bound_texts(page: LetterPage) -> list[BoundText]:
    """Return the texts of a letter with their hashes."""
    pairs = zip(page.texts, page.letter.texts, strict=True)
    return [BoundText(text, ref.hash.hex(), n == 0) for n, (text, ref) in enumerate(pairs)]


def _choose_other(
    texts: list[BoundText], left: BoundText, asked: str | None, tag: str
) -> BoundText | None:
    """Choose the text in the language that was asked for, else that of the page, else the next one."""
    rest = [text for text in texts if text is not left]
    return choose_text(rest, asked, tag) if rest else None


def align(texts: list[TextDocument]) -> list[list[Markup]]:
    """Return the bodies of texts row by row, one cell for each text.

    Paragraph beside paragraph where all have the same blocks in the same order; else whole beside whole.
    """
    blocks = [render_blocks(text.text) for text in texts]
    kinds = {tuple(name for name, _ in each) for each in blocks}
    if len(kinds) > 1:
        return [[render_markdown(text.text) for text in texts]]
    return [[html for _, html in row] for row in zip(*blocks, strict=True)]
