"""Accounts of organisers: joining by a link, signing in, passkeys, roles, revoking.

An account without a passkey could not come back, and a desk without an owner could let nobody in: the
last of each is never revoked. A revoked account keeps its name, for the trail.
"""

import secrets
import unicodedata
from dataclasses import dataclass
from typing import Any, Final

from undersigned.app.activity import acting
from undersigned.app.desk import Account, Desk
from undersigned.app.entering import Link, LinkKind, check_link, check_owner, check_role
from undersigned.app.passkeys import (
    begin_registration,
    begin_sign_in,
    finish_registration,
    finish_sign_in,
)
from undersigned.app.sessions import Session, begin_session, check_session
from undersigned.domain.act import Act
from undersigned.domain.name import fold
from undersigned.errors import (
    FormatError,
    LastOwner,
    LastPasskey,
    NameTaken,
    PasskeyRefused,
    UnknownAccount,
    UnknownPasskey,
)
from undersigned.store import accounts as account_store
from undersigned.store import links as link_store
from undersigned.store import sessions as session_store
from undersigned.store.accounts import AccountRow, CredentialRow
from undersigned.store.database import Connection
from undersigned.store.links import LinkRow
from undersigned.store.sessions import SessionRow

LONGEST_NAME: Final = 60

MOST_PASSKEYS: Final = 20
"""Passkeys of an account: far more than anybody keeps apart."""

FIRST_PASSKEY: Final = "1"


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """What an organiser sees of the own account."""

    passkeys: tuple[CredentialRow, ...]
    sessions: tuple[SessionRow, ...]


@dataclass(frozen=True, slots=True)
class Accounts:
    """What the page of accounts shows; `invitations` are those that are good still."""

    accounts: tuple[AccountRow, ...]
    invitations: tuple[LinkRow, ...]
    owners: int


