"""A server under load that is killed at any instant, again and again: what members were promised holds.

Members never give up: whoever got no answer sends the same request again, from the attempt's file.
"""

import math
import random
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import httpx2
import msgspec
from tests.e2e.community import Member, open_for_members
from tests.e2e.evidence import Evidence, collect_evidence, read_entries, wait_for_leaves
from tests.e2e.reader import reading
from tests.e2e.server import Server
from tests.live import HOST

from undersigned.app.site import make_site, open_site
from undersigned.domain.letter import Mode
from undersigned.domain.record import IssuedRecord, SignRecord, WithdrawRecord
from undersigned.errors import StoreError, Unreachable
from undersigned.signer.amending import withdraw
from undersigned.signer.attempt import Attempt
from undersigned.signer.attempt_state import Held
from undersigned.signer.enrolment import InviteProof
from undersigned.signer.exchange import ONCE
from undersigned.signer.letter_view import LetterView, get_letter
from undersigned.signer.promised import Promised
from undersigned.signer.receipt import Receipt
from undersigned.signer.signing import enrol, sign, signed_request
from undersigned.tlog.merkle import leaf_hash
from undersigned.tlog.promise import Promise, parse_promise

LEAST_WINDOW_S = 3
STARTS_PER_WINDOW = 5
"""A promise leaves a window, at least, for the next start: so many times what a start takes here."""

TLS = ssl.create_default_context()
"""Made once: it is dear, and nothing here is encrypted."""

PATIENCE_S = 240
"""Far above what it takes: a start alone may take ten seconds of a machine that does other things."""

PATIENCE_PER_KILL_S = 40
"""What a member's patience grows by with each kill that there will be."""

LETTERS = {
    # Its rule is met on the way, so that the names are opened between kills as well.
    "swift": {"floor": 1, "rule": 8, "cooling_off_s": 1, "conditions": "[2, 3]"},
    "patient": {"floor": 4, "rule": 50, "conditions": "[2, 3]"},
}
WAYS = (
    (Mode.SEALED, None),
    (Mode.PUBLIC, None),
    (Mode.ANONYMOUS, 2),
    (Mode.SEALED, 3),
)

T = TypeVar("T")


@dataclass
class Signer:
    """A member with a client that never gives up. `promises` are what it was given."""

    view: LetterView
    member: Member
    number: int
    attempt_file: Path
    rng: random.Random
    patience_s: float
    begin: threading.Event = field(default_factory=threading.Event)
    promises: list[Promise] = field(default_factory=list)
    retries: int = 0

    def run(self) -> None:
        """Sign, and in one of four cases withdraw."""
        assert self.begin.wait(self.patience_s)
        time.sleep(self.rng.uniform(0, 0.5))
        receipt = self._persist(self._sign)
        self.promises.append(parse_promise(receipt.promise.encode(), self.view.site.promise_key))
        if self.number % 4 == 3:
            self.promises.append(self._persist(lambda: self._withdraw(receipt)).promise)

    def _persist(self, step: Callable[[], T]) -> T:
        end = time.monotonic() + self.patience_s
        while True:
            try:
                return step()
            except (Unreachable, StoreError):
                assert time.monotonic() < end, "the site never answered"
                self.retries += 1
                time.sleep(self.rng.uniform(0.1, 0.4))

    def _sign(self) -> Receipt:
        """Go on from the file: what was in memory is forgotten, as after a crash of the client."""
        if self.attempt_file.exists():
            attempt = Attempt.resume(self.attempt_file)
        else:
            attempt = Attempt.start(self.view, self.attempt_file)
        with _client() as client:
            enrol(client, attempt, InviteProof(self.member.invite), patience=ONCE)
        if isinstance(attempt.state, Held):
            attempt.choose(*WAYS[self.number % len(WAYS)])
            if self.rng.random() < 0.3:
                _send_and_leave(f"{self.view.address}/signatures", attempt)
        with _client() as client:
            return sign(client, attempt, patience=ONCE)

    def _withdraw(self, receipt: Receipt) -> Promised:
        with _client() as client:
            return withdraw(client, self.view, receipt, patience=ONCE)


def _client() -> httpx2.Client:
    return httpx2.Client(timeout=5, verify=TLS)


