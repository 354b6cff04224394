"""Sessions of organisers: begun with a passkey, short, and ended from any other one.

The cookie's value is random; the database holds its SHA-256, so that a copy of it signs nobody in. The
hidden field of forms belongs to the account and not to the session: a form that was open while the
session ended can be sent after signing in again, and nothing that was typed is lost.
"""

import hmac
import secrets
from dataclasses import dataclass
from typing import Final

from undersigned.app.activity import acting
from undersigned.app.desk import Account, Desk
from undersigned.domain.act import Act
from undersigned.domain.canonical import hash_bytes
from undersigned.encoding import format_base64url, parse_base64url
from undersigned.errors import FormatError, NotSignedIn
from undersigned.store import accounts as account_store
from undersigned.store import sessions as session_store
from undersigned.store.accounts import AccountRow
from undersigned.store.database import Connection
from undersigned.store.sessions import SessionRow

IDLE_S: Final = 30 * 60
"""After so long without a request a session is over."""

LONGEST_S: Final = 12 * 3600
"""After so long it is over in any case: a day's work."""

SEEN_EVERY_S: Final = 60
"""How exactly it is noted when a session was used: a page must not wait for the disk each time."""

_CSRF: Final = b"undersigned desk form"


@dataclass(frozen=True, slots=True)
class Session:
    """A session that is going on: its id (the hash of its cookie), whose it is, what forms send."""

    id: bytes
    account: Account
    csrf: str


def begin_session(connection: Connection, now: int, account: bytes, credential: bytes) -> str:
    """Begin a session in an open transaction; return the cookie's value."""
    session_store.delete_ended(connection, made_before=now - LONGEST_S, seen_before=now - IDLE_S)
    value = secrets.token_bytes(32)
    row = SessionRow(hash_bytes(value), account, credential, now, now)
    session_store.add_session(connection, row)
    return format_base64url(value)


def find_session(desk: Desk, cookie: str) -> Session | None:
    """Return the session of a cookie, if it is going on, and note that it was used."""
    try:
        value = parse_base64url(cookie)
    except FormatError:
        return None
    now, id_ = desk.clock.now(), hash_bytes(value)
    with desk.database.read() as connection:
        found = _find(connection, id_, now)
    if found is None:
        return None
    row, account = found
    if now - row.seen_at >= SEEN_EVERY_S:
        with desk.database.write() as connection:
            session_store.put_seen(connection, id_, now)
    csrf = hmac.digest(account.form_key, _CSRF, "sha256")
    return Session(
        id_, Account(account.account, account.name, account.role), format_base64url(csrf)
    )


def check_session(connection: Connection, session: Session, now: int) -> None:
    """Check in an open transaction that a session was not ended since its request came in.

    Raises NotSignedIn.
    """
    if _find(connection, session.id, now) is None:
        raise NotSignedIn


def sign_out(desk: Desk, session: Session) -> None:
    """End the session that a request came with."""
    with acting(desk, session.account, Act.SIGN_OUT), desk.database.write() as connection:
        session_store.delete_session(connection, session.id)


def end_session(desk: Desk, account: Account, id_: bytes) -> None:
    """End a session of an account; one that is over already stays so."""
    with acting(desk, account, Act.END_SESSION), desk.database.write() as connection:
        row = session_store.find_session(connection, id_)
        if row is not None and row.account == account.id:
            session_store.delete_session(connection, id_)


def end_others(desk: Desk, session: Session) -> None:
    """End every session of an account but the one that a request came with."""
    with acting(desk, session.account, Act.END_SESSION), desk.database.write() as connection:
        session_store.delete_sessions(connection, session.account.id, but=session.id)


def _find(connection: Connection, id_: bytes, now: int) -> tuple[SessionRow, AccountRow] | None:
    """Return a session that is going on, and whose it is."""
    row = session_store.find_session(connection, id_)
    if row is None or _is_over(row, now):
        return None
    account = account_store.find_active(connection, row.account)
    return None if account is None else (row, account)


def _is_over(row: SessionRow, now: int) -> bool:
    return now >= row.made_at + LONGEST_S or now >= row.seen_at + IDLE_S
