"""A site in this process, on a clock that stands still until it is told: members sign without a network."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from undersigned.app.clock import StoredClock
from undersigned.app.drafting import open_letter
from undersigned.app.exporting import export_log
from undersigned.app.intake import Answer, Intake
from undersigned.app.invites import make_invites
from undersigned.app.issuing import ShownAs, TokenRequest, issue_token
from undersigned.app.letter_file import read_draft
from undersigned.app.letters import Letters, LetterView, stage_of
from undersigned.app.methods.by_invite import InviteProof as ShownCode
from undersigned.app.opening import open_due_waves
from undersigned.app.own_collector import OwnCollector
from undersigned.app.sequencing import sequence
from undersigned.app.site import WholeSite, make_site
from undersigned.app.taking import parse_change_request, parse_sign_request
from undersigned.crypto.keys import SignerKey
from undersigned.crypto.note_key import format_vkey
from undersigned.domain.letter import Letter, Mode
from undersigned.domain.name import Verified, format_attestation
from undersigned.domain.record import (
    AmendRecord,
    Record,
    WithdrawRecord,
    format_record,
    parse_record,
    signed_bytes,
)
from undersigned.domain.stage import Stage
from undersigned.encoding import format_base64url
from undersigned.signer import letter_view
from undersigned.signer.attempt import Attempt
from undersigned.signer.enrolment import InviteProof
from undersigned.signer.enrolment import ShownAs as Wish
from undersigned.store import letters as letter_store
from undersigned.store import log as log_store
from undersigned.verify import Status, verify_mirror

START = 1_800_000_000
"""When every letter of a booth is opened: a multiple of all windows in these tests."""

HOST = "letters.example"
SLUG = "quiet-machines"

LETTER_FILE = """\
slug = "quiet-machines"
closes = {closes}
rule = {rule}
cooling_off_s = {cooling_off_s}
basis = "all"
conditions = [2, 3]
roll = "invites"
methods = ["invite"]

[headcount]
n = 20
as_of = 2026-03-01

[epoch]
period_s = {period_s}
floor = {floor}
max_wait_s = {max_wait_s}

[[texts]]
lang = "en"
title = "Turn the machines off at night"
file = "text.md"
addressees = ["The plant's management"]
consequence = "Unless they are turned off, we will sleep in the hall."
headcount_source = "The list on the door."
[[texts.demands]]
id = "night"
text = "The machines are turned off from ten to six."
"""


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature that was taken: the key of its signer, its record, its blob, and the answer."""

    key: SignerKey
    entry: bytes
    blob: bytes | None
    answer: Answer


