"""The roll: invite codes, and commitments to members; §4.

No error here quotes an address or a code.
"""

import re
from collections.abc import Iterable

from undersigned.domain.address import parse_address
from undersigned.domain.canonical import check_size, hash_bytes
from undersigned.errors import FormatError

LONGEST_WRITING = 64  # characters in which somebody may write a code of 16

INVITE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
INVITE_CHARACTERS = 16  # 80 bits
_CODE = re.compile(f"[{INVITE_ALPHABET}]{{{INVITE_CHARACTERS}}}")
_FORGIVEN = str.maketrans("abcdefghijklmnopqrstuvwxyzOIL", "ABCDEFGH1JK1MN0PQRSTUVWXYZ011")


# --- invite codes


def parse_invite_code(text: str) -> str:
    """Read an invite code as people write it; returns its 16 characters. Raises FormatError."""
    if len(text) > LONGEST_WRITING:
        raise FormatError("invite code: too long")
    code = "".join(text.replace("-", " ").split()).translate(_FORGIVEN)
    if not _CODE.fullmatch(code):
        raise FormatError("invite code: must be 16 letters and digits")
    return code


def format_invite_code(code: str) -> str:
    """Write an invite code in groups of four."""
    return "-".join(code[i : i + 4] for i in range(0, len(code), 4))


# --- commitments


def member_of_email(address: str) -> bytes:
    """Return the member that a canonical address stands for. Raises FormatError."""
    return b"email:" + parse_address(address).encode()


def member_of_invite(code: str) -> bytes:
    """Return the member that an invite code (16 characters) stands for. Raises FormatError."""
    if not _CODE.fullmatch(code):
        raise FormatError("invite code: must be 16 letters and digits")
    return b"invite:" + hash_bytes(code.encode())


def member_commit(salt: bytes, member: bytes) -> bytes:
    """Return H(salt ‖ member), 32 bytes. Raises FormatError unless the salt is 16 bytes."""
    check_size(salt, "salt", 16)
    return hash_bytes(salt + member)


def roll_hash(commits: Iterable[bytes]) -> bytes:
    """Return H over the member_commits in ascending order, 32 bytes."""
    return hash_bytes(b"".join(sorted(commits)))
