"""Accounts of the desk and their passkeys."""

from typing import Any, NamedTuple

import sqlalchemy as sa

from undersigned.store.database import insert_new
from undersigned.store.desk_schema import account, credential


class AccountRow(NamedTuple):
    """An account; `account` is its id (16 random bytes), `folded` its name as it is compared.

    `form_key` (32 bytes) is what the hidden field of its forms is made with.
    """

    account: bytes
    name: str
    folded: str
    role: str
    form_key: bytes
    made_at: int
    revoked_at: int | None

    @property
    def is_revoked(self) -> bool:
        """Say whether nobody may come in by it any more."""
        return self.revoked_at is not None


class CredentialRow(NamedTuple):
    """A passkey: its id, its public key (COSE), and the highest count that it has signed with."""

    credential: bytes
    account: bytes
    public_key: bytes
    sign_count: int
    name: str
    made_at: int
    used_at: int | None


def add_account(connection: sa.Connection, row: AccountRow) -> bool:
    """Store an account; say False if its name is taken."""
    return insert_new(connection, account, row._asdict(), returning=account.c.account)


def find_account(connection: sa.Connection, id_: bytes) -> AccountRow | None:
    """Return an account by its id, a revoked one, too."""
    return _account(connection, account.c.account == id_)


def find_active(connection: sa.Connection, id_: bytes) -> AccountRow | None:
    """Return an account by its id, if it was not revoked."""
    row = find_account(connection, id_)
    return None if row is None or row.is_revoked else row


def find_named(connection: sa.Connection, folded: str) -> AccountRow | None:
    """Return the account of a folded name."""
    return _account(connection, account.c.folded == folded)


def _account(connection: sa.Connection, where: sa.ColumnElement[bool]) -> AccountRow | None:
    row = connection.execute(sa.select(*account.c).where(where)).first()
    return AccountRow(*row) if row else None


def list_accounts(connection: sa.Connection) -> list[AccountRow]:
    """Return every account, the oldest first."""
    query = sa.select(*account.c).order_by(account.c.made_at, account.c.folded)
    return [AccountRow(*row) for row in connection.execute(query)]


def list_owners(connection: sa.Connection) -> list[AccountRow]:
    """Return every owner whose account was not revoked, the oldest first."""
    return [row for row in list_accounts(connection) if row.role == "owner" and not row.is_revoked]


def put_account(connection: sa.Connection, id_: bytes, **values: Any) -> None:
    """Change columns of an account."""
    connection.execute(sa.update(account).where(account.c.account == id_).values(**values))


def add_credential(connection: sa.Connection, row: CredentialRow) -> bool:
    """Store a passkey; say False if it is here already."""
    return insert_new(connection, credential, row._asdict(), returning=credential.c.credential)


def find_credential(connection: sa.Connection, id_: bytes) -> CredentialRow | None:
    """Return a passkey by its id."""
    query = sa.select(*credential.c).where(credential.c.credential == id_)
    row = connection.execute(query).first()
    return CredentialRow(*row) if row else None


def list_credentials(connection: sa.Connection, account_id: bytes) -> list[CredentialRow]:
    """Return the passkeys of an account, the oldest first."""
    query = (
        sa.select(*credential.c)
        .where(credential.c.account == account_id)
        .order_by(credential.c.made_at, credential.c.credential)
    )
    return [CredentialRow(*row) for row in connection.execute(query)]


def put_credential(connection: sa.Connection, id_: bytes, **values: Any) -> None:
    """Change columns of a passkey."""
    connection.execute(sa.update(credential).where(credential.c.credential == id_).values(**values))


def delete_credential(connection: sa.Connection, id_: bytes) -> None:
    """Forget a passkey."""
    connection.execute(sa.delete(credential).where(credential.c.credential == id_))


def delete_credentials(connection: sa.Connection, account_id: bytes) -> None:
    """Forget every passkey of an account."""
    connection.execute(sa.delete(credential).where(credential.c.account == account_id))
