"""The desk in tests: accounts with a session, and clients that act as their browsers do."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2

from undersigned.app.desk import Account, Desk
from undersigned.app.sessions import begin_session, find_session
from undersigned.domain.name import fold
from undersigned.store import accounts as account_store
from undersigned.store.accounts import AccountRow, CredentialRow
from undersigned.web.desk.guard import COOKIE, CSRF_FIELD, CSRF_HEADER


def make_account(desk: Desk, name: str, role: str = "owner") -> Account:
    """Make an account with a passkey that nobody holds; the same again if there is one of that name."""
    with desk.database.write() as connection:
        known = account_store.find_named(connection, fold(name))
        if known is not None:
            return Account(known.account, known.name, known.role)
        id_, now = secrets.token_bytes(16), desk.clock.now()
        form_key = secrets.token_bytes(32)
        row = AccountRow(id_, name, fold(name), role, form_key, now, None)
        assert account_store.add_account(connection, row)
        key = CredentialRow(secrets.token_bytes(32), id_, b"none", 0, "Test", now, None)
        assert account_store.add_credential(connection, key)
    return Account(id_, name, role)


def make_session(desk: Desk, account: Account) -> str:
    """Begin a session with the first passkey of an account; return the cookie's value."""
    with desk.database.write() as connection:
        key = account_store.list_credentials(connection, account.id)[0]
        return begin_session(connection, desk.clock.now(), account.id, key.credential)


class DeskClient:
    """Acts at the desk as the browser of who is signed in does; follows no redirect."""

    def __init__(self, desk: Desk, account: Account, http: httpx2.Client) -> None:
        self.desk, self.account, self.http = desk, account, http
        self.cookie = make_session(desk, account)
        session = find_session(desk, self.cookie)
        assert session is not None
        self.session, self.csrf = session.id, session.csrf

    @property
    def headers(self) -> dict[str, str]:
        """What its browser sends with every request; `Cookie` by hand, since this is plain http."""
        return {"Cookie": f"{COOKIE}={self.cookie}", "Accept": "text/html"}

    def get(self, path: str, **options: Any) -> httpx2.Response:
        """Open a page."""
        headers = self.headers | options.pop("headers", {})
        return self.http.get(path, headers=headers, **options)

    def post(
        self, path: str, data: dict[str, Any] | None = None, **options: Any
    ) -> httpx2.Response:
        """Send a form, with the hidden field and the origin of the desk."""
        headers = self.headers | {"Origin": self.desk.url} | options.pop("headers", {})
        fields = {CSRF_FIELD: self.csrf} | (data or {})
        return self.http.post(path, data=fields, headers=headers, **options)

    def send(self, path: str, content: Any, **options: Any) -> httpx2.Response:
        """Send JSON as a script of the desk does."""
        headers = self.headers | {
            "Origin": self.desk.url,
            "Accept": "application/json",
            CSRF_HEADER: self.csrf,
        }
        headers |= options.pop("headers", {})
        return self.http.post(path, json=content, headers=headers, **options)


@contextmanager
def signed_in(desk: Desk, role: str = "owner", name: str | None = None) -> Iterator[DeskClient]:
    """Give a client of somebody who is signed in at a desk that is being served at its `url`."""
    account = make_account(desk, name or f"Test {role}", role)
    with httpx2.Client(base_url=desk.url, timeout=60) as http:
        yield DeskClient(desk, account, http)
