"""The roll: canonical addresses, forgiving codes, and a file of which nothing is half imported."""

import contextlib
import csv
import hashlib
import io
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from undersigned.domain.roll import (
    INVITE_ALPHABET,
    RollEntry,
    canonical_address,
    format_invite_code,
    member_commit,
    member_of_email,
    member_of_invite,
    parse_address,
    parse_invite_code,
    parse_roll_csv,
    roll_hash,
)
from undersigned.errors import FormatError, RollRefused

codes = st.text(INVITE_ALPHABET, min_size=16, max_size=16)


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("a@b.example", "a@b.example"),
        ("  Ada.Byron+x@Mail.EXAMPLE \r\n", "ada.byron+x@mail.example"),
        ("e\u0301@B\u00dcCHER.example", "\u00e9@b\u00fccher.example"),
        ('"odd"@x-1.y.z', '"odd"@x-1.y.z'),
    ],
)
def test_addresses_become_canonical(written: str, canonical: str) -> None:
    """Lower case, NFC, without white space around."""
    assert canonical_address(written) == canonical
    assert parse_address(canonical) == canonical


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "@b.example",
        "a@",
        "a@b",
        "a@b.",
        "a@.b",
        "a@b..c",
        "a@b@c.example",
        "a b@c.example",
        "a@b c.example",
        "a@b_c.example",
        "a\u0000@b.example",
        "a@" + "b" * 245 + ".example",
        "a" * 10_000 + "@b.example",
    ],
)
def test_what_is_no_address(text: str) -> None:
    """Refused, without quoting it."""
    with pytest.raises(FormatError) as caught:
        canonical_address(text)
    assert "b.example" not in str(caught.value)


@pytest.mark.parametrize("text", ["A@b.example", " a@b.example", "e\u0301@b.example"])
def test_a_member_has_a_canonical_address(text: str) -> None:
    """What is hashed is canonical."""
    with pytest.raises(FormatError):
        member_of_email(text)


@given(st.text(max_size=30))
def test_a_canonical_address_stays_as_it_is(text: str) -> None:
    """Bringing an address into canonical form twice changes nothing more."""
    try:
        address = canonical_address(text + "@B.Example")
    except FormatError:
        return
    assert canonical_address(address) == parse_address(address) == address


@given(codes, st.randoms(use_true_random=False))
def test_codes_are_read_as_people_write_them(code: str, random: object) -> None:
    """In groups, in lower case, with O, I and L for digits."""
    assert parse_invite_code(format_invite_code(code)) == code
    assert parse_invite_code(f"  {format_invite_code(code).lower().replace('-', ' ')} ") == code
    assert parse_invite_code(code.replace("0", "o").replace("1", "l")) == code
    assert parse_invite_code(code.replace("0", "O").replace("1", "I")) == code


@pytest.mark.parametrize("text", ["", "0" * 15, "0" * 17, "U" * 16, "0" * 15 + "\u0130", "-" * 99])
def test_what_is_no_code(text: str) -> None:
    """Other letters and lengths are refused."""
    with pytest.raises(FormatError):
        parse_invite_code(text)


@given(codes, st.binary(min_size=16, max_size=16))
def test_commitments(code: str, salt: bytes) -> None:
    """To the byte as §4 has them."""
    invite = b"invite:" + hashlib.sha256(code.encode()).digest()
    assert member_of_invite(code) == invite
    assert member_of_email("a@b.example") == b"email:a@b.example"
    commits = [member_commit(salt, invite), member_commit(salt, b"email:a@b.example")]
    assert commits[0] == hashlib.sha256(salt + invite).digest()
    assert roll_hash(commits) == roll_hash(reversed(commits))
    assert roll_hash(commits) == hashlib.sha256(b"".join(sorted(commits))).digest()
    for wrong in (code.lower() + "x", code[:-1]):
        with pytest.raises(FormatError):
            member_of_invite(wrong)
    with pytest.raises(FormatError):
        member_commit(salt[1:], invite)


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


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_garbage_is_refused(garbage: bytes) -> None:
    """Nothing but RollRefused comes out of garbage."""
    for data in (garbage, b"email,name\n" + garbage):
        with contextlib.suppress(RollRefused):
            parse_roll_csv(data)
