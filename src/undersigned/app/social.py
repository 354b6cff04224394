"""The picture that a preview of a letter's address shows, wherever somebody has pasted it.

It names the moment that its numbers are of: whoever makes previews keeps them for long.
"""

from pathlib import Path
from typing import Any, Final

from undersigned.app.glance import Glance
from undersigned.app.typesetting import draw

MOST_ADDRESSEES: Final = 200
"""Characters of the addressees that are handed on; the picture has room for some eighty."""

_WORDS: Final = ("eyebrow", "to", "figure", "part", "state", "as_of")


def draw_card(glance: Glance, host: str, *, fonts: Path | None = None) -> bytes:
    """Return the picture (PNG, 1,200 by 630 pixels) of a letter. Raises StoreError."""
    return draw("social", card_data(glance, host), fonts=fonts)


def card_data(glance: Glance, host: str) -> dict[str, Any]:
    """Return what the picture shows."""
    numbers, text = glance.page.numbers, glance.text
    return {
        "lang": glance.lang,
        "text_lang": _primary(text.lang) or glance.lang,
        "host": host,
        "title": text.title,
        "addressees": ", ".join(text.addressees)[:MOST_ADDRESSEES],
        "words": {name: glance.words[name] for name in _WORDS},
        "headcount": numbers.headcount,
        "rule": glance.page.letter.rule,
        "standing": numbers.counts.standing,
        "anonymous": numbers.counts.anonymous,
        "waiting": numbers.counts.waiting,
    }


def _primary(tag: str) -> str | None:
    """Return the language of a tag (BCP 47) where it is a code of ISO 639, as typst takes it."""
    primary = tag.partition("-")[0].lower()
    return primary if len(primary) in (2, 3) else None
