"""Opening a letter: keys, documents, acks, and the three records that stand first in its log."""

import dataclasses
import hashlib
from collections.abc import Sequence

from undersigned.app.draft import Draft, letter_of
from undersigned.app.issuer import IssuerKeys, add_letter, key_folder
from undersigned.app.letters import Letters, format_stage
from undersigned.app.log import Batch, publish
from undersigned.app.site import Site, WholeSite
from undersigned.app.turn import Turn
from undersigned.crypto.note_key import format_vkey
from undersigned.domain.letter import (
    Letter,
    LetterId,
    Mode,
    RollKind,
    State,
    TextRef,
    TrusteeTerms,
    ack_bytes,
    format_text,
)
from undersigned.domain.outcome import outcome_hash
from undersigned.domain.reasons import RollReason
from undersigned.domain.record import (
    Ack,
    LetterRecord,
    OutcomeRecord,
    RollRecord,
    format_record,
    signed_bytes,
)
from undersigned.domain.roll import roll_hash
from undersigned.domain.stage import Move, stage_after_outcome
from undersigned.errors import LetterExists, LetterRefused, PredecessorNotOpen, RollMissing
from undersigned.store import letters as letter_store
from undersigned.store import members as member_store
from undersigned.store import pending as pending_store
from undersigned.store.database import Connection
from undersigned.store.letters import LetterRow

NO_SIGNATURE = bytes(64)

OPERATOR = "the operator of this site"
"""The name of the trustee that a site has by itself: pages then say "kept by the operator"."""


def open_letter(site: WholeSite, draft: Draft, bundle: bytes | None = None) -> Letter:
    """Open a letter: from now on its text, rule and conditions are fixed.

    `bundle` is the SHA-256 (32 bytes) of the script that its signing page runs, if there is one.
    Raises LetterExists, LetterRefused, PredecessorNotOpen, RollMissing; RolledBack, before anything is
    written.
    """
    if draft.closes <= site.clock.now():
        raise LetterRefused(["`closes` has passed already"])
    publish(site)
    keys = IssuerKeys.generate()
    # Whoever changes a roll holds the same lock: it stays as it is stated here.
    with site.issuer.database.write() as members, site.collector.write() as connection:
        commits = _get_roll(members, draft)
        before = _check_edition(connection, draft)
        # A clock that lags must not put the new edition before the end of the old one.
        now = max(site.clock.now(), before.at if before else 0)
        batch = Batch(connection, site)
        if before is not None:
            _supersede(connection, batch, site, before, now)
        letter = _make_letter(site, draft, keys, before, bundle)
        # The keys are on disk before the letter is: an opened letter without them could not be signed.
        keys.save(key_folder(site.issuer.folder, letter.letter_id.hex()))
        add_letter(members, letter, None)
        record = _letter_record(site, letter, keys)
        batch.add(record)
        batch.add(_roll_record(letter, keys, draft, commits))
        outcome = OutcomeRecord(letter.letter_id, State.OPEN, 0, now, 0, 0, 0, outcome_hash(()))
        batch.add(outcome)
        _store_letter(connection, draft, record, outcome, _roll_n(draft, commits))
        batch.write()
    publish(site)
    return letter


def _get_roll(connection: Connection, draft: Draft) -> list[bytes]:
    """Return the commitments of the roll. Raises RollMissing; LetterRefused if it is of another kind."""
    members = [m for m in member_store.list_members(connection, draft.slug) if not m.blocked]
    if draft.roll is not RollKind.DOMAIN and not members:
        raise RollMissing
    if draft.roll is RollKind.LIST and any(member.name is None for member in members):
        raise LetterRefused(["`roll` is a list, and the members of this letter have codes alone"])
    if draft.roll is RollKind.INVITES and any(member.name is not None for member in members):
        raise LetterRefused(["`roll` is invites, and the members of this letter are a list"])
    return [member.commit for member in members]


def _store_letter(
    connection: Connection, draft: Draft, record: LetterRecord, outcome: OutcomeRecord, roll_n: int
) -> None:
    row = LetterRow(
        letter_id=record.letter_id,
        slug=draft.slug,
        edition=draft.edition,
        record=format_record(record),
        roll_n=roll_n,
        stage=format_stage(stage_after_outcome(None, outcome, unopened=0)),
        epochs=0,
        epoch_at=0,
        opened_at=outcome.at,
        at=outcome.at,
        active=True,
    )
    if not letter_store.add_letter(connection, row):
        raise LetterExists
    for text in draft.texts:
        letter_store.put_document(connection, format_text(text))


def _check_edition(connection: Connection, draft: Draft) -> LetterRow | None:
    """Return the edition before this one. Raises LetterExists, PredecessorNotOpen."""
    newest = letter_store.find_edition(connection, draft.slug)
    if draft.edition != (newest.edition + 1 if newest else 1):
        if newest is not None and draft.edition <= newest.edition:
            raise LetterExists
        raise PredecessorNotOpen("The edition before this one was never opened.")
    return newest


def _supersede(
    connection: Connection, batch: Batch, site: Site, before: LetterRow, now: int
) -> None:
    """Close the edition before: all that it promised is sequenced, then its seals are destroyed.

    Raises PredecessorNotOpen if it has been reached, also by what was waiting.
    """
    turn = Turn(connection, batch, Letters(site).view(before), before)
    rows = pending_store.list_pending(connection, before.letter_id, with_late=True)
    if rows:
        turn.write_epoch(rows, now)
    if turn.stage.state is not State.OPEN or now >= turn.letter.closes:
        raise PredecessorNotOpen
    turn.enter(Move(State.SUPERSEDED, turn.stage.wave, now))


def _make_letter(
    site: Site,
    draft: Draft,
    keys: IssuerKeys,
    before: LetterRow | None,
    bundle: bytes | None,
) -> Letter:
    trustee = site.keys.trustee
    operator = TrusteeTerms(OPERATOR, True, trustee.seal_key, trustee.sign_key)
    return letter_of(
        draft,
        tuple(
            TextRef(text.lang, hashlib.sha256(format_text(text)).digest()) for text in draft.texts
        ),
        supersedes=None if before is None else LetterId(before.letter_id),
        trustees=(operator,) if Mode.SEALED in draft.modes else (),
        token_key=keys.token.spki,
        attestation_key=keys.attestation.public_key,
        organiser_key=site.keys.organiser.public_key,
        promise_vkey=format_vkey(site.keys.promise.verifier),
        bundle=bundle,
    )


def _letter_record(site: Site, letter: Letter, keys: IssuerKeys) -> LetterRecord:
    message = ack_bytes(letter.letter_id)
    acks = [Ack("issuer", keys.attestation.sign(message))]
    if letter.trustees:
        acks.append(Ack(1, site.keys.trustee.sign(message)))
    record = LetterRecord(letter, tuple(acks), NO_SIGNATURE)
    return dataclasses.replace(record, sig=site.keys.organiser.sign(signed_bytes(record)))


def _roll_n(draft: Draft, commits: Sequence[bytes]) -> int:
    return draft.headcount if draft.roll is RollKind.DOMAIN else len(commits)


def _roll_record(
    letter: Letter, keys: IssuerKeys, draft: Draft, commits: Sequence[bytes]
) -> RollRecord:
    digest = None if draft.roll is RollKind.DOMAIN else roll_hash(commits)
    record = RollRecord(
        letter.letter_id, _roll_n(draft, commits), digest, RollReason.OPENED, NO_SIGNATURE
    )
    return dataclasses.replace(record, sig=keys.attestation.sign(signed_bytes(record)))
