"""What a letter's records give at one size of the tree, to be compared with what the site shows."""

from dataclasses import dataclass

from undersigned.domain.letter import State
from undersigned.verify.signatures import Figures


@dataclass(frozen=True, slots=True)
class Moment:
    """One letter in the tree of one size. `ats` are the times that may be called its last."""

    figures: Figures
    headcount: int
    ats: frozenset[int]
    epoch: int
    epoch_at: int | None
    state: State | None
    wave: int
    opened_at: int | None
    reached_at: frozenset[int]
    released_at: int | None
    roll_n: int
