"""What a verifier remembers from one time to the next: the tree that it saw last.

Without it nobody can tell that a log was replaced by another one that is as well formed.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from undersigned.encoding import format_base64, parse_base64
from undersigned.errors import FormatError, StoreError
from undersigned.files import replace_file
from undersigned.verify.report import Report

MAX_STATE_BYTES: Final = 4_096
"""An origin, a key, a number and a hash have less than 1 kB."""


@dataclass(frozen=True, slots=True)
class State:
    """The log by its origin and vkey, and the size and root (32 bytes) of its tree at the time."""

    origin: str
    vkey: str
    size: int
    root: bytes


class _Wire(msgspec.Struct, forbid_unknown_fields=True):
    origin: str
    vkey: str
    size: int
    root: str


def parse_state(data: bytes) -> State:
    """Read a saved state. Raises FormatError."""
    if len(data) > MAX_STATE_BYTES:
        raise FormatError("the saved state is too long to be one")
    try:
        wire = msgspec.json.decode(data, type=_Wire)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise FormatError("the saved state is not one that a verification wrote") from None
    if not 0 <= wire.size < 2**63:
        raise FormatError("the saved state has a size that no log has")
    return State(wire.origin, wire.vkey, wire.size, parse_base64(wire.root, size=32))


def format_state(state: State) -> bytes:
    """Write a state as the bytes that `parse_state` reads."""
    members = {
        "origin": state.origin,
        "vkey": state.vkey,
        "size": state.size,
        "root": format_base64(state.root),
    }
    return (json.dumps(members, indent=2) + "\n").encode()


def load_state(path: Path) -> State | None:
    """Read the state in a file, None if there is no file yet. Raises FormatError, StoreError."""
    try:
        with path.open("rb") as file:
            return parse_state(file.read(MAX_STATE_BYTES + 1))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}.") from None


def save_state(path: Path, report: Report) -> bool:
    """Remember the tree of a report in which all holds; tell whether it was saved.

    A report with anything false or unchecked leaves the file as it is: what was wrong once must
    stay wrong the next time. Raises StoreError.
    """
    if report.exit_code != 0 or report.root is None or report.size is None:
        return False
    keep_state(path, State(report.origin or "", report.vkey or "", report.size, report.root))
    return True


def keep_state(path: Path, state: State) -> None:
    """Remember a tree in which all holds. Raises StoreError."""
    replace_file(path, format_state(state))
