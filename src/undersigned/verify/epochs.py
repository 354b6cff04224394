"""The epochs of one letter: their numbers and times, what stands in them, and who may sign (check 8).

Formats §8: an epoch appends `epoch`, then `issued`, `sign`, then `amend` and `withdraw`. Formats §4: no
more tokens than the roll has members, and one for each of them.
"""

from dataclasses import InitVar, dataclass, field
from enum import IntEnum

from undersigned.domain.letter import Letter, RollKind, State
from undersigned.domain.record import EpochRecord, RollReason, RollRecord
from undersigned.domain.stage import TAKES_AMENDMENTS
from undersigned.verify.report import Findings
from undersigned.verify.scratch import Digests, Scratch


class Part(IntEnum):
    """The parts of an epoch, in their order."""

    ISSUED = 1
    SIGN = 2
    CHANGE = 3


@dataclass(slots=True)
class Epochs:
    """What has been issued and signed in a letter, epoch by epoch."""

    letter: Letter
    label: str
    findings: Findings
    scratch: InitVar[Scratch]
    n: int = 0
    at: int | None = None
    after_closing: int = 0  # epochs at or after `closes`, this one included
    roll_n: int = 0
    rolls: int = 0  # `roll` records so far
    issued: int = 0
    signed: int = 0
    _part: Part | None = None
    _members: Digests = field(init=False)
    _blinded: Digests = field(init=False)
    _said: set[str] = field(default_factory=set)  # one sentence of a kind for each epoch

    def __post_init__(self, scratch: Scratch) -> None:
        self._members, self._blinded = Digests(scratch), Digests(scratch)

    def begin(self, index: int, record: EpochRecord) -> None:
        """Take an `epoch` record."""
        if record.n != self.n + 1:
            self.findings.false(
                8, f"Leaf {index}: epoch {record.n} of {self.label} follows epoch {self.n}."
            )
        if self.at is not None and record.at < self.at:
            self.findings.false(
                10,
                f"Leaf {index}: epoch {record.n} of {self.label} is at {record.at}, the one before"
                f" it at {self.at}.",
            )
        self.n, self.at, self._part = record.n, record.at, Part.ISSUED
        self.after_closing += record.at >= self.letter.closes
        self._said.clear()

    def leave(self) -> None:
        """Note that the records of the epoch are over."""
        self._part = None

    def place(self, index: int, part: Part) -> None:
        """Check that a record of a part stands in an epoch, in its order there."""
        if self._part is None:
            self._say(index, "place", "a record of an epoch stands outside one")
        elif part < self._part:
            self._say(index, "order", "the records of an epoch are not in their order")
        else:
            self._part = part

    def issue(self, index: int, blinded: bytes, member: bytes) -> None:
        """Take an `issued` record: one for each member, within the roll."""
        self.issued += 1
        if self._members.add(member):
            self._say(index, "member", "a member who has a token gets another")
        if self._blinded.add(blinded):
            self._say(index, "blinded", "the same blinded message is recorded as issued twice")
        self._compare_roll(index)

    def sign(self, index: int) -> None:
        """Take a `sign` record: there must be a token for it."""
        self.signed += 1
        if self.signed > self.issued:
            self._say(
                index, "signed", f"{self.signed} signatures, and only {self.issued} tokens issued"
            )

    def state_roll(self, index: int, record: RollRecord, state: State | None) -> None:
        """Take a `roll` record: the opening one, or a later change in the letter's state."""
        self.rolls += 1
        before, self.roll_n = self.roll_n, record.n
        self._said.discard("roll")
        if (self.rolls == 1) != (record.reason is RollReason.OPENED):
            self._say(index, "reason", "the first roll, and no other, has the reason opened")
        elif self.rolls > 1 and record.seq != self.rolls - 1:
            self._say(
                index, "seq", f"change {record.seq} of the roll follows change {self.rolls - 2}"
            )
        elif self.rolls > 1:
            self._check_change(index, record, before, state)
        if (record.hash is None) != (self.letter.roll is RollKind.DOMAIN):
            self._say(index, "hash", "the roll has a hash exactly when it is not a mail domain")
        if self.letter.roll is RollKind.DOMAIN and record.n != self.letter.headcount:
            self._say(
                index, "n", f"the roll of a mail domain is the headcount, {self.letter.headcount}"
            )
        self._compare_roll(index)

    def _check_change(
        self, index: int, record: RollRecord, before: int, state: State | None
    ) -> None:
        """Check that what changes the roll says how, and comes while it matters (formats §4)."""
        if self.letter.roll is RollKind.DOMAIN:
            self._say(index, "change", "the roll of a mail domain does not change")
        elif record.reason is RollReason.ADDED and record.n <= before:
            self._say(
                index, "change", f"members are added, and the roll goes from {before} to {record.n}"
            )
        elif record.reason is RollReason.BLOCKED and record.n >= before:
            self._say(
                index,
                "change",
                f"members are blocked, and the roll goes from {before} to {record.n}",
            )
        if state not in TAKES_AMENDMENTS:
            self._say(index, "late", "the roll of a letter changes that is not open")

    def _compare_roll(self, index: int) -> None:
        # The members of a domain are its headcount, which anybody may have counted too low.
        if self.issued > self.roll_n and self.letter.roll is not RollKind.DOMAIN:
            self._say(
                index, "roll", f"{self.issued} tokens issued to a roll of {self.roll_n} members"
            )

    def _say(self, index: int, kind: str, sentence: str) -> None:
        if kind not in self._said:
            self._said.add(kind)
            self.findings.false(8, f"Leaf {index}, {self.label}, epoch {self.n}: {sentence}.")
