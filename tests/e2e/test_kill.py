"""The server is killed at any instant: nothing that was promised is lost, nothing happens twice.

More kills: KILLS=100 SEED=7 pytest tests/e2e/test_kill.py, or `make test-crash` for both kinds of database.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx2
import msgspec
import pytest
from tests.e2e.community import Member
from tests.e2e.evidence import collect_evidence, wait_for_leaves
from tests.e2e.killing import LEAST_WINDOW_S, Campaign, make_letters, views_of
from tests.e2e.proxy import LossyProxy, lossy_proxy
from tests.e2e.server import Server
from tests.live import HOST

from undersigned.app.site import make_site
from undersigned.domain.letter import Mode
from undersigned.domain.record import IssuedRecord, SignRecord, WithdrawRecord
from undersigned.errors import Unreachable
from undersigned.signer.amending import withdraw
from undersigned.signer.attempt import Attempt
from undersigned.signer.enrolment import InviteProof
from undersigned.signer.exchange import ONCE, Patience
from undersigned.signer.letter_view import LetterView
from undersigned.signer.signing import enrol, sign

KILLS = int(os.environ.get("KILLS", "8"))
SEED = int(os.environ.get("SEED", "1"))
CLIENTS = 16

T = TypeVar("T")


def test_no_kill_loses_or_doubles_anything(tmp_path: Path) -> None:
    """Every promise is kept, in time; each member has one signature; no reader saw another history."""
    toll = Campaign(KILLS, SEED, CLIENTS).run(tmp_path)
    assert toll.promises == 2 * (CLIENTS + CLIENTS // 4)
    assert toll.seen > KILLS // 2


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
    members = make_letters(tmp_path / "data", LEAST_WINDOW_S, CLIENTS)
    with Server(tmp_path / "data") as server, lossy_proxy(server.url) as proxy:
        yield Trip(server, proxy, views_of(proxy.url)["swift"], members["swift"])


def _promise_in(body: bytes) -> str:
    promise: str = msgspec.json.decode(body)["promise"]
    return promise


def test_answers_that_were_lost_are_given_again(trip: Trip, tmp_path: Path) -> None:
    """Of token, signature and withdrawal two answers are lost; the third is what they were."""
    attempt = Attempt.start(trip.view, tmp_path / "attempt")
    with httpx2.Client(timeout=60) as client:
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
    with httpx2.Client(timeout=60) as client:
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
