"""One wave of a letter: who was in it when it was frozen, and whose names its opening may show.

Formats §7, "Opening". The sets are recomputed here from the wave's own moment; which of the names
then decrypt is for `names`. Whoever is in a wave is gone through in the order of the leaves, from a table, as
often as needed: what is kept of a set are its leaves.
"""

import struct
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from undersigned.domain.letter import Letter, Mode
from undersigned.domain.opening import BadLeaf, OpenedLeaf, OpeningFile
from undersigned.verify.scratch import Scratch, Table
from undersigned.verify.signatures import Signatures, Stance, ascending, find_m

_ROW: Final = struct.Struct("<QQBBB32s")
_MODES: Final = tuple(Mode)


class Stances:
    """The live signatures of a letter as they are when this is made; each knows what becomes of it."""

    __slots__ = ("_rows", "_signatures")

    def __init__(self, signatures: Signatures, scratch: Scratch) -> None:
        self._signatures = signatures
        self._rows = Table(scratch, _ROW.size)
        for each in signatures.live():
            mode, name = _MODES.index(each.mode), each.name
            marks = each.is_opened, name is not None
            self._rows.append(_ROW.pack(each.number, each.asks, mode, *marks, name or bytes(32)))

    def __iter__(self) -> Iterator[Stance]:
        """Yield them in the order of their leaves."""
        for number, asks, mode, was_opened, has_name, name in self._rows.unpack(_ROW):
            yield Stance(
                self._signatures.get(number),
                _MODES[mode],
                asks,
                name if has_name else None,
                was_opened=bool(was_opened),
            )


@dataclass(frozen=True, slots=True)
class Wave:
    """The live signatures at the outcome record (leaf `index`) that froze wave `number`."""

    letter: Letter
    number: int
    index: int
    is_first: bool
    stances: Iterable[Stance]

    def standing(self) -> Sequence[int]:
        """Return the leaves of those who stood when the wave was frozen."""
        m = _find_m(self, self.stances)
        return ascending(stance.signature.leaf for stance in self.stances if stance.asks <= m)


@dataclass(frozen=True, slots=True)
class Turn:
    """Whose turn an opening was: m(S), the leaves of S itself, and those that had to be opened."""

    m: int
    members: Sequence[int]
    due: Sequence[int]
    holds: bool


def opened_leaves(opening: OpeningFile) -> Iterator[OpenedLeaf]:
    """Yield the leaves of an opening file that carry a key."""
    return (leaf for leaf in opening.leaves if isinstance(leaf, OpenedLeaf))


def bad_leaves(opening: OpeningFile) -> tuple[BadLeaf, ...]:
    """Return the leaves of an opening file that were struck."""
    return tuple(leaf for leaf in opening.leaves if isinstance(leaf, BadLeaf))


def pair_up(
    stances: Iterable[Stance], leaves: Iterable[int]
) -> Iterator[tuple[int, Stance | None]]:
    """Yield leaves, which ascend, each with its stance; None: it is not among them."""
    left = iter(stances)
    stance = next(left, None)
    for leaf in leaves:
        while stance is not None and stance.signature.leaf < leaf:
            stance = next(left, None)
        yield leaf, stance if stance is not None and stance.signature.leaf == leaf else None


def _find_m(wave: Wave, left: Iterable[Stance]) -> int:
    return find_m(Counter((stance.mode, stance.asks) for stance in left), wave.letter)


def find_turn(wave: Wave, opening: OpeningFile) -> Turn:
    """Find S: strike the bad and those who had gone at `size`; the outcome of what is left."""
    bad = {leaf.index for leaf in bad_leaves(opening)}

    def left() -> Iterator[Stance]:
        for stance in wave.stances:
            signature = stance.signature
            if signature.leaf not in bad and not signature.was_gone(opening.size):
                yield stance

    m = _find_m(wave, left())
    members = ascending(stance.signature.leaf for stance in left() if stance.asks <= m)
    holds = not wave.is_first or m >= wave.letter.rule
    due = ascending(
        leaf
        for leaf, stance in pair_up(wave.stances, members)
        if holds and stance is not None and stance.mode is Mode.SEALED and not stance.was_opened
    )
    return Turn(m, members, due, holds)


def find_problems(wave: Wave, opening: OpeningFile, turn: Turn, index: int) -> Iterator[str]:
    """Yield what is wrong with the leaves of an opening whose record is leaf `index` of the log."""
    if not wave.index < opening.size <= index:
        yield (
            f"its size {opening.size} is not that of a tree between the wave (leaf {wave.index})"
            " and the opening"
        )
    opened = ascending(leaf.index for leaf in opened_leaves(opening))
    for leaf, stance in pair_up(wave.stances, _only_in_first(opened, turn.due)):
        why = _why(wave, turn, stance)
        yield f"the name at leaf {leaf} was opened and it was not its turn{why}"
    for leaf in _only_in_first(turn.due, opened):
        yield f"the name at leaf {leaf} was in the wave and was not opened"
    bad = bad_leaves(opening)
    m = _find_m(wave, wave.stances) if bad else 0
    found = pair_up(wave.stances, (each.index for each in bad))
    for each, (_, stance) in zip(bad, found, strict=True):
        could_be_bad = (
            stance is not None
            and stance.asks <= m
            and stance.mode is Mode.SEALED
            and not stance.was_opened
            and not stance.signature.was_gone(opening.size)
        )
        if not could_be_bad:
            yield f"leaf {each.index} was struck as bad and is no sealed signature of the wave"
        elif len(each.shares) != len(wave.letter.trustees):
            yield f"leaf {each.index} has {len(each.shares)} shares and not one for each trustee"


def _only_in_first(first: Iterable[int], second: Iterable[int]) -> Iterator[int]:
    """Yield what is in the first of two ascending lists and not in the second."""
    others = iter(second)
    other = next(others, None)
    for each in first:
        while other is not None and other < each:
            other = next(others, None)
        if other != each:
            yield each


def _why(wave: Wave, turn: Turn, stance: Stance | None) -> str:
    if stance is None:
        return " (it was not a live signature of the letter when the wave was frozen)"
    if not turn.holds:
        return f" (m is {turn.m} and the rule is {wave.letter.rule})"
    if stance.mode is not Mode.SEALED:
        return f" (it is {stance.mode})"
    if stance.was_opened:
        return " (it had been opened before)"
    if stance.asks > turn.m:
        return f" (it asks for {stance.asks} and m is {turn.m})"
    return " (it had been withdrawn, invalidated or erased)"
