"""A site: one data folder with the keys of its log, the collector's database, its log and its clock.

DATA/collector.db   letters, log, what waits for it        DATA/keys/   mode 0600, one file a key
DATA/clock          only where the site has its own        DATA/log/    full tiles, the published
                    clock                                               checkpoint (also the guard)

The databases may be on PostgreSQL instead (`app.folder`); the rest of the folder stays where it is.

A site whose letters are issued by somebody apart is all of it: a `Site` knows nothing of members. A
`WholeSite` has an issuer in the same folder (`app.issuer`). Use cases of the collector take a `Site`,
those of the issuer an `Issuer`: neither can reach into the other's database.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from undersigned.app.clock import Clock, StoredClock
from undersigned.app.folder import clock_in, has_database, make_folders, open_database
from undersigned.app.issuer import Issuer, add_letter, has_issuer
from undersigned.app.shared_key import COPY, open_shared_key
from undersigned.crypto.keys import NoteSigner, RecordSigner, TrusteeKey, WebhookKey
from undersigned.crypto.note_key import format_vkey
from undersigned.crypto.token import TokenChallenge, TokenVerifier
from undersigned.domain.letter import Letter
from undersigned.domain.record import LetterRecord, parse_record
from undersigned.errors import FormatError, NoSite, SiteExists, StoreError, VerificationError
from undersigned.store import letters as letter_store
from undersigned.store import log as log_store
from undersigned.store import site as site_store
from undersigned.store.database import Database
from undersigned.store.letters import LetterRow
from undersigned.tlog.checkpoint import Checkpoint, format_checkpoint_body, parse_checkpoint
from undersigned.tlog.merkle import EMPTY_ROOT

if TYPE_CHECKING:
    from undersigned.app.witnessing import Witnesses

_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")


@dataclass(frozen=True, slots=True)
class SiteKeys:
    """The private keys that a site holds for itself."""

    log: NoteSigner
    promise: NoteSigner
    organiser: RecordSigner
    trustee: TrusteeKey


@dataclass(slots=True)
class Site:
    """An open site, without the members. `host` is the part of the log's origin before the slash.

    `witnesses` are None where this process was given no policy.
    """

    folder: Path
    host: str
    collector: Database
    keys: SiteKeys
    clock: Clock
    witnesses: "Witnesses | None" = field(default=None, kw_only=True)

    @property
    def origin(self) -> str:
        """The log's origin, which never changes."""
        return f"{self.host}/log"

    @property
    def log_folder(self) -> Path:
        """Where the published checkpoint and the full tiles are."""
        return self.folder / "log"

    @property
    def is_waiting_for_witnesses(self) -> bool:
        """Say whether newer records are not published because a quorum of witnesses is missing."""
        return self.witnesses is not None and self.witnesses.is_waiting

    def token_verifier(self, letter: Letter) -> TokenVerifier:
        """Return what checks the tokens of a letter."""
        return TokenVerifier(
            letter.token_key, TokenChallenge(self.host, bytes(letter.letter_id), self.host)
        )

    def webhook_key(self) -> WebhookKey:
        """Return the key that secrets of webhooks come from. Raises StoreError if it is another one."""
        return open_shared_key(
            WebhookKey, self.folder / "keys" / "webhook.key", self.collector, site_store
        )

    def close(self) -> None:
        """Let go of the database, and of the witnesses."""
        self.collector.close()
        if self.witnesses is not None:
            self.witnesses.close()


@dataclass(slots=True)
class WholeSite(Site):
    """An open site with an issuer in its folder: one operator runs both."""

    issuer: Issuer

    def close(self) -> None:
        """Let go of the databases."""
        Site.close(self)
        self.issuer.close()


def check_host(host: str) -> None:
    """Check that a log's origin can be made of this host. Raises FormatError."""
    if not _HOST.fullmatch(host):
        raise FormatError(
            "the origin must be a bare host name in lower case, such as letters.example.org"
        )


def has_site(folder: Path, address: str | None = None) -> bool:
    """Say whether a folder, or the database at an address, holds a site."""
    return has_database(folder, "collector", address)


def make_site(
    folder: Path, host: str, *, own_clock: int | None = None, address: str | None = None
) -> WholeSite:
    """Make a site with its issuer in a new or empty folder and open it.

    `own_clock` gives it a clock of its own that stands at that time (UTC seconds); `address` is as in
    `app.folder`. Raises SiteExists, FormatError, StoreError.
    """
    _make(folder, host, own_clock, {"host": host}, address)
    site = open_site(folder, address)
    # Now, so that a copy of the folder has them.
    site.webhook_key()
    site.issuer.challenge_key()
    return site


def make_collector(
    folder: Path, host: str, *, own_clock: int | None = None, address: str | None = None
) -> Site:
    """Make a site without an issuer, for letters that are issued by somebody apart; as `make_site`."""
    _make(folder, host, own_clock, {"role": "collector", "host": host}, address)
    site = open_collector(folder, address)
    site.webhook_key()
    return site


