"""Fifty at once: whatever is promised once happens once, and everyone is told clearly.

The real program, real SQLite, real connections; one letter, another member for each race.
"""

import re
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.e2e.community import Member, open_for_members
from tests.e2e.evidence import collect_evidence, wait_for_leaves
from tests.e2e.server import Server
from tests.e2e.together import Reply, post, post_together
from tests.live import HOST

from undersigned.app.site import make_site
from undersigned.crypto.keys import SignerKey
from undersigned.domain.letter import Letter, Mode
from undersigned.domain.record import (
    AmendRecord,
    IssuedRecord,
    SignRecord,
    WithdrawRecord,
    format_record,
    signed_bytes,
)
from undersigned.signer.attempt import Attempt
from undersigned.signer.enrolment import EmailProof, InviteProof, Proof, ask_for_code
from undersigned.signer.letter_view import LetterView, get_letter
from undersigned.signer.signing import signed_request
from undersigned.tlog.merkle import leaf_hash

ENGINES = ("sqlite", "postgresql")

SLUG = "races"
AT_ONCE = 50
ROUNDS = 6
"""Of an amendment against a withdrawal: who wins is chance."""


@dataclass
class Race:
    """A served letter, its members who have not taken part yet, and what is to be found in the end."""

    server: Server
    letter: Letter
    view: LetterView
    members: Iterator[Member]
    tokens: int = 0
    signatures: list[bytes] = field(default_factory=list)
    amendments: list[bytes] = field(default_factory=list)
    withdrawals: list[bytes] = field(default_factory=list)

    def post_all(self, what: str, bodies: list[dict[str, Any]]) -> list[Reply]:
        """Send requests about the letter, all at once."""
        return post_together(self.server.url, f"/api/v1/letters/{SLUG}@1/{what}", bodies)

    def enrolled(self, path: Path | None = None) -> Attempt:
        """Return an attempt of the next member that holds its token."""
        attempt = Attempt.start(self.view, path)
        request = attempt.ask(InviteProof(next(self.members).invite), None)
        attempt.take_token(post(self.server.url, f"/api/v1/letters/{SLUG}@1/tokens", request).body)
        self.tokens += 1
        return attempt

    def signed(self, mode: Mode) -> Attempt:
        """Let the next member sign; return the attempt, which still holds the record."""
        attempt = self.enrolled()
        attempt.choose(mode)
        request = signed_request(attempt.entry, attempt.blob)
        (reply,) = self.post_all("signatures", [request])
        assert reply.status == 201
        self.signatures.append(leaf_hash(attempt.entry))
        return attempt


@pytest.fixture(scope="module")
def race(tmp_path_factory: pytest.TempPathFactory, module_database: str | None) -> Iterator[Race]:
    """Serve a letter in a process."""
    base = tmp_path_factory.mktemp("races")
    site = make_site(base / "data", HOST, address=module_database)
    letter, members = open_for_members(site, base / "letter", SLUG, 24, conditions="[2, 3]")
    site.close()
    settings = {} if module_database is None else {"UNDERSIGNED_DATABASE": module_database}
    with (
        Server(base / "data", settings=settings) as server,
        httpx2.Client(base_url=server.url, timeout=60) as client,
    ):
        yield Race(server, letter, get_letter(client, SLUG), iter(members))


def _outcomes(replies: list[Reply]) -> Counter[tuple[int, str | None]]:
    return Counter(reply.outcome for reply in replies)


def _promises(replies: list[Reply]) -> set[str]:
    return {reply.json["promise"] for reply in replies if reply.status in (200, 201)}


def _assert_one_token(race: Race, proofs: list[Proof]) -> None:
    """Ask with as many blindings as there are proofs; whoever gets the token can use it."""
    attempts = [Attempt.start(race.view, None) for _ in proofs]
    requests = [attempt.ask(proof, None) for attempt, proof in zip(attempts, proofs, strict=True)]
    replies = race.post_all("tokens", requests)
    assert _outcomes(replies) == {(200, None): 1, (409, "already-issued"): len(proofs) - 1}
    assert all(
        reply.json["detail"].startswith("This entry of the roll has received its token")
        for reply in replies
        if reply.status == 409
    )
    race.tokens += 1
    for attempt, reply in zip(attempts, replies, strict=True):
        if reply.status == 200:
            attempt.take_token(reply.body)
            attempt.choose(Mode.SEALED)


def test_one_invite_code_with_fifty_blindings_gives_one_token(race: Race) -> None:
    """A code that was copied is good for one token, and the others are told so."""
    code = next(race.members).invite
    _assert_one_token(race, [InviteProof(code)] * AT_ONCE)


