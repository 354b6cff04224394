"""An issuer: who is a member, who received a token, and the keys that tokens are made with.

DATA/issuer.db      roll, codes, issuances, mails,      DATA/keys/issuer/   mode 0600, two keys a letter
                    the letters that it issues for                          and one of its challenges
                                                        DATA/outbox/        mails, when no server sends them

It lives in a site's folder, or apart: then in a folder of its own, with the address at which members
reach it. It knows nothing of signatures, and imports nothing that does.
"""

import threading
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from undersigned.app.clock import Clock, StoredClock
from undersigned.app.folder import clock_in, has_database, make_folders, open_database
from undersigned.app.letter_name import parse_letter_name
from undersigned.app.shared_key import open_shared_key
from undersigned.crypto.keys import ChallengeKey, RecordSigner, TokenKey
from undersigned.domain.canonical import format_canonical
from undersigned.domain.letter import Letter, format_letter, parse_letter
from undersigned.domain.terms import check_issuer_url
from undersigned.errors import NoSite, SiteExists, StoreError, UnknownLetter
from undersigned.store import acknowledged as letter_store
from undersigned.store.acknowledged import AcknowledgedRow
from undersigned.store.database import Connection, Database


@dataclass(frozen=True, slots=True)
class IssuerKeys:
    """The private keys of one letter's issuer."""

    token: TokenKey
    attestation: RecordSigner

    @classmethod
    def generate(cls) -> "IssuerKeys":
        """Make the keys of a letter."""
        return cls(TokenKey.generate(), RecordSigner.generate())

    @classmethod
    def load(cls, folder: Path) -> "IssuerKeys":
        """Read the keys in a folder. Raises StoreError."""
        return cls(
            TokenKey.load(folder / "token.key"), RecordSigner.load(folder / "attestation.key")
        )

    def save(self, folder: Path) -> None:
        """Write the keys into a folder. Raises StoreError."""
        # One after the other: a parent that is made on the way would be open to others.
        make_folders(folder.parent)
        make_folders(folder)
        self.token.save(folder / "token.key")
        self.attestation.save(folder / "attestation.key")

    def belong_to(self, letter: Letter) -> bool:
        """Say whether these are the keys that a letter names."""
        named = (letter.token_key, letter.attestation_key)
        return named == (self.token.spki, self.attestation.public_key)


@dataclass(frozen=True, slots=True)
class IssuedLetter:
    """A letter that an issuer gives tokens for, and the address of the site that collects for it."""

    letter: Letter
    site: str | None