class Booth:
    """A site with one letter, whose roll is a number of invite codes."""

    def __init__(self, site: WholeSite, letter: Letter, invites: list[str]) -> None:
        self.site = site
        self.letter = letter
        self.letters = Letters(site)
        self.intake = Intake(site, self.letters)
        self._invites = iter(invites)
        assert isinstance(site.clock, StoredClock)
        self.clock = site.clock

    @property
    def view(self) -> LetterView:
        """The letter as the use cases have it."""
        with self.site.collector.read() as connection:
            return self.letters.get(connection, self.letter.letter_id)

    @property
    def stage(self) -> Stage:
        """Where the letter is."""
        with self.site.collector.read() as connection:
            row = letter_store.find_letter(connection, self.letter.letter_id)
        assert row is not None
        return stage_of(row)

    def records(self) -> list[Record]:
        """Every record of the log."""
        with self.site.collector.read() as connection:
            checkpoint = log_store.find_checkpoint(connection)
            assert checkpoint is not None
            entries = log_store.read_entries(connection, 0, checkpoint.size)
        return [parse_record(entry) for entry in entries]

    def at(self, seconds: int) -> "Booth":
        """Put the clock to so many seconds after the start."""
        self.clock.advance_to(START + seconds)
        return self

    def put_back(self, seconds: int) -> None:
        """Put the clock back, as a machine's is when it was found to be fast."""
        self.clock._base -= seconds

    def open_waves(self) -> int:
        """Let the operator open the waves that are due; return how many were."""
        return open_due_waves(self.site, self.letters)

    def find_doubts(self, folder: Path) -> list[str]:
        """Export the log into a folder that is not there yet, and return what a verifier would say."""
        folder.mkdir()
        export_log(self.site, folder)
        report = verify_mirror(folder)
        # 12 is about the pages of the site, which are not exported.
        checks = [check for check in report.checks if check.number != 12]
        return [
            f"{check.number}: {sentence}"
            for check in checks
            if check.status in (Status.FALSE, Status.UNCHECKED)
            for sentence in check.evidence
        ]

    def sequence(self) -> int:
        """Let the sequencer look once; return the number of entries that it appended."""
        return sequence(self.site, self.letters)

    def attempt(self) -> Attempt:
        """Return the attempt of the next member, who has the token."""
        site = letter_view.Site(
            self.site.origin,
            format_vkey(self.site.keys.log.verifier),
            format_vkey(self.site.keys.promise.verifier),
        )
        attempt = Attempt.start(letter_view.LetterHead("", site, self.view.record), None)
        code = next(self._invites)
        attempt.ask(InviteProof(code), Wish("Orla Vane", None))
        member = ShownCode(code).find_member(self.site.issuer, self.letter)
        asked = TokenRequest(attempt.blinded, attempt.c, ShownAs("Orla Vane", None))
        token = issue_token(
            self.site.issuer,
            OwnCollector(self.site, self.intake),
            self.letter,
            member,
            Verified.INVITE,
            asked,
        )
        answer: dict[str, Any] = {
            "blind_signature": format_base64url(token.blind_signature),
            "attestation": msgspec.Raw(format_attestation(token.attestation)),
            "salt": format_base64url(token.salt),
        }
        attempt.take_token(msgspec.json.encode(answer))
        return attempt

    def sign(self, mode: Mode = Mode.ANONYMOUS, condition: int | None = None) -> Signed:
        """Let the next member sign."""
        attempt = self.attempt()
        attempt.choose(mode, condition)
        return self.send(attempt)

    def send(self, attempt: Attempt) -> Signed:
        """Send the record of an attempt. Raises what the intake refuses with."""
        entry, blob = attempt.entry, attempt.blob
        answer = self.intake.submit(parse_sign_request(entry, blob)).result(120)
        key = SignerKey.from_words(attempt.words, self.letter.letter_id)
        return Signed(key, entry, blob, answer)

    def withdraw(self, signed: Signed) -> Answer:
        """Withdraw a signature. Raises what the intake refuses with."""
        record = WithdrawRecord(self.letter.letter_id, signed.key.public_key, b"")
        return self.change(signed, record, None)

    def change(
        self, signed: Signed, record: AmendRecord | WithdrawRecord, blob: bytes | None
    ) -> Answer:
        """Sign a change and send it. Raises what the intake refuses with."""
        sig = signed.key.sign(signed_bytes(record))
        entry = format_record(replace(record, sig=sig))
        return self.intake.submit(parse_change_request(entry, blob)).result(120)


@contextmanager
def booth_in(
    folder: Path,
    *,
    rule: int = 3,
    cooling_off_s: int = 100,
    period_s: int = 1,
    floor: int = 1,
    max_wait_s: int = 50,
    closes_s: int = 100_000,
    members: int = 12,
    address: str | None = None,
) -> Iterator[Booth]:
    """Make a site with one letter in a folder that is not there yet; its intake runs."""
    site = make_site(folder, HOST, own_clock=START, address=address)
    invites = make_invites(site.issuer, SLUG, members)
    texts = folder.with_name(f"{folder.name}-letter")
    texts.mkdir()
    (texts / "text.md").write_text("They hum.\n")
    (texts / "letter.toml").write_text(
        LETTER_FILE.format(
            closes=datetime.fromtimestamp(START + closes_s, UTC).isoformat(),
            rule=rule,
            cooling_off_s=cooling_off_s,
            period_s=period_s,
            floor=floor,
            max_wait_s=max_wait_s,
        )
    )
    letter = open_letter(site, read_draft(texts / "letter.toml"))
    booth = Booth(site, letter, [invite.code for invite in invites])
    booth.intake.start()
    try:
        yield booth
    finally:
        booth.intake.stop()
        site.close()
