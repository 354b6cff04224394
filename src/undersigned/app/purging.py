"""Deleting members' personal data at the issuer, on the schedule that the letter stated.

`retention_days` after a letter has ended its codes, tokens and wishes for mail go, with whatever mails of it
still wait; once that is so of every edition of a letter, its roll goes, too, and its invite codes. What the
log has of a member, the commitment, stays, and says nothing without the salt that is deleted here.

A purge is one transaction: a crash leaves all or nothing of it, and the next step finds what is left to do.
`secure_delete` overwrites the rows; the rewriting after it (`tidying`) also what the write-ahead log has.
"""

from undersigned.app.issuer import Issuer
from undersigned.app.news import LetterNews, keep_until
from undersigned.app.outbox_files import forget_files
from undersigned.domain.letter import Letter, State
from undersigned.store import followed as followed_store
from undersigned.store import members as member_store


def learn_end(issuer: Issuer, letter: Letter, news: LetterNews, *, is_told: bool) -> None:
    """Remember when a letter ended, the first time that this is heard.

    A letter closes or lapses at its closing time and never before, whatever a site says. `is_told`: a site
    elsewhere says it. That a letter was superseded counts from then on: it could name a time long ago.
    """
    if news.ended_at is None:
        return
    ended_at = news.ended_at
    if news.state is not State.SUPERSEDED:
        ended_at = max(ended_at, letter.closes)
    elif is_told:
        ended_at = max(ended_at, issuer.clock.now())
    with issuer.database.read() as connection:
        known = followed_store.find_followed(connection, letter.letter_id)
    if known.ended_at is not None:
        return
    with issuer.database.write() as connection:
        row = followed_store.find_followed(connection, letter.letter_id)
        followed_store.put_followed(connection, row._replace(ended_at=ended_at))


def find_purge_time(issuer: Issuer, letter: Letter, *, is_silent: bool) -> int | None:
    """Return when the personal data of a letter is to be deleted; None while nobody can say.

    `is_silent`: whoever collects does not answer. Then the letter is taken to have ended when its
    cooling-off must have been over: nobody gets a token after its closing time, and a site that is gone says
    nothing ever.
    """
    with issuer.database.read() as connection:
        known = followed_store.find_followed(connection, letter.letter_id)
    if known.purged_at is not None:
        return None
    ended_at = known.ended_at
    if ended_at is None and is_silent:
        ended_at = letter.closes + letter.cooling_off_s
    return None if ended_at is None else keep_until(letter, ended_at)


def purge(issuer: Issuer, letter: Letter) -> None:
    """Delete the personal data of a letter, and its roll if no other edition needs it.

    Then the files are rewritten. Raises StoreError.
    """
    with issuer.database.write() as connection:
        row = followed_store.find_followed(connection, letter.letter_id)
        followed_store.delete_personal_data(connection, letter.letter_id)
        now = issuer.clock.now()
        followed_store.put_followed(connection, row._replace(purged_at=now))
        addresses: set[str] = set()
        if not followed_store.count_unpurged(connection, letter.slug):
            members = member_store.list_members(connection, letter.slug)
            addresses = {member.address for member in members if member.address}
            followed_store.delete_roll(connection, letter.slug)
        forget_files(issuer.folder, letter.letter_id, addresses)
    # A crash here leaves deleted rows in the write-ahead log, until the first rewriting after the start.
    issuer.database.tidy()
