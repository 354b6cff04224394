"""One wave of a letter: who was in it when it was frozen, and whose names its opening may show.

Formats §7, "Opening". The sets are recomputed here from the wave's own moment; which of the names
then decrypt is for `names`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from undersigned.domain.letter import Letter, Mode
from undersigned.domain.opening import BadLeaf, OpenedLeaf, OpeningFile
from undersigned.verify.signatures import Signature, Stance, find_standing


@dataclass(frozen=True, slots=True)
class Wave:
    """The live signatures at the outcome record (leaf `index`) that froze wave `number`."""

    letter: Letter
    number: int
    index: int
    is_first: bool
    stances: tuple[Stance, ...]

    def standing(self) -> list[Signature]:
        """Return those who stood when the wave was frozen."""
        return [stance.signature for stance in find_standing(self.stances, self.letter)[1]]


@dataclass(frozen=True, slots=True)
class Turn:
    """Whose turn an opening was: m(S), S itself, and the leaves that had to be opened."""

    m: int
    members: tuple[Stance, ...]
    due: dict[int, Stance]
    holds: bool


def opened_leaves(opening: OpeningFile) -> tuple[OpenedLeaf, ...]:
    """Return the leaves of an opening file that carry a key."""
    return tuple(leaf for leaf in opening.leaves if isinstance(leaf, OpenedLeaf))


def bad_leaves(opening: OpeningFile) -> tuple[BadLeaf, ...]:
    """Return the leaves of an opening file that were struck."""
    return tuple(leaf for leaf in opening.leaves if isinstance(leaf, BadLeaf))


def find_turn(wave: Wave, opening: OpeningFile) -> Turn:
    """Find S: strike the bad and those who had gone at `size`; the outcome of what is left."""
    bad = {leaf.index for leaf in bad_leaves(opening)}
    left = [
        stance
        for stance in wave.stances
        if stance.signature.leaf not in bad and not stance.signature.was_gone(opening.size)
    ]
    m, members = find_standing(left, wave.letter)
    holds = not wave.is_first or m >= wave.letter.rule
    due = {
        stance.signature.leaf: stance
        for stance in members
        if holds and stance.mode is Mode.SEALED and not stance.was_opened
    }
    return Turn(m, tuple(members), due, holds)


def find_problems(wave: Wave, opening: OpeningFile, turn: Turn, index: int) -> Iterator[str]:
    """Yield what is wrong with the leaves of an opening whose record is leaf `index` of the log."""
    if not wave.index < opening.size <= index:
        yield (
            f"its size {opening.size} is not that of a tree between the wave (leaf {wave.index})"
            " and the opening"
        )
    opened = {leaf.index for leaf in opened_leaves(opening)}
    for leaf in sorted(opened - turn.due.keys()):
        yield f"the name at leaf {leaf} was opened and it was not its turn{_why(wave, turn, leaf)}"
    for leaf in sorted(turn.due.keys() - opened):
        yield f"the name at leaf {leaf} was in the wave and was not opened"
    could_be_bad = {
        stance.signature.leaf
        for stance in find_standing(wave.stances, wave.letter)[1]
        if stance.mode is Mode.SEALED
        and not stance.was_opened
        and not stance.signature.was_gone(opening.size)
    }
    for bad in bad_leaves(opening):
        if bad.index not in could_be_bad:
            yield f"leaf {bad.index} was struck as bad and is no sealed signature of the wave"
        elif len(bad.shares) != len(wave.letter.trustees):
            yield f"leaf {bad.index} has {len(bad.shares)} shares and not one for each trustee"


def _why(wave: Wave, turn: Turn, leaf: int) -> str:
    stance = next((stance for stance in wave.stances if stance.signature.leaf == leaf), None)
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