def check_name(text: str) -> str:
    """Return the name of an account or passkey in its one form. Raises FormatError."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise FormatError(f"name: must have 1 to {LONGEST_NAME} printable characters")
    return name


# --- coming in


def begin_joining(desk: Desk, link: Link, name: str) -> dict[str, Any]:
    """Ask the authenticator for a passkey by a link. Raises FormatError, NameTaken."""
    if link.account is not None:
        return begin_registration(desk, "join", link.id, link.account.account, link.account.name)
    name = check_name(name)
    with desk.database.read() as connection:
        _check_free(connection, name)
    return begin_registration(desk, "join", link.id, secrets.token_bytes(16), name)


def join(desk: Desk, link: Link, name: str, response: dict[str, Any]) -> str:
    """Take the passkey that was made by a link, and use the link up; return a new session's cookie.

    By a recovery the account keeps no other passkey and no session. Raises PasskeyRefused, UnknownLink,
    FormatError, NameTaken.
    """
    name = link.account.name if link.account else check_name(name)
    made = finish_registration(desk, "join", link.id, response, FIRST_PASSKEY)
    act = {
        LinkKind.CLAIM: Act.CLAIM,
        LinkKind.INVITATION: Act.JOIN,
        LinkKind.RECOVERY: Act.RECOVER,
    }[link.kind]
    account = Account(made.account, name, link.role)
    with acting(desk, account, act), desk.database.write() as connection:
        # Once more, now that nobody else can use it.
        link = check_link(connection, link.id, desk.clock.now())
        if link.account is None:
            _add_account(connection, account, desk.clock.now())
        else:
            account_store.delete_credentials(connection, made.account)
            session_store.delete_sessions(connection, made.account)
            # A thief of the old passkey may have made links for themselves.
            link_store.delete_links(connection, maker=made.account)
        link_store.delete_link(connection, link.id)
        _add_passkey(connection, made)
        return begin_session(connection, desk.clock.now(), made.account, made.credential)


def _add_account(connection: Connection, account: Account, now: int) -> None:
    _check_free(connection, account.name)
    row = AccountRow(
        account.id,
        account.name,
        fold(account.name),
        account.role,
        secrets.token_bytes(32),
        now,
        None,
    )
    if not account_store.add_account(connection, row):
        raise NameTaken


def _check_still_good(connection: Connection, used: CredentialRow) -> None:
    """Check that a passkey was not revoked, or used by a copy, since its answer was judged."""
    held = account_store.find_credential(connection, used.credential)
    is_used = held is not None and held.sign_count >= used.sign_count > 0
    if held is None or is_used or account_store.find_active(connection, used.account) is None:
        raise PasskeyRefused


def _add_passkey(connection: Connection, made: CredentialRow) -> None:
    if not account_store.add_credential(connection, made):
        raise PasskeyRefused


def _check_free(connection: Connection, name: str) -> None:
    if account_store.find_named(connection, fold(name)) is not None:
        raise NameTaken


def ask_to_sign_in(desk: Desk) -> dict[str, Any]:
    """Ask the authenticator to sign in with any passkey of this desk."""
    return begin_sign_in(desk)


def sign_in(desk: Desk, response: dict[str, Any]) -> str:
    """Begin a session by a passkey; return its cookie. Raises PasskeyRefused."""
    used = finish_sign_in(desk, response)
    with desk.database.read() as connection:
        row = account_store.find_active(connection, used.account)
    if row is None:
        raise PasskeyRefused
    account = Account(row.account, row.name, row.role)
    with acting(desk, account, Act.SIGN_IN), desk.database.write() as connection:
        _check_still_good(connection, used)
        account_store.put_credential(
            connection, used.credential, sign_count=used.sign_count, used_at=used.used_at
        )
        return begin_session(connection, desk.clock.now(), used.account, used.credential)


# --- the own account


def get_own(desk: Desk, account: Account) -> OwnAccount:
    """Return the passkeys and sessions of an account."""
    with desk.database.read() as connection:
        return OwnAccount(
            tuple(account_store.list_credentials(connection, account.id)),
            tuple(session_store.list_sessions(connection, account.id)),
        )


def rename(desk: Desk, account: Account, text: str) -> None:
    """Give an account another name. Raises FormatError, NameTaken."""
    name = check_name(text)
    with acting(desk, account, Act.RENAME_ACCOUNT), desk.database.write() as connection:
        other = account_store.find_named(connection, fold(name))
        if other is not None and other.account != account.id:
            raise NameTaken
        account_store.put_account(connection, account.id, name=name, folded=fold(name))


def begin_adding(desk: Desk, session: Session) -> dict[str, Any]:
    """Ask the authenticator for one more passkey of the account that is signed in."""
    return begin_registration(desk, "add", session.id, session.account.id, session.account.name)


def add_passkey(desk: Desk, session: Session, text: str, response: dict[str, Any]) -> None:
    """Take one more passkey. Raises FormatError, PasskeyRefused, NotSignedIn."""
    name = check_name(text)
    made = finish_registration(desk, "add", session.id, response, name)
    with acting(desk, session.account, Act.ADD_PASSKEY), desk.database.write() as connection:
        # Whoever was thrown out in the meantime must not come back by it.
        check_session(connection, session, desk.clock.now())
        if len(account_store.list_credentials(connection, session.account.id)) >= MOST_PASSKEYS:
            raise PasskeyRefused(f"An account has at most {MOST_PASSKEYS} passkeys.")
        _add_passkey(connection, made)


def rename_passkey(desk: Desk, account: Account, passkey: bytes, text: str) -> None:
    """Give a passkey another name. Raises FormatError, UnknownPasskey."""
    name = check_name(text)
    with acting(desk, account, Act.RENAME_PASSKEY), desk.database.write() as connection:
        _get_passkey(connection, account, passkey)
        account_store.put_credential(connection, passkey, name=name)


def revoke_passkey(desk: Desk, account: Account, passkey: bytes) -> None:
    """Forget a passkey, and end the sessions that began with it. Raises UnknownPasskey, LastPasskey."""
    with acting(desk, account, Act.REVOKE_PASSKEY), desk.database.write() as connection:
        _get_passkey(connection, account, passkey)
        if len(account_store.list_credentials(connection, account.id)) == 1:
            raise LastPasskey
        account_store.delete_credential(connection, passkey)
        session_store.delete_sessions_of(connection, passkey)


def _get_passkey(connection: Connection, account: Account, passkey: bytes) -> CredentialRow:
    row = account_store.find_credential(connection, passkey)
    if row is None or row.account != account.id:
        raise UnknownPasskey
    return row


# --- all accounts


def get_accounts(desk: Desk) -> Accounts:
    """Return every account, and the invitations that wait."""
    with desk.database.read() as connection:
        rows = account_store.list_accounts(connection)
        owners = account_store.list_owners(connection)
        invitations = link_store.list_links(connection, LinkKind.INVITATION, desk.clock.now())
    return Accounts(tuple(rows), tuple(invitations), len(owners))


def change_role(desk: Desk, owner: Account, id_: bytes, role: str) -> None:
    """Give an account another role. Raises FormatError, ForOwners, UnknownAccount, LastOwner."""
    check_role(role)
    with acting(desk, owner, Act.CHANGE_ROLE, detail=role), desk.database.write() as connection:
        check_owner(connection, owner)
        row = _get_account(connection, id_)
        if role != "owner":
            _check_other_owner(connection, row)
            # Who may not invite any more must not come back by an invitation of their own.
            link_store.delete_links(connection, maker=id_)
        account_store.put_account(connection, id_, role=role)


def revoke_account(desk: Desk, owner: Account, id_: bytes) -> None:
    """End an account: its passkeys, sessions and open links are gone.

    Raises ForOwners, UnknownAccount, LastOwner.
    """
    with acting(desk, owner, Act.REVOKE_ACCOUNT), desk.database.write() as connection:
        check_owner(connection, owner)
        row = _get_account(connection, id_)
        _check_other_owner(connection, row)
        account_store.put_account(connection, id_, revoked_at=desk.clock.now())
        account_store.delete_credentials(connection, id_)
        session_store.delete_sessions(connection, id_)
        link_store.delete_links(connection, account=id_)
        link_store.delete_links(connection, maker=id_)


def _get_account(connection: Connection, id_: bytes) -> AccountRow:
    row = account_store.find_active(connection, id_)
    if row is None:
        raise UnknownAccount
    return row


def _check_other_owner(connection: Connection, row: AccountRow) -> None:
    if account_store.list_owners(connection) == [row]:
        raise LastOwner
