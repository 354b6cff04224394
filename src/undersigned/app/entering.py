"""Links that let somebody in who has no passkey here yet: once, and for a short while.

- claim: printed by the server until the desk has an owner; makes the first account.
- invitation: made by an owner; makes another account.
- recovery: made at the server's terminal; gives an account a new passkey in the place of all it had.

The address ends with 32 random bytes, of which the database holds the SHA-256. To open it changes
nothing: it is used up when the passkey that was made there is taken.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from undersigned.app.activity import acting
from undersigned.app.desk import Account, Desk
from undersigned.app.link_tokens import hash_of, make_link
from undersigned.domain.act import Act
from undersigned.domain.name import fold
from undersigned.errors import FormatError, ForOwners, UnknownAccount, UnknownLink
from undersigned.store import accounts as account_store
from undersigned.store import links as link_store
from undersigned.store.accounts import AccountRow
from undersigned.store.database import Connection
from undersigned.store.links import LinkRow

HOUR_S: Final = 3600


class LinkKind(StrEnum):
    """What a link is for."""

    CLAIM = "claim"
    INVITATION = "invitation"
    RECOVERY = "recovery"


LIFETIME_S: Final = {
    LinkKind.CLAIM: 24 * HOUR_S,
    LinkKind.INVITATION: 7 * 24 * HOUR_S,
    LinkKind.RECOVERY: HOUR_S,
}
"""How long each is good: as short as the way to the one it is for allows."""


@dataclass(frozen=True, slots=True)
class MadeLink:
    """A link that was just made: its address, which is nowhere else, and until when it is good."""

    kind: LinkKind
    url: str
    expires: int


@dataclass(frozen=True, slots=True)
class Link:
    """A link that is good: what it is for; of a recovery whose; the role that an account will have."""

    id: bytes
    kind: LinkKind
    account: AccountRow | None
    role: str
    expires: int


def is_claimed(desk: Desk) -> bool:
    """Say whether the desk has an owner."""
    with desk.database.read() as connection:
        return bool(account_store.list_owners(connection))


def make_claim(desk: Desk) -> MadeLink | None:
    """Make the link that takes over the desk, in the place of earlier ones; None if it has an owner."""
    if is_claimed(desk):
        return None
    with acting(desk, None, Act.MAKE_LINK, detail="claim"), desk.database.write() as connection:
        link_store.delete_links(connection, kind=LinkKind.CLAIM)
        return _make(desk, connection, LinkKind.CLAIM, role="owner")


def make_invitation(desk: Desk, maker: Account, role: str) -> MadeLink:
    """Make a link for another account of a role. Raises FormatError for no role, ForOwners."""
    check_role(role)
    with acting(desk, maker, Act.INVITE, detail=role), desk.database.write() as connection:
        check_owner(connection, maker)
        return _make(desk, connection, LinkKind.INVITATION, role=role, maker=maker.id)


def make_recovery(desk: Desk, name: str | None) -> MadeLink:
    """Make a link that gives an account a new passkey; that of the only owner if none is named.

    Raises UnknownAccount.
    """
    with desk.database.read() as connection:
        row = _choose(connection, name)
    with acting(desk, None, Act.MAKE_LINK, detail="recovery"), desk.database.write() as connection:
        link_store.delete_links(connection, kind=LinkKind.RECOVERY, account=row.account)
        return _make(desk, connection, LinkKind.RECOVERY, account=row.account)


def _choose(connection: Connection, name: str | None) -> AccountRow:
    if name is not None:
        row = account_store.find_named(connection, fold(name))
        if row is None or row.is_revoked:
            raise UnknownAccount
        return row
    owners = account_store.list_owners(connection)
    if len(owners) != 1:
        error = UnknownAccount("The desk has several owners: say whose account it is.")
        error.add_note("undersigned desk link --account NAME; undersigned desk accounts lists them")
        raise error
    return owners[0]


def _make(
    desk: Desk,
    connection: Connection,
    kind: LinkKind,
    *,
    account: bytes | None = None,
    role: str | None = None,
    maker: bytes | None = None,
) -> MadeLink:
    new, now = make_link(), desk.clock.now()
    expires = now + LIFETIME_S[kind]
    link_store.delete_expired_links(connection, now)
    row = LinkRow(new.token_hash, kind.value, account, role, maker, now, expires)
    link_store.add_link(connection, row)
    return MadeLink(kind, f"{desk.url}/desk/join/{new.token}", expires)


def get_link(desk: Desk, token: str) -> Link:
    """Return the link of the last part of its address. Raises UnknownLink."""
    id_ = hash_of(token)
    with desk.database.read() as connection:
        return check_link(connection, id_, desk.clock.now())


def check_link(connection: Connection, id_: bytes, now: int) -> Link:
    """Return a link that is good, in an open transaction. Raises UnknownLink."""
    row = link_store.find_link(connection, id_)
    if row is None or row.expires <= now:
        raise UnknownLink
    kind = LinkKind(row.kind)
    if kind is LinkKind.CLAIM and account_store.list_owners(connection):
        raise UnknownLink
    account = None
    if row.account is not None:
        account = account_store.find_active(connection, row.account)
        if account is None:
            raise UnknownLink
    return Link(id_, kind, account, account.role if account else row.role or "", row.expires)


def withdraw_invitation(desk: Desk, owner: Account, id_: bytes) -> None:
    """Take an invitation back. Raises UnknownLink if it was used or is too old, ForOwners."""
    with acting(desk, owner, Act.WITHDRAW_INVITATION), desk.database.write() as connection:
        check_owner(connection, owner)
        link = check_link(connection, id_, desk.clock.now())
        if link.kind is not LinkKind.INVITATION:
            raise UnknownLink
        link_store.delete_link(connection, id_)


def check_owner(connection: Connection, account: Account) -> None:
    """Check in an open transaction that an account is an owner still. Raises ForOwners."""
    row = account_store.find_active(connection, account.id)
    if row is None or row.role != "owner":
        raise ForOwners


def check_role(role: str) -> None:
    """Check that there is such a role. Raises FormatError."""
    if role not in ("owner", "organiser"):
        raise FormatError("role: must be owner or organiser")
