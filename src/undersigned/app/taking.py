"""Taking one record: what is checked before it is acknowledged, and what one transaction keeps of it.

Each kind of request verifies itself, which needs no database and may happen in any thread, and is then
taken within a transaction of the intake's (`app.intake`, `app.taking_many`): a token is spent once, a
change follows its signature, a sealed name belongs to one record. Every refusal comes before the first
write of its request. A record that was taken waits in `pending` until its epoch.
"""

import hashlib
from collections.abc import Callable
from dataclasses import InitVar, dataclass, field
from typing import Generic, TypeAlias, TypeVar

from undersigned.app.letters import LetterView, stage_of
from undersigned.crypto.ed25519 import verify_ed25519
from undersigned.crypto.seal import parse_blob
from undersigned.crypto.token import nonce_of
from undersigned.domain.kinds import MOST_AMENDMENTS
from undersigned.domain.letter import Letter, Mode
from undersigned.domain.name import attestation_signed_bytes, check_binding, parse_name
from undersigned.domain.record import (
    AmendRecord,
    IssuedRecord,
    SignRecord,
    WithdrawRecord,
    format_record,
    parse_record,
    signed_part,
)
from undersigned.domain.signature import check_signature
from undersigned.domain.stage import (
    Stage,
    check_takes_amendment,
    check_takes_withdrawal,
    is_after_boundary,
)
from undersigned.errors import (
    AlreadyWithdrawn,
    AmendmentOutOfTurn,
    FormatError,
    NameNotAttested,
    StoreError,
    TokenInvalid,
    UnknownLetter,
    UnknownSignature,
    VerificationError,
)
from undersigned.store import letters as letter_store
from undersigned.store import log as log_store
from undersigned.store import pending as pending_store
from undersigned.store import signatures as signature_store
from undersigned.store.database import Connection
from undersigned.store.pending import PendingRow, Taken
from undersigned.tlog.merkle import leaf_hash


def promised_by(letter: Letter, now: int) -> int:
    """Return the end of a promise given now: a window, which does not tell when (formats §8)."""
    window = letter.window_s
    return (now // window + 2) * window


def _verify_name(
    letter: Letter, pk: bytes, mode: Mode, name: bytes | None, blob: bytes | None
) -> None:
    """Check what comes with a record that has a name. Raises FormatError, NameNotAttested."""
    if name is None or blob is None:
        if name is not None or blob is not None:
            raise FormatError("an anonymous record comes without a blob, every other one with it")
        return
    if hashlib.sha256(blob).digest() != name:
        raise FormatError("the blob is not the one whose hash the record names")
    if mode is Mode.SEALED:
        if len(parse_blob(blob).slots) != len(letter.trustees):
            raise FormatError("the blob is not sealed to this letter's trustees")
        return
    document = parse_name(blob)
    check_binding(document, letter.letter_id, pk)
    attestation = document.attestation
    try:
        verify_ed25519(
            letter.attestation_key, attestation_signed_bytes(attestation), attestation.sig
        )
    except VerificationError:
        raise NameNotAttested from None


def _check_blob(connection: Connection, mode: Mode, blob: bytes | None) -> None:
    """Check that a sealed name is not the blob of another record. Raises FormatError.

    With the end of the one record it would be destroyed for the other, and no trustee could open the
    wave any more.
    """
    if mode is not Mode.SEALED or blob is None:
        return
    if pending_store.find_blob(connection, hashlib.sha256(blob).digest()) is not None:
        raise FormatError("this sealed name belongs to another record; every one is sealed anew")


def _keep_name(connection: Connection, mode: Mode, blob: bytes | None) -> None:
    if blob is None:
        return
    if mode is Mode.SEALED:
        pending_store.put_blob(connection, hashlib.sha256(blob).digest(), blob)
    else:
        letter_store.put_document(connection, blob)


R = TypeVar("R", bound=SignRecord | AmendRecord | WithdrawRecord | IssuedRecord)


@dataclass(frozen=True, slots=True)
class _Entry(Generic[R]):
    """A record as it will be in the log: its canonical bytes there, and their leaf hash.

    `sent` are those bytes where they are at hand: the record is what `parse_record` made of them.
    """

    record: R
    sent: InitVar[bytes | None] = field(default=None, kw_only=True)
    entry: bytes = field(init=False, repr=False, compare=False)
    leaf_hash: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self, sent: bytes | None) -> None:
        entry = format_record(self.record) if sent is None else sent
        object.__setattr__(self, "entry", entry)
        object.__setattr__(self, "leaf_hash", leaf_hash(entry))


