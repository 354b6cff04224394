"""The signatures of one letter while its records are replayed, and how many stand; formats §7.

They lie in a table (`scratch`), 132 bytes for each; a `Signature` is what one of its rows said when it was
read. What changes one goes through `Signatures`, which keeps the counts of the live ones up to date.
"""

import struct
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from undersigned.crypto.token import nonce_of
from undersigned.domain.letter import Letter, Mode
from undersigned.verify.scratch import Index, Scratch, Table


class End(StrEnum):
    """Why a signature no longer counts."""

    WITHDRAWN = "withdrawn"
    INVALIDATED = "invalidated"
    UNOPENABLE = "unopenable"


class Signature(NamedTuple):
    """One signature. `leaf` is that of its `sign` record; the `*_at` are leaves of later records.

    `number` is its row, `is_vouched` says that its token was verified.
    """

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
    is_vouched: bool = False
    number: int = -1

    @property
    def is_opened(self) -> bool:
        """Whether its sealed name has been opened."""
        return self.opened_name is not None

    @property
    def asks(self) -> int:
        """How many must stand for it to stand: 0 once it is fixed, or when it asked for none."""
        return 0 if self.fixed or self.condition is None else self.condition

    @property
    def listed(self) -> bytes | None:
        """The hash of the document or blob of its name, if that is public now."""
        if self.end is not None or self.erased_at is not None:
            return None
        if self.mode is Mode.SEALED:
            return self.opened_name
        return self.name if self.mode is Mode.PUBLIC else None

    @property
    def is_due(self) -> bool:
        """Whether its name has to be there, if it is public or opened."""
        return self.end is None and self.erased_at is None

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


Tally = Mapping[tuple[Mode, int], int]
"""How many live signatures there are of each mode and condition."""


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


class Kind(NamedTuple):
    """What the counts tell apart of the live signatures."""

    mode: Mode
    asks: int
    is_opened: bool
    is_erased: bool


_ROW: Final = struct.Struct("<QQQQBBBB32s32s32s")
_LEAF: Final = slice(0, 8)
_MODE: Final = 32
_PK: Final = slice(36, 68)
_NEAR: Final = 8
"""Rows that are looked at one after the other before all are searched."""

_NEVER: Final = 2**64 - 1
"""In the place of a number that is not there; no log has such a leaf, and JSON no such condition."""

_MODES: Final = tuple(Mode)
_PUBLIC, _SEALED = _MODES.index(Mode.PUBLIC), _MODES.index(Mode.SEALED)
_ENDS: Final = (None, *End)
_HAS_NAME, _FIXED, _OPENED, _VOUCHED = 1, 2, 4, 8
_NO_HASH: Final = bytes(32)


def _format(each: Signature) -> bytes:
    marks = _HAS_NAME if each.name is not None else 0
    marks |= _FIXED if each.fixed else 0
    marks |= _OPENED if each.opened_name is not None else 0
    marks |= _VOUCHED if each.is_vouched else 0
    return _ROW.pack(
        each.leaf,
        _NEVER if each.condition is None else each.condition,
        _NEVER if each.ended_at is None else each.ended_at,
        _NEVER if each.erased_at is None else each.erased_at,
        _MODES.index(each.mode),
        _ENDS.index(each.end),
        each.seq,
        marks,
        each.pk,
        each.name or _NO_HASH,
        each.opened_name or _NO_HASH,
    )


def _parse(number: int, row: bytes) -> Signature:
    leaf, condition, ended_at, erased_at, mode, end, seq, marks, pk, name, opened = _ROW.unpack(row)
    return Signature(
        leaf,
        pk,
        _MODES[mode],
        None if condition == _NEVER else condition,
        name if marks & _HAS_NAME else None,
        seq,
        _ENDS[end],
        None if ended_at == _NEVER else ended_at,
        None if erased_at == _NEVER else erased_at,
        bool(marks & _FIXED),
        opened if marks & _OPENED else None,
        bool(marks & _VOUCHED),
        number,
    )


