"""The server is killed at any instant: nothing that was promised is lost, nothing happens twice.

Members never give up: whoever got no answer sends the same request again, from the attempt's file.
More kills: KILLS=100 SEED=7 pytest tests/e2e/test_kill.py
"""

import math
import os
import random
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import httpx2
import msgspec
import pytest
from tests.e2e.community import Member, open_for_members
from tests.e2e.evidence import Evidence, collect_evidence, read_entries, wait_for_leaves
from tests.e2e.proxy import LossyProxy, lossy_proxy
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
from undersigned.signer.exchange import ONCE, Patience
from undersigned.signer.letter_view import LetterView, get_letter
from undersigned.signer.promised import Promised
from undersigned.signer.receipt import Receipt
from undersigned.signer.signing import enrol, sign, signed_request
from undersigned.tlog.merkle import leaf_hash
from undersigned.tlog.promise import Promise, parse_promise

KILLS = int(os.environ.get("KILLS", "8"))
SEED = int(os.environ.get("SEED", "1"))
CLIENTS = 16
"""In each letter."""

LEAST_WINDOW_S = 3
STARTS_PER_WINDOW = 5
"""A promise leaves a window, at least, for the next start: so many times what a start takes here."""

TLS = ssl.create_default_context()
"""Made once: it is dear, and nothing here is encrypted."""

PATIENCE_S = 240
"""Far above what it takes: a start alone may take ten seconds of a machine that does other things."""

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
    begin: threading.Event = field(default_factory=threading.Event)
    promises: list[Promise] = field(default_factory=list)

    def run(self) -> None:
        """Sign, and in one of four cases withdraw."""
        assert self.begin.wait(PATIENCE_S)
        time.sleep(self.rng.uniform(0, 0.5))
        receipt = self._persist(self._sign)
        self.promises.append(parse_promise(receipt.promise.encode(), self.view.site.promise_key))
        if self.number % 4 == 3:
            self.promises.append(self._persist(lambda: self._withdraw(receipt)).promise)

    def _persist(self, step: Callable[[], T]) -> T:
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                return step()
            except (Unreachable, StoreError):
                assert time.monotonic() < end, "the site never answered"
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


def _make_letters(folder: Path, window_s: int) -> dict[str, list[Member]]:
    """Open both letters at the site in a folder; return their members."""
    site = open_site(folder)
    members = {}
    for slug, terms in LETTERS.items():
        texts = folder.with_name(slug)
        _, members[slug] = open_for_members(
            site, texts, slug, CLIENTS, **(terms | {"max_wait_s": window_s})
        )
    site.close()
    return members


def _time_start(folder: Path) -> float:
    """Return the seconds that the server takes to start here and now."""
    began = time.monotonic()
    with Server(folder):
        return time.monotonic() - began


def _views(url: str) -> dict[str, LetterView]:
    with httpx2.Client(base_url=url, timeout=60) as client:
        return {slug: get_letter(client, slug) for slug in LETTERS}


def _kill_again_and_again(server: Server, signers: list[Signer], rng: random.Random) -> None:
    """Let some members begin in each life of the server, and end it at some instant."""
    for kill in range(KILLS):
        for signer in signers[kill::KILLS]:
            signer.begin.set()
        if kill % 4 == 3:
            # While it starts: what the last kill left half done may be half repaired.
            server.launch()
            time.sleep(rng.uniform(0.2, 0.9))
        else:
            server.start()
            time.sleep(rng.uniform(0.05, 0.7))
        server.kill()


def test_no_kill_loses_or_doubles_anything(tmp_path: Path) -> None:
    """Every promise is kept, in time; each member has one signature; no reader saw another history."""
    rng = random.Random(SEED)
    server = Server(tmp_path / "data")
    make_site(server.folder, HOST).close()
    window_s = math.ceil(STARTS_PER_WINDOW * _time_start(server.folder))
    members = _make_letters(server.folder, max(LEAST_WINDOW_S, window_s))
    with server:
        views = _views(server.url)
        server.kill()
        signers = [
            Signer(
                views[slug],
                member,
                number,
                tmp_path / f"{slug}-{number}",
                random.Random(f"{SEED} {slug} {number}"),
            )
            for slug in LETTERS
            for number, member in enumerate(members[slug])
        ]
        rng.shuffle(signers)
        log_key = views["swift"].site.log_key
        with ThreadPoolExecutor(len(signers)) as pool, reading(server.url, log_key) as reader:
            futures = [pool.submit(signer.run) for signer in signers]
            _kill_again_and_again(server, signers, rng)
            server.start()
            _join(futures)
            promises = [promise for signer in signers for promise in signer.promises]
            wait_for_leaves(server.url, [promise.leaf_hash for promise in promises])
        evidence = _collect_at_rest(server, tmp_path / "mirror")
    epochs = evidence.epochs()
    assert [promise for promise in promises if epochs[promise.leaf_hash] > promise.by] == []
    for view in views.values():
        letter_id = view.letter.letter_id
        assert evidence.count(SignRecord, letter_id) == CLIENTS
        assert evidence.count(IssuedRecord, letter_id) == CLIENTS
        assert evidence.count(WithdrawRecord, letter_id) == CLIENTS // 4
    leaves = [leaf_hash(entry) for entry in read_entries(tmp_path / "mirror" / "log")]
    assert reader.find_contradictions(leaves) == []
    assert len(reader.seen) > KILLS // 2
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


