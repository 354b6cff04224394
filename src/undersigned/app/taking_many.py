"""Taking the requests of one transaction together: what they all need is read, and written, at once.

Signatures first, then issuers' records, then changes one by one (`ChangeRequest.take`), each of which may
follow a signature of the same transaction. Whether a token was used, a sealed name is another's or a
member is on record is asked for all in one statement each, and answered for those of the same
transaction from memory. Every refusal comes before anything of its request is written.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import ParamSpec, TypeAlias

from undersigned.app.letters import LetterView
from undersigned.app.taking import (
    ChangeRequest,
    IssuedRequest,
    Request,
    SignRequest,
    Stages,
    promised_by,
    waiting_row,
)
from undersigned.domain.letter import Letter, Mode
from undersigned.domain.stage import check_takes_signature
from undersigned.errors import (
    AlreadyIssued,
    FormatError,
    RollExceeded,
    TokenSpent,
    UndersignedError,
)
from undersigned.store import letters as letter_store
from undersigned.store import pending as pending_store
from undersigned.store import roll_states
from undersigned.store.database import Connection
from undersigned.store.pending import PendingRow, Taken

Asked: TypeAlias = tuple[LetterView, Request]
Answered: TypeAlias = tuple[Taken, bool] | UndersignedError
"""What was taken, and whether it is new; or why it was not."""


def take_many(connection: Connection, asked: Sequence[Asked], now: int) -> list[Answered]:
    """Take verified requests; return what became of each, in their order. Raises StoreError."""
    stages = Stages(connection, now)
    answers: dict[int, Answered] = {}
    signs, issues = [], []
    for i, (view, request) in enumerate(asked):
        match request:
            case SignRequest():
                signs.append((i, view.letter, request))
            case IssuedRequest():
                issues.append((i, view.letter, request))
    if signs:
        signing = _Signing(connection, stages, signs)
        answers |= {i: _try(signing.take, letter, request) for i, letter, request in signs}
        signing.write()
    if issues:
        issuing = _Issuing(connection, stages, issues)
        answers |= {i: _try(issuing.take, letter, request) for i, letter, request in issues}
        issuing.write()
    for i, (view, request) in enumerate(asked):
        if isinstance(request, ChangeRequest):
            answers[i] = _try(request.take, connection, view, stages)
    return [answers[i] for i in range(len(asked))]


P = ParamSpec("P")


def _try(take: Callable[P, tuple[Taken, bool]], *args: P.args, **kwargs: P.kwargs) -> Answered:
    try:
        return take(*args, **kwargs)
    except UndersignedError as error:
        # Every refusal comes before the first write of its request: the others go on.
        return error


class _Signing:
    """The signatures of one transaction: a token is spent once, a sealed name belongs to one record."""

    def __init__(
        self,
        connection: Connection,
        stages: Stages,
        asked: Iterable[tuple[int, Letter, SignRequest]],
    ) -> None:
        self._connection = connection
        self._stages = stages
        nonces: dict[bytes, list[bytes]] = defaultdict(list)
        sealed = []
        for _, letter, request in asked:
            nonces[letter.letter_id].append(request.nonce)
            if request.record.mode is Mode.SEALED and request.record.name is not None:
                sealed.append(request.record.name)
        self._spent = {
            letter_id: pending_store.list_spent(connection, letter_id, of_letter)
            for letter_id, of_letter in nonces.items()
        }
        self._kept = pending_store.list_kept_blobs(connection, sealed) if sealed else set()
        self._tokens: dict[bytes, dict[bytes, Taken]] = defaultdict(dict)
        self._rows: list[PendingRow] = []
        self._blobs: dict[bytes, bytes] = {}
        self._documents: dict[bytes, bytes] = {}

    def take(self, letter: Letter, request: SignRequest) -> tuple[Taken, bool]:
        """Take a signature. Raises TokenSpent, LetterNotOpen, FormatError."""
        record = request.record
        nonce, digest = request.nonce, request.leaf_hash
        spent = self._spent[letter.letter_id]
        earlier = spent.get(nonce)
        if earlier is not None:
            if earlier.leaf_hash != digest:
                raise TokenSpent
            return earlier, False
        now, late = self._stages.check(letter, check_takes_signature)
        is_sealed = record.mode is Mode.SEALED
        if is_sealed and record.name in self._kept:
            # With the end of the one record it would be destroyed for the other, and no trustee could
            # open the wave any more.
            raise FormatError(
                "this sealed name belongs to another record; every one is sealed anew"
            )
        taken = Taken(digest, promised_by(letter, now))
        spent[nonce] = self._tokens[letter.letter_id][nonce] = taken
        if record.name is not None and request.blob is not None:
            (self._blobs if is_sealed else self._documents)[record.name] = request.blob
            if is_sealed:
                self._kept.add(record.name)
        crowd: pending_store.Crowd = "public" if record.mode is Mode.PUBLIC else "crowd"
        self._rows.append(waiting_row(request, taken, crowd, nonce=nonce, late=late))
        return taken, True

    def write(self) -> None:
        """Write what was taken. Raises StoreError."""
        for letter_id, tokens in self._tokens.items():
            pending_store.spend_tokens(self._connection, letter_id, tokens)
        pending_store.put_blobs(self._connection, self._blobs)
        letter_store.put_documents(self._connection, self._documents)
        pending_store.add_pending(self._connection, self._rows)


class _Issuing:
    """The issuers' records of one transaction: one for each member, and no more than the roll has."""

    def __init__(
        self,
        connection: Connection,
        stages: Stages,
        asked: Iterable[tuple[int, Letter, IssuedRequest]],
    ) -> None:
        self._connection = connection
        self._stages = stages
        members: dict[bytes, list[bytes]] = defaultdict(list)
        for _, letter, request in asked:
            members[letter.letter_id].append(request.record.member)
        self._known = {
            letter_id: pending_store.list_issued(connection, letter_id, of_letter)
            for letter_id, of_letter in members.items()
        }
        self._room = {
            letter_id: roll_states.find_room(connection, letter_id) for letter_id in members
        }
        self._new: dict[bytes, dict[bytes, bytes]] = defaultdict(dict)
        self._rows: list[PendingRow] = []

    def take(self, letter: Letter, request: IssuedRequest) -> tuple[Taken, bool]:
        """Take a record. Raises AlreadyIssued, RollExceeded, LetterNotOpen."""
        member, digest = request.record.member, request.leaf_hash
        known = self._known[letter.letter_id]
        earlier = known.get(member)
        if earlier == digest:
            # The promise may name a later time than the first one did (formats §9.1): the record waits
            # already, or is in the log.
            return Taken(digest, promised_by(letter, self._stages.now)), False
        now, late = self._stages.check(letter, check_takes_signature)
        if earlier is not None:
            raise AlreadyIssued
        new, room = self._new[letter.letter_id], self._room[letter.letter_id]
        if room is not None and len(new) >= room:
            raise RollExceeded
        known[member] = new[member] = digest
        taken = Taken(digest, promised_by(letter, now))
        self._rows.append(waiting_row(request, taken, "issued", nonce=None, late=late))
        return taken, True

    def write(self) -> None:
        """Write what was taken. Raises StoreError."""
        for letter_id, records in self._new.items():
            roll_states.count_more_issued(self._connection, letter_id, len(records))
            pending_store.add_all_issued(self._connection, letter_id, records)
        pending_store.add_pending(self._connection, self._rows)
