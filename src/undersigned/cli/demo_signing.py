"""The demo's members: each signs over HTTP with the signer's software, as a real member would."""

import re
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import local

import httpx2

from undersigned.cli.demo_people import Person
from undersigned.cli.demo_plan import Stance
from undersigned.domain.letter import Mode
from undersigned.errors import StoreError
from undersigned.signer.amending import withdraw
from undersigned.signer.attempt import Attempt
from undersigned.signer.enrolment import EmailProof, InviteProof, Proof, ask_for_code
from undersigned.signer.letter_view import LetterView, get_letter
from undersigned.signer.receipt import Receipt
from undersigned.signer.signing import enrol, sign

HANDS = 8
"""Members who sign at the same moment: more would only wait for the two cores."""

BY_MAIL = 25
"""How many prove membership by a code from a mail; the others have an invite code."""

MAIL_TIMEOUT_S = 20

STATEMENTS = (
    "I came to work on this with these people. That is still what I want.",
    "The board owes us reasons. We have asked, and we are still asking.",
    "I sign for my team as much as for myself.",
    "Decisions like this one need those who bear them.",
)

_CODE = re.compile(r"Your code: ([0-9A-Z]{4}-[0-9A-Z]{4})")


@dataclass(frozen=True, slots=True)
class Member:
    """A made-up person with the invite code that they were handed."""

    person: Person
    invite: str


class Members:
    """Signs for members, several at a time, each over connections of their own."""

    def __init__(self, address: str, slug: str, outbox: Path) -> None:
        self._address = address
        self._outbox = outbox
        self._pool = ThreadPoolExecutor(HANDS, thread_name_prefix="member")
        self._clients = local()
        with httpx2.Client(base_url=address) as client:
            self.letter: LetterView = get_letter(client, slug)

    def close(self) -> None:
        """Let go of the threads."""
        self._pool.shutdown()

    def sign_all(self, pairs: Iterable[tuple[Member, Stance, int]]) -> list[Receipt]:
        """Sign for each (member, how, their number) at once; return the receipts in that order."""
        return list(self._pool.map(lambda pair: self.sign(*pair), pairs))

    def sign(self, member: Member, stance: Stance, number: int) -> Receipt:
        """Prove membership, get the token, sign, and return the receipt."""
        attempt = Attempt.start(self.letter, None)
        enrol(self._client("token"), attempt, self._prove(member, number))
        statement = STATEMENTS[number // 16 % len(STATEMENTS)] if number % 16 == 3 else None
        attempt.choose(
            stance.mode,
            stance.condition,
            None if stance.mode is Mode.ANONYMOUS else statement,
        )
        return sign(self._client("signature"), attempt)

    def withdraw(self, receipt: Receipt) -> None:
        """Withdraw a signature with its receipt."""
        withdraw(self._client("signature"), self.letter, receipt)

    def _prove(self, member: Member, number: int) -> Proof:
        if number >= BY_MAIL:
            return InviteProof(member.invite)
        address = member.person.email
        enrolment = ask_for_code(self._client("token"), self.letter, address)
        return EmailProof(enrolment, find_code(self._outbox, address))

    def _client(self, purpose: str) -> httpx2.Client:
        """Return this thread's client for tokens or for signatures: never the same connection."""
        client = getattr(self._clients, purpose, None)
        if not isinstance(client, httpx2.Client):
            client = httpx2.Client(base_url=self._address, timeout=30)
            setattr(self._clients, purpose, client)
        return client


def find_code(outbox: Path, address: str) -> str:
    """Wait for the mail to an address and return the code in it. Raises StoreError."""
    end = time.monotonic() + MAIL_TIMEOUT_S
    while time.monotonic() < end:
        for path in outbox.glob("*.eml"):
            try:
                text = path.read_text("utf-8")
            except FileNotFoundError:
                # Another member has just taken their mail out.
                continue
            found = _CODE.search(text)
            if found and f"To: {address}" in text:
                path.unlink()
                return found[1]
        time.sleep(0.02)
    raise StoreError("the mail with the code did not come")


def pair_up(
    members: Sequence[Member], stances: Sequence[Stance], first: int
) -> list[tuple[Member, Stance, int]]:
    """Give each stance the next member, numbered from `first`."""
    return [(members[first + i], stance, first + i) for i, stance in enumerate(stances)]
