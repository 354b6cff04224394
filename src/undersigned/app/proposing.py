"""Proposing a letter: all of it is fixed, so that its issuer and its trustees can acknowledge it.

A letter that needs nobody elsewhere has all its acks at once, and is opened in one step (`drafting`).
Nothing of a proposal is in the log.
"""

import hashlib
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields

import msgspec

from undersigned.app.draft import Draft, letter_of
from undersigned.app.issuer import Issuer, IssuerKeys, key_folder
from undersigned.app.letters import stage_of
from undersigned.app.log import publish
from undersigned.app.reading import read_texts
from undersigned.app.rolls import get_commits
from undersigned.app.site import Site, WholeSite
from undersigned.crypto.ed25519 import verify_ed25519
from undersigned.crypto.note_key import format_vkey
from undersigned.domain.canonical import format_canonical
from undersigned.domain.kinds import Ack
from undersigned.domain.letter import (
    Letter,
    LetterId,
    RollKind,
    State,
    TextRef,
    ack_bytes,
    format_letter,
    format_text,
    parse_letter,
)
from undersigned.domain.proposal import Party, Proposal, parties_of
from undersigned.domain.reasons import RollReason
from undersigned.domain.record import RollRecord, format_record, signed_bytes
from undersigned.errors import (
    AckRefused,
    LetterExists,
    LetterRefused,
    NotProposed,
    PredecessorNotOpen,
    StoreError,
    UnknownProposal,
    VerificationError,
)
from undersigned.store import addressees
from undersigned.store import letters as letter_store
from undersigned.store import proposals as proposal_store
from undersigned.store.database import Connection
from undersigned.store.letters import LetterRow
from undersigned.store.proposals import ProposalRow


def propose_letter(site: Site, draft: Draft, bundle: bytes | None = None) -> Proposal:
    """Fix a letter and let it wait for its acks; the same draft again leaves those that have come.

    Raises LetterExists, LetterRefused, PredecessorNotOpen, RollMissing; RolledBack, before anything is
    written.
    """
    check_times(site, draft)
    publish(site)
    with own_roll(site, draft) as own, site.collector.write() as connection:
        before = check_edition(connection, draft)
        if before is not None and stage_of(before).state is not State.OPEN:
            raise PredecessorNotOpen
        older = row = proposal_store.find_proposed(connection, draft.slug, draft.edition)
        if row is None or find_differences(site, draft, letter_in(row), before, bundle):
            row = make_proposal(site, own, connection, draft, before, bundle)
        _put_addresses(connection, row, draft)
        proposal = _proposal(connection, row)
    # After the commit: until then the older proposal is the one that can be opened.
    if own is not None and older is not None and older.letter_id != proposal.letter_id:
        shutil.rmtree(key_folder(own.issuer.folder, older.letter_id.hex()), ignore_errors=True)
    return proposal


def get_proposal(site: Site, letter_id: bytes) -> Proposal:
    """Return a proposal, also of a letter that has been opened since. Raises UnknownProposal."""
    with site.collector.read() as connection:
        return _proposal(connection, _get_row(connection, letter_id))


def add_ack(
    site: Site, letter_id: bytes, by: Party, sig: bytes, roll: RollRecord | None
) -> tuple[Proposal, bool]:
    """Take an ack; return the proposal with it, and whether it is new.

    `roll` comes with that of an issuer elsewhere. Raises UnknownProposal, AckRefused, LetterRefused.
    """
    with site.collector.write() as connection:
        row = _get_row(connection, letter_id)
        letter = letter_in(row)
        key = parties_of(letter).get(by)
        if key is None:
            raise AckRefused("The letter has no trustee of that number.")
        try:
            verify_ed25519(key, ack_bytes(letter.letter_id), sig)
        except VerificationError:
            raise AckRefused from None
        _check_roll(letter, by, roll)
        is_new = proposal_store.add_ack(connection, row.letter_id, _number(by), sig)
        if is_new and roll is not None:
            proposal_store.put_roll(connection, row.letter_id, format_record(roll))
        return _proposal(connection, row), is_new


