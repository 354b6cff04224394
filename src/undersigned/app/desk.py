"""The desk: where organisers work, with a database of its own.

DATA/desk.db    accounts, passkeys, links, sessions, trail; drafts

It lives in the folder of a site, or of an issuer apart, and knows neither: what organisers do to a
letter or a roll is a use case of the collector or the issuer, that a route of the desk calls. Its
database holds no member, no vote and no code (decision 0020).
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from undersigned.app.clock import Clock
from undersigned.app.folder import open_database
from undersigned.errors import FormatError
from undersigned.store import links as link_store
from undersigned.store.database import Database

_URL: Final = re.compile(
    r"(https://(?=[^:]{1,253}(:|$))[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*"
    r"|http://localhost)(:[1-9][0-9]{0,4})?"
)
_DEFAULT_PORT: Final = re.compile(r"https://.*:443|http://.*:80")


@dataclass(frozen=True, slots=True)
class Account:
    """Who acts: an account of the desk. `role` is `owner` or `organiser`."""

    id: bytes
    name: str
    role: str

    @property
    def is_owner(self) -> bool:
        """Say whether it may do what only owners may."""
        return self.role == "owner"


@dataclass(frozen=True, slots=True)
class Desk:
    """An open desk. `url` is where people reach this server (`https://letters.example.org`)."""

    database: Database
    clock: Clock
    url: str

    @property
    def netloc(self) -> str:
        """Return the host, with its port where it is named: what browsers send as Host."""
        return urlsplit(self.url).netloc

    @property
    def rp_id(self) -> str:
        """Return the host name that passkeys are bound to."""
        return urlsplit(self.url).hostname or ""

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()


def check_url(url: str) -> None:
    """Check that passkeys can be bound to an address, as browsers write its origin. Raises FormatError."""
    if not _URL.fullmatch(url) or _DEFAULT_PORT.fullmatch(url):
        raise FormatError(
            "UNDERSIGNED_URL must be https:// and a host in lower case, or http://localhost, perhaps "
            "with a port, and nothing after"
        )


def open_desk(folder: Path, clock: Clock, url: str, *, address: str | None = None) -> Desk:
    """Open the desk in a folder; make its database if there is none. Raises StoreError.

    The url is remembered, for links that are made at the terminal. `address` is as in `app.folder`.
    """
    database = open_database(folder, "desk", address)
    with database.read() as connection:
        known = link_store.find_fact(connection, "url")
    if known != url:
        with database.write() as connection:
            link_store.put_fact(connection, "url", url)
    return Desk(database, clock, url)


def open_known_desk(
    folder: Path,
    clock: Clock,
    otherwise: str,
    *,
    now: str | None = None,
    address: str | None = None,
) -> Desk:
    """Open a desk at the url that it was served at last; `otherwise` if it never was.

    `now` is where it is from now on, whatever was before. `address` is as in `app.folder`.
    """
    database = open_database(folder, "desk", address)
    with database.read() as connection:
        url = link_store.find_fact(connection, "url")
    return Desk(database, clock, now or url or otherwise)
