"""The card of a letter: every title is within the picture, in every script, and nothing is obeyed."""

from pathlib import Path
from typing import Any

import pytest
from tests.app.pictures import Picture, read_png

from undersigned.app import typesetting
from undersigned.app.typesetting import FONTS, draw
from undersigned.errors import StoreError

DATA: dict[str, Any] = {
    "lang": "en",
    "text_lang": "en",
    "host": "letters.example",
    "title": "Mend the mill",
    "addressees": "The miller",
    "words": {
        "eyebrow": "Open letter",
        "to": "To:",
        "figure": "738 of 770",
        "part": "95.8% of all members stand",
        "state": "released",
        "as_of": "As of 20 November 2023, 22:10 UTC",
    },
    "headcount": 770,
    "rule": 650,
    "standing": 738,
    "anonymous": 30,
    "waiting": 12,
}
SIZE = (300, 158)
"""Pixels of a picture that is drawn at a quarter of its size: it is read sixteen times as fast."""
EDGE = 10
"""Pixels along every edge in which nothing is drawn."""


def draw_small(data: dict[str, Any]) -> Picture:
    """Draw a card, small."""
    return read_png(draw("social", data, ppi=18))


def check_within(picture: Picture) -> None:
    """Check that the edges are plain, and that something is drawn between them."""
    assert (picture.width, picture.height) == SIZE
    right, bottom = SIZE[0] - EDGE, SIZE[1] - EDGE
    assert picture.is_plain(0, 0, SIZE[0], EDGE)
    assert picture.is_plain(0, bottom, *SIZE)
    assert picture.is_plain(0, 0, EDGE, SIZE[1])
    assert picture.is_plain(right, 0, *SIZE)
    assert not picture.is_plain(EDGE, EDGE, right, bottom)


@pytest.mark.parametrize(
    ("title", "lang"),
    [
        ("W" * 200, "en"),
        ("Der Aufsichtsratsvorsitzendenstellvertreter möge gehen. " * 3, "de"),
        ("请保留夜间厨房并让被解雇的人回来" * 12, "zh"),
        ("حتى لا تغلق المطبخ ليلا " * 8, "ar"),
        ("#let $x$ \\ *b* <label> @ref ] } \u202e" + "e\u0301\u0302" * 20 + "😀\uffff", "xx"),
    ],
    ids=["one word", "long words", "without spaces", "right to left", "markup and marks"],
)
def test_any_title_stays_within_the_picture(title: str, lang: str) -> None:
    """As long as a title may be; addressees and words, too, are cut before they reach the edge."""
    long = DATA | {"title": title[:200].strip(), "text_lang": lang, "addressees": title[:200]}
    long["words"] = DATA["words"] | {"eyebrow": "Open letter " * 20}
    check_within(draw_small(long))


def test_the_same_is_the_same_picture() -> None:
    """Byte for byte; another count is another one."""
    assert draw("social", DATA) == draw("social", DATA) != draw("social", DATA | {"standing": 700})


@pytest.mark.parametrize("headcount", [1, 770])
def test_more_than_the_headcount(headcount: int) -> None:
    """A bar never leaves its place, nor does a rule that nobody can meet."""
    many = DATA | {"headcount": headcount, "standing": 5_000, "waiting": 9_000, "rule": 10**7}
    check_within(draw_small(many))


def test_every_font_has_its_licence() -> None:
    """Fonts are handed on under their own licence, which stands beside them."""
    licence = (FONTS / "OFL.txt").read_text()
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence
    assert "The Noto Project Authors" in licence
    fonts = [path.name for path in FONTS.iterdir() if path.suffix != ".txt"]
    assert len(fonts) == 20
    assert all(name.startswith("NotoSans") for name in fonts)


def test_what_is_no_picture_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A template of two pages gives nothing, and the error has no word of the data."""
    (tmp_path / "two.typ").write_text("#set document(title: [x])\na #pagebreak() b")
    monkeypatch.setattr(typesetting, "TEMPLATES", tmp_path)
    with pytest.raises(StoreError, match="could not be typeset"):
        draw("two", {"title": "secret"})
