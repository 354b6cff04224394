"""A site with a long log, made fast: signatures that nobody verified are written as the sequencer writes.

Every table and file is what it would be after so many members had signed, half of them publicly, half with a
sealed name: entries, tiles, tallies, names, blobs, spent tokens. Only keys, tokens and signatures are random
bytes, which nothing looks at that serves a site. For measurements of what must not grow with the log.
"""

import hashlib
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from undersigned.app.letters import Letters
from undersigned.app.log import Batch, publish
from undersigned.app.site import open_site
from undersigned.app.turn import Turn
from undersigned.crypto.seal import SLOT_SIZE
from undersigned.crypto.token import TOKEN_SIZE, nonce_of
from undersigned.domain.letter import Letter, LetterId, Mode
from undersigned.domain.name import Attestation, NameDocument, Verified, format_name
from undersigned.domain.record import IssuedRecord, SignRecord, format_record
from undersigned.store import letters as letter_store
from undersigned.store import pending as pending_store
from undersigned.store.database import Connection
from undersigned.store.pending import Crowd, PendingRow, Taken
from undersigned.tlog.merkle import leaf_hash

PER_EPOCH: Final = 5_000
_BLOB_REST: Final = 1 + 12 + 1_024 + 16


class _Signer(NamedTuple):
    record: SignRecord
    issued: IssuedRecord
    content: bytes
    """The name document or the blob."""


def grow(folder: Path, letter: Letter, size: int) -> None:
    """Add so many signatures to the log of a letter in a site that does not run."""
    site = open_site(folder)
    letters = Letters(site)
    for first in range(0, size, PER_EPOCH):
        signers = [_make_signer(letter, i) for i in range(first, min(first + PER_EPOCH, size))]
        with site.collector.write() as connection:
            row = letter_store.find_letter(connection, letter.letter_id)
            assert row is not None
            batch = Batch(connection, site)
            turn = Turn(connection, batch, letters.view(row), row)
            turn.write_epoch(_take(connection, signers), site.clock.now())
            batch.write()
        publish(site)
    site.close()


def _make_signer(letter: Letter, number: int) -> _Signer:
    pk, letter_id = secrets.token_bytes(32), letter.letter_id
    mode = Mode.PUBLIC if number % 2 else Mode.SEALED
    content = secrets.token_bytes(_BLOB_REST + SLOT_SIZE * len(letter.trustees))
    if mode is Mode.PUBLIC:
        content = _make_name(letter_id, number)
    token, sig = secrets.token_bytes(TOKEN_SIZE), secrets.token_bytes(64)
    name = hashlib.sha256(content).digest()
    return _Signer(
        SignRecord(letter_id, token, pk, mode, None, name, sig),
        IssuedRecord(letter_id, secrets.token_bytes(32), secrets.token_bytes(32), sig),
        content,
    )


def _make_name(letter_id: LetterId, number: int) -> bytes:
    said = Attestation(
        letter_id,
        f"Member {number}",
        "Cook",
        Verified.EMAIL,
        secrets.token_bytes(32),
        secrets.token_bytes(64),
    )
    return format_name(NameDocument(said, secrets.token_bytes(32), None))


def _take(connection: Connection, signers: Sequence[_Signer]) -> list[PendingRow]:
    """Store what the intake would have stored; return the records that wait."""
    pairs = [_rows_of(signer) for signer in signers]
    letter_id = signers[0].record.letter_id
    tokens = {sign.nonce: Taken(sign.leaf_hash, sign.by) for sign, _ in pairs if sign.nonce}
    members = {
        signer.issued.member: issued.leaf_hash
        for signer, (_, issued) in zip(signers, pairs, strict=True)
    }
    contents: dict[Mode, dict[bytes, bytes]] = {Mode.PUBLIC: {}, Mode.SEALED: {}}
    for signer in signers:
        if signer.record.name is not None:
            contents[signer.record.mode][signer.record.name] = signer.content
    pending_store.spend_tokens(connection, letter_id, tokens)
    pending_store.add_all_issued(connection, letter_id, members)
    pending_store.put_blobs(connection, contents[Mode.SEALED])
    letter_store.put_documents(connection, contents[Mode.PUBLIC])
    return [row for pair in pairs for row in pair]


def _rows_of(signer: _Signer) -> tuple[PendingRow, PendingRow]:
    record, letter_id = signer.record, signer.record.letter_id
    entry, token = format_record(record), format_record(signer.issued)
    crowd: Crowd = "public" if record.mode is Mode.PUBLIC else "crowd"
    return (
        PendingRow(leaf_hash(entry), letter_id, crowd, nonce_of(record.pk), entry, 0, late=False),
        PendingRow(leaf_hash(token), letter_id, "issued", None, token, 0, late=False),
    )
