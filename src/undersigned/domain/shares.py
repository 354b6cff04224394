"""What one trustee tells the others of a wave: its share of every leaf, or that it refuses it; §9.

Sent, encrypted and signed (`crypto.share_file`); never logged.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Literal

import msgspec

from undersigned.domain.canonical import (
    LetterId,
    Natural,
    Positive,
    check_range,
    check_size,
    decode_json,
)
from undersigned.domain.letter import MOST_TRUSTEES
from undersigned.domain.opening import SHARE_BYTES
from undersigned.encoding import format_base64url, parse_base64url
from undersigned.errors import FormatError

LONGEST_SHARES: Final = 16 * 1024 * 1024
"""Bytes of a share file: a share takes 75, so some 200,000 names in one wave."""


@dataclass(frozen=True, slots=True)
class SharedLeaf:
    """A leaf and the sender's share of it (33 bytes), None where the sender refuses it."""

    index: int
    share: bytes | None


@dataclass(frozen=True, slots=True)
class Shares:
    """The shares of one trustee: letter, wave, the log size it had verified, its number, its leaves.

    `refusal` is the signature over `refusal_bytes` of the leaves without a share, None if all have one.
    """

    letter_id: LetterId
    wave: int
    size: int
    sender: int
    leaves: tuple[SharedLeaf, ...]
    refusal: bytes | None

    def __post_init__(self) -> None:
        check_size(self.letter_id, "letter", 32)
        check_range(self.sender, "shares: from", 1, MOST_TRUSTEES)
        if any(left.index >= right.index for left, right in pairwise(self.leaves)):
            raise FormatError("shares: leaves must be ascending, each once")
        for leaf in self.leaves:
            check_size(leaf.share, "shares: share", SHARE_BYTES)
        check_size(self.refusal, "shares: refusal", 64)
        if (self.refusal is None) != (not self.refused):
            raise FormatError("shares: a refusal comes with leaves that have no share, and only so")

    @property
    def refused(self) -> tuple[int, ...]:
        """Return the leaves that the sender refuses."""
        return tuple(leaf.index for leaf in self.leaves if leaf.share is None)


class _LeafWire(msgspec.Struct, forbid_unknown_fields=True):
    index: Natural
    share: str | None


class _SharesWire(
    msgspec.Struct,
    tag="shares",
    tag_field="t",
    forbid_unknown_fields=True,
    rename={"sender": "from"},
):
    v: Literal[1]
    letter: str
    wave: Positive
    size: Natural
    sender: Positive
    leaves: list[_LeafWire]
    refusal: str | None


_DECODER: Final = msgspec.json.Decoder(_SharesWire)
# As in `domain.opening`: sorting the members is all that RFC 8785 asks for here.
_ENCODER: Final = msgspec.json.Encoder(order="sorted")


def parse_shares(data: bytes) -> Shares:
    """Read what a share file holds. Raises FormatError unless it is canonical and in its limits."""
    if len(data) > LONGEST_SHARES:
        raise FormatError(f"shares: longer than {LONGEST_SHARES} bytes")
    wire = decode_json(_DECODER, data, "shares")
    shares = Shares(
        LetterId(parse_base64url(wire.letter, size=32)),
        wire.wave,
        wire.size,
        wire.sender,
        tuple(
            SharedLeaf(
                leaf.index,
                None if leaf.share is None else parse_base64url(leaf.share, size=SHARE_BYTES),
            )
            for leaf in wire.leaves
        ),
        None if wire.refusal is None else parse_base64url(wire.refusal, size=64),
    )
    if format_shares(shares) != data:
        raise FormatError("shares: not in canonical form")
    return shares


def format_shares(shares: Shares) -> bytes:
    """Write what a share file holds, canonically."""
    return _ENCODER.encode(
        {
            "v": 1,
            "t": "shares",
            "letter": format_base64url(shares.letter_id),
            "wave": shares.wave,
            "size": shares.size,
            "from": shares.sender,
            "leaves": [_members(leaf) for leaf in shares.leaves],
            "refusal": None if shares.refusal is None else format_base64url(shares.refusal),
        }
    )


def _members(leaf: SharedLeaf) -> dict[str, Any]:
    share = None if leaf.share is None else format_base64url(leaf.share)
    return {"index": leaf.index, "share": share}
