"""What later records do to the signatures of one letter (check 9); formats §7, Replay."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from undersigned.domain.letter import Letter, Mode
from undersigned.domain.record import AmendRecord, EraseRecord, InvalidateRecord, WithdrawRecord
from undersigned.domain.stage import TAKES_WITHDRAWALS, Stage
from undersigned.verify.openings import Openings
from undersigned.verify.signatures import End, Signatures

Tell = Callable[[int, str], None]
"""Report that the record at a leaf is false, and why."""


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


class Changes:
    """Takes what changes signatures; what is wrong is told and, where it has a meaning at all, applied."""

    __slots__ = ("_offered", "_openings", "_signatures", "_tell")

    def __init__(self, signatures: Signatures, openings: Openings, tell: Tell) -> None:
        self._signatures = signatures
        self._openings = openings
        self._tell = tell
        self._offered: set[Terms] = set()  # ways to sign that were found to be the letter's

    def check_terms(
        self, index: int, mode: Mode, condition: int | None, name: bytes | None
    ) -> None:
        """Check that the letter offers how somebody signs."""
        terms = Terms(mode, condition, name is not None)
        if terms in self._offered:
            return
        problems = list(find_term_problems(self._signatures.letter, terms))
        for problem in problems:
            self._tell(index, problem)
        if not problems:
            self._offered.add(terms)

    def amend(self, index: int, record: AmendRecord, stage: Stage | None) -> int | None:
        """Take an amendment; return the leaf of the signature that it changed."""
        signature = self._signatures.find_by_pk(record.pk)
        if signature is None:
            self._tell(index, "an amendment by a key that has not signed")
            return None
        if record.seq != signature.seq + 1:
            self._tell(index, f"amendment {record.seq} follows amendment {signature.seq}")
        if signature.end is not None:
            self._tell(index, f"an amendment of leaf {signature.leaf}, {signature.end} before")
            return None
        if signature.is_opened:
            self._tell(index, f"an amendment of leaf {signature.leaf}, opened before")
        elif stage is not None and stage.opening_due and signature in self._openings:
            self._tell(index, f"an amendment of leaf {signature.leaf}, while it is being opened")
        self._signatures.amend(signature, record.seq, record.mode, record.condition, record.name)
        return signature.leaf

    def withdraw(self, index: int, record: WithdrawRecord, stage: Stage | None) -> None:
        """Take a withdrawal."""
        signature = self._signatures.find_by_pk(record.pk)
        if stage is None or stage.state not in TAKES_WITHDRAWALS:
            self._tell(index, "a withdrawal in a letter that takes none")
        if signature is None:
            self._tell(index, "a withdrawal by a key that has not signed")
        elif signature.end is not None:
            self._tell(index, f"a withdrawal of leaf {signature.leaf}, {signature.end} before")
        else:
            self._signatures.end(signature, End.WITHDRAWN, index)

    def invalidate(self, index: int, record: InvalidateRecord) -> None:
        """Take an invalidation."""
        signature = self._signatures.find_by_leaf(record.leaf)
        if signature is None:
            self._tell(index, f"leaf {record.leaf} is invalidated and is no signature of it")
            return
        if signature.end is not None:
            self._tell(index, f"leaf {record.leaf} is invalidated and was {signature.end}")
            return
        if signature.mode is not Mode.PUBLIC and not signature.is_opened:
            self._tell(index, f"leaf {record.leaf} is invalidated, {signature.mode} and not opened")
        self._signatures.end(signature, End.INVALIDATED, index)

    def erase(self, index: int, record: EraseRecord) -> None:
        """Take an erasure."""
        signature = self._signatures.find_by_leaf(record.leaf)
        if signature is None:
            self._tell(index, f"the name of leaf {record.leaf} is erased; it is no signature")
        else:
            self._signatures.erase(signature, index)