def test_one_entry_of_the_roll_gives_one_token_by_mail_and_invite(race: Race) -> None:
    """Two ways to prove the same entry are one entry."""
    member = next(race.members)
    with httpx2.Client(base_url=race.server.url, timeout=60) as client:
        enrolment = ask_for_code(client, race.view, member.address)
    by_mail = EmailProof(enrolment, _mailed_code(race.server.folder / "outbox", member.address))
    by_invite = InviteProof(member.invite)
    _assert_one_token(race, [by_mail, by_invite] * (AT_ONCE // 2))


def _mailed_code(outbox: Path, address: str) -> str:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        for mail in outbox.glob("*.eml"):
            text = mail.read_text()
            if address in text and (found := re.search(r"code: ([0-9A-Z]{4}-[0-9A-Z]{4})", text)):
                return found[1]
        time.sleep(0.02)
    raise AssertionError("the mail did not come")


def test_one_token_with_fifty_records_is_spent_once(race: Race, tmp_path: Path) -> None:
    """Whoever signs with copies of one attempt signs once; the other records are refused."""
    held = tmp_path / "held"
    race.enrolled(held)
    attempts = []
    for number in range(AT_ONCE):
        attempt = Attempt.resume(Path(shutil.copy2(held, tmp_path / f"copy-{number}")))
        attempt.choose((Mode.PUBLIC, Mode.SEALED)[number % 2], statement=f"Copy {number}.")
        attempts.append(attempt)
    assert len({attempt.entry for attempt in attempts}) == AT_ONCE
    requests = [signed_request(attempt.entry, attempt.blob) for attempt in attempts]
    replies = race.post_all("signatures", requests)
    assert _outcomes(replies) == {(201, None): 1, (409, "token-spent"): AT_ONCE - 1}
    (winner,) = [
        attempt for attempt, reply in zip(attempts, replies, strict=True) if reply.status == 201
    ]
    race.signatures.append(leaf_hash(winner.entry))


def test_one_signature_sent_fifty_times_is_one_signature(race: Race) -> None:
    """The same request has the same answer, to the byte, however often it comes."""
    attempt = race.enrolled()
    attempt.choose(Mode.SEALED, 2)
    request = signed_request(attempt.entry, attempt.blob)
    replies = race.post_all("signatures", [request] * AT_ONCE)
    assert _outcomes(replies) == {(201, None): 1, (200, None): AT_ONCE - 1}
    assert len({reply.body for reply in replies}) == 1
    race.signatures.append(leaf_hash(attempt.entry))
    wait_for_leaves(race.server.url, [leaf_hash(attempt.entry)])
    (later,) = race.post_all("signatures", [request])
    assert (later.status, later.body) == (200, replies[0].body)


def test_one_token_request_sent_fifty_times_has_one_answer(race: Race) -> None:
    """A member whose answer was lost asks again and has the same token."""
    attempt = Attempt.start(race.view, None)
    request = attempt.ask(InviteProof(next(race.members).invite), None)
    replies = race.post_all("tokens", [request] * AT_ONCE)
    assert _outcomes(replies) == {(200, None): AT_ONCE}
    assert len({reply.body for reply in replies}) == 1
    attempt.take_token(replies[0].body)
    race.tokens += 1


def test_one_withdrawal_sent_fifty_times_withdraws_once(race: Race) -> None:
    """A withdrawal is one record with one promise."""
    attempt = race.signed(Mode.PUBLIC)
    withdrawal = _withdrawal(race, SignerKey.from_words(attempt.words, race.letter.letter_id))
    replies = race.post_all("amendments", [signed_request(withdrawal, None)] * AT_ONCE)
    assert _outcomes(replies) == {(201, None): 1, (200, None): AT_ONCE - 1}
    assert len(_promises(replies)) == 1
    race.withdrawals.append(leaf_hash(withdrawal))


@pytest.mark.parametrize("number", range(ROUNDS))
def test_an_amendment_that_races_a_withdrawal_comes_first_or_not_at_all(
    race: Race, number: int
) -> None:
    """The withdrawal is always taken; the amendment before it, or it is refused with the reason."""
    attempt = race.signed((Mode.SEALED, Mode.ANONYMOUS, Mode.PUBLIC)[number % 3])
    if number % 2:
        wait_for_leaves(race.server.url, race.signatures[-1:])
    key = SignerKey.from_words(attempt.words, race.letter.letter_id)
    amendment, withdrawal = _amendment(race, key), _withdrawal(race, key)
    half = AT_ONCE // 2
    requests = [signed_request(amendment, None), signed_request(withdrawal, None)]
    replies = race.post_all("amendments", requests * half)
    amended, withdrawn = _outcomes(replies[::2]), _outcomes(replies[1::2])
    once = {(201, None): 1, (200, None): half - 1}
    assert withdrawn == once
    assert amended in (once, {(409, "already-withdrawn"): half})
    race.withdrawals.append(leaf_hash(withdrawal))
    if amended == once:
        assert len(_promises(replies[::2])) == 1
        race.amendments.append(leaf_hash(amendment))


def _withdrawal(race: Race, key: SignerKey) -> bytes:
    record = WithdrawRecord(race.letter.letter_id, key.public_key, b"")
    return format_record(replace(record, sig=key.sign(signed_bytes(record))))


def _amendment(race: Race, key: SignerKey) -> bytes:
    """Return the record of standing anonymously once two stand."""
    letter_id, pk = race.letter.letter_id, key.public_key
    record = AmendRecord(letter_id, pk, 1, Mode.ANONYMOUS, 2, None, b"")
    return format_record(replace(record, sig=key.sign(signed_bytes(record))))


def test_the_log_verifies_after_the_races(race: Race, tmp_path: Path) -> None:
    """The log holds what was answered with yes, once, and nothing else; the numbers are right."""
    race.signed(Mode.PUBLIC)
    leaves = [*race.signatures, *race.amendments, *race.withdrawals]
    wait_for_leaves(race.server.url, leaves)
    evidence = collect_evidence(race.server.url, tmp_path / "mirror")
    letter_id = race.letter.letter_id
    assert evidence.count(IssuedRecord, letter_id) == race.tokens
    assert evidence.count(SignRecord, letter_id) == len(race.signatures)
    assert evidence.count(AmendRecord, letter_id) == len(race.amendments)
    assert evidence.count(WithdrawRecord, letter_id) == len(race.withdrawals)
    assert set(leaves) <= evidence.epochs().keys()
    (figures,) = evidence.letters
    assert figures.withdrawn == len(race.withdrawals)
    assert figures.standing + figures.waiting == len(race.signatures) - len(race.withdrawals)
    counts = httpx2.get(f"{race.server.url}/api/v1/letters/{SLUG}/counts", timeout=60).json()
    assert (counts["standing"], counts["withdrawn"]) == (figures.standing, figures.withdrawn)
