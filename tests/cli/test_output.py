"""What is printed where, and with which exit code a command ends."""

import errno
import re
from pathlib import Path

import pytest

from undersigned import errors
from undersigned.cli import exit_codes, output
from undersigned.cli.exit_codes import EXIT_CODES, HINTS
from undersigned.errors import (
    FormatError,
    LetterRefused,
    NoSite,
    RollRefused,
    StoreError,
    UndersignedError,
)

ROOT = Path(__file__).parents[2]
ALL = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, UndersignedError)
]


def test_every_error_has_an_exit_code_and_no_other_has() -> None:
    """The table and the tree of errors hold the same classes."""
    assert set(EXIT_CODES) == set(ALL)
    assert set(HINTS) <= set(ALL)
    assert set(EXIT_CODES.values()) == {exit_codes.NO, exit_codes.COULD_NOT}


def test_the_documented_exit_codes_are_those_of_the_table() -> None:
    """docs/errors.md says the same, both ways."""
    text = (ROOT / "docs" / "errors.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \|.*\| (\d) \|$", text, re.MULTILINE)
    assert {name: int(code) for name, code in rows} == {
        kind.__name__: code for kind, code in EXIT_CODES.items()
    }


def test_an_unlisted_error_has_the_code_of_the_one_above() -> None:
    """A class made elsewhere is not lost."""

    class Odd(errors.Refused):
        """Odd."""

    assert exit_codes.exit_code(Odd) == exit_codes.NO
    assert exit_codes.exit_code(KeyError) == exit_codes.COULD_NOT


def test_an_error_is_a_sentence_in_lower_case_and_its_hint(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Without a full stop, on stderr, with the hint of its class."""
    assert output.report(errors.LetterNotOpen()) == exit_codes.NO
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "error: the letter no longer takes signatures",
        f"hint: {HINTS[errors.LetterNotOpen]}",
    ]


def test_a_hint_of_the_occasion_comes_first(capsys: pytest.CaptureFixture[str]) -> None:
    """Notes of an exception replace the hint of its class."""
    error = NoSite("here holds no site")
    error.add_note("make one")
    assert output.report(error) == exit_codes.COULD_NOT
    assert capsys.readouterr().err == "error: here holds no site\nhint: make one\n"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("A code is wrong.", "a code is wrong"),
        ("HTTP is not spoken.", "HTTP is not spoken"),
        ("Data/x cannot be read", "Data/x cannot be read"),
        ("One. Two.", "one. Two."),
        ("two\nlines\x1b[31m", "two lines [31m"),
    ],
)
def test_sentences_become_lines(
    written: str, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Names and paths keep their letters; nothing from outside moves the cursor."""
    output.report(FormatError(written))
    assert capsys.readouterr().err.splitlines()[0] == f"error: {shown}"


def test_every_bad_row_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """A refused roll lists its lines."""
    rows = [RollRefused.Row(2, "name: empty"), RollRefused.Row(7, "not UTF-8")]
    assert output.report(RollRefused(rows)) == exit_codes.NO
    err = capsys.readouterr().err
    assert "error: 2 rows of the roll cannot be taken\n" in err
    assert "  line 2: name: empty\n  line 7: not UTF-8\nhint: " in err


def test_every_problem_of_a_letter_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """A refused letter lists its problems."""
    assert output.report(LetterRefused(["`slug` is missing", "`rule` is missing"])) == exit_codes.NO
    err = capsys.readouterr().err
    assert "  `slug` is missing\n  `rule` is missing\nhint: " in err


@pytest.mark.parametrize(
    "detail",
    [
        "the database cannot be used: database or disk is full",
        "data/keys/log.key cannot be written: No space left on device.",
    ],
)
def test_a_full_disk_is_known_by_its_words(detail: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever reports it, the hint is to make room."""
    assert output.report(StoreError(detail)) == exit_codes.COULD_NOT
    assert f"hint: {exit_codes.FULL_HINT}\n" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (errno.ENOSPC, f"error: the disk is full: /d/x\nhint: {exit_codes.FULL_HINT}\n"),
        (errno.EACCES, f"error: permission denied: /d/x\nhint: {exit_codes.FOLDER_HINT}\n"),
        (errno.EISDIR, "error: is a directory: /d/x\n"),
    ],
)
def test_what_the_system_refuses_is_one_sentence(
    number: int, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Raw errors of the operating system read like the others."""
    import os

    code = output.report_os(OSError(number, os.strerror(number), "/d/x"))
    assert code == exit_codes.COULD_NOT
    assert capsys.readouterr().err == shown


def test_plain_facts_and_tables(capsys: pytest.CaptureFixture[str]) -> None:
    """Into a pipe go lines without colour, each fact on one of them."""
    output.facts([("title", "two\nlines"), ("mark", "[red]a\x1b[0m")], title="not shown")
    output.table(("a", "b"), [("1", "2\t3")])
    with output.progress("quiet") as step, output.progress_bar("quiet", 2) as advance:
        step("half")
        advance(1)
    out, err = capsys.readouterr()
    assert out == "title: two lines\nmark: [red]a [0m\na\tb\n1\t2 3\n"
    assert err == ""


def test_nobody_can_be_asked_without_a_terminal() -> None:
    """A question names the option that answers it."""
    with pytest.raises(FormatError, match="--mode is needed"):
        output.ask("how?", "--mode", default="public")
