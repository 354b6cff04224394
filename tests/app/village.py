"""A site with as many letters as a test wants, and villagers who sign in one line.

The clock stands still until it is told. Everything goes the way that requests go: the issuer gives the
token, the intake takes the record, the sequencer and the trustee are called by the test.
"""

import datetime as dt
import hashlib
import secrets
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from undersigned.app.clock import StoredClock
from undersigned.app.draft import Draft
from undersigned.app.drafting import open_letter
from undersigned.app.intake import Answer, Intake
from undersigned.app.issuing import TokenRequest, issue_token
from undersigned.app.letter_file import read_draft
from undersigned.app.letters import Letters, LetterView, stage_of
from undersigned.app.log import publish
from undersigned.app.opening import open_due_waves
from undersigned.app.own_collector import OwnCollector
from undersigned.app.proposing import add_ack, propose_letter
from undersigned.app.rolls import import_roll
from undersigned.app.sequencing import sequence
from undersigned.app.site import WholeSite, make_site, open_site
from undersigned.app.taking import ChangeRequest, SignRequest
from undersigned.crypto.blind_rsa import blind, finalize
from undersigned.crypto.keys import SignerKey, TrusteeKey
from undersigned.crypto.seal import seal
from undersigned.crypto.token import (
    Token,
    TokenChallenge,
    format_token,
    nonce_of,
    parse_spki,
    token_input,
    token_key_id,
)
from undersigned.domain.letter import Letter, LetterId, Mode, State
from undersigned.domain.name import (
    Attestation,
    NameDocument,
    Verified,
    commitment,
    format_name,
)
from undersigned.domain.record import (
    AmendRecord,
    OutcomeRecord,
    Record,
    SignRecord,
    WithdrawRecord,
    parse_record,
    signed_bytes,
)
from undersigned.domain.stage import Stage
from undersigned.encoding import format_base64url
from undersigned.store import letters as letter_store
from undersigned.store import log as log_store
from undersigned.store import members as member_store
from undersigned.store import pending as pending_store
from undersigned.store import signatures as signature_store
from undersigned.store.members import MemberRow
from undersigned.store.signatures import SignatureRow
from undersigned.trustee.acking import make_ack

HOST = "letters.example"
START = 1_800_000_000
HOUR = 3_600
DAY = 86_400

LETTER_FILE = """\
slug = "{slug}"
edition = {edition}
closes = {closes}
rule = {rule}
cooling_off_s = {cooling_off_s}
basis = "{basis}"
modes = {modes}
conditions = {conditions}
roll = "list"
methods = {methods}
retention_days = {retention_days}

[headcount]
n = {headcount}
as_of = 2026-03-01

[epoch]
period_s = {period_s}
floor = {floor}
max_wait_s = {max_wait_s}

[[texts]]
lang = "en"
title = "Mend the mill"
file = "text.md"
addressees = ["The miller"]
consequence = "Unless it is mended, we will grind by hand."
headcount_source = "The list on the door."
[[texts.demands]]
id = "wheel"
text = "The wheel turns again."
"""

TERMS: dict[str, Any] = {
    "edition": 1,
    "rule": 3,
    "cooling_off_s": HOUR,
    "basis": "named",
    "modes": '["public", "sealed", "anonymous"]',
    "conditions": "[2, 4, 6]",
    "retention_days": 90,
    "methods": '["email", "invite"]',
    "headcount": 200,
    "period_s": 1,
    "floor": 1,
    "max_wait_s": 600,
}


