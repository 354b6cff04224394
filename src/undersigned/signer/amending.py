"""Changing one's mind: withdrawing a signature, and amending its mode, condition and name.

The twelve words suffice to withdraw, to become anonymous, and to change the condition of a name that is
kept as it is. A name that is written anew takes the attestation, which the receipt holds.
"""

from dataclasses import replace
from typing import Final, TypeAlias

import httpx2

from undersigned.crypto.keys import SignerKey
from undersigned.domain.kinds import MOST_AMENDMENTS
from undersigned.domain.letter import Letter
from undersigned.domain.name import Attestation, commitment
from undersigned.domain.record import AmendRecord, WithdrawRecord, format_record, signed_bytes
from undersigned.domain.signature import check_signature
from undersigned.domain.terms import Mode
from undersigned.errors import AmendmentOutOfTurn, FormatError, VerificationError
from undersigned.signer.exchange import PATIENT, Answer, Patience, submit
from undersigned.signer.letter_view import LetterHead
from undersigned.signer.naming import NameDraft, WrittenName, verify_attestation, write_name
from undersigned.signer.promised import Promised
from undersigned.signer.receipt import Receipt
from undersigned.signer.signing import signed_request, take_promise

Held: TypeAlias = Receipt | str
"""What a member kept: the receipt, or the twelve words alone."""

_CREATED: Final = 201
"""The status of a record that was not there before."""


def withdraw(
    client: httpx2.Client, head: LetterHead, held: Held, *, patience: Patience = PATIENT
) -> Promised:
    """Withdraw a signature, for good; sent again it is the same record and the same promise.

    Raises UnknownSignature, AlreadyWithdrawn, LetterNotOpen, Unreachable, Busy; FormatError for
    words that are none; VerificationError.
    """
    key = key_of(head, held)
    record = WithdrawRecord(head.letter.letter_id, key.public_key, b"")
    entry = format_record(replace(record, sig=key.sign(signed_bytes(record))))
    return take_promise(head, entry, _submit(client, head, entry, None, patience))


def amend(
    client: httpx2.Client,
    head: LetterHead,
    held: Held,
    *,
    mode: Mode,
    condition: int | None = None,
    statement: str | None = None,
    attestation: Attestation | None = None,
    kept: bytes | None = None,
    seq: int | None = None,
    patience: Patience = PATIENT,
) -> Promised:
    """Replace mode, condition and name of a signature, all three: what is not given is taken away.

    `kept` is the name that the signature has in the log (H of document or blob), to be kept in the same
    mode. A name that is written anew takes the receipt's attestation, or `attestation` where there are
    only words. `seq` is the amendment's number, from 1; without it the next is found. Raises
    AmendmentOutOfTurn, ModeNotOffered, ConditionNotOffered and what `withdraw` does.
    """
    if seq is not None and not 1 <= seq <= MOST_AMENDMENTS:
        raise AmendmentOutOfTurn
    key = key_of(head, held)
    if kept is None:
        draft = _draft(head.letter, key, held, attestation, mode, statement)
        name = write_name(head.letter, key, mode, draft)
    elif statement is None:
        name = WrittenName(kept, None)
    else:
        raise FormatError("A name that is kept has the statement that it has.")
    record = AmendRecord(
        head.letter.letter_id, key.public_key, seq or 1, mode, condition, name.hash, b""
    )
    check_signature(head.letter, record)
    if seq is not None:
        entry = _signed(key, record, seq)
        return take_promise(head, entry, _submit(client, head, entry, name, patience))
    return _amend_next(client, head, key, record, name, patience)


def _amend_next(
    client: httpx2.Client,
    head: LetterHead,
    key: SignerKey,
    record: AmendRecord,
    name: WrittenName,
    patience: Patience,
) -> Promised:
    """Try the numbers downwards: the first that the site takes is the next.

    Upwards, an amendment equal to an earlier one would be answered with the earlier promise, and
    change nothing. Downwards that happens only when all numbers are used up, and shows: the record
    is not a new one.
    """
    refusal = AmendmentOutOfTurn()
    for seq in range(MOST_AMENDMENTS, 0, -1):
        entry = _signed(key, record, seq)
        try:
            answer = _submit(client, head, entry, name, patience)
        except AmendmentOutOfTurn as error:
            refusal = _telling(refusal, error)
            continue
        if answer.status == _CREATED or answer.is_repeat or seq == MOST_AMENDMENTS:
            return take_promise(head, entry, answer)
        break
    raise refusal


def _telling(first: AmendmentOutOfTurn, second: AmendmentOutOfTurn) -> AmendmentOutOfTurn:
    """Of two refusals keep the one that says more than its class does."""
    return first if second.detail == AmendmentOutOfTurn().detail else second


def key_of(head: LetterHead, held: Held) -> SignerKey:
    """Return the key that signed a letter. Raises FormatError for words that are none, VerificationError."""
    if isinstance(held, str):
        return SignerKey.from_words(held, head.letter.letter_id)
    if held.letter.letter_id != head.letter.letter_id:
        raise VerificationError("The receipt is one for another letter.")
    return SignerKey.from_words(held.words, head.letter.letter_id)


def _draft(
    letter: Letter,
    key: SignerKey,
    held: Held,
    attestation: Attestation | None,
    mode: Mode,
    statement: str | None,
) -> NameDraft | None:
    if mode is Mode.ANONYMOUS:
        if statement is not None:
            raise FormatError("An anonymous signature has no statement.")
        return None
    if attestation is None and isinstance(held, Receipt):
        attestation = held.attestation
    if attestation is None:
        raise FormatError("A name takes the attestation that is in the receipt.")
    verify_attestation(letter, attestation, commitment(key.public_key, key.r))
    return NameDraft(attestation, statement)


def _signed(key: SignerKey, record: AmendRecord, seq: int) -> bytes:
    record = replace(record, seq=seq)
    return format_record(replace(record, sig=key.sign(signed_bytes(record))))


def _submit(
    client: httpx2.Client,
    head: LetterHead,
    entry: bytes,
    name: WrittenName | None,
    patience: Patience,
) -> Answer:
    blob = None if name is None else name.blob
    return submit(client, f"{head.address}/amendments", signed_request(entry, blob), patience)
