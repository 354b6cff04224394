"""A site: one data folder with its keys, its two databases, its log and its clock.

DATA/collector.db   letters, log, what waits for it        DATA/keys/   mode 0600, one file a key
DATA/issuer.db      roll, codes, issuances, mails          DATA/log/    full tiles, the published
DATA/outbox/        mails, when no server sends them                    checkpoint (also the guard)
DATA/clock          only where the site has its own clock
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from undersigned.app.clock import Clock, StoredClock, SystemClock
from undersigned.crypto.keys import NoteSigner, RecordSigner, TokenKey, TrusteeKey
from undersigned.crypto.token import TokenChallenge, TokenVerifier
from undersigned.domain.letter import Letter, LetterId
from undersigned.errors import FormatError, NoSite, SiteExists, StoreError
from undersigned.store import log as log_store
from undersigned.store import site as site_store
from undersigned.store.database import Database, DatabaseRole
from undersigned.tlog.checkpoint import Checkpoint, format_checkpoint_body
from undersigned.tlog.merkle import EMPTY_ROOT

_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")


@dataclass(frozen=True, slots=True)
class SiteKeys:
    """The private keys that a site holds for itself."""

    log: NoteSigner
    promise: NoteSigner
    organiser: RecordSigner
    trustee: TrusteeKey


@dataclass(frozen=True, slots=True)
class IssuerKeys:
    """The private keys of one letter's issuer."""

    token: TokenKey
    attestation: RecordSigner


@dataclass(slots=True)
class Site:
    """An open site. `host` is the part of the log's origin before the slash."""

    folder: Path
    host: str
    collector: Database
    issuer: Database
    keys: SiteKeys
    clock: Clock
    _issuer_keys: dict[bytes, IssuerKeys] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        """The log's origin, which never changes."""
        return f"{self.host}/log"

    @property
    def log_folder(self) -> Path:
        """Where the published checkpoint and the full tiles are."""
        return self.folder / "log"

    def token_verifier(self, letter: Letter) -> TokenVerifier:
        """Return what checks the tokens of a letter."""
        return TokenVerifier(
            letter.token_key, TokenChallenge(self.host, bytes(letter.letter_id), self.host)
        )

    def issuer_keys(self, letter_id: LetterId) -> IssuerKeys:
        """Return the keys of a letter's issuer. Raises StoreError if they are not here."""
        keys = self._issuer_keys.get(letter_id)
        if keys is None:
            folder = issuer_key_folder(self.folder, letter_id)
            keys = IssuerKeys(
                TokenKey.load(folder / "token.key"), RecordSigner.load(folder / "attestation.key")
            )
            self._issuer_keys[letter_id] = keys
        return keys

    def close(self) -> None:
        """Let go of the databases."""
        self.collector.close()
        self.issuer.close()


def issuer_key_folder(folder: Path, letter_id: bytes) -> Path:
    """Return the folder of a letter's issuer keys."""
    return folder / "keys" / "issuer" / letter_id.hex()


def check_host(host: str) -> None:
    """Check that a log's origin can be made of this host. Raises FormatError."""
    if not _HOST.fullmatch(host):
        raise FormatError(
            "the origin must be a bare host name in lower case, such as letters.example.org"
        )


def has_site(folder: Path) -> bool:
    """Say whether a folder holds a site."""
    return (folder / "collector.db").exists()


def make_site(folder: Path, host: str, *, own_clock: int | None = None) -> Site:
    """Make a site in a new or empty folder and open it.

    `own_clock` gives it a clock of its own that stands at that time (UTC seconds). Raises SiteExists,
    FormatError, StoreError.
    """
    check_host(host)
    if has_site(folder):
        raise SiteExists(f"{folder} holds a site already")
    try:
        for part in ("", "keys", "keys/issuer", "log", "outbox"):
            (folder / part).mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder} cannot be written: {error.strerror}") from None
    keys = folder / "keys"
    signer = NoteSigner.generate(f"{host}/log")
    signer.save(keys / "log.key")
    NoteSigner.generate(f"{host}/log/promise").save(keys / "promise.key")
    RecordSigner.generate().save(keys / "organiser.key")
    TrusteeKey.generate().save(keys / "trustee.key")
    if own_clock is not None:
        StoredClock.make(folder / "clock", own_clock)
    collector = _database(folder, "collector")
    with collector.write() as connection:
        site_store.put_fact(connection, "host", host)
        body = format_checkpoint_body(Checkpoint(f"{host}/log", 0, EMPTY_ROOT))
        note = f"{body}\n{signer.sign(body.encode()).decode()}"
        log_store.put_first_checkpoint(connection, log_store.CheckpointRow(0, EMPTY_ROOT, note))
    collector.close()
    return open_site(folder)


def open_site(folder: Path) -> Site:
    """Open the site in a folder. Raises NoSite, StoreError."""
    if not has_site(folder):
        raise NoSite(f"{folder} holds no site")
    keys = folder / "keys"
    collector = _database(folder, "collector")
    with collector.read() as connection:
        facts = site_store.get_facts(connection)
    if "host" not in facts:
        raise NoSite(f"{folder} holds a site that was never finished; start with an empty folder")
    clock_file = folder / "clock"
    return Site(
        folder=folder,
        host=facts["host"],
        collector=collector,
        issuer=_database(folder, "issuer"),
        keys=SiteKeys(
            NoteSigner.load(keys / "log.key"),
            NoteSigner.load(keys / "promise.key"),
            RecordSigner.load(keys / "organiser.key"),
            TrusteeKey.load(keys / "trustee.key"),
        ),
        clock=StoredClock(clock_file) if clock_file.exists() else SystemClock(),
    )


def _database(folder: Path, role: DatabaseRole) -> Database:
    path = folder / f"{role}.db"
    database = Database.in_file(role, path)
    if not path.exists():
        # SQLite would make the file readable by others.
        path.touch(mode=0o600)
    database.migrate()
    return database
