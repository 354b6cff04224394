"""Invite codes as the issuer has them: their hashes, and the entries that they prove."""

from dataclasses import dataclass

import sqlalchemy as sa

from undersigned.store.issuer_schema import invite, roll_entry
from undersigned.store.members import BLOCKED


@dataclass(frozen=True, slots=True)
class InviteRow:
    """A code by its hash (32 bytes), and the entry of the roll that it proves."""

    code_hash: bytes
    commit: bytes
    name: str | None
    address: str | None
    blocked: bool


def list_invites(connection: sa.Connection, slug: str) -> list[InviteRow]:
    """Return the codes of a letter, by their hashes: the order says nothing."""
    columns = (
        invite.c.code_hash,
        invite.c.commit,
        roll_entry.c.name,
        roll_entry.c.address,
        roll_entry.c.blocked == BLOCKED,
    )
    query = (
        sa.select(*columns)
        .join(
            roll_entry,
            (roll_entry.c.slug == invite.c.slug) & (roll_entry.c.commit == invite.c.commit),
        )
        .where(invite.c.slug == slug)
        .order_by(invite.c.code_hash)
    )
    return [InviteRow(*row) for row in connection.execute(query)]


def delete_invite(connection: sa.Connection, slug: str, code_hash: bytes) -> None:
    """Forget a code: it proves nothing any more."""
    connection.execute(
        sa.delete(invite).where(invite.c.slug == slug, invite.c.code_hash == code_hash)
    )
