"""Opening a letter: its acks, and the three records that stand first in its log."""

import dataclasses

from undersigned.app.draft import Draft
from undersigned.app.issuer import add_letter
from undersigned.app.letters import Letters, format_stage
from undersigned.app.log import Batch, publish
from undersigned.app.moments import keep_moment
from undersigned.app.offering import make_roll
from undersigned.app.proposing import (
    OwnRoll,
    acks_of,
    check_edition,
    check_times,
    get_proposed,
    letter_in,
    own_roll,
)
from undersigned.app.site import Site
from undersigned.app.turn import Turn
from undersigned.domain.letter import Letter, State
from undersigned.domain.outcome import outcome_hash
from undersigned.domain.proposal import Proposal
from undersigned.domain.record import (
    LetterRecord,
    OutcomeRecord,
    RollRecord,
    format_record,
    parse_record,
    signed_bytes,
)
from undersigned.domain.stage import Move, stage_after_outcome
from undersigned.errors import (
    AcksAwaited,
    LetterExists,
    PredecessorNotOpen,
    ProposalChanged,
    StoreError,
)
from undersigned.store import letters as letter_store
from undersigned.store import pending as pending_store
from undersigned.store import roll_states
from undersigned.store.database import Connection
from undersigned.store.letters import LetterRow
from undersigned.store.proposals import ProposalRow

NO_SIGNATURE = bytes(64)


def open_letter(
    site: Site, draft: Draft, bundle: bytes | None = None, *, as_shown: bytes | None = None
) -> Letter:
    """Open a letter: from now on its text, rule and conditions are fixed.

    One with trustees or an issuer elsewhere was proposed to them first (`proposing`). `bundle` is the
    SHA-256 (32 bytes) of the script that its signing page runs, if there is one. `as_shown` is the id of
    the proposal that was read before: nothing else is opened. Raises AcksAwaited, LetterExists,
    LetterRefused, NotProposed, PredecessorNotOpen, ProposalChanged, RollMissing; RolledBack, before
    anything is written.
    """
    check_times(site, draft)
    publish(site)
    with own_roll(site, draft) as own, site.collector.write() as connection:
        before = check_edition(connection, draft)
        # A clock that lags must not put the new edition before the end of the old one.
        now = max(site.clock.now(), before.at if before else 0)
        batch = Batch(connection, site)
        if before is not None:
            _supersede(connection, batch, site, before, now)
        proposal = get_proposed(site, own, connection, draft, before, bundle)
        if as_shown is not None and proposal.letter_id != as_shown:
            raise ProposalChanged
        record = _letter_record(site, connection, proposal)
        roll = _issuers_roll(proposal) if own is None else _own_roll_record(own, record.letter)
        if own is not None:
            add_letter(own.connection, record.letter, None)
        batch.add(record)
        batch.add(roll)
        letter_id = record.letter_id
        outcome = OutcomeRecord(letter_id, State.OPEN, 0, now, 0, 0, 0, outcome_hash(()))
        batch.add(outcome)
        store_letter(connection, record, outcome, roll, size=batch.next_index)
        batch.write()
    publish(site)
    return record.letter


def store_letter(
    connection: Connection,
    record: LetterRecord,
    outcome: OutcomeRecord,
    roll: RollRecord,
    *,
    size: int,
) -> None:
    """Store a letter that was just opened by the last entries of `size`. Raises LetterExists."""
    row = LetterRow(
        letter_id=record.letter_id,
        slug=record.letter.slug,
        edition=record.letter.edition,
        record=format_record(record),
        roll_n=roll.n,
        stage=format_stage(stage_after_outcome(None, outcome, unopened=0)),
        epochs=0,
        epoch_at=0,
        opened_at=outcome.at,
        at=outcome.at,
        active=True,
    )
    if not letter_store.add_letter(connection, row):
        raise LetterExists
    # A domain's roll, which has no hash, sets no limit.
    roll_states.add_roll_state(connection, record.letter_id, None if roll.hash is None else roll.n)
    keep_moment(connection, record.letter, State.OPEN, size=size, epochs=0, at=outcome.at)


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


def _letter_record(site: Site, connection: Connection, proposal: ProposalRow) -> LetterRecord:
    """Return the record of a proposed letter, signed by the organiser. Raises AcksAwaited."""
    letter, acks = letter_in(proposal), acks_of(connection, proposal)
    awaited = Proposal(letter, (), acks).awaited
    if awaited:
        names = [
            "the issuer" if by == "issuer" else f"trustee {by} ({letter.trustees[by - 1].name})"
            for by in awaited
        ]
        raise AcksAwaited(f"The letter waits for the acks of: {', '.join(names)}")
    record = LetterRecord(letter, acks, NO_SIGNATURE)
    return dataclasses.replace(record, sig=site.keys.organiser.sign(signed_bytes(record)))


def _own_roll_record(own: OwnRoll, letter: Letter) -> RollRecord:
    """Return the roll that a letter opens with whose issuer is this site."""
    return make_roll(letter, own.issuer.keys(letter).attestation, own.commits)


def _issuers_roll(proposal: ProposalRow) -> RollRecord:
    """Return the roll of an issuer elsewhere, which came with its ack."""
    record = None if proposal.roll is None else parse_record(proposal.roll)
    if not isinstance(record, RollRecord):
        raise StoreError("the roll of this letter's issuer is missing")
    return record