def _check_roll(letter: Letter, by: Party, roll: RollRecord | None) -> None:
    """Check that a roll comes with the ack of an issuer elsewhere, and with no other."""
    if (roll is not None) != (by == "issuer" and letter.issuer_url is not None):
        raise LetterRefused(["a roll comes with the ack of an issuer elsewhere, and with no other"])
    if roll is None:
        return
    if roll.letter_id != letter.letter_id or roll.reason is not RollReason.OPENED:
        raise LetterRefused(["the roll is not the one that this letter is opened with"])
    if (roll.hash is None) != (letter.roll is RollKind.DOMAIN) or roll.n < 1:
        raise LetterRefused(["the roll is not of the kind that the letter says"])
    try:
        verify_ed25519(letter.attestation_key, signed_bytes(roll), roll.sig)
    except VerificationError:
        raise AckRefused("The roll is not signed by the letter's issuer.") from None


def _number(by: Party) -> int:
    return 0 if by == "issuer" else by


def _get_row(connection: Connection, letter_id: bytes) -> ProposalRow:
    row = proposal_store.find_proposal(connection, letter_id)
    if row is None:
        raise UnknownProposal
    return row


def letter_in(row: ProposalRow) -> Letter:
    """Return the letter of a stored proposal."""
    return parse_letter(msgspec.json.decode(row.body))


def acks_of(connection: Connection, row: ProposalRow) -> tuple[Ack, ...]:
    """Return the acks of a proposal in the order of the record."""
    held = proposal_store.list_acks(connection, row.letter_id)
    return tuple(Ack(number or "issuer", sig) for number, sig in held.items())


def _proposal(connection: Connection, row: ProposalRow) -> Proposal:
    letter = letter_in(row)
    texts = read_texts(connection, letter)
    opened = letter_store.find_letter(connection, row.letter_id) is not None
    return Proposal(letter, texts, acks_of(connection, row), opened)


# --- what opening in one step uses as well


def check_times(site: Site, draft: Draft) -> None:
    """Check that a letter does not close before it opens. Raises LetterRefused."""
    if draft.closes <= site.clock.now():
        raise LetterRefused(["`closes` has passed already"])


@dataclass(frozen=True, slots=True)
class OwnRoll:
    """The roll of a letter whose issuer is in this site's folder, while it is held as it is."""

    issuer: Issuer
    connection: Connection
    commits: tuple[bytes, ...]


@contextmanager
def own_roll(site: Site, draft: Draft) -> Iterator[OwnRoll | None]:
    """Hold the roll of a letter whose issuer is this site's own; None for one that is elsewhere.

    Whoever changes a roll takes the same lock. Raises RollMissing; LetterRefused if it is of another
    kind, or if there is no issuer here.
    """
    if draft.issuer is not None:
        yield None
        return
    if not isinstance(site, WholeSite):
        raise LetterRefused(
            ["`issuer` is missing: this site has none, and [issuer] says whose it is"]
        )
    with site.issuer.database.write() as members:
        yield OwnRoll(site.issuer, members, tuple(get_commits(members, draft.slug, draft.roll)))


def check_edition(connection: Connection, draft: Draft) -> LetterRow | None:
    """Return the edition before this one. Raises LetterExists, PredecessorNotOpen."""
    newest = letter_store.find_edition(connection, draft.slug)
    if draft.edition != (newest.edition + 1 if newest else 1):
        if newest is not None and draft.edition <= newest.edition:
            raise LetterExists
        raise PredecessorNotOpen("The edition before this one was never opened.")
    return newest


def get_proposed(
    site: Site,
    own: OwnRoll | None,
    connection: Connection,
    draft: Draft,
    before: LetterRow | None,
    bundle: bytes | None,
) -> ProposalRow:
    """Return the proposal of a draft; one that needs nobody elsewhere is made now, if it is not there.

    Raises NotProposed; LetterRefused with what is not as it was proposed.
    """
    row = proposal_store.find_proposed(connection, draft.slug, draft.edition)
    different = [] if row is None else find_differences(site, draft, letter_in(row), before, bundle)
    if row is not None and not different:
        return row
    if not draft.needs_others:
        return make_proposal(site, own, connection, draft, before, bundle)
    if row is None:
        raise NotProposed
    error = LetterRefused([f"`{name}` is not as it was proposed" for name in different])
    error.add_note("put it back, or propose it anew: undersigned letter propose FILE")
    raise error


