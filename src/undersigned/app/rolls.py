"""The roll of a letter: a list from a file, or invite codes. All rows or none."""

import hashlib
import secrets
from collections.abc import Sequence
from typing import NamedTuple

from undersigned.app.issuer import Issuer
from undersigned.domain.letter import RollKind
from undersigned.domain.roll import (
    INVITE_ALPHABET,
    INVITE_CHARACTERS,
    RollEntry,
    format_invite_code,
    member_commit,
    member_of_email,
    member_of_invite,
    parse_roll_csv,
)
from undersigned.errors import LetterRefused, Refused, RollFixed, RollMissing, RollNotEmpty
from undersigned.store import acknowledged as letter_store
from undersigned.store import members as member_store
from undersigned.store.database import Connection
from undersigned.store.members import MemberRow

SALT_BYTES = 16
MOST_INVITES = 200_000


class Invite(NamedTuple):
    """An invite code as it is handed over, and whose it is (None on a roll of invites alone)."""

    code: str
    name: str | None
    address: str | None


def import_roll(issuer: Issuer, slug: str, data: bytes) -> int:
    """Import a CSV file (email, name, role) as the roll of a letter; return the number of entries.

    Raises RollRefused with every bad row, RollFixed, RollNotEmpty.
    """
    entries = parse_roll_csv(data)
    with issuer.database.write() as connection:
        _check_not_open(connection, slug)
        if member_store.list_commits(connection, slug):
            raise RollNotEmpty
        member_store.add_members(connection, [_member_of(slug, entry) for entry in entries])
    return len(entries)


def make_invites(issuer: Issuer, slug: str, count: int | None) -> list[Invite]:
    """Make invite codes, the only time that they can be seen: the database keeps their hashes.

    Where the roll is a list, every entry without a code receives one (`count` is None); otherwise
    `count` new entries are made. Raises RollFixed, RollNotEmpty.
    """
    with issuer.database.read() as connection:
        members = member_store.list_members(connection, slug)
    if any(member.address for member in members):
        if count is not None:
            raise RollNotEmpty("This roll is a list: every entry of it receives a code.")
        return _invite_entries(issuer, slug, members)
    if count is None or not 1 <= count <= MOST_INVITES:
        raise Refused(f"Say how many codes to make, from 1 to {MOST_INVITES}.")
    return _invite_anyone(issuer, slug, count)


def get_commits(connection: Connection, slug: str, kind: RollKind) -> list[bytes]:
    """Return the commitments of a roll, ascending. Raises RollMissing; LetterRefused for another kind."""
    members = [m for m in member_store.list_members(connection, slug) if not m.blocked]
    if kind is not RollKind.DOMAIN and not members:
        raise RollMissing
    if kind is RollKind.LIST and any(member.name is None for member in members):
        raise LetterRefused(["`roll` is a list, and the members of this letter have codes alone"])
    if kind is RollKind.INVITES and any(member.name is not None for member in members):
        raise LetterRefused(["`roll` is invites, and the members of this letter are a list"])
    return [member.commit for member in members]


def _check_not_open(connection: Connection, slug: str) -> None:
    """Check that no letter has this roll, opened or about to be. Raises RollFixed.

    The caller may write to this database, which keeps any letter from being opened meanwhile.
    """
    if letter_store.find_acknowledged(connection, slug) is not None:
        raise RollFixed


def _member_of(slug: str, entry: RollEntry) -> MemberRow:
    salt, member = secrets.token_bytes(SALT_BYTES), member_of_email(entry.address)
    return MemberRow(
        slug=slug,
        commit=member_commit(salt, member),
        member=member,
        salt=salt,
        address=entry.address,
        name=entry.name,
        role=entry.role,
        blocked=False,
    )


def new_code(length: int = INVITE_CHARACTERS) -> str:
    """Make a random code from the alphabet of invite codes: 5 bits a character."""
    return "".join(secrets.choice(INVITE_ALPHABET) for _ in range(length))


def code_hash(code: str) -> bytes:
    """Return what the database keeps of a code."""
    return hashlib.sha256(code.encode("ascii")).digest()


def _invite_entries(issuer: Issuer, slug: str, members: Sequence[MemberRow]) -> list[Invite]:
    with issuer.database.write() as connection:
        invited = member_store.list_invited(connection, slug)
        new = [
            (new_code(), member)
            for member in members
            if member.commit not in invited and not member.blocked
        ]
        member_store.add_invites(
            connection, slug, [(code_hash(code), member.commit) for code, member in new]
        )
    invites = [Invite(format_invite_code(c), m.name, m.address) for c, m in new]
    return sorted(invites, key=lambda invite: invite.address or "")


def _invite_anyone(issuer: Issuer, slug: str, count: int) -> list[Invite]:
    codes = [new_code() for _ in range(count)]
    members = []
    for code in codes:
        salt, member = secrets.token_bytes(SALT_BYTES), member_of_invite(code)
        members.append(
            MemberRow(slug, member_commit(salt, member), member, salt, None, None, None, False)
        )
    with issuer.database.write() as connection:
        _check_not_open(connection, slug)
        member_store.add_members(connection, members)
        member_store.add_invites(
            connection,
            slug,
            [(code_hash(c), m.commit) for c, m in zip(codes, members, strict=True)],
        )
    return [Invite(format_invite_code(code), None, None) for code in codes]
