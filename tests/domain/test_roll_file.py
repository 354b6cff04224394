"""The organiser's file, of which nothing is half imported."""

import contextlib
import csv
import io
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undersigned.domain.roll_file import (
    Fault,
    FaultyRow,
    Flaw,
    RollEntry,
    parse_roll_csv,
    read_roll,
)
from undersigned.errors import RollRefused


def test_reads_a_roll() -> None:
    """Columns in any order, a BOM, blank lines, quotes, either delimiter, any line ending."""
    expected = (
        RollEntry("a@x.example", "Ada, B.", "Clerk"),
        RollEntry("c@x.example", "C \u00e9", None),
    )
    comma = '\ufeffName,EMAIL,role\r\n"Ada, B.",A@X.example,Clerk\r\n\r\nC e\u0301,c@x.example,\r\n'
    assert parse_roll_csv(comma.encode()) == expected
    semicolon = "email;role;name\nA@X.example;Clerk;Ada, B.\nc@x.example;;C \u00e9"
    assert parse_roll_csv(semicolon.encode()) == expected
    assert parse_roll_csv(b"email,name\ra@x.example,A\r") == (RollEntry("a@x.example", "A", None),)


def _bad_rows(data: bytes, limit: int = 100) -> dict[int, str]:
    with pytest.raises(RollRefused) as caught:
        parse_roll_csv(data, limit=limit)
    return {row.line: row.reason for row in caught.value.rows}


def test_names_every_bad_row_with_its_line() -> None:
    """Lines are the file's, also after a field of two lines; nobody is quoted."""
    rows = [
        "email,name,role",
        "a@x.example,Ada,Clerk",
        "bad,Ben,",
        '"c@x.example","C\nD",',
        "A@X.example,Again,",
        "e@x.example,,",
        "f@x.example,F",
        f"g@x.example,{'g' * 101},{'r' * 101}",
        "nobody,,",
        'h@x.example,"H"i,',
        "j@x.example,J,",
        '"k@x.example,K,',
    ]
    bad = _bad_rows("\n".join(rows).encode())
    assert list(bad) == [3, 4, 6, 7, 8, 9, 10, 11, 13]
    assert bad[3].startswith("email: ")
    assert bad[4] == "name: holds a control character"
    assert bad[6] == "email: the same as in line 2"
    assert bad[7] == "name: empty"
    assert "2 columns" in bad[8]
    assert "name: longer" in bad[9]
    assert "role: longer" in bad[9]
    assert "name: empty" in bad[10]
    assert "quotation" in bad[11]
    assert "quotation" in bad[13]
    assert not any("example" in reason for reason in bad.values())


@pytest.mark.parametrize(
    ("data", "line", "reason"),
    [
        (b"", 1, "empty"),
        (b"\xef\xbb\xbf", 1, "empty"),
        (b"\n\n", 1, "empty"),
        (b"email,name\n", 1, "no row"),
        (b"a@x.example,Ada\n", 1, "header"),
        (b"email,name,email\n", 1, "header"),
        (b"email,name,phone\n", 1, "header"),
        (b"email\n", 1, "header"),
        (b'"email,name\n', 1, "header"),
        (b"email,name\na@x.example,A\nb@x.example,\xff\n", 3, "UTF-8"),
        (b"email,name\na@x.example,A\x00\n", 2, "NUL"),
        ("email,name\n".encode("utf-16"), 1, "NUL"),
        (b"email,name\na@x.example,A\nb@x.example,B\nc@x.example,C\n", 4, "more than 2"),
    ],
)
def test_refuses_a_file_as_a_whole(data: bytes, line: int, reason: str) -> None:
    """What stops the reading says where."""
    bad = _bad_rows(data, limit=2)
    assert list(bad) == [line]
    assert reason in bad[line]


words = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12).filter(
    str.strip
)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), words, min_size=1))
def test_a_written_roll_is_read_back(members: dict[str, str]) -> None:
    """Whatever a spreadsheet quotes is read as it was."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["email", "name"])
    writer.writerows((f"{local}@x.example", name) for local, name in members.items())
    entries = parse_roll_csv(file.getvalue().encode())
    assert [entry.address for entry in entries] == [f"{local}@x.example" for local in members]
    assert [entry.name for entry in entries] == [
        unicodedata.normalize("NFC", name).strip() for name in members.values()
    ]


ALMOST = st.from_regex(
    r"[^,\"\r\n@]{0,6}[.\u017f\u00df\u0130(<%!]{0,3}[^,\"\r\n]{0,6}", fullmatch=True
)


@given(ALMOST, ALMOST)
def test_whatever_stands_in_a_row_has_a_fault_of_its_own(local: str, name: str) -> None:
    """Almost an address, almost a name: the row is taken, or it is told what is wrong with it."""
    row = f"{local}@x.example,{name}\n"
    file = read_roll(f"email,name\n{row}b@x.example,B\n".encode(errors="replace"))
    assert file.refusal is not None or (
        len(file.entries) + len(file.bad) + len(file.duplicates) == 2
    )


def test_an_address_that_is_not_plain_is_a_bad_row() -> None:
    """What programs of mail may read as another address comes onto no roll, and the other rows do."""
    file = read_roll("email,name\na..b@x.example,A\n\u017f@x.example,S\nc@x.example,C\n".encode())
    assert [(row.line, row.faults) for row in file.bad] == [
        (2, (Fault(Flaw.ADDRESS_PLAIN),)),
        (3, (Fault(Flaw.ADDRESS_PLAIN),)),
    ]
    assert [entry.address for entry in file.entries] == ["c@x.example"]


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_garbage_is_refused(garbage: bytes) -> None:
    """Nothing but RollRefused comes out of garbage."""
    for data in (garbage, b"email,name\n" + garbage):
        with contextlib.suppress(RollRefused):
            parse_roll_csv(data)


def test_what_can_be_taken_is_told_from_what_cannot() -> None:
    """Bad rows and those that name somebody again are apart from the entries, each with its faults."""
    rows = [
        "email\tname",
        "Ada.B@gmail.com\tAda",
        "a.d.a.b+x@googlemail.com\tAda again",
        "nobody\t",
        "adab@gmail.com\t",
        "b@x.example\tBea",
    ]
    file = read_roll("\n".join(rows).encode())
    assert [entry.address for entry in file.entries] == ["adab@gmail.com", "b@x.example"]
    assert file.duplicates == (FaultyRow(3, (Fault(Flaw.SAME, (2,)),)),)
    assert file.bad == (
        FaultyRow(4, (Fault(Flaw.ADDRESS_AT), Fault(Flaw.NAME_EMPTY))),
        FaultyRow(5, (Fault(Flaw.NAME_EMPTY), Fault(Flaw.SAME, (2,)))),
    )
    assert file.bad[1].reason == "name: empty; email: the same as in line 2"


def test_it_tells_how_far_it_is() -> None:
    """From the first rows to the end, never backwards."""
    told: list[float] = []
    rows = "".join(f"{i}@x.example,N\n" for i in range(2_000))
    read_roll(f"email,name\n{rows}".encode(), tell=told.append)
    assert len(told) > 3
    assert told == sorted(told)
    assert 0 < told[0] < 0.5
    assert told[-1] == 1


@given(st.lists(st.lists(st.text(max_size=6) | st.just("a@b.c"), max_size=4), max_size=8))
def test_every_row_is_somewhere(rows: list[list[str]]) -> None:
    """Of whatever a spreadsheet writes, each row is an entry, a duplicate or bad; none is lost."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["email", "name", "role"])
    writer.writerows(rows)
    read = read_roll(file.getvalue().encode())
    lines = [row.line for row in (*read.bad, *read.duplicates)]
    assert len(set(lines)) == len(lines)
    is_taken = len(read.entries) + len(lines) == sum(1 for row in rows if row)
    assert is_taken or (read.refusal is not None and not read.entries)