def _make(
    folder: Path, host: str, own_clock: int | None, facts: dict[str, str], address: str | None
) -> None:
    check_host(host)
    where = folder if address is None else "the database"
    if has_site(folder, address):
        raise SiteExists(f"{where} holds a site already")
    if has_issuer(folder, address):
        raise SiteExists(f"{where} holds an issuer; a site needs one of its own")
    make_folders(folder, "keys", "log", "outbox")
    keys = folder / "keys"
    signer = NoteSigner.generate(f"{host}/log")
    signer.save(keys / "log.key")
    NoteSigner.generate(f"{host}/log/promise").save(keys / "promise.key")
    RecordSigner.generate().save(keys / "organiser.key")
    TrusteeKey.generate().save(keys / "trustee.key")
    if own_clock is not None:
        StoredClock.make(folder / "clock", own_clock)
    collector = open_database(folder, "collector", address)
    with collector.write() as connection:
        for name, value in facts.items():
            site_store.put_fact(connection, name, value)
        body = format_checkpoint_body(Checkpoint(f"{host}/log", 0, EMPTY_ROOT))
        note = f"{body}\n{signer.sign(body.encode()).decode()}"
        log_store.put_first_checkpoint(connection, log_store.CheckpointRow(0, EMPTY_ROOT, note))
    collector.close()


def open_collector(folder: Path, address: str | None = None) -> Site:
    """Open a site without looking at any issuer in its folder. Raises NoSite, StoreError."""
    return _open(folder, address)[0]


def open_site(folder: Path, address: str | None = None) -> WholeSite:
    """Open the site in a folder with its issuer. Raises NoSite, also if it has none; StoreError."""
    site = open_any(folder, address)
    if not isinstance(site, WholeSite):
        site.close()
        raise NoSite(f"{folder} holds a site without an issuer")
    return site


def open_any(folder: Path, address: str | None = None) -> Site:
    """Open the site in a folder, a `WholeSite` if it has an issuer. Raises NoSite, StoreError."""
    site, facts = _open(folder, address)
    if facts.get("role") == "collector":
        return site
    issuer = Issuer(folder, open_database(folder, "issuer", address), site.clock, url=None)
    _tell_letters(site, issuer)
    return WholeSite(
        folder=site.folder,
        host=site.host,
        collector=site.collector,
        keys=site.keys,
        clock=site.clock,
        issuer=issuer,
    )


def _open(folder: Path, address: str | None) -> tuple[Site, dict[str, str]]:
    where = folder if address is None else "the database"
    if not has_site(folder, address):
        raise NoSite(f"{where} holds no site")
    collector = open_database(folder, "collector", address)
    with collector.read() as connection:
        facts = site_store.get_facts(connection)
        newest = log_store.find_checkpoint(connection)
        letters = letter_store.list_letters(connection, only_active=True)
    if "host" not in facts or newest is None:
        raise NoSite(f"{where} holds a site that was never finished; start with an empty folder")
    keys = folder / "keys"
    site = Site(
        folder=folder,
        host=facts["host"],
        collector=collector,
        keys=SiteKeys(
            NoteSigner.load(keys / "log.key"),
            NoteSigner.load(keys / "promise.key"),
            RecordSigner.load(keys / "organiser.key"),
            TrusteeKey.load(keys / "trustee.key"),
        ),
        clock=clock_in(folder),
    )
    _check_keys(site, newest.note)
    _check_letters(site, letters)
    return site, facts


def _check_letters(site: Site, rows: list[LetterRow]) -> None:
    """Check that the letters were opened with the keys in the folder. Raises StoreError.

    Else promises, notices and openings would be signed by somebody whom no letter names.
    """
    own = (format_vkey(site.keys.promise.verifier), site.keys.organiser.public_key)
    for row in rows:
        letter = _letter_of(row)
        if letter is not None and (letter.promise_vkey, letter.organiser_key) != own:
            site.close()
            name = f"{letter.slug}@{letter.edition}"
            error = StoreError(
                f"the keys in {site.folder} are not those that {name} was opened with"
            )
            error.add_note(COPY)
            raise error


def _letter_of(row: LetterRow) -> Letter | None:
    record = parse_record(row.record)
    return record.letter if isinstance(record, LetterRecord) else None


def _check_keys(site: Site, note: str) -> None:
    """Check that the keys in the folder are those of the log in the database. Raises StoreError.

    A database has an address of its own: another site's log must not be signed on with these keys.
    """
    try:
        parse_checkpoint(note.encode(), site.keys.log.verifier)
    except (FormatError, VerificationError):
        site.close()
        error = StoreError(f"the keys in {site.folder} are not those of the log in its database")
        error.add_note(COPY)
        raise error from None


def _tell_letters(site: Site, issuer: Issuer) -> None:
    """Tell the issuer of letters that it does not know: of an older version, or after a crash."""
    with site.collector.read() as connection:
        rows = letter_store.list_letters(connection)
    known = issuer.letter_ids()
    letters = [_letter_of(row) for row in rows if row.letter_id not in known]
    own = [each for each in letters if each is not None and each.issuer_url is None]
    if own:
        with issuer.database.write() as connection:
            for letter in own:
                add_letter(connection, letter, None)