def make_proposal(
    site: Site,
    own: OwnRoll | None,
    connection: Connection,
    draft: Draft,
    before: LetterRow | None,
    bundle: bytes | None,
) -> ProposalRow:
    """Store the proposal of a draft, with the acks of this site's own, in the place of an older one."""
    keys = None if own is None else IssuerKeys.generate()
    letter = _make_letter(site, draft, keys, before, bundle)
    row = ProposalRow(
        letter.letter_id,
        letter.slug,
        letter.edition,
        format_canonical(format_letter(letter)),
        None,
    )
    # The keys are on disk before the letter is: an opened letter without them could not be signed.
    # A crash before the commit leaves a folder of keys that nothing uses.
    if keys is not None and own is not None:
        keys.save(key_folder(own.issuer.folder, letter.letter_id.hex()))
    proposal_store.put_proposal(connection, row)
    _put_addresses(connection, row, draft)
    for text in draft.texts:
        letter_store.put_document(connection, format_text(text))
    message = ack_bytes(letter.letter_id)
    if keys is not None:
        proposal_store.add_ack(connection, row.letter_id, 0, keys.attestation.sign(message))
    for number, trustee in enumerate(letter.trustees, 1):
        if trustee.operator:
            sig = site.keys.trustee.sign(message)
            proposal_store.add_ack(connection, row.letter_id, number, sig)
    return row


def _put_addresses(connection: Connection, row: ProposalRow, draft: Draft) -> None:
    """Keep where trustees and addressees get their mail: it may change while a proposal waits."""
    trustees = [trustee.mail for trustee in draft.trustees]
    proposal_store.put_addresses(connection, row.letter_id, _numbered(trustees))
    addressees.put_addressee_addresses(connection, row.letter_id, _numbered(draft.addressee_mails))


def _numbered(addresses: Iterable[str | None]) -> dict[int, str]:
    return {i: address for i, address in enumerate(addresses, 1) if address is not None}


def _make_letter(
    site: Site,
    draft: Draft,
    keys: IssuerKeys | None,
    before: LetterRow | None,
    bundle: bytes | None,
) -> Letter:
    """Return the letter of a draft; `keys` are those of this site as its issuer."""
    if keys is not None:
        token_key, attestation_key = keys.token.spki, keys.attestation.public_key
    else:
        token_key, attestation_key = _issuer_keys_of(draft)
    return _letter_with(site, draft, token_key, attestation_key, before, bundle)


def _issuer_keys_of(draft: Draft) -> tuple[bytes, bytes]:
    if draft.issuer is None:
        raise StoreError("the letter's issuer is this site, and its keys are not here")
    return draft.issuer.token_key, draft.issuer.attestation_key


def _letter_with(
    site: Site,
    draft: Draft,
    token_key: bytes,
    attestation_key: bytes,
    before: LetterRow | None,
    bundle: bytes | None,
) -> Letter:
    trustees = draft.trustee_terms(site.keys.trustee.seal_key, site.keys.trustee.sign_key)
    return letter_of(
        draft,
        tuple(
            TextRef(text.lang, hashlib.sha256(format_text(text)).digest()) for text in draft.texts
        ),
        supersedes=None if before is None else LetterId(before.letter_id),
        trustees=trustees,
        quorum=draft.quorum or min(1, len(trustees)),
        token_key=token_key,
        attestation_key=attestation_key,
        organiser_key=site.keys.organiser.public_key,
        promise_vkey=format_vkey(site.keys.promise.verifier),
        bundle=bundle,
    )


def find_differences(
    site: Site,
    draft: Draft,
    letter: Letter,
    before: LetterRow | None,
    bundle: bytes | None,
) -> list[str]:
    """Return the members in which a proposed letter is not what the draft says now."""
    held = (letter.token_key, letter.attestation_key)
    keys = held if draft.issuer is None else _issuer_keys_of(draft)
    said = _letter_with(site, draft, *keys, before, bundle)
    compared = (each.name for each in fields(Letter) if each.compare)
    return [name for name in compared if getattr(said, name) != getattr(letter, name)]
