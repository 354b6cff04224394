"""Cards on paper: every code once, names as they are written, a QR code that leads to the sign page."""

import io
import re
from collections.abc import Iterable
from dataclasses import replace

import pypdf
import pytest
import segno
from tests.app.inspecting import verified
from tests.app.village import Village

from undersigned.app import cards
from undersigned.app.cards import (
    CARDS_PER_PAGE,
    Sheet,
    card_languages,
    cards_data,
    link_of,
    make_cards,
    print_cards,
    replace_card,
)
from undersigned.app.invites import Invite, list_cards
from undersigned.app.own_collector import OwnRolls
from undersigned.app.rolls import import_roll, new_code
from undersigned.domain.record import RollRecord
from undersigned.domain.roll import format_invite_code
from undersigned.errors import NotOnRoll, StoreError

AT = 1_700_000_000
SHEET = Sheet("https://letters.example.org/letters/mill/sign", ("en", "id"))
ROLL = b"email,name\na@x.example,Ada\nb@x.example,Bea\nc@x.example,Cia\n"

HOSTILE = (
    '#let x = 1; #panic("no")',
    "$ x^2 $",
    r"\u{41} \ \\",
    "*bold* _emph_ `code` <label> @ref",
    "// comment /* and more",
    "W" * 100,
    "Anna-Maria " * 9,
    "王小明 😀",
    "\u202eright to left",
)


def made(names: Iterable[str | None]) -> list[Invite]:
    """Make invites for people of these names, which are on no roll."""
    return [Invite(format_invite_code(new_code()), name, None) for name in names]


def pages_of(pdf: bytes) -> list[str]:
    """Return the text of each page, its words with one space between them."""
    pages = pypdf.PdfReader(io.BytesIO(pdf)).pages
    return [" ".join(page.extract_text().replace("\u200b", "").split()) for page in pages]


def codes_in(pdf: bytes) -> list[str]:
    """Return the codes that can be read on the pages."""
    return re.findall(r"\b(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}\b", " ".join(pages_of(pdf)))


