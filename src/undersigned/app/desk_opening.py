"""From a draft of the desk to an open letter: what this site has against it, proposing, opening.

Opening asks twice: the proposal is shown first, and what is opened is exactly that, once.
"""

from undersigned.app.desk_prefill import draft_of, fields_of
from undersigned.app.draft import Draft
from undersigned.app.draft_fields import Fields
from undersigned.app.drafting import open_letter
from undersigned.app.field_reader import FieldProblem
from undersigned.app.proposing import find_differences, get_proposal, letter_in
from undersigned.app.reading import read_texts
from undersigned.app.rolls import get_commits
from undersigned.app.site import Site, WholeSite
from undersigned.domain.letter import Letter, Method
from undersigned.domain.proposal import Proposal
from undersigned.domain.record import LetterRecord, parse_record
from undersigned.errors import LetterExists, RollMissing, StoreError, UnknownLetter
from undersigned.store import letters as letter_store
from undersigned.store import proposals as proposal_store
from undersigned.store.addressees import list_addressee_addresses
from undersigned.store.letters import LetterRow


def find_site_problems(site: Site, draft: Draft) -> list[FieldProblem]:
    """Return what this site has against a draft that is sound in itself."""
    problems = []
    with site.collector.read() as connection:
        newest = letter_store.find_edition(connection, draft.slug)
    if draft.edition != (newest.edition + 1 if newest else 1):
        problems.append(FieldProblem("slug", "taken" if draft.edition == 1 else "edition"))
    if draft.closes <= site.clock.now():
        problems.append(FieldProblem("closes_day", "passed"))
    if draft.issuer is None:
        if not isinstance(site, WholeSite):
            problems.append(FieldProblem("issuer", "missing"))
        elif not _has_roll(site, draft):
            problems.append(FieldProblem("roll", "roll-missing"))
        if isinstance(site, WholeSite) and not _has_methods(site, draft):
            problems.append(FieldProblem("method.email", "no-provider"))
    return problems


def _has_methods(site: WholeSite, draft: Draft) -> bool:
    return site.issuer.signs_on or Method.OPENID not in draft.methods


def _has_roll(site: WholeSite, draft: Draft) -> bool:
    with site.issuer.database.read() as connection:
        try:
            get_commits(connection, draft.slug, draft.roll)
        except RollMissing:
            return False
    return True


def find_shown(site: Site, draft: Draft, bundle: bytes | None) -> Proposal | None:
    """Return the proposal that is exactly this draft, if there is one; it says whether it is open."""
    with site.collector.read() as connection:
        row = proposal_store.find_proposed(connection, draft.slug, draft.edition)
        if row is None:
            return None
        before = letter_store.find_edition(connection, draft.slug, draft.edition - 1)
        if find_differences(site, draft, letter_in(row), before, bundle):
            return None
    return get_proposal(site, row.letter_id)


def find_older(site: Site, slug: str, edition: int) -> Proposal | None:
    """Return whatever is proposed under this slug and edition: others may have acknowledged it."""
    with site.collector.read() as connection:
        row = proposal_store.find_proposed(connection, slug, edition)
    return None if row is None else get_proposal(site, row.letter_id)


def open_shown(site: Site, draft: Draft, shown: bytes, bundle: bytes | None) -> Letter:
    """Open a draft as it was shown, the proposal of the id `shown`; a second time changes nothing.

    Raises as `open_letter`; ProposalChanged if it is not what was shown any more.
    """
    try:
        return open_letter(site, draft, bundle, as_shown=shown)
    except LetterExists:
        # Somebody pressed twice, or was told nothing of the first time.
        opened = _find_opened(site, shown)
        if opened is None:
            raise
        return opened


def _find_opened(site: Site, letter_id: bytes) -> Letter | None:
    with site.collector.read() as connection:
        row = letter_store.find_letter(connection, letter_id)
    return None if row is None else letter_of(row)


def fields_of_next_edition(site: Site, slug: str) -> Fields:
    """Return the fields of a new edition: those of the newest one, to be changed. Raises UnknownLetter."""
    with site.collector.read() as connection:
        newest = letter_store.find_edition(connection, slug)
        if newest is None:
            raise UnknownLetter
        letter = letter_of(newest)
        draft = draft_of(
            letter,
            read_texts(connection, letter),
            proposal_store.list_addresses(connection, newest.letter_id),
            list_addressee_addresses(connection, newest.letter_id),
        )
    fields = fields_of(draft) | {"edition": str(newest.edition + 1)}
    if draft.issuer is not None:
        # Not the keys: an issuer elsewhere makes new ones for each edition, and is asked for them.
        fields["issuer"] = f'[issuer]\nurl = "{draft.issuer.url}"'
    return fields


def letter_of(row: LetterRow) -> Letter:
    """Return the letter of a row. Raises StoreError."""
    record = parse_record(row.record)
    if not isinstance(record, LetterRecord):
        raise StoreError("the record of this letter is another one")
    return record.letter
