"""The opening file of a wave: keys of the names whose turn has come, and the bad ones; §7.

A document, named by its hash in the `opening` record.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, TypeAlias

import msgspec

from undersigned.domain.canonical import (
    LetterId,
    Natural,
    Positive,
    check_range,
    check_size,
    decode_json,
    format_canonical,
)
from undersigned.domain.letter import MOST_TRUSTEES, Letter
from undersigned.encoding import format_base64url, parse_base64url
from undersigned.errors import FormatError

LONGEST_OPENING = 64 * 1024 * 1024  # bytes: a key takes 80, so 800,000 names in one wave
KEY_BYTES = 32
SHARE_BYTES = 33  # y[32] ‖ x[1]; §6


@dataclass(frozen=True, slots=True)
class OpenedLeaf:
    """A sealed signature that is opened: its leaf and the key K of its blob (32 bytes)."""

    index: int
    key: bytes


@dataclass(frozen=True, slots=True)
class BadLeaf:
    """A sealed signature that cannot be opened: its leaf and each trustee's share, if there is one."""

    index: int
    shares: tuple[bytes | None, ...]


Leaf: TypeAlias = OpenedLeaf | BadLeaf


@dataclass(frozen=True, slots=True)
class Refusal:
    """A trustee's signed word that its shares of these leaves are not what their signers committed to.

    `leaves` ascend; `sig` is over `refusal_bytes`. Logged by its hash, in the opening file.
    """

    by: int
    leaves: tuple[int, ...]
    sig: bytes


@dataclass(frozen=True, slots=True)
class OpeningFile:
    """An opening: letter, wave (from 1), the log size verified, leaves ascending by index.

    `refusals`, by trustee, are those that bad leaves need.
    """

    letter_id: LetterId
    wave: int
    size: int
    leaves: tuple[Leaf, ...]
    refusals: tuple[Refusal, ...] = ()

    def __post_init__(self) -> None:
        check_size(self.letter_id, "letter", 32)
        if any(left.index >= right.index for left, right in pairwise(self.leaves)):
            raise FormatError("opening: leaves must be ascending, each once")
        for leaf in self.leaves:
            _check_leaf(leaf, self.size)
        if any(left.by >= right.by for left, right in pairwise(self.refusals)):
            raise FormatError("opening: refusals must be ascending, each trustee's once")
        for refusal in self.refusals:
            check_range(refusal.by, "opening: refusals: by", 1, MOST_TRUSTEES)
            check_ascending(refusal.leaves, "opening: refusals")
            check_size(refusal.sig, "opening: refusals: sig", 64)


def check_ascending(leaves: tuple[int, ...], what: str) -> None:
    """Check that there are leaves, in ascending order, each once. Raises FormatError."""
    if not leaves or any(left >= right for left, right in pairwise(leaves)):
        raise FormatError(f"{what}: leaves must be ascending, each once, and not none")


def refusal_bytes(letter_id: LetterId, wave: int, by: int, leaves: Sequence[int]) -> bytes:
    """Return what a trustee signs who refuses leaves of a wave (§7)."""
    head = b"undersigned/v1/refusal\n" + letter_id + wave.to_bytes(4, "big") + bytes([by])
    return head + format_canonical(list(leaves))


def refusals_needed(letter: Letter) -> int:
    """Return how many trustees' refusals strike a leaf: with so many, k good shares are not to be had."""
    return min(letter.quorum, len(letter.trustees) - letter.quorum + 1)


def _check_leaf(leaf: Leaf, size: int) -> None:
    if leaf.index >= size:
        raise FormatError("opening: a leaf lies outside the log that was verified")
    if isinstance(leaf, OpenedLeaf):
        check_size(leaf.key, "opening: key", KEY_BYTES)
        return
    check_range(len(leaf.shares), "opening: shares, how many", 1, MOST_TRUSTEES)
    for share in leaf.shares:
        check_size(share, "opening: share", SHARE_BYTES)


class _LeafWire(msgspec.Struct, forbid_unknown_fields=True):
    index: Natural
    key: str | msgspec.UnsetType = msgspec.UNSET
    bad: list[str | None] | msgspec.UnsetType = msgspec.UNSET


class _RefusalWire(msgspec.Struct, forbid_unknown_fields=True):
    by: Positive
    leaves: list[Natural]
    sig: str


class _OpeningWire(msgspec.Struct, tag="opening", tag_field="t", forbid_unknown_fields=True):
    v: Literal[1]
    letter: str
    wave: Positive
    size: Natural
    leaves: list[_LeafWire]
    refusals: list[_RefusalWire]


_DECODER = msgspec.json.Decoder(_OpeningWire)
# All strings are base64url and all member names ASCII: sorting them is then all that RFC 8785 asks for.
_ENCODER = msgspec.json.Encoder(order="sorted")


def parse_opening(data: bytes) -> OpeningFile:
    """Read an opening file. Raises FormatError unless it is canonical and within its limits."""
    if len(data) > LONGEST_OPENING:
        raise FormatError(f"opening: longer than {LONGEST_OPENING} bytes")
    wire = decode_json(_DECODER, data, "opening")
    leaves = tuple(_leaf_of(leaf) for leaf in wire.leaves)
    letter_id = LetterId(parse_base64url(wire.letter, size=32))
    refusals = tuple(
        Refusal(each.by, tuple(each.leaves), parse_base64url(each.sig, size=64))
        for each in wire.refusals
    )
    opening = OpeningFile(letter_id, wire.wave, wire.size, leaves, refusals)
    if format_opening(opening) != data:
        raise FormatError("opening: not in canonical form")
    return opening


def format_opening(opening: OpeningFile) -> bytes:
    """Write an opening file canonically. Raises FormatError if it is too long."""
    data = _ENCODER.encode(
        {
            "v": 1,
            "t": "opening",
            "letter": format_base64url(opening.letter_id),
            "wave": opening.wave,
            "size": opening.size,
            "leaves": [_leaf_members(leaf) for leaf in opening.leaves],
            "refusals": [
                {"by": each.by, "leaves": list(each.leaves), "sig": format_base64url(each.sig)}
                for each in opening.refusals
            ],
        }
    )
    if len(data) > LONGEST_OPENING:
        raise FormatError(f"opening: longer than {LONGEST_OPENING} bytes")
    return data


def _leaf_of(wire: _LeafWire) -> Leaf:
    match wire.key, wire.bad:
        case str() as key, msgspec.UNSET:
            return OpenedLeaf(wire.index, parse_base64url(key, size=KEY_BYTES))
        case msgspec.UNSET, list() as bad:
            return BadLeaf(wire.index, tuple(_share_of(share) for share in bad))
        case _:
            raise FormatError("opening: a leaf has either a key or is bad")


def _share_of(text: str | None) -> bytes | None:
    return None if text is None else parse_base64url(text, size=SHARE_BYTES)


def _leaf_members(leaf: Leaf) -> dict[str, Any]:
    if isinstance(leaf, OpenedLeaf):
        return {"index": leaf.index, "key": format_base64url(leaf.key)}
    shares = [None if share is None else format_base64url(share) for share in leaf.shares]
    return {"index": leaf.index, "bad": shares}