@dataclass(frozen=True, slots=True)
class SignRequest(_Entry[SignRecord]):
    """A signature with its blob (sealed), name document (public) or nothing (anonymous)."""

    blob: bytes | None

    @property
    def nonce(self) -> bytes:
        """The nonce of the token that is spent."""
        return nonce_of(self.record.pk)

    def verify(self, view: LetterView) -> None:
        """Check mode, condition, token, signature and name. Raises Refused, FormatError."""
        record = self.record
        check_signature(view.letter, record)
        try:
            view.tokens.verify(record.token, record.pk)
        except VerificationError as error:
            raise TokenInvalid(error.detail) from None
        verify_ed25519(record.pk, signed_part(self.entry), record.sig)
        _verify_name(view.letter, record.pk, record.mode, record.name, self.blob)


@dataclass(frozen=True, slots=True)
class ChangeRequest(_Entry[AmendRecord | WithdrawRecord]):
    """An amendment (with blob or name document, as a signature has) or a withdrawal (without)."""

    blob: bytes | None

    def verify(self, view: LetterView) -> None:
        """Check signature, mode, condition and name. Raises Refused, FormatError."""
        record = self.record
        verify_ed25519(record.pk, signed_part(self.entry), record.sig)
        if isinstance(record, AmendRecord):
            check_signature(view.letter, record)
            if self.blob is not None or record.name is None:
                _verify_name(view.letter, record.pk, record.mode, record.name, self.blob)
        elif self.blob is not None:
            raise FormatError("a withdrawal comes without a blob")

    def take(
        self, connection: Connection, view: LetterView, stages: "Stages"
    ) -> tuple[Taken, bool]:
        """Let the change wait. Raises UnknownSignature, AlreadyWithdrawn, AmendmentOutOfTurn."""
        letter, record = view.letter, self.record
        nonce, digest = nonce_of(record.pk), self.leaf_hash
        signed = pending_store.find_spent(connection, letter.letter_id, nonce)
        if signed is None:
            raise UnknownSignature
        changes = pending_store.list_changes(connection, letter.letter_id, nonce)
        for taken in changes.values():
            if taken.leaf_hash == digest:
                return taken, False
        self._check_turn(connection, signed, changes)
        self._check_name(connection, signed, changes)
        seq = record.seq if isinstance(record, AmendRecord) else 0
        check = check_takes_amendment if seq else check_takes_withdrawal
        now, late = stages.check(letter, check)
        taken = Taken(digest, promised_by(letter, now))
        if not pending_store.add_change(connection, letter.letter_id, nonce, seq, taken):
            raise AmendmentOutOfTurn
        if isinstance(record, AmendRecord):
            _keep_name(connection, record.mode, self.blob)
        row = waiting_row(self, taken, "change", nonce=nonce, late=late)
        pending_store.add_pending(connection, [row])
        return taken, True

    def _check_turn(self, connection: Connection, signed: Taken, changes: dict[int, Taken]) -> None:
        if 0 in changes:
            raise AlreadyWithdrawn
        index = log_store.find_leaf_index(connection, signed.leaf_hash)
        row = None if index is None else signature_store.find_signature(connection, index)
        if row is not None and row.status != "live":
            raise AlreadyWithdrawn("This signature has ended.")
        if isinstance(self.record, AmendRecord):
            if self.record.seq != len(changes) + 1 or self.record.seq > MOST_AMENDMENTS:
                raise AmendmentOutOfTurn
            if row is not None and row.opened:
                raise AmendmentOutOfTurn(
                    "This name has been opened; it can be withdrawn, no longer amended."
                )
            if row is not None and row.erased and self.blob is not None:
                raise AmendmentOutOfTurn(
                    "The name of this signature was erased and cannot come back;"
                    " it can be made anonymous, or withdrawn."
                )

    def _check_name(self, connection: Connection, signed: Taken, changes: dict[int, Taken]) -> None:
        """Check that a name is the one the signature has, or comes with a blob of its own.

        Raises FormatError. Whoever has nothing but the 12 words cannot make the name again.
        """
        record = self.record
        if not isinstance(record, AmendRecord) or record.name is None:
            return
        last = changes[max(changes)] if changes else signed
        held = _read_taken(connection, last.leaf_hash)
        if (held.mode, held.name) == (record.mode, record.name):
            return
        if self.blob is None:
            raise FormatError("a name that changes comes with its blob")
        _check_blob(connection, record.mode, self.blob)


