"""The opening file of a wave: keys of the names whose turn has come, and the bad ones; §7.

A document, named by its hash in the `opening` record.
"""

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
from undersigned.domain.letter import MOST_TRUSTEES
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
class OpeningFile:
    """An opening: letter, wave (from 1), the log size verified, leaves ascending by index."""

    letter_id: LetterId
    wave: int
    size: int
    leaves: tuple[Leaf, ...]

    def __post_init__(self) -> None:
        check_size(self.letter_id, "letter", 32)
        if any(left.index >= right.index for left, right in pairwise(self.leaves)):
            raise FormatError("opening: leaves must be ascending, each once")
        for leaf in self.leaves:
            _check_leaf(leaf, self.size)


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


class _OpeningWire(msgspec.Struct, tag="opening", tag_field="t", forbid_unknown_fields=True):
    v: Literal[1]
    letter: str
    wave: Positive
    size: Natural
    leaves: list[_LeafWire]


_DECODER = msgspec.json.Decoder(_OpeningWire)


def parse_opening(data: bytes) -> OpeningFile:
    """Read an opening file. Raises FormatError unless it is canonical and within its limits."""
    if len(data) > LONGEST_OPENING:
        raise FormatError(f"opening: longer than {LONGEST_OPENING} bytes")
    wire = decode_json(_DECODER, data, "opening")
    leaves = tuple(_leaf_of(leaf) for leaf in wire.leaves)
    letter_id = LetterId(parse_base64url(wire.letter, size=32))
    opening = OpeningFile(letter_id, wire.wave, wire.size, leaves)
    if format_opening(opening) != data:
        raise FormatError("opening: not in canonical form")
    return opening


def format_opening(opening: OpeningFile) -> bytes:
    """Write an opening file canonically. Raises FormatError if it is too long."""
    data = format_canonical(
        {
            "v": 1,
            "t": "opening",
            "letter": format_base64url(opening.letter_id),
            "wave": opening.wave,
            "size": opening.size,
            "leaves": [_leaf_members(leaf) for leaf in opening.leaves],
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
