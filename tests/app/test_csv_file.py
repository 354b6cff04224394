"""CSV files in which no program finds a formula, whatever members wrote."""

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from undersigned.app.csv_file import format_csv, make_safe

FORMULA = tuple("=+-@＝＋－＠")

CELLS = st.text(alphabet=st.sampled_from("=+-@＝＋－＠\t\r\n,;|\"' a1é"), max_size=12)


def rows_of(data: bytes, delimiter: str = ",") -> list[list[str]]:
    """Read a file as a program does that splits at this sign."""
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=delimiter))


@given(st.lists(CELLS, min_size=1, max_size=4), st.sampled_from(",;\t|"))
@example(['x";=1', "\t=1"], ";")
@example(["=cmd|' /C calc'!A0"], "|")
def test_no_cell_begins_as_a_formula(cells: list[str], delimiter: str) -> None:
    """Neither for a reader of this format, nor for one that splits at another sign."""
    for row in rows_of(format_csv(["a"] * len(cells), [cells]), delimiter):
        for cell in row:
            assert not cell.strip(' "\t\r\n').startswith(FORMULA)
            assert delimiter != "," or not cell.startswith(("\t", "\r", "\n"))


@given(st.lists(CELLS, min_size=1, max_size=4))
def test_nothing_breaks_out_of_its_cell(cells: list[str]) -> None:
    """A reader of RFC 4180 gets as many cells as there were, each with at most apostrophes more."""
    header, row = rows_of(format_csv(["a"] * len(cells), [cells]))
    assert header == ["a"] * len(cells)
    assert row == [make_safe(cell) for cell in cells]
    assert [cell.replace("'", "") for cell in row] == [cell.replace("'", "") for cell in cells]


@pytest.mark.parametrize(
    "text",
    ["Ödön O'Hara", "a - b", "1 + 1 = 2", "mail: a@b.example", "", "née-Smith", "well-known"],
)
def test_what_is_no_formula_stays_as_it_is(text: str) -> None:
    """Signs in the middle of a sentence are nobody's formula."""
    assert make_safe(text) == text


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "＝"])
def test_each_sign_is_made_safe(sign: str) -> None:
    """By an apostrophe before it."""
    assert make_safe(f"{sign}1") == f"'{sign}1"


def test_the_form_is_that_of_the_standard() -> None:
    """RFC 4180: every line ends in CR LF, quotes are doubled; and a byte order mark."""
    data = format_csv(["n", "text"], [(1, 'He said "no"'), (2, None)])
    assert data == b'\xef\xbb\xbf"n","text"\r\n"1","He said ""no"""\r\n"2",""\r\n'
