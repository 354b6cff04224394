"""The roll: forgiving codes, and commitments to members."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersigned.domain.roll import (
    INVITE_ALPHABET,
    format_invite_code,
    member_commit,
    member_of_email,
    member_of_invite,
    parse_invite_code,
    roll_hash,
)
from undersigned.errors import FormatError

codes = st.text(INVITE_ALPHABET, min_size=16, max_size=16)


@pytest.mark.parametrize("text", ["A@b.example", " a@b.example", "e\u0301@b.example"])
def test_a_member_has_a_canonical_address(text: str) -> None:
    """What is hashed is canonical."""
    with pytest.raises(FormatError):
        member_of_email(text)


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