@dataclass(slots=True)
class Villager:
    """A member who holds a token, and what was taken of them last."""

    letter: Letter
    row: MemberRow
    key: SignerKey
    token: bytes
    attestation: Attestation
    mode: Mode = Mode.ANONYMOUS
    condition: int | None = None
    name: bytes | None = None
    blob: bytes | None = None
    seq: int = 0

    @property
    def pk(self) -> bytes:
        """The key that the log shows."""
        return self.key.public_key

    def document(self, statement: str | None = None) -> bytes:
        """Return the name document."""
        return format_name(NameDocument(self.attestation, self.key.r, statement))

    def hide(self, mode: Mode, content: bytes | None = None) -> bytes | None:
        """Make what comes with a record of this mode; `content` is what is sealed instead of the name."""
        if mode is Mode.ANONYMOUS:
            return None
        document = self.document() if content is None else content
        if mode is Mode.PUBLIC:
            return document
        keys = [trustee.seal_key for trustee in self.letter.trustees]
        return seal(document, self.letter.letter_id, self.pk, keys, self.letter.quorum)

    def sign_request(
        self, mode: Mode, condition: int | None = None, blob: bytes | None = None
    ) -> SignRequest:
        """Make a signature, and remember it as the last word."""
        blob = self.hide(mode) if blob is None else blob
        self.mode, self.condition, self.blob, self.name = mode, condition, blob, _hash_of(blob)
        record = SignRecord(
            self.letter.letter_id, self.token, self.pk, mode, condition, self.name, bytes(64)
        )
        return SignRequest(replace(record, sig=self.key.sign(signed_bytes(record))), blob)

    def amend_request(
        self,
        mode: Mode,
        condition: int | None = None,
        *,
        blob: bytes | None = None,
        name: bytes | None = None,
        seq: int | None = None,
    ) -> ChangeRequest:
        """Make an amendment; with `name`, one that comes without its blob."""
        if name is None:
            blob = self.hide(mode) if blob is None else blob
            name = _hash_of(blob)
        number = self.seq + 1 if seq is None else seq
        record = AmendRecord(
            self.letter.letter_id, self.pk, number, mode, condition, name, bytes(64)
        )
        return ChangeRequest(replace(record, sig=self.key.sign(signed_bytes(record))), blob)

    def withdraw_request(self) -> ChangeRequest:
        """Make the withdrawal."""
        record = WithdrawRecord(self.letter.letter_id, self.pk, bytes(64))
        return ChangeRequest(replace(record, sig=self.key.sign(signed_bytes(record))), None)


def _hash_of(blob: bytes | None) -> bytes | None:
    return None if blob is None else hashlib.sha256(blob).digest()


def table_of(number: int, key: TrusteeKey | None, **more: str) -> str:
    """Return the table of a trustee in a letter file; None is the operator."""
    lines = [f'name = "Trustee {number}"']
    if key is None:
        lines += ["operator = true"]
    else:
        lines += [f'seal_key = "{format_base64url(key.seal_key)}"']
        lines += [f'sign_key = "{format_base64url(key.sign_key)}"']
    lines += [f'{name} = "{value}"' for name, value in more.items()]
    return "\n".join(("[[trustees]]", *lines, ""))


