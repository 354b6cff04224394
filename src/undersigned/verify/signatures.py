"""The signatures of one letter while its records are replayed, and how many stand; formats §7."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from undersigned.domain.letter import Letter, Mode


class End(StrEnum):
    """Why a signature no longer counts."""

    WITHDRAWN = "withdrawn"
    INVALIDATED = "invalidated"
    UNOPENABLE = "unopenable"


@dataclass(slots=True, eq=False)
class Signature:
    """One signature. `leaf` is that of its `sign` record; the `*_at` are leaves of later records."""

    leaf: int
    pk: bytes
    mode: Mode
    condition: int | None
    name: bytes | None
    seq: int = 0
    end: End | None = None
    ended_at: int | None = None
    erased_at: int | None = None
    fixed: bool = False
    opened_name: bytes | None = None  # the hash of the blob whose key was published

    @property
    def is_opened(self) -> bool:
        """Whether its sealed name has been opened."""
        return self.opened_name is not None

    @property
    def asks(self) -> int:
        """How many must stand for it to stand: 0 once it is fixed, or when it asked for none."""
        return 0 if self.fixed or self.condition is None else self.condition

    def was_gone(self, size: int) -> bool:
        """Whether it had ended, or its name was erased, in the tree of `size` leaves."""
        return any(at is not None and at < size for at in (self.ended_at, self.erased_at))


class Stance(NamedTuple):
    """A signature as it was at one moment: the wave of a letter is made of these."""

    signature: Signature
    mode: Mode
    asks: int
    name: bytes | None
    was_opened: bool


class Figures(NamedTuple):
    """The numbers that a site shows."""

    m: int
    standing: int
    waiting: int
    anonymous: int
    withdrawn: int
    invalidated: int
    erased: int


class Terms(NamedTuple):
    """How somebody signs: the mode, the condition, and whether there is a name."""

    mode: Mode
    condition: int | None
    is_named: bool


def find_term_problems(letter: Letter, terms: Terms) -> Iterator[str]:
    """Yield what a letter does not offer of how somebody signed (§7, Replay)."""
    mode, condition, is_named = terms
    if mode not in letter.modes:
        yield f"signed as {mode}, which the letter does not offer"
    if condition is not None and (mode is Mode.PUBLIC or condition not in letter.conditions):
        yield f"the condition {condition} is not one that is offered"
    if is_named == (mode is Mode.ANONYMOUS):
        yield f"signed as {mode}, with a name that does not fit it"


Tally = Mapping[tuple[Mode, int], int]


def find_m(tally: Tally, letter: Letter) -> int:
    """Return m, dropping round by round whoever asks for more than the m of what is left (§7)."""
    left = {asks: 0 for _, asks in tally}
    for (mode, asks), number in tally.items():
        left[asks] += number if letter.counts(mode) else 0
    while True:
        m = sum(left.values())
        kept = {asks: number for asks, number in left.items() if asks <= m}
        if len(kept) == len(left):
            return m
        left = kept


def find_standing(stances: Iterable[Stance], letter: Letter) -> tuple[int, list[Stance]]:
    """Return m and those who stand, of signatures as they were at one moment."""
    everyone = list(stances)
    m = find_m(Counter((stance.mode, stance.asks) for stance in everyone), letter)
    return m, [stance for stance in everyone if stance.asks <= m]


@dataclass(slots=True)
class Signatures:
    """All signatures of a letter; the counts of the live ones are kept up to date."""

    letter: Letter
    by_pk: dict[bytes, Signature] = field(default_factory=dict)
    by_leaf: dict[int, Signature] = field(default_factory=dict)
    tally: Counter[tuple[Mode, int]] = field(default_factory=Counter)
    ends: Counter[End] = field(default_factory=Counter)
    erased: int = 0

    def add(self, signature: Signature) -> None:
        """Add a live signature."""
        self.by_leaf[signature.leaf] = signature
        self.by_pk.setdefault(signature.pk, signature)
        self._count(signature, 1)

    def replace(
        self, signature: Signature, mode: Mode, condition: int | None, name: bytes | None
    ) -> None:
        """Give a live signature another mode, condition and name."""
        self._count(signature, -1)
        signature.mode, signature.condition, signature.name = mode, condition, name
        self._count(signature, 1)

    def end(self, signature: Signature, end: End, at: int) -> None:
        """End a live signature."""
        self._count(signature, -1)
        signature.end, signature.ended_at = end, at
        self.ends[end] += 1

    def erase(self, signature: Signature, at: int) -> None:
        """Note that the name of a signature is gone."""
        if signature.erased_at is None:
            signature.erased_at = at
            self.erased += 1

    def fix(self, signature: Signature) -> None:
        """Take the condition off a signature whose set was released; an ended one has none."""
        if signature.end is not None:
            signature.fixed = True
            return
        self._count(signature, -1)
        signature.fixed = True
        self._count(signature, 1)

    def _count(self, signature: Signature, by: int) -> None:
        key = (signature.mode, signature.asks)
        self.tally[key] += by
        if not self.tally[key]:
            del self.tally[key]

    def live(self) -> Iterator[Signature]:
        """Yield the live signatures in the order of their leaves."""
        return (signature for signature in self.by_leaf.values() if signature.end is None)

    def stances(self) -> list[Stance]:
        """Return the live signatures as they are now."""
        return [
            Stance(signature, signature.mode, signature.asks, signature.name, signature.is_opened)
            for signature in self.live()
        ]

    @property
    def m(self) -> int:
        """How many of the standing count."""
        return find_m(self.tally, self.letter)

    def standing(self) -> list[Signature]:
        """Return the standing signatures in the order of their leaves."""
        m = self.m
        return [signature for signature in self.live() if signature.asks <= m]

    def unopened(self, *, with_erased: bool = True) -> int:
        """Return how many sealed signatures stand and have not been opened."""
        return sum(
            signature.mode is Mode.SEALED
            and not signature.is_opened
            and (with_erased or signature.erased_at is None)
            for signature in self.standing()
        )

    def listed(self) -> dict[int, bytes]:
        """Return the names that are public now: leaf of the signature, hash of the document or blob."""
        names: dict[int, bytes] = {}
        for signature in self.live():
            if signature.erased_at is None:
                if signature.opened_name is not None and signature.mode is Mode.SEALED:
                    names[signature.leaf] = signature.opened_name
                elif signature.mode is Mode.PUBLIC and signature.name is not None:
                    names[signature.leaf] = signature.name
        return names

    def figures(self, *, is_void: bool) -> Figures:
        """Return the numbers of this moment; in a void letter (lapsed, superseded) nobody stands."""
        m = -1 if is_void else self.m
        standing = sum(number for (_, asks), number in self.tally.items() if asks <= m)
        anonymous = sum(
            number
            for (mode, asks), number in self.tally.items()
            if asks <= m and mode is Mode.ANONYMOUS
        )
        return Figures(
            m=max(m, 0),
            standing=standing,
            waiting=0 if is_void else self.tally.total() - standing,
            anonymous=anonymous,
            withdrawn=self.ends[End.WITHDRAWN],
            invalidated=self.ends[End.INVALIDATED] + self.ends[End.UNOPENABLE],
            erased=self.erased,
        )