class Signatures:
    """All signatures of a letter, in the order of their leaves."""

    def __init__(self, letter: Letter, scratch: Scratch) -> None:
        self.letter = letter
        self.tally: Counter[Kind] = Counter()
        self.ends: Counter[End] = Counter()
        self.erased = 0
        self._rows = Table(scratch, _ROW.size)
        # By the nonce that a token for the key has: with one look both are known to be new.
        self._nonces = Index(lambda number: nonce_of(self._rows.read_part(number, _PK)))

    def __len__(self) -> int:
        """Return how many there are, ended ones included."""
        return len(self._rows)

    def __iter__(self) -> Iterator[Signature]:
        """Yield all of them, ended ones included."""
        return (_parse(number, row) for number, row in enumerate(self._rows))

    def of_mode(self, mode: Mode) -> Iterator[Signature]:
        """Yield those who sign in a mode, ended ones included."""
        mark = _MODES.index(mode)
        return (_parse(number, row) for number, row in enumerate(self._rows) if row[_MODE] == mark)

    def listed(self) -> Iterator[bytes | None]:
        """Yield for each of them the hash of its name that is public now; see `Signature.listed`."""
        for _, _, _, erased_at, mode, end, _, marks, _, name, opened in self._rows.unpack(_ROW):
            if end or erased_at != _NEVER:
                yield None
            elif mode == _SEALED:
                yield opened if marks & _OPENED else None
            else:
                yield name if mode == _PUBLIC and marks & _HAS_NAME else None

    def get(self, number: int) -> Signature:
        """Return the signature of a row."""
        return _parse(number, self._rows.read(number))

    def find_by_pk(self, pk: bytes) -> Signature | None:
        """Return the first signature by a key."""
        found = self._nonces.find(nonce_of(pk))
        return self.get(found[0]) if found else None

    def find_by_nonce(self, nonce: bytes) -> list[Signature]:
        """Return the signatures by the key whose tokens have a nonce."""
        return [self.get(number) for number in self._nonces.find(nonce)]

    def find_by_leaf(self, leaf: int) -> Signature | None:
        """Return the signature whose `sign` record is at a leaf."""
        least, end = 0, len(self)
        while least < end:
            middle = (least + end) // 2
            found = self._leaf(middle)
            if found == leaf:
                return self.get(middle)
            if found < leaf:
                least = middle + 1
            else:
                end = middle
        return None

    def find_near(self, leaf: int, number: int) -> Signature | None:
        """Return what `find_by_leaf` does, at once if it is not far behind the row of a number."""
        for near in range(number, min(number + _NEAR, len(self))):
            found = self._leaf(near)
            if found >= leaf:
                return self.get(near) if found == leaf else self.find_by_leaf(leaf)
        return self.find_by_leaf(leaf)

    def _leaf(self, number: int) -> int:
        return int.from_bytes(self._rows.read_part(number, _LEAF), "little")

    # --- what changes them

    def add(self, signature: Signature, nonce: bytes) -> list[Signature]:
        """Add a live signature; return those before it by the same key, whose nonce is `nonce`."""
        number = self._rows.append(_format(signature))
        self.tally[_kind_of(signature)] += 1
        return [self.get(before) for before in self._nonces.put(nonce, number)]

    def amend(
        self, signature: Signature, seq: int, mode: Mode, condition: int | None, name: bytes | None
    ) -> None:
        """Give a live signature another mode, condition and name."""
        self._put(signature, signature._replace(seq=seq, mode=mode, condition=condition, name=name))

    def end(self, signature: Signature, end: End, at: int) -> None:
        """End a live signature."""
        self._put(signature, signature._replace(end=end, ended_at=at))
        self.ends[end] += 1

    def erase(self, signature: Signature, at: int) -> None:
        """Note that the name of a signature is gone."""
        if signature.erased_at is None:
            self._put(signature, signature._replace(erased_at=at))
            self.erased += 1

    def open(self, signature: Signature, blob: bytes) -> None:
        """Note that the name of a signature was opened, out of this blob."""
        self._put(signature, signature._replace(opened_name=blob))

    def fix(self, leaves: Iterable[int]) -> None:
        """Take the conditions off those whose set was released; `leaves` ascend."""
        for signature in self.find_all(leaves):
            self._put(signature, signature._replace(fixed=True))

    def find_all(self, leaves: Iterable[int]) -> Iterator[Signature]:
        """Yield the signatures at leaves, which ascend, as they are when their turn comes."""
        wanted = iter(leaves)
        leaf = next(wanted, None)
        for number, row in enumerate(self._rows):
            found = int.from_bytes(row[:8], "little")
            while leaf is not None and leaf < found:
                leaf = next(wanted, None)
            if leaf is None:
                return
            if leaf == found:
                yield _parse(number, row)

    def _put(self, before: Signature, after: Signature) -> None:
        if before.end is None:
            self._count(before, -1)
        if after.end is None:
            self._count(after, 1)
        self._rows.replace(after.number, _format(after))

    def _count(self, signature: Signature, by: int) -> None:
        kind = _kind_of(signature)
        self.tally[kind] += by
        if not self.tally[kind]:
            del self.tally[kind]

    # --- what they come to

    def live(self) -> Iterator[Signature]:
        """Yield the live signatures in the order of their leaves."""
        return (signature for signature in self if signature.end is None)

    @property
    def _by_terms(self) -> Tally:
        tally: Counter[tuple[Mode, int]] = Counter()
        for kind, number in self.tally.items():
            tally[kind.mode, kind.asks] += number
        return tally

    @property
    def m(self) -> int:
        """How many of the standing count."""
        return find_m(self._by_terms, self.letter)

    def standing(self) -> Iterator[int]:
        """Yield the leaves of the standing signatures, in their order."""
        m = self.m
        for row in self._rows.unpack(_ROW):
            leaf, condition, _, _, _, end, _, marks, *_ = row
            if not end and (condition <= m or condition == _NEVER or marks & _FIXED):
                yield leaf

    def unopened(self, *, with_erased: bool = True) -> int:
        """Return how many sealed signatures stand and have not been opened."""
        m = self.m
        return sum(
            number
            for kind, number in self.tally.items()
            if kind.mode is Mode.SEALED
            and kind.asks <= m
            and not kind.is_opened
            and (with_erased or not kind.is_erased)
        )

    def figures(self, *, is_void: bool) -> Figures:
        """Return the numbers of this moment; in a void letter (lapsed, superseded) nobody stands."""
        m = -1 if is_void else self.m
        standing = sum(number for kind, number in self.tally.items() if kind.asks <= m)
        anonymous = sum(
            number
            for kind, number in self.tally.items()
            if kind.asks <= m and kind.mode is Mode.ANONYMOUS
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


def _kind_of(signature: Signature) -> Kind:
    return Kind(
        signature.mode, signature.asks, signature.is_opened, signature.erased_at is not None
    )


def ascending(leaves: Iterable[int]) -> "array[int]":
    """Keep leaves that ascend, in 8 bytes each."""
    return array("Q", leaves)