@pytest.mark.parametrize("count", [1, 8, 41])
def test_each_code_has_a_card(count: int) -> None:
    """With its name and its mark; eight are on a page, and no page is empty."""
    invites = made(f"Person Number{number}" for number in range(count))
    pdf = print_cards(invites, SHEET, AT)
    pages = pages_of(pdf)
    assert len(pages) == -(-count // CARDS_PER_PAGE)
    assert codes_in(pdf) == [invite.code for invite in invites]
    text = " ".join(pages)
    for invite in invites:
        assert f"{invite.name} " in text
        assert invite.mark in text
    assert all(page.count("letters.example.org/letters/mill/sign") for page in pages)


def test_a_card_says_what_to_do_and_not_what_for() -> None:
    """In the languages that were asked for; nothing of the letter but its address."""
    invites = made([None])
    both = pages_of(print_cards(invites, SHEET, AT))[0]
    assert "Scan the square" in both
    assert "Pindai kotak itu" in both
    one = pages_of(print_cards(invites, replace(SHEET, langs=("id",)), AT))[0]
    assert "Scan the square" not in one
    assert "Pindai kotak itu" in one
    assert "Kartu" in one
    assert card_languages() == ("en", "id")
    for text in (both, one):
        assert not re.search(r"letter(?!s\.example|s/mill)|sign(?!$| )", text)


def test_a_card_is_accessible_and_the_same_bytes() -> None:
    """It is tagged and says its language; the same cards at the same time are the same."""
    invites = made(["Ada"])
    pdf = print_cards(invites, SHEET, AT)
    assert pdf == print_cards(invites, SHEET, AT)
    reader = pypdf.PdfReader(io.BytesIO(pdf))
    assert reader.metadata is not None
    assert reader.metadata.title == "Invite cards"
    root = reader.trailer["/Root"].get_object()
    assert b"pdfuaid:part" in root["/Metadata"].get_data()  # type: ignore[index]
    page = reader.pages[0].mediabox
    assert (round(float(page.width)), round(float(page.height))) == (595, 842)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_text(name: str) -> None:
    """Whatever is in it, the codes of this card and of the next one are there, on one page."""
    invites = made([name, "Bea"])
    pdf = print_cards(invites, SHEET, AT)
    [page] = pages_of(pdf)
    assert codes_in(pdf) == [invite.code for invite in invites]
    assert "Bea" in page
    if name.isascii():
        assert name.replace(" ", "") in page.replace(" ", "")


# --- QR codes


def modules_of(pdf: bytes) -> list[set[tuple[int, int]]]:
    """Return the dark modules of each QR code of the first page, read from what is drawn.

    They are lines from left to right, in the units of modules; each QR code has a matrix of its own.
    """
    content = pypdf.PdfReader(io.BytesIO(pdf)).pages[0].get_contents()
    assert content is not None
    found: list[set[tuple[int, int]]] = []
    # `x y m`, `x y l`: from here to there; a path of very many is one QR code.
    number = r"(-?[\d.]+)"
    drawn = content.get_data().decode("latin-1")
    for path in re.findall(rf"((?:{number} {number} [ml]\s+)+)B\b", drawn):
        points = re.findall(rf"{number} {number} ([ml])\s", path[0])
        if len(points) < 100:
            continue
        dark = set()
        for (x, y, begins), (to, same, ends) in zip(points[::2], points[1::2], strict=True):
            assert (begins, ends, y) == ("m", "l", same)
            dark |= {(round(float(y) - 0.5), n) for n in range(round(float(x)), round(float(to)))}
        found.append(dark)
    return found


def test_a_qr_code_leads_to_the_sign_page() -> None:
    """What is drawn on the page is the QR code of its card's address."""
    invites = made(["Ada", None, "Bea"])
    drawn = modules_of(print_cards(invites, SHEET, AT))
    assert len(drawn) == len(invites)
    for invite, dark in zip(invites, drawn, strict=True):
        url = f"https://letters.example.org/letters/mill/sign#invite={invite.code.replace('-', '')}"
        assert link_of(invite, SHEET) == url
        matrix = segno.make(url, error="m", micro=False).matrix
        assert dark == {
            (row, column)
            for row, line in enumerate(matrix)
            for column, one in enumerate(line)
            if one
        }


def test_nothing_in_the_data_is_asked_for_twice() -> None:
    """A language that there is not leaves the source's."""
    data = cards_data(made(["Ada"]), replace(SHEET, langs=("xx",)))
    assert [words["lang"] for words in data["said"]] == ["en"]


# --- codes and cards together


def test_cards_of_a_list(village: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those without a code get one, so many at once, in the order of their addresses."""
    issuer, own = village.site.issuer, OwnRolls(village.site)
    import_roll(issuer, "mill", ROLL)
    monkeypatch.setattr(cards, "MOST_CARDS", 2)
    first = make_cards(issuer, lambda _: own, "mill", None, SHEET)
    assert re.search(r"Ada .* Bea ", pages_of(first)[0])
    second = make_cards(issuer, lambda _: own, "mill", None, SHEET)
    assert "Cia" in pages_of(second)[0]
    assert "Ada" not in pages_of(second)[0]
    assert make_cards(issuer, lambda _: own, "mill", None, SHEET) == b""
    marks = {card.mark for card in list_cards(issuer, "mill")}
    assert all(any(mark in page for mark in marks) for page in pages_of(first) + pages_of(second))


def test_a_card_is_replaced(village: Village) -> None:
    """The one before is void; a second time it is another one."""
    issuer, own = village.site.issuer, OwnRolls(village.site)
    import_roll(issuer, "mill", ROLL)

    def again(address: str, mark: str) -> bytes:
        return replace_card(issuer, lambda _: own, "mill", address, mark, SHEET)

    assert "Bea" in pages_of(again("b@x.example", ""))[0]
    [card] = list_cards(issuer, "mill")
    assert again("b@x.example", "") == b""
    assert list_cards(issuer, "mill") == [card]
    assert again("b@x.example", card.mark)
    [other] = list_cards(issuer, "mill")
    assert (other.name, other.commit) == ("Bea", card.commit)
    assert other.mark != card.mark
    with pytest.raises(NotOnRoll):
        again("nobody@x.example", "")


def test_codes_that_cannot_be_printed_are_void(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is left with a code that nobody knows, before the letter opens and after it."""
    issuer, own = village.site.issuer, OwnRolls(village.site)

    def fail(*_: object, **__: object) -> bytes:
        raise StoreError("no")

    def make(slug: str, count: int | None) -> bytes:
        return make_cards(issuer, lambda _: own, slug, count, SHEET)

    import_roll(issuer, "mill", ROLL)
    assert make("codes", 3)
    with monkeypatch.context() as broken:
        broken.setattr(cards, "typeset", fail)
        for slug, count in (("mill", None), ("codes", 2)):
            with pytest.raises(StoreError):
                make(slug, count)
    assert list_cards(issuer, "mill") == []
    assert len(list_cards(issuer, "codes")) == 3
    village.write_file("codes")
    written = village.letter_file.read_text().replace('"list"', '"invites"')
    village.letter_file.write_text(written.replace('["email", "invite"]', '["invite"]'))
    village.open_draft(village.draft())
    with monkeypatch.context() as broken:
        broken.setattr(cards, "typeset", fail)
        with pytest.raises(StoreError):
            make("codes", 2)
    numbers = [each.n for each in village.records() if isinstance(each, RollRecord)]
    assert numbers == [3, 5, 3]
    assert [card.is_void for card in list_cards(issuer, "codes")].count(True) == 2
    assert verified(village)[1] == []
