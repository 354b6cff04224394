"""What a witness is sent: the specification's example, its form, its limits."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersigned.errors import FormatError
from undersigned.tlog.add_checkpoint import (
    MAX_REQUEST_SIZE,
    AddCheckpoint,
    format_add_checkpoint,
    parse_add_checkpoint,
    parse_size,
)
from undersigned.tlog.checkpoint import parse_any_checkpoint_body

# c2sp.org/tlog-witness, "add-checkpoint".
EXAMPLE = """\
old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo\
+zyWE+xeMcTOAYQ8=
""".encode()

HASH = base64.b64encode(bytes(32))


def test_the_example_of_the_specification() -> None:
    """It is read, and written back to the byte."""
    request = parse_add_checkpoint(EXAMPLE)
    assert request.old_size == 20_852_014
    assert len(request.proof) == 4
    assert request.checkpoint.startswith(b"example.com/behind-the-sofa\n20852163\n")
    assert format_add_checkpoint(request) == EXAMPLE


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"old 0\n",
        b"old 0\nnote",
        b"old 00\n\nnote",
        b"old -1\n\nnote",
        b"old  1\n\nnote",
        b"OLD 1\n\nnote",
        b"old 9223372036854775808\n\nnote",
        b"old 1\r\n\nnote",
        b"old 1\n" + HASH[:-1] + b"\n\nnote",
        b"old 1\n" + HASH + b" \n\nnote",
        b"old 1\n" + HASH + b"\r\n\r\nnote",
        b"old 1\n\xc2\xb2\n\nnote",
        b"new 1\n\nnote",
        b"\n\nnote",
    ],
)
def test_what_is_malformed(data: bytes) -> None:
    """One form, and no other."""
    with pytest.raises(FormatError):
        parse_add_checkpoint(data)


def test_limits() -> None:
    """63 hashes are taken, 64 are not; neither is a request that is too large."""
    lines = b"old 1\n" + (HASH + b"\n") * 63
    assert len(parse_add_checkpoint(lines + b"\nnote").proof) == 63
    with pytest.raises(FormatError, match="63"):
        parse_add_checkpoint(lines + HASH + b"\n\nnote")
    with pytest.raises(FormatError, match="large"):
        parse_add_checkpoint(b"old 1\n\n" + bytes(MAX_REQUEST_SIZE))


requests = st.builds(
    AddCheckpoint,
    st.integers(0, 2**63 - 1),
    st.lists(st.binary(min_size=32, max_size=32), max_size=63).map(tuple),
    st.binary(max_size=200),
)


@given(requests)
def test_what_is_written_is_read(request: AddCheckpoint) -> None:
    """Format and parse are inverse, whatever the checkpoint is."""
    assert parse_add_checkpoint(format_add_checkpoint(request)) == request


@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda rest: EXAMPLE[:58] + rest))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """What is read is written as it was."""
    try:
        request = parse_add_checkpoint(data)
    except FormatError:
        return
    assert format_add_checkpoint(request) == data


@given(st.binary(max_size=30))
def test_sizes(data: bytes) -> None:
    """A decimal and a newline, and nothing else."""
    try:
        size = parse_size(data)
    except FormatError:
        return
    assert data == f"{size}\n".encode()


def test_the_size_of_a_conflict() -> None:
    """As the specification writes it."""
    assert parse_size(b"20852014\n") == 20_852_014
    with pytest.raises(FormatError):
        parse_size(b"20852014")


def test_extension_lines_are_for_witnesses() -> None:
    """They are read past; an empty one is none."""
    body = "log.example/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
    assert parse_any_checkpoint_body(body + "more\n") == parse_any_checkpoint_body(body)
    for bad in (body[:-1], body + "\n", body + "more", body + "\nmore\n", "a\n0\n"):
        with pytest.raises(FormatError):
            parse_any_checkpoint_body(bad)