@dataclass(slots=True)
class Issuer:
    """An open issuer. `url` is where members reach it; None where it is part of a site.

    `signs_on` says whether it is being served with a sign-on provider.
    """

    folder: Path
    database: Database
    clock: Clock
    url: str | None
    signs_on: bool = field(default=False, init=False)
    _keys: dict[bytes, IssuerKeys] = field(default_factory=dict)
    _challenges: ChallengeKey | None = field(default=None, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def keys(self, letter: Letter) -> IssuerKeys:
        """Return the keys of a letter. Raises StoreError if they are not here."""
        keys = self._keys.get(letter.letter_id)
        if keys is None:
            folder = key_folder(self.folder, letter.letter_id.hex())
            offered = key_folder(self.folder, f"{letter.slug}@{letter.edition}")
            keys = IssuerKeys.load(offered if offered.exists() else folder)
            if not keys.belong_to(letter):
                raise StoreError("the keys of this letter's issuer are not here")
            self._keys[letter.letter_id] = keys
        return keys

    def has_keys(self, letter: Letter) -> bool:
        """Say whether there are keys of a letter, without reading them."""
        names = (letter.letter_id.hex(), f"{letter.slug}@{letter.edition}")
        return any((key_folder(self.folder, name) / "token.key").exists() for name in names)

    def challenge_key(self) -> ChallengeKey:
        """Return the key of challenges, made if there is none yet. Raises StoreError if it is another one."""
        with self._lock:
            if self._challenges is None:
                path = key_folder(self.folder, "challenge.key")
                make_folders(path.parent)
                self._challenges = open_shared_key(ChallengeKey, path, self.database, letter_store)
            return self._challenges

    def get_letter(self, name: str) -> IssuedLetter:
        """Return the letter of `slug` (its newest edition) or `slug@edition`. Raises UnknownLetter."""
        slug, edition = parse_letter_name(name)
        issued = self.find_letter(slug, edition)
        if issued is None:
            raise UnknownLetter
        return issued

    def find_letter(self, slug: str, edition: int | None = None) -> IssuedLetter | None:
        """Return an edition of a letter, the newest if none is named; None if it issues for no such."""
        with self.database.read() as connection:
            row = letter_store.find_acknowledged(connection, slug, edition)
        if row is None:
            return None
        return IssuedLetter(parse_letter(msgspec.json.decode(row.body)), row.site)

    def list_letters(self) -> list[AcknowledgedRow]:
        """Return the letters that it issues for, by slug and edition."""
        with self.database.read() as connection:
            return letter_store.list_acknowledged(connection)

    def list_followed(self) -> list[IssuedLetter]:
        """Return every letter that it issues for and whose personal data it still has."""
        with self.database.read() as connection:
            rows = letter_store.list_unpurged(connection)
        return [IssuedLetter(parse_letter(msgspec.json.decode(row.body)), row.site) for row in rows]

    def letter_ids(self) -> set[bytes]:
        """Return the ids of the letters that it issues for."""
        with self.database.read() as connection:
            return {row.letter_id for row in letter_store.list_acknowledged(connection)}

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()


def key_folder(folder: Path, name: str) -> Path:
    """Return the folder of a letter's keys: its id in hex, or `slug@edition` where it was offered."""
    return folder / "keys" / "issuer" / name


def add_letter(connection: Connection, letter: Letter, site: str | None) -> bool:
    """Remember that tokens are given out for a letter; say False if that is known."""
    body = format_canonical(format_letter(letter))
    row = AcknowledgedRow(letter.letter_id, letter.slug, letter.edition, body, site)
    return letter_store.add_acknowledged(connection, row)


def has_issuer(folder: Path, address: str | None = None) -> bool:
    """Say whether a folder, or the database at an address, holds an issuer, alone or with a site."""
    return has_database(folder, "issuer", address)


def make_issuer(
    folder: Path, url: str, *, own_clock: int | None = None, address: str | None = None
) -> Issuer:
    """Make an issuer apart in a new or empty folder and open it.

    `url` is the origin at which members reach it; letters name it for good. `address` is as in
    `app.folder`. Raises SiteExists, FormatError, StoreError.
    """
    check_issuer_url(url)
    if has_issuer(folder, address):
        raise SiteExists(f"{folder if address is None else 'the database'} holds an issuer already")
    make_folders(folder, "keys", "keys/issuer", "outbox")
    if own_clock is not None:
        StoredClock.make(folder / "clock", own_clock)
    database = open_database(folder, "issuer", address)
    with database.write() as connection:
        letter_store.put_fact(connection, "url", url)
    issuer = Issuer(folder, database, clock_in(folder), url)
    issuer.challenge_key()
    return issuer


def open_issuer(folder: Path, address: str | None = None) -> Issuer:
    """Open the issuer apart in a folder. Raises NoSite, StoreError."""
    where = folder if address is None else "the database"
    if not has_issuer(folder, address):
        raise NoSite(f"{where} holds no issuer")
    database = open_database(folder, "issuer", address)
    with database.read() as connection:
        url = letter_store.get_facts(connection).get("url")
    if url is None:
        database.close()
        raise NoSite(f"{where} holds no issuer of its own: it is part of a site")
    return Issuer(folder, database, clock_in(folder), url)