def _send_and_leave(url: str, attempt: Attempt) -> None:
    """Send a signature and close the connection without waiting for the answer."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=5)
    try:
        body = msgspec.json.encode(signed_request(attempt.entry, attempt.blob))
        connection.request("POST", parts.path, body, {"Content-Type": "application/json"})
    except OSError:
        raise Unreachable from None
    finally:
        connection.close()


def make_letters(
    folder: Path, window_s: int, clients: int, address: str | None = None
) -> dict[str, list[Member]]:
    """Open both letters at the site in a folder; return their members, so many for each."""
    site = open_site(folder, address)
    members = {}
    for slug, terms in LETTERS.items():
        texts = folder.with_name(slug)
        _, members[slug] = open_for_members(
            site, texts, slug, clients, **(terms | {"max_wait_s": window_s})
        )
    site.close()
    return members


def _time_start(server: Server) -> float:
    """Return the seconds that the server takes to start here and now."""
    began = time.monotonic()
    with server:
        return time.monotonic() - began


def views_of(url: str) -> dict[str, LetterView]:
    with httpx2.Client(base_url=url, timeout=60) as client:
        return {slug: get_letter(client, slug) for slug in LETTERS}


@dataclass(frozen=True, slots=True)
class Toll:
    """What so many kills came to."""

    kills: int
    promises: int
    """Signatures and withdrawals that were acknowledged."""
    retries: int
    """Requests that got no answer, and were sent again."""
    seen: int
    """Different checkpoints that a reader saw."""
    seconds: float


@dataclass(frozen=True, slots=True)
class Campaign:
    """How often the server is killed, and in what load. `tell` is called after each kill."""

    kills: int
    seed: int
    clients: int
    """In each letter."""
    address: str | None = None
    tell: Callable[[int], None] = lambda _: None

    def run(self, base: Path) -> Toll:
        """Do it in a folder; check that every promise is kept, in time, and once."""
        began = time.monotonic()
        rng = random.Random(self.seed)
        settings = {} if self.address is None else {"UNDERSIGNED_DATABASE": self.address}
        server = Server(base / "data", settings=settings)
        make_site(server.folder, HOST, address=self.address).close()
        window_s = max(LEAST_WINDOW_S, math.ceil(STARTS_PER_WINDOW * _time_start(server)))
        members = make_letters(server.folder, window_s, self.clients, self.address)
        with server:
            views = views_of(server.url)
            server.kill()
            signers = [
                Signer(
                    views[slug],
                    member,
                    number,
                    base / f"{slug}-{number}",
                    random.Random(f"{self.seed} {slug} {number}"),
                    max(PATIENCE_S, PATIENCE_PER_KILL_S * self.kills),
                )
                for slug in LETTERS
                for number, member in enumerate(members[slug])
            ]
            rng.shuffle(signers)
            log_key = views["swift"].site.log_key
            with ThreadPoolExecutor(len(signers)) as pool, reading(server.url, log_key) as reader:
                futures = [pool.submit(signer.run) for signer in signers]
                self._kill_again_and_again(server, signers, rng, window_s)
                server.start()
                _join(futures)
                promises = [promise for signer in signers for promise in signer.promises]
                leaves = [promise.leaf_hash for promise in promises]
                # A promise given in the end names a time two windows away.
                wait_for_leaves(server.url, leaves, PATIENCE_S + 2 * window_s)
            evidence = _collect_at_rest(server, base / "mirror")
        self._check(evidence, promises, views)
        leaves = [leaf_hash(entry) for entry in read_entries(base / "mirror" / "log")]
        assert reader.find_contradictions(leaves) == []
        retries = sum(signer.retries for signer in signers)
        took = time.monotonic() - began
        return Toll(self.kills, len(promises), retries, len(reader.seen), took)

    def _kill_again_and_again(
        self, server: Server, signers: list[Signer], rng: random.Random, window_s: int
    ) -> None:
        """Let some members begin in each life of the server, and end it at some instant.

        After a start that is slower than those that the window was measured by, it lives for longer: a
        machine that does other things must not be what breaks a promise.
        """
        for kill in range(self.kills):
            for signer in signers[kill :: self.kills]:
                signer.begin.set()
            if kill % 4 == 3:
                # While it starts: what the last kill left half done may be half repaired.
                server.launch()
                time.sleep(rng.uniform(0.2, 0.9))
            else:
                began = time.monotonic()
                server.start()
                took = time.monotonic() - began
                is_slow = took > window_s / STARTS_PER_WINDOW
                time.sleep(rng.uniform(0.05, 0.7) + is_slow * took)
            server.kill()
            self.tell(kill + 1)

    def _check(
        self, evidence: Evidence, promises: list[Promise], views: dict[str, LetterView]
    ) -> None:
        epochs = evidence.epochs()
        assert [promise for promise in promises if epochs[promise.leaf_hash] > promise.by] == []
        for view in views.values():
            letter_id = view.letter.letter_id
            assert evidence.count(SignRecord, letter_id) == self.clients
            assert evidence.count(IssuedRecord, letter_id) == self.clients
            assert evidence.count(WithdrawRecord, letter_id) == self.clients // 4
        states = {letter.slug: letter.state for letter in evidence.letters}
        assert states == {"swift": "released", "patient": "open"}


def _join(futures: list["Future[None]"]) -> None:
    for future in futures:
        future.result(PATIENCE_S)


def _collect_at_rest(server: Server, mirror: Path) -> Evidence:
    """Wait until the names of the swift letter are opened, then mirror and verify."""
    end = time.monotonic() + PATIENCE_S
    with httpx2.Client(base_url=server.url, timeout=60) as client:
        while client.get("/api/v1/letters/swift").json()["state"] != "released":
            assert time.monotonic() < end, server.words
            time.sleep(0.1)
    return collect_evidence(server.url, mirror)
