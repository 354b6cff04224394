"""The waves and openings of one letter while its records are replayed; formats §7 (check 11)."""

import struct
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from undersigned.crypto.ed25519 import verify_ed25519
from undersigned.domain.letter import Mode
from undersigned.domain.opening import (
    LONGEST_OPENING,
    OpeningFile,
    parse_opening,
    refusal_bytes,
)
from undersigned.domain.record import OpeningRecord
from undersigned.domain.stage import Stage, stage_after_opening
from undersigned.errors import FormatError, VerificationError
from undersigned.verify.context import Context
from undersigned.verify.scratch import Table
from undersigned.verify.signatures import End, Signature, Signatures
from undersigned.verify.wave import (
    Stances,
    Wave,
    bad_leaves,
    find_problems,
    find_turn,
    opened_leaves,
    pair_up,
)


class Opened(NamedTuple):
    """A name whose key was published: the number of its signature, the blob's hash, the key (32 bytes)."""

    number: int
    blob: bytes
    key: bytes


_OPENED: Final = struct.Struct("<Q32s32s")


@dataclass(frozen=True, slots=True)
class Struck:
    """A name that was struck as bad: the number of its signature, the blob's hash, the shares shown.

    `refused` is how many trustees signed that their share of it is not what was committed to.
    """

    number: int
    blob: bytes
    shares: tuple[bytes | None, ...]
    refused: int


@dataclass(slots=True)
class Openings:
    """The last wave, everything that was opened or struck, and the set that will be fixed."""

    context: Context
    label: str
    signatures: Signatures
    wave: Wave | None = None
    struck: list[Struck] = field(default_factory=list)
    _opened: Table = field(init=False)
    _marked: int = 0  # how many of them their signatures tell of
    _fixing: Sequence[int] = ()

    def __post_init__(self) -> None:
        self._opened = Table(self.context.scratch, _OPENED.size)

    def __contains__(self, signature: Signature) -> bool:
        """Tell whether a signature was live when the last wave was frozen."""
        if self.wave is None or signature.leaf >= self.wave.index:
            return False
        return signature.ended_at is None or signature.ended_at > self.wave.index

    def opened(self, start: int = 0) -> Iterator[Opened]:
        """Yield the names that were opened, from the one with this number on."""
        for number in range(start, len(self._opened)):
            yield Opened(*_OPENED.unpack(self._opened.read(number)))

    @property
    def how_many(self) -> int:
        """How many names were opened."""
        return len(self._opened)

    def freeze(self, number: int, index: int, *, is_first: bool) -> None:
        """Keep the live signatures as they are at the outcome that freezes a wave, leaf `index`."""
        stances = Stances(self.signatures, self.context.scratch)
        self.wave = Wave(self.signatures.letter, number, index, is_first, stances)
        self._fixing = self.wave.standing()

    def release(self) -> None:
        """Fix the set of the wave that is released: its conditions have been met for good."""
        self.signatures.fix(self._fixing)
        self._fixing = ()

    def open(self, index: int, record: OpeningRecord, stage: Stage) -> Stage:
        """Take an `opening` record, leaf `index`; return the stage after it."""
        opening = self._read(index, record)
        wave = self.wave
        if wave is None or not stage.opening_due or record.wave != wave.number:
            self._false(index, f"an opening of wave {record.wave}, and none of it is due")
            if opening is not None:
                self._collect(opening)
            return stage
        if opening is None:
            letter_id = self.signatures.letter.letter_id
            opening = OpeningFile(letter_id, record.wave, index, ())
        else:
            self._collect(opening)
        turn = find_turn(wave, opening)
        for problem in find_problems(wave, opening, turn, index):
            self._false(index, problem)
        self._strike(index, opening)
        self._fixing = turn.members
        if not wave.is_first:
            self.release()
        return stage_after_opening(stage, record, holds=turn.holds)

    def _false(self, index: int, sentence: str) -> None:
        self.context.findings.false(11, f"Leaf {index}, {self.label}: {sentence}.")

    def _read(self, index: int, record: OpeningRecord) -> OpeningFile | None:
        what = f"Leaf {index}, {self.label}, the opening of wave {record.wave}"
        data = self.context.find_document(record.file, 11, what, limit=LONGEST_OPENING)
        if data is None:
            self._false(index, "the opening file is not in the mirror, or was changed")
            return None
        try:
            opening = parse_opening(data)
        except FormatError as error:
            self._false(index, f"the opening file cannot be read: {error.detail}")
            return None
        if (opening.letter_id, opening.wave) != (self.signatures.letter.letter_id, record.wave):
            self._false(index, "the opening file is of another letter or wave")
        bad = len(bad_leaves(opening))
        opened = len(opening.leaves) - bad
        if (opened, bad) != (record.opened, record.bad):
            self._false(
                index,
                f"the record counts {record.opened} opened and {record.bad} bad leaves, the file"
                f" has {opened} and {bad}",
            )
        return opening

    def _collect(self, opening: OpeningFile) -> None:
        """Keep what was opened, in turn or not: the names are looked at when all is read."""
        leaves = (leaf.index for leaf in opened_leaves(opening))
        found = self._find_blobs(leaves)
        for leaf, (signature, blob) in zip(opened_leaves(opening), found, strict=True):
            if signature is not None and blob is not None:
                self._opened.append(_OPENED.pack(signature.number, blob, leaf.key))

    def _strike(self, index: int, opening: OpeningFile) -> None:
        refused = self._count_refusals(index, opening)
        for opened in self.opened(self._marked):
            self.signatures.open(self.signatures.get(opened.number), opened.blob)
        self._marked = len(self._opened)
        bad = bad_leaves(opening)
        found = self._find_blobs(leaf.index for leaf in bad)
        for leaf, (signature, blob) in zip(bad, found, strict=True):
            if signature is not None and blob is not None:
                struck = Struck(signature.number, blob, leaf.shares, refused[leaf.index])
                self.struck.append(struck)
                if signature.end is None:
                    self.signatures.end(signature, End.UNOPENABLE, index)

    def _find_blobs(self, leaves: Iterable[int]) -> Iterator[tuple[Signature | None, bytes | None]]:
        """Yield the signatures at leaves, with the blobs that they had in the wave, or else have now."""
        stances = () if self.wave is None else self.wave.stances
        for leaf, stance in pair_up(stances, leaves):
            if stance is not None and stance.mode is Mode.SEALED and stance.name is not None:
                yield stance.signature, stance.name
            else:
                signature = self.signatures.find_by_leaf(leaf)
                yield signature, None if signature is None else signature.name

    def _count_refusals(self, index: int, opening: OpeningFile) -> Counter[int]:
        """Count, by leaf, the trustees who refused it and whose signature says so."""
        letter, refused = self.signatures.letter, Counter[int]()
        for each in opening.refusals:
            message = refusal_bytes(opening.letter_id, opening.wave, each.by, each.leaves)
            keys = [trustee.sign_key for trustee in letter.trustees[each.by - 1 : each.by]]
            try:
                # No key at all, if the letter has no such trustee.
                verify_ed25519(keys[0] if keys else b"", message, each.sig)
            except (VerificationError, FormatError):
                self._false(index, f"the refusal of trustee {each.by} is not signed by it")
            else:
                refused.update(each.leaves)
        return refused