class Village:
    """The site, its letters, and the members of their rolls who have not signed yet."""

    def __init__(self, site: WholeSite, texts: Path) -> None:
        self.site = site
        self.letters = Letters(site)
        self.intake = Intake(site, self.letters)
        self._texts = texts
        self._idle: dict[bytes, Iterator[MemberRow]] = {}

    @property
    def clock(self) -> StoredClock:
        """The site's own clock."""
        assert isinstance(self.site.clock, StoredClock)
        return self.site.clock

    def restart(self) -> None:
        """End the process, and begin another in the same folder, as `serve` does."""
        self.intake.stop()
        self.site.close()
        self.site = open_site(self.site.folder, self.site.collector.address)
        publish(self.site)
        self.letters = Letters(self.site)
        self.intake = Intake(self.site, self.letters)
        self.intake.start()

    # --- letters

    @property
    def collector(self) -> OwnCollector:
        """What the issuer hands its records to."""
        return OwnCollector(self.site, self.intake)

    @property
    def letter_file(self) -> Path:
        """The letter file that was written last."""
        return self._texts / "letter.toml"

    def draft(self, *, signs_on: bool = False) -> Draft:
        """Read the letter file that was written last; `signs_on` where there is a sign-on provider."""
        return read_draft(self.letter_file, signs_on=signs_on)

    def write_file(
        self,
        slug: str = "mill",
        *,
        members: int = 20,
        closes_s: int = 10 * DAY,
        trustees: Sequence[TrusteeKey | None] = (),
        quorum: int = 0,
        signs_on: bool = False,
        **terms: Any,
    ) -> Draft:
        """Write a letter file for so many members, and import their roll; `terms` replace `TERMS`.

        `trustees` are the keys of the letter's, None that of the site's operator; `signs_on` says that the
        site has a sign-on provider.
        """
        with self.site.issuer.database.read() as connection:
            has_roll = bool(member_store.list_commits(connection, slug))
        if not has_roll:
            # No name is the beginning of another: tests look for a name in texts that show others.
            width = len(str(members))
            rows = [
                f"{slug}{i}@staff.example,Villager {i:0{width}},Role {i:0{width}}\n"
                for i in range(members)
            ]
            import_roll(self.site.issuer, slug, ("email,name,role\n" + "".join(rows)).encode())
        closes = dt.datetime.fromtimestamp(START + closes_s, dt.UTC).isoformat()
        values = TERMS | {"slug": slug, "closes": closes} | terms
        text = LETTER_FILE.format(**values)
        if trustees:
            tables = [table_of(i, key) for i, key in enumerate(trustees, 1)]
            text = f"quorum = {quorum}\n{text}\n" + "\n".join(tables)
        self.letter_file.write_text(text)
        return self.draft(signs_on=signs_on)

    def open(
        self, slug: str = "mill", *, trustees: Sequence[TrusteeKey | None] = (), **terms: Any
    ) -> Letter:
        """Open a letter, once its trustees have acknowledged it; see `write_file`."""
        draft = self.write_file(slug, trustees=trustees, **terms)
        if any(trustees):
            proposal = propose_letter(self.site, draft)
            for key in filter(None, trustees):
                number, sig = make_ack(proposal, key)
                add_ack(self.site, proposal.letter_id, number, sig, None)
        return self.open_draft(draft)

    def open_draft(self, draft: Draft) -> Letter:
        """Open a letter whose roll is there."""
        letter = open_letter(self.site, draft)
        with self.site.issuer.database.read() as connection:
            members = member_store.list_members(connection, draft.slug)
        self._idle[letter.letter_id] = iter(members)
        return letter

    def view(self, letter: Letter) -> LetterView:
        """The letter as the use cases have it."""
        with self.site.collector.read() as connection:
            return self.letters.get(connection, letter.letter_id)

    def stage(self, letter: Letter) -> Stage:
        """Where a letter is."""
        with self.site.collector.read() as connection:
            row = letter_store.find_letter(connection, letter.letter_id)
        assert row is not None
        return stage_of(row)

    def state(self, letter: Letter) -> State:
        """The state of a letter."""
        return self.stage(letter).state

    def put_stage(self, letter: Letter, stage: str) -> str:
        """Overwrite what the database says of a letter's stage; return what it was."""
        with self.site.collector.write() as connection:
            row = letter_store.find_letter(connection, letter.letter_id)
            assert row is not None
            letter_store.put_stage(
                connection,
                letter.letter_id,
                stage=stage,
                epochs=row.epochs,
                epoch_at=row.epoch_at,
                at=row.at,
                active=row.active,
            )
        return row.stage

    # --- time

    @property
    def now(self) -> int:
        """Seconds since the start."""
        return self.clock.now() - START

    def at(self, seconds: int) -> "Village":
        """Put the clock forward to so many seconds after the start, and let the sequencer look."""
        self.clock.advance_to(START + seconds)
        self.sequence()
        return self

    def later(self, seconds: int) -> "Village":
        """Put the clock forward, and let the sequencer look."""
        return self.at(self.now + seconds)

    def sequence(self) -> int:
        """Let the sequencer look once."""
        return sequence(self.site, self.letters)

    def open_waves(self) -> int:
        """Let the operator open what is due."""
        return open_due_waves(self.site, self.letters)

    # --- members

    def idle(self, letter: Letter) -> MemberRow:
        """Return the next member of a roll who has no token."""
        return next(self._idle[letter.letter_id])

    def villager(self, letter: Letter, code: bytes | None = None) -> Villager:
        """Give the next member a token; `code` is what their twelve words say."""
        row = self.idle(letter)
        key = SignerKey(code or secrets.token_bytes(16), letter.letter_id)
        rsa = parse_spki(letter.token_key)
        challenge = TokenChallenge(HOST, letter.letter_id, HOST)
        parts = nonce_of(key.public_key), challenge.digest, token_key_id(letter.token_key)
        blinded = blind(rsa, token_input(*parts))
        asked = TokenRequest(blinded.blinded, commitment(key.public_key, key.r), None)
        answer = issue_token(self.site.issuer, self.collector, letter, row, Verified.EMAIL, asked)
        sig = finalize(rsa, token_input(*parts), answer.blind_signature, blinded.inverse)
        return Villager(letter, row, key, format_token(Token(*parts, sig)), answer.attestation)

    def submit(self, request: SignRequest | ChangeRequest) -> "Future[Answer]":
        """Hand a request to the intake."""
        return self.intake.submit(request)

    def take(self, request: SignRequest | ChangeRequest) -> Answer:
        """Hand a request to the intake and wait. Raises what it refuses with."""
        return self.submit(request).result(120)

    def member(
        self,
        letter: Letter,
        mode: Mode = Mode.SEALED,
        condition: int | None = None,
        *,
        blob: bytes | None = None,
    ) -> Villager:
        """Let the next member sign."""
        villager = self.villager(letter)
        self.take(villager.sign_request(mode, condition, blob))
        return villager

    def members(self, letter: Letter, count: int, mode: Mode = Mode.SEALED) -> list[Villager]:
        """Let several members sign in one way."""
        return [self.member(letter, mode) for _ in range(count)]

    def garbage(self, letter: Letter) -> Villager:
        """Let the next member sign with a seal in which there is no name."""
        villager = self.villager(letter)
        blob = villager.hide(Mode.SEALED, b"not a name")
        self.take(villager.sign_request(Mode.SEALED, None, blob))
        return villager

    def amend(self, villager: Villager, mode: Mode, condition: int | None = None) -> Answer:
        """Let a member change how they stand."""
        request = villager.amend_request(mode, condition)
        answer = self.take(request)
        assert isinstance(request.record, AmendRecord)
        villager.seq += 1
        villager.mode, villager.condition = mode, condition
        villager.name, villager.blob = request.record.name, request.blob
        return answer

    def withdraw(self, villager: Villager) -> Answer:
        """Let a member withdraw."""
        return self.take(villager.withdraw_request())

    # --- what is there

    def entries(self) -> list[bytes]:
        """Every entry of the log."""
        with self.site.collector.read() as connection:
            checkpoint = log_store.find_checkpoint(connection)
            assert checkpoint is not None
            return log_store.read_entries(connection, 0, checkpoint.size)

    def records(self, letter: Letter | None = None) -> list[Record]:
        """Every record of the log, or those of one letter."""
        records = [parse_record(entry) for entry in self.entries()]
        return [each for each in records if letter is None or each.letter_id == letter.letter_id]

    def outcomes(self, letter: Letter) -> list[OutcomeRecord]:
        """The outcomes of a letter."""
        return [each for each in self.records(letter) if isinstance(each, OutcomeRecord)]

    def states(self, letter: Letter) -> list[State]:
        """The states that a letter has been in, in order."""
        return [outcome.state for outcome in self.outcomes(letter)]

    def row(self, villager: Villager) -> SignatureRow:
        """What the database holds of a signature that is in the log."""
        with self.site.collector.read() as connection:
            taken = pending_store.find_spent(
                connection, villager.letter.letter_id, nonce_of(villager.pk)
            )
            assert taken is not None
            leaf = log_store.find_leaf_index(connection, taken.leaf_hash)
            assert leaf is not None
            row = signature_store.find_signature(connection, leaf)
        assert row is not None
        return row

    def has_seal(self, villager: Villager) -> bool:
        """Say whether the site still keeps the last sealed name of a member."""
        assert villager.name is not None
        with self.site.collector.read() as connection:
            return pending_store.find_blob(connection, villager.name) is not None

    def waiting(self, letter: Letter) -> dict[str, int]:
        """Count what waits for the log, by crowd."""
        with self.site.collector.read() as connection:
            rows = pending_store.list_pending(connection, letter.letter_id, with_late=True)
        return dict(Counter(row.crowd for row in rows))

    def letter_ids(self) -> list[LetterId]:
        """The ids of all letters."""
        with self.site.collector.read() as connection:
            return [LetterId(row.letter_id) for row in letter_store.list_letters(connection)]


@contextmanager
def village_in(folder: Path, address: str | None = None) -> Iterator[Village]:
    """Make a site in a folder that is not there yet; its intake runs."""
    texts = folder.with_name(f"{folder.name}-texts")
    texts.mkdir()
    (texts / "text.md").write_text("It stands still.\n")
    village = Village(make_site(folder, HOST, own_clock=START, address=address), texts)
    village.intake.start()
    try:
        yield village
    finally:
        village.intake.stop()
        village.site.close()
