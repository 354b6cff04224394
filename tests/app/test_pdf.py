"""The letter as a PDF: what it says, in both languages, the same bytes each time, whatever people wrote."""

import io
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pypdf
import pytest
from tests.app.village import HOUR, Village, village_in

from undersigned.app import pdf
from undersigned.app.answers import Answer, AnsweredDemand, Answers
from undersigned.app.pdf import Printed, make_letter_pdf, read_printed
from undersigned.crypto.keys import TokenKey
from undersigned.domain.letter import Mode
from undersigned.domain.record import DemandState, ResponseSource
from undersigned.encoding import format_base64
from undersigned.store.signatures import ShownName

URL = "https://letters.example.org"

TEXT = """\
The wheel *stands* still, and costs $ 5 and \\# 7, says `#let x = 1`.

## Deep heading

#### Deeper

- [the mill](https://mill.example/wheel)
- <script>alert(1)</script>

> Nobody #panic("grinds").

3. three
4. four
"""


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory, token_key: TokenKey) -> Iterator[Village]:
    """A site with a released letter: six sealed names that were opened, two public, three without."""
    with (
        pytest.MonkeyPatch.context() as patch,
        village_in(tmp_path_factory.mktemp("pdf") / "data") as made,
    ):
        patch.setattr(TokenKey, "generate", classmethod(lambda _: token_key))
        made.write_file()
        (made.letter_file.parent / "text.md").write_text(TEXT)
        letter = made.open()
        made.members(letter, 6)
        made.members(letter, 3, Mode.ANONYMOUS)
        made.members(letter, 2, Mode.PUBLIC)
        made.sequence()
        made.later(HOUR)
        made.later(1)
        made.open_waves()
        made.later(2)
        yield made


@pytest.fixture(scope="module")
def printed(village: Village) -> Printed:
    """What the PDF of the letter is made of."""
    return read_printed(village.site, village.letters, "mill", URL, None)


def _read(data: bytes) -> tuple[pypdf.PdfReader, str]:
    """Return a PDF and its words, one space between them."""
    reader = pypdf.PdfReader(io.BytesIO(data))
    text = " ".join(page.extract_text() for page in reader.pages)
    return reader, " ".join(text.split())


def test_it_holds_letter_count_names_and_proof(village: Village, printed: Printed) -> None:
    """All that an addressee needs, and where to check it."""
    _, text = _read(make_letter_pdf(printed, "en"))
    letter = printed.page.letter
    for words in (
        "Mend the mill",
        "To: The miller",
        "The wheel stands still",
        "1. The wheel turns again.",
        "Unless it is mended, we will grind by hand.",
        "11 of 200",
        "5.5% of all members stand",
        "The letter is released",
        "Its rule asks for 3; 8 of those who stand count towards it.",
        "Names that are public: 8.",
        "Signatures without a name: 3.",
        "proved by mail",
        f"undersigned mirror {URL} mirror",
        f"{URL}/letters/mill@1",
        letter.letter_id.hex(),
        f"letters.example/log {printed.checkpoint.size}",
        "Page 1 of",
    ):
        assert words in text
    for name in printed.names:
        assert f"{name.name}, {name.role}" in text
    assert format_base64(printed.checkpoint.root) in text.replace(" ", "")


def test_it_is_a_document_that_can_be_read_aloud(printed: Printed) -> None:
    """PDF/UA-1: tagged, with language, title, and a heading for every part, none skipped."""
    reader, _ = _read(make_letter_pdf(printed, "en"))
    root: Any = reader.trailer["/Root"]
    assert b"pdfuaid:part" in root["/Metadata"].get_data()
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert reader.metadata is not None
    assert reader.metadata.title == "Mend the mill"
    assert reader.metadata.creation_date is not None
    assert int(reader.metadata.creation_date.timestamp()) == printed.page.numbers.at
    outline = [str(each["/Title"]) for each in reader.outline if isinstance(each, dict)]
    assert outline == ["Mend the mill"]


def test_it_is_the_same_bytes_each_time(village: Village, printed: Printed) -> None:
    """Also when it is read anew; while a newer count makes another document."""
    first = make_letter_pdf(printed, "en")
    again = read_printed(village.site, village.letters, "mill", URL, None)
    assert make_letter_pdf(again, "en") == first


def test_it_speaks_indonesian(printed: Printed) -> None:
    """All but the letter itself, which stays as it was signed."""
    _, text = _read(make_letter_pdf(printed, "id"))
    for words in (
        "11 dari 200",
        "Mend the mill",
        "The wheel turns again.",
        "Yang dituntut",
        "Tanda tangan tanpa nama: 3.",
        "Halaman 1 dari",
    ):
        assert words in text
    assert "Page 1" not in text


