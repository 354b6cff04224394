"""The public files of a letter: the same rows in each form, part by part, and safe in a spreadsheet."""

import csv
import io
import json
import random

import pytest
from tests.app.test_hiding import WHY, speaker
from tests.app.village import Village
from tests.test_documents import ROOT

from undersigned.app import public_files
from undersigned.app.hiding import hide_statement
from undersigned.app.letter_export import HISTORY_COLUMNS
from undersigned.app.public_files import FILES, NAME_COLUMNS
from undersigned.app.reading import get_history
from undersigned.domain.letter import Mode
from undersigned.domain.reasons import HideReason
from undersigned.errors import UnknownLetter

STATEMENTS = [
    '=HYPERLINK("https://evil.example")', "+1", "-1", "@SUM(A1)", "\uff1d1",
    'He said "yes", and\nleft; =1', "plain", "<script>alert(1)</script>",
]  # fmt: skip


def read(village: Village, file: str, name: str = "mill") -> bytes:
    """Write a file of a letter and put its parts together."""
    return b"".join(FILES[file].write(village.site, village.letters, name))


def rows_of(data: bytes) -> list[dict[str, str]]:
    """Read a file for spreadsheets."""
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_names_in_parts(village: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many are read at once, all are there in the log's order, and only public ones."""
    letter = village.open(rule=50, conditions="[60]")
    for statement in STATEMENTS:
        speaker(village, letter, statement)
    village.members(letter, 2)
    village.later(1)
    whole = read(village, "names.json")
    for size in (1, 3, len(STATEMENTS)):
        monkeypatch.setattr(public_files, "ROWS_AT_ONCE", size)
        assert read(village, "names.json") == whole
        monkeypatch.undo()
    names = json.loads(whole)["names"]
    assert sorted(each["statement"] for each in names) == sorted(STATEMENTS)
    assert [each["leaf"] for each in names] == sorted(each["leaf"] for each in names)
    rows = rows_of(read(village, "names.csv"))
    assert tuple(rows[0]) == NAME_COLUMNS
    for row, each in zip(rows, names, strict=True):
        assert (row["leaf"], row["name"]) == (str(each["leaf"]), each["name"])
        assert not row["statement"].startswith(("=", "+", "-", "@", "\uff1d"))


def test_a_hidden_statement_is_in_no_file(village: Village) -> None:
    """The name is; the reason is beside it."""
    letter = village.open(rule=50, conditions="[60]")
    leaf = village.row(speaker(village, letter, "An insult.")).leaf_index
    hide_statement(village.site, village.letters, "mill", leaf, HideReason.INSULT, WHY)
    for file in ("names.csv", "names.json"):
        assert b"An insult." not in read(village, file)
        assert b"insult" in read(village, file)


def test_history_is_that_of_the_api(village: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row for each epoch, in both forms."""
    letter = village.open(rule=50, conditions="[60]")
    for _ in range(3):
        village.members(letter, random.randint(1, 2), Mode.PUBLIC)
        village.later(1)
    rows = get_history(village.site, village.letters, "mill")
    monkeypatch.setattr(public_files, "ROWS_AT_ONCE", 2)
    told = json.loads(read(village, "history.json"))
    assert [(it["epoch"], it["at"], it["size"]) for it in told["history"]] == [
        (row.n, row.at, row.size) for row in rows
    ]
    assert told["counts"]["standing"] == rows[-1].counts.standing
    table = rows_of(read(village, "history.csv"))
    assert tuple(table[0]) == HISTORY_COLUMNS
    assert [row["standing"] for row in table] == [str(row.counts.standing) for row in rows]


def test_nothing_yet(village: Village) -> None:
    """A letter that nobody has signed has files, too; one that is not there has none."""
    village.open()
    assert json.loads(read(village, "names.json"))["names"] == []
    assert json.loads(read(village, "history.json"))["history"] == []
    assert rows_of(read(village, "names.csv")) == rows_of(read(village, "history.csv")) == []
    for file in FILES:
        with pytest.raises(UnknownLetter):
            read(village, file, "nothing")


def test_files_are_described() -> None:
    """docs/api.md has each."""
    document = (ROOT / "docs" / "api.md").read_text()
    assert all(f"`/letters/{{slug}}/{file}`" in document for file in FILES)
