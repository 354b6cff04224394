"""Invite cards on paper: made once, in the moment in which the codes are made, and kept nowhere.

A card says what to do and not what for: neither the title of the letter nor its cause is on it. Its QR code
leads to the page on which one signs, with the invite code behind the `#`, which browsers send to nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from undersigned.app.invites import Invite, make_invites, replace_invite, take_back
from undersigned.app.issuer import Issuer
from undersigned.app.qr import format_qr
from undersigned.app.roll_changes import FindCollector
from undersigned.app.typesetting import typeset
from undersigned.app.wording import SOURCE_LANGUAGE, make_environments, read_words
from undersigned.errors import StoreError

if TYPE_CHECKING:
    from jinja2 import Environment

MOST_CARDS: Final = 500
"""Cards of one file: 63 pages, a few seconds' work; more are made one file after the other."""

CARDS_PER_PAGE: Final = 8

_LONGEST_WORD: Final = 20
"""Characters of a word that fits into a line of a card however wide they are."""
_LONGEST_PIECE: Final = 10
"""Characters after which a line may be broken within a longer one."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """How cards are printed: the address at which one signs, and the languages in which they say so."""

    url: str
    langs: tuple[str, ...]


def card_languages() -> tuple[str, ...]:
    """Return the languages that cards can have, all of which are printed unless one is asked for."""
    return tuple(_environments())


def make_cards(
    issuer: Issuer, find_collector: FindCollector, slug: str, count: int | None, sheet: Sheet
) -> bytes:
    """Make invite codes, at most `MOST_CARDS`, and return their cards as a PDF; nothing if there are none.

    `count` is as `make_invites` takes it. Codes whose cards cannot be printed are void again. Raises
    StoreError, and what `make_invites` raises.
    """
    invites = make_invites(issuer, slug, count, find_collector, most=MOST_CARDS)
    if not invites:
        return b""
    return _print(issuer, find_collector, slug, invites, sheet)


def replace_card(
    issuer: Issuer, find_collector: FindCollector, slug: str, address: str, mark: str, sheet: Sheet
) -> bytes:
    """Give the member with a canonical address a new code, and return its card as a PDF.

    The code before, whose mark is `mark` (empty if there is none), is void. Returns nothing if it is another
    one meanwhile. Raises NotOnRoll, StoreError.
    """
    invite = replace_invite(issuer, slug, address, mark)
    if invite is None:
        return b""
    return _print(issuer, find_collector, slug, [invite], sheet)


def _print(
    issuer: Issuer,
    find_collector: FindCollector,
    slug: str,
    invites: Sequence[Invite],
    sheet: Sheet,
) -> bytes:
    # A crash in here loses the codes: their members have codes that nobody knows, and are given others.
    try:
        return print_cards(invites, sheet, issuer.clock.now())
    except StoreError:
        take_back(issuer, find_collector, slug, invites)
        raise


def print_cards(
    invites: Sequence[Invite], sheet: Sheet, at: int, *, fonts: Path | None = None
) -> bytes:
    """Return the cards of invite codes as a PDF, dated `at` (UTC seconds). Raises StoreError."""
    return typeset("cards", cards_data(invites, sheet), at, fonts=fonts)


def cards_data(invites: Sequence[Invite], sheet: Sheet) -> dict[str, Any]:
    """Return what the template of the cards is given."""
    environments = _environments()
    langs = [lang for lang in sheet.langs if lang in environments] or [SOURCE_LANGUAGE]
    words = [
        read_words(environments[lang].get_template("cards_words.txt").make_module({}))
        | {"lang": lang}
        for lang in langs
    ]
    return {
        "lang": langs[0],
        "title": words[0]["title"],
        "alt": words[0]["qr"],
        "mark": words[0]["mark"],
        "said": words,
        "shown": _pieces(sheet.url.removeprefix("https://")),
        "cards": [
            {
                "name": None if invite.name is None else _pieces(invite.name),
                "code": invite.code,
                "mark": invite.mark,
                "qr": format_qr(link_of(invite, sheet)),
            }
            for invite in invites
        ],
    }


def link_of(invite: Invite, sheet: Sheet) -> str:
    """Return the address that a card's QR code holds."""
    return f"{sheet.url}#invite={invite.code.replace('-', '')}"


def _pieces(text: str) -> list[str]:
    """Return a text in pieces between which a line may be broken, besides at its spaces."""
    pieces = [""]
    for word in text.split(" "):
        size = len(word) if len(word) <= _LONGEST_WORD else _LONGEST_PIECE
        first, *rest = [word[i : i + size] for i in range(0, len(word), max(size, 1))] or [""]
        pieces[-1] += f" {first}" if pieces != [""] else first
        pieces += rest
    return pieces


@cache
def _environments() -> dict[str, "Environment"]:
    return make_environments("typst")