@dataclass(frozen=True, slots=True)
class IssuedRequest(_Entry[IssuedRecord]):
    """The issuer's word that one member received a token."""

    def verify(self, view: LetterView) -> None:
        """Check the issuer's signature. Raises VerificationError."""
        record = self.record
        verify_ed25519(view.letter.attestation_key, signed_part(self.entry), record.sig)


def _read_taken(connection: Connection, digest: bytes) -> SignRecord | AmendRecord:
    """Return a signature or amendment that was taken, in the log or still waiting."""
    entry = pending_store.find_record(connection, digest)
    if entry is None:
        index = log_store.find_leaf_index(connection, digest)
        entries = [] if index is None else log_store.read_entries(connection, index, index + 1)
        entry = entries[0] if entries else b""
    record = parse_record(entry) if entry else None
    if not isinstance(record, SignRecord | AmendRecord):
        raise StoreError("a record that was taken is missing")
    return record


Request: TypeAlias = SignRequest | ChangeRequest | IssuedRequest


class Stages:
    """Where letters are in their lives, in one transaction; each is asked for once."""

    def __init__(self, connection: Connection, now: int) -> None:
        self._connection = connection
        self.now = now
        self._found: dict[bytes, tuple[Stage, int]] = {}
        self._passed: dict[tuple[bytes, Callable[..., None]], tuple[int, bool]] = {}

    def check(self, letter: Letter, check: Callable[..., None]) -> tuple[int, bool]:
        """Check that the letter takes such a record now.

        Returns the time of taking, which is not before the letter's last record although a clock may
        have been put back (the next epoch will not be, either), and whether it is after a boundary.
        """
        passed = self._passed.get((letter.letter_id, check))
        if passed is None:
            stage, now = self._find(letter.letter_id)
            check(letter, stage, now)
            passed = now, is_after_boundary(letter, stage, now)
            self._passed[letter.letter_id, check] = passed
        return passed

    def _find(self, letter_id: bytes) -> tuple[Stage, int]:
        found = self._found.get(letter_id)
        if found is None:
            row = letter_store.find_letter(self._connection, letter_id)
            if row is None:
                raise UnknownLetter
            found = self._found[letter_id] = stage_of(row), max(self.now, row.at)
        return found


def waiting_row(
    request: Request, taken: Taken, crowd: pending_store.Crowd, *, nonce: bytes | None, late: bool
) -> PendingRow:
    """Return what is kept of a record until its epoch."""
    return PendingRow(
        leaf_hash=taken.leaf_hash,
        letter_id=request.record.letter_id,
        crowd=crowd,
        nonce=nonce,
        record=request.entry,
        by=taken.by,
        late=late,
    )


def parse_sign_request(record: bytes, blob: bytes | None) -> SignRequest:
    """Read a signature as it was sent. Raises FormatError."""
    parsed = parse_record(record)
    if not isinstance(parsed, SignRecord):
        raise FormatError("the record is not a signature")
    return SignRequest(parsed, blob, sent=record)


def parse_issued_request(record: bytes) -> IssuedRequest:
    """Read an issuer's record as it was handed over. Raises FormatError."""
    parsed = parse_record(record)
    if not isinstance(parsed, IssuedRecord):
        raise FormatError("the record is not one that an issuer hands over")
    return IssuedRequest(parsed, sent=record)


def parse_change_request(record: bytes, blob: bytes | None) -> ChangeRequest:
    """Read an amendment or a withdrawal as it was sent. Raises FormatError."""
    parsed = parse_record(record)
    if not isinstance(parsed, AmendRecord | WithdrawRecord):
        raise FormatError("the record is neither an amendment nor a withdrawal")
    return ChangeRequest(parsed, blob, sent=record)