# --- persisted, and the answer lost

BRISK = Patience(tries=3, longest_wait_s=0.05)


@dataclass(frozen=True, slots=True)
class Trip:
    """A server, the way to it on which answers are lost, and a letter as it is seen there."""

    server: Server
    proxy: LossyProxy
    view: LetterView
    members: list[Member]


@pytest.fixture
def trip(tmp_path: Path) -> Iterator[Trip]:
    """Serve the letters behind a proxy."""
    make_site(tmp_path / "data", HOST).close()
    members = _make_letters(tmp_path / "data", LEAST_WINDOW_S)
    with Server(tmp_path / "data") as server, lossy_proxy(server.url) as proxy:
        yield Trip(server, proxy, _views(proxy.url)["swift"], members["swift"])


def _promise_in(body: bytes) -> str:
    promise: str = msgspec.json.decode(body)["promise"]
    return promise


def test_answers_that_were_lost_are_given_again(trip: Trip, tmp_path: Path) -> None:
    """Of token, signature and withdrawal two answers are lost; the third is what they were."""
    attempt = Attempt.start(trip.view, tmp_path / "attempt")
    with httpx2.Client() as client:
        trip.proxy.lose("/tokens", times=2)
        enrol(client, attempt, InviteProof(trip.members[0].invite), patience=BRISK)
        attempt.choose(Mode.SEALED)
        trip.proxy.lose("/signatures", times=2)
        receipt = sign(client, attempt, patience=BRISK)
        trip.proxy.lose("/amendments", times=2)
        promised = withdraw(client, trip.view, receipt, patience=BRISK)
    tokens, signatures, amendments = trip.proxy.lost[:2], trip.proxy.lost[2:4], trip.proxy.lost[4:]
    assert tokens[0] == tokens[1]
    assert [_promise_in(body) for body in signatures] == [receipt.promise] * 2
    assert [_promise_in(body) for body in amendments] == [promised.note] * 2
    wait_for_leaves(trip.server.url, [promised.promise.leaf_hash])
    _assert_once(trip, tmp_path)


@pytest.mark.parametrize("what", ["tokens", "signatures", "amendments"])
def test_a_server_that_dies_with_the_answer_gives_it_again(
    trip: Trip, tmp_path: Path, what: str
) -> None:
    """It is killed after the record is on disk and before anybody heard of it; the answer stays."""
    attempt = Attempt.start(trip.view, tmp_path / "attempt")
    proof = InviteProof(trip.members[0].invite)
    trip.proxy.lose(f"/{what}", then=trip.server.kill)
    with httpx2.Client() as client:
        _through_one_kill(trip, lambda: enrol(client, attempt, proof, patience=ONCE))
        attempt.choose(Mode.SEALED)
        receipt = _through_one_kill(trip, lambda: sign(client, attempt, patience=ONCE))
        promised = _through_one_kill(
            trip, lambda: withdraw(client, trip.view, receipt, patience=ONCE)
        )
    (lost,) = trip.proxy.lost
    if what != "tokens":
        promises = {"signatures": receipt.promise, "amendments": promised.note}
        assert _promise_in(lost) == promises[what]
    wait_for_leaves(trip.server.url, [receipt.leaf_hash, promised.promise.leaf_hash])
    _assert_once(trip, tmp_path)


def _through_one_kill(trip: Trip, step: Callable[[], T]) -> T:
    """Do a step; if the server died of it, start that again, and do the same once more."""
    try:
        return step()
    except Unreachable:
        assert not trip.server.is_alive
        trip.server.start()
        return step()


def _assert_once(trip: Trip, tmp_path: Path) -> None:
    evidence = collect_evidence(trip.server.url, tmp_path / "mirror")
    letter_id = trip.view.letter.letter_id
    assert evidence.count(IssuedRecord, letter_id) == 1
    assert evidence.count(SignRecord, letter_id) == 1
    assert evidence.count(WithdrawRecord, letter_id) == 1