def test_an_unknown_language_is_english(printed: Printed) -> None:
    """As everywhere."""
    assert make_letter_pdf(printed, "tlh") == make_letter_pdf(printed, "en")


def test_markup_of_the_letter_is_set_and_nothing_else_is(printed: Printed) -> None:
    """Markdown has its shapes; what looks like typst or HTML stands there as it was written."""
    reader, text = _read(make_letter_pdf(printed, "en"))
    for words in ("costs $ 5 and # 7", "#let x = 1", '#panic("grinds").', "3. three 4. four"):
        assert words in text
    assert "<script>alert(1)</script>" in text
    assert "**" not in text
    addresses = {
        str(annotation.get_object()["/A"]["/URI"])
        for page in reader.pages
        for annotation in page.get("/Annots") or ()
        if "/URI" in annotation.get_object().get("/A", {})
    }
    assert addresses == {"https://mill.example/wheel", f"{URL}/letters/mill@1"}


def _with_names(printed: Printed, *names: str, role: str | None = None) -> Printed:
    letter_id = printed.page.letter.letter_id
    shown = tuple(
        ShownName(i, letter_id, name, role, "email", None) for i, name in enumerate(names)
    )
    return replace(printed, names=shown, found=len(shown))


def test_names_come_out_as_they_were_written(printed: Printed) -> None:
    """Whatever they look like, and in whatever script there is a font for."""
    names = (
        "#let x",
        "$x$ \\ back",
        "*star* _under_",
        "O'Brien, <b>",
        "@ref <label>",
        "Łukasz Nguyễn",
    )
    _, text = _read(make_letter_pdf(_with_names(printed, *names, role="*Role* #r"), "en"))
    for name in names:
        assert f"{name}, *Role* #r" in text


def test_characters_without_a_shape_are_admitted(printed: Printed) -> None:
    """The name is there as far as it can be printed, and the document says so."""
    _, text = _read(make_letter_pdf(_with_names(printed, "𓀀𓀁𓀂", "王小明"), "en"))
    assert "□□□" in text
    assert "王小明" in text
    assert "Some characters have no shape in the fonts" in text


def test_how_a_name_is_known_stands_beside_the_exceptions(printed: Printed) -> None:
    """What holds for most is said once."""
    letter_id = printed.page.letter.letter_id
    shown = [ShownName(i, letter_id, f"Name {i}", None, "email", None) for i in range(5)]
    shown.append(ShownName(5, letter_id, "Other", None, "self-declared", None))
    _, text = _read(make_letter_pdf(replace(printed, names=tuple(shown), found=6), "en"))
    assert "membership was: proved by mail." in text
    assert "Other (in their own words)" in text
    assert "Name 4 (" not in text


def test_two_thousand_names_are_set_in_seconds(printed: Printed) -> None:
    """Every one of them is there."""
    names = [f"Member Number {i}" for i in range(2_000)]
    begun = time.monotonic()
    data = make_letter_pdf(_with_names(printed, *names, role="Engineer"), "en")
    assert time.monotonic() - begun < 60
    _, text = _read(data)
    assert all(f"{name}, Engineer" in text for name in names)


def test_more_names_than_are_printed_are_counted(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest is on the letter's page, and the document says how many there are."""
    monkeypatch.setattr(pdf, "MOST_PRINTED", 5)
    cut = read_printed(village.site, village.letters, "mill", URL, None)
    _, text = _read(make_letter_pdf(cut, "en"))
    assert "Names that are public: 8. The first 5 are printed here" in text


def test_fonts_of_the_operator_are_used(printed: Printed, tmp_path: Path) -> None:
    """A folder without any changes nothing."""
    assert make_letter_pdf(printed, "en", fonts=tmp_path) == make_letter_pdf(printed, "en")


def test_answers_stand_below_their_demands(printed: Printed) -> None:
    """With their words, and where they are from; the newest one of each."""

    def answers(told_by: str | None, domain: str | None) -> Printed:
        given = Answer(
            leaf_index=9, demand="wheel", state=DemandState.PARTLY, at=1,
            source=ResponseSource.ORGANISER, document=bytes(32), lang="en",
            text="It turns *on Sundays* #let.", addressee=1, domain=domain, told_by=told_by,
        )  # fmt: skip
        return replace(printed, answers=Answers((AnsweredDemand("wheel", (given,)),)))

    _, text = _read(make_letter_pdf(answers(None, "mill.example"), "en"))
    by_link = "It is met in part by the link that was sent to an address at mill.example"
    assert f"{by_link} It turns *on Sundays* #let." in text
    _, text = _read(make_letter_pdf(answers("a speech", None), "en"))
    assert "told by the organiser, from: a speech" in text
