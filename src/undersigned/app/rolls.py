"""The roll of a letter: a list from a file, codes alone, or whoever has an address at a domain.

What is imported is imported whole or not at all. After a letter has opened its roll changes in the log
too: `app.roll_changes`.
"""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import replace

from undersigned.app.issuer import Issuer
from undersigned.domain.address import domain_of, mailbox_of
from undersigned.domain.letter import Letter, RollKind
from undersigned.domain.roll import (
    INVITE_ALPHABET,
    INVITE_CHARACTERS,
    member_commit,
    member_of_email,
)
from undersigned.domain.roll_file import RollEntry, parse_roll_csv
from undersigned.errors import (
    Busy,
    LetterRefused,
    NotOnRoll,
    RollFixed,
    RollMissing,
    RollNotEmpty,
)
from undersigned.store import acknowledged as letter_store
from undersigned.store import followed as followed_store
from undersigned.store import members as member_store
from undersigned.store import rolls as roll_store
from undersigned.store.database import Connection
from undersigned.store.members import MemberRow

SALT_BYTES = 16

ON_ITS_WAY = "A change of this roll is on its way into the log; try again in a few seconds."


def _nothing(_: float) -> None:
    """Tell nobody how far it is."""


def import_roll(
    issuer: Issuer, slug: str, data: bytes, tell: Callable[[float], None] = _nothing
) -> int:
    """Import a CSV file (email, name, role) as the roll of a letter; return the number of entries.

    `tell` is told the part that is done, from 0 to 1. Raises RollRefused with every row that cannot be
    taken, RollFixed, RollNotEmpty.
    """
    entries = parse_roll_csv(data, tell=lambda part: tell(part / 2))
    members = [make_entry(slug, entry) for entry in entries]
    with issuer.database.write() as connection:
        check_not_open(connection, slug)
        if roll_store.has_entries(connection, slug):
            raise RollNotEmpty
        member_store.add_members(connection, members, lambda part: tell(0.5 + part / 2))
    return len(entries)


def discard_roll(issuer: Issuer, slug: str) -> None:
    """Delete a roll that no letter has, with its invite codes; of one that is gone nothing is left to do.

    No letter has stated until when it is kept. The files are rewritten then. Raises RollFixed, StoreError.
    """
    with issuer.database.write() as connection:
        check_not_open(connection, slug)
        followed_store.delete_roll(connection, slug)
    issuer.database.tidy()


def get_commits(connection: Connection, slug: str, kind: RollKind) -> list[bytes]:
    """Return the commitments that a letter opens with, ascending.

    Raises RollMissing; LetterRefused for another kind; Busy while a change waits for the log.
    """
    figures = roll_store.read_figures(connection, slug)
    if figures.waiting:
        raise Busy(ON_ITS_WAY)
    if kind is not RollKind.DOMAIN and not figures.members:
        raise RollMissing
    if kind is RollKind.LIST and figures.unnamed:
        raise LetterRefused(["`roll` is a list, and the members of this letter have codes alone"])
    if kind is RollKind.INVITES and figures.addressed:
        raise LetterRefused(["`roll` is invites, and the members of this letter are a list"])
    if kind is RollKind.DOMAIN and (figures.named or figures.unaddressed):
        raise LetterRefused(["`roll` is domain, and the members of this letter are listed already"])
    return member_store.list_commits(connection, slug)


def check_not_open(connection: Connection, slug: str) -> None:
    """Check that no letter has this roll, opened or about to be. Raises RollFixed.

    The caller may write to this database, which keeps any letter from being opened meanwhile.
    """
    if letter_store.find_acknowledged(connection, slug) is not None:
        raise RollFixed


def make_entry(slug: str, entry: RollEntry, *, waits: bool = False) -> MemberRow:
    """Make the entry of a member who is listed, under a salt of its own."""
    return _entry_of(slug, entry.address, entry.name, entry.role, waits=waits)


def _entry_of(
    slug: str, address: str, name: str | None, role: str | None, *, waits: bool = False
) -> MemberRow:
    salt, member = secrets.token_bytes(SALT_BYTES), member_of_email(address)
    return MemberRow(
        slug=slug,
        commit=member_commit(salt, member),
        member=member,
        salt=salt,
        address=address,
        name=name,
        role=role,
        blocked=False,
        waits=waits,
    )


# --- who proves an address


def takes_address(connection: Connection, letter: Letter, address: str) -> bool:
    """Say whether a code may be mailed to a canonical address: it is on the roll, or its domain is.

    Nobody is told the answer. False for who is blocked.
    """
    if letter.roll is not RollKind.DOMAIN:
        return find_listed(connection, letter, address) is not None
    mailbox = mailbox_on(letter, address)
    if domain_of(mailbox) not in letter.domains:
        return False
    entry = roll_store.find_entry(connection, letter.slug, member_of_email(mailbox))
    return entry is None or not entry.blocked


def find_or_make_member(connection: Connection, letter: Letter, address: str) -> MemberRow | None:
    """Return the entry of who has proved a canonical address; on a domain's roll, make it now.

    The connection may write. None for who is not on the roll, or blocked.
    """
    if letter.roll is not RollKind.DOMAIN:
        return find_listed(connection, letter, address)
    if not takes_address(connection, letter, address):
        return None
    mailbox = mailbox_on(letter, address)
    entry = member_store.find_member(connection, letter.slug, member_of_email(mailbox))
    if entry is None:
        entry = _entry_of(letter.slug, mailbox, None, None)
        member_store.add_members(connection, [entry])
    return entry


def mailbox_on(letter: Letter, address: str) -> str:
    """Return the mailbox under which a canonical address is on a letter's roll: codes go there."""
    return mailbox_of(address, cuts_tags=letter.roll is RollKind.DOMAIN)


def find_listed(connection: Connection, letter: Letter, address: str) -> MemberRow | None:
    """Return the entry of a listed address, unless it is blocked or waits."""
    entry = find_any_listed(connection, letter.slug, letter, address)
    return None if entry is None or entry.blocked or entry.waits else entry


def find_any_listed(
    connection: Connection, slug: str, letter: Letter | None, address: str
) -> MemberRow | None:
    """Return the entry of a canonical address whatever its state.

    By its mailbox, or by itself: older rolls have it so. The first is the one that counts: who is blocked
    under it is blocked.
    """
    mailbox = mailbox_of(address) if letter is None else mailbox_on(letter, address)
    for writing in dict.fromkeys((mailbox, address)):
        entry = roll_store.find_entry(connection, slug, member_of_email(writing))
        if entry is not None:
            return entry
    return None


def make_blocked(letter: Letter, address: str) -> MemberRow:
    """Make the blocked entry of somebody who has not come yet. Raises NotOnRoll for another domain."""
    mailbox = mailbox_on(letter, address)
    if domain_of(mailbox) not in letter.domains:
        raise NotOnRoll("That address is at none of this letter's domains.")
    return replace(_entry_of(letter.slug, mailbox, None, None), blocked=True)


# --- codes


def new_code(length: int = INVITE_CHARACTERS) -> str:
    """Make a random code from the alphabet of invite codes: 5 bits a character."""
    return "".join(secrets.choice(INVITE_ALPHABET) for _ in range(length))


def code_hash(code: str) -> bytes:
    """Return what the database keeps of a code."""
    return hashlib.sha256(code.encode("ascii")).digest()
