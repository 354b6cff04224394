"""Canonical JSON and strict strings."""

import subprocess
import sys

import pytest
import rfc8785
from hypothesis import given
from tests.strategies import passages

from undersigned.domain.canonical import check_string, format_canonical
from undersigned.errors import FormatError


@pytest.mark.parametrize("value", [2**53, -(2**53), float("nan"), "\ud800", {1: 2}, b"bytes"])
def test_what_json_cannot_hold(value: object) -> None:
    """A FormatError, whatever it is."""
    with pytest.raises(FormatError):
        format_canonical(value)


@pytest.mark.parametrize("text", ["\x00", "\x7f", "\x85", "\t", "\r", "e\u0301", "\ud800", "a\n"])
def test_strings_of_one_line(text: str) -> None:
    """No control characters, no halves of a pair, and NFC."""
    with pytest.raises(FormatError):
        check_string(text, "member")


@given(passages(50))
def test_strings_of_several_lines(text: str) -> None:
    """Line feeds are taken where they are meant, and the text is written as it is."""
    check_string(text, "member", longest=50, lines=True)
    assert format_canonical({"text": text}) == rfc8785.dumps({"text": text})
    with pytest.raises(FormatError):
        check_string(text + "x" * 50, "member", longest=49, lines=True)


TOGETHER = """
import sys, threading, msgspec
from undersigned.domain.canonical import convert_json

TYPES = '''
class Inner(msgspec.Struct, tag="a", tag_field="t", forbid_unknown_fields=True):
    x: str
    z: str

class Other(msgspec.Struct, tag="b", tag_field="t", forbid_unknown_fields=True):
    y: str

class More(msgspec.Struct, forbid_unknown_fields=True):
    name: str | None
    role: str | None

class Outer(msgspec.Struct, forbid_unknown_fields=True):
    inner: Inner | Other
    more: More | None
'''

sys.setswitchinterval(1e-6)
for number in range(200):
    made = {"msgspec": msgspec, "__name__": f"made{number}"}
    exec(TYPES, made)
    gate, said = threading.Barrier(8), []

    def convert():
        gate.wait()
        more = {"name": None, "role": ""}
        value = {"inner": {"t": "b", "y": ""}, "more": more}
        said.append(convert_json(value, made["Outer"], "it"))

    threads = [threading.Thread(target=convert) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(said) == 8
"""


def test_threads_that_are_first_together() -> None:
    """A type that nobody has used is looked at by one thread: two at once would end the process."""
    done = subprocess.run([sys.executable, "-c", TOGETHER], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
