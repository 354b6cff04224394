"""What it costs to accept a signature: verified, on disk, and only then acknowledged.

Members' requests, signed before, go to a real `undersigned serve` on SQLite over 64 and 256 connections,
half of them public, half sealed. References of the same run, by turns: the verifications alone (`limit`), in
processor time; the same server with an empty answer to the same requests (`bare`), in throughput; and a
petition written with Django that stores a name and an address and verifies nothing (`django_view`), also in
throughput: once as is usual, where a power cut may take answered signatures away (NORMAL), and once with
each on disk before it is answered, as here (FULL).

That the generator is not what is measured is itself a result: how busy it was while the site was under load,
and `bare` says how many answers of the same requests it does take in a second.
Everything that was acknowledged is read back from the log at the end: the promise names the record, the
record is in the log, and the log verifies.
"""

import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx2
import msgspec
from tests.e2e.evidence import collect_evidence
from tests.e2e.server import Server

from bench.crowd import Signed
from bench.limit import Limit
from bench.load import Job, Load, post, send_load
from bench.petition import Petition, served_petition
from bench.result import Result, of_ratios, share
from bench.rounds import ROUNDS, cpu_of, cpu_time, sized
from bench.site import PATIENCE_S, SLUG, CrowdedSite, make_crowded_site
from undersigned.domain.record import SignRecord, format_record
from undersigned.signer.signing import signed_request
from undersigned.tlog.merkle import leaf_hash
from undersigned.tlog.note import parse_note
from undersigned.tlog.promise import parse_promise_text

CONNECTIONS: Final = (64, 256)
SIGNATURES: Final = sized(1_000, 5_000)
"""In each round."""

WARM_UP: Final = 200

CPU_GOAL: Final = 2.0
RATE_GOAL: Final = 0.2
P99_MS: Final = 50
DJANGO_GOAL: Final = 5.0
BUSY_GOAL: Final = 0.8

SIGNERS: Final = sized(500, 5_000)
"""Of each petition, in each round."""

PATH: Final = f"/api/v1/letters/{SLUG}/signatures"


@dataclass(slots=True)
class _Found:
    """The rounds with one number of connections."""

    answered: list[float] = field(default_factory=list)
    logged: list[float] = field(default_factory=list)
    rate: list[float] = field(default_factory=list)
    usual: list[float] = field(default_factory=list)
    durable: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)


def measure() -> list[Result]:
    """Measure how signatures are accepted; read all of them back."""
    with tempfile.TemporaryDirectory() as name:
        count = WARM_UP + len(CONNECTIONS) * ROUNDS * SIGNATURES
        site = make_crowded_site(Path(name), count)
        bare = Server(Path(name) / "bare", answers="/", program=("-m", "bench.bare"))
        acknowledged = site.crowd.sign_many(WARM_UP)
        found = {connections: _Found() for connections in CONNECTIONS}
        with (
            Server(site.folder) as server,
            bare,
            served_petition(Path(name) / "usual", "NORMAL") as usual,
            served_petition(Path(name) / "durable", "FULL") as durable,
        ):
            send_crowd(server, CONNECTIONS[0], acknowledged)
            petitions = usual, durable
            for petition in petitions:
                petition.sign(CONNECTIONS[0], WARM_UP)
            for _ in range(ROUNDS):
                for connections in CONNECTIONS:
                    crowd = site.crowd.sign_many(SIGNATURES)
                    acknowledged += crowd
                    at = _Place(site, server, bare, petitions, connections, len(acknowledged))
                    _measure_round(found[connections], at, crowd)
            for petition in petitions:
                petition.check()
            check_log(server, Path(name) / "mirror", acknowledged)
    return [result for number in CONNECTIONS for result in _results(number, found[number])]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a round is measured, and how many stand when all of it is in the log."""

    site: CrowdedSite
    server: Server
    bare: Server
    petitions: tuple[Petition, Petition]
    connections: int
    standing: int


def _measure_round(found: _Found, at: _Place, crowd: list[Signed]) -> None:
    limit = cpu_time(Limit(at.site.letter, crowd).verify)
    empty = send_load(Job(at.bare.port, at.connections, requests_of(crowd)))
    assert set(empty.statuses) == {200}
    before = cpu_of(at.server.pid)
    load = send_crowd(at.server, at.connections, crowd)
    answered = cpu_of(at.server.pid)
    wait_until_standing(at.server, at.standing)
    logged = cpu_of(at.server.pid)
    found.answered.append((answered - before) / limit)
    found.logged.append((logged - before) / limit)
    found.rate.append(load.per_s / empty.per_s)
    usual, durable = (each.sign(at.connections, SIGNERS) for each in at.petitions)
    found.usual.append(load.per_s / usual)
    found.durable.append(load.per_s / durable)
    found.p99_ms.append(load.p99 * 1000)
    found.busy.append(load.cpu / load.seconds)


def send_crowd(server: Server, connections: int, crowd: Sequence[Signed], *others: Server) -> Load:
    """Let a crowd sign; every one of it is acknowledged by a promise for its own record.

    `others` are processes of the same site, among which the connections are dealt out.
    """
    ports = [each.port for each in others]
    load = send_load(Job(server.port, connections, requests_of(crowd), ports))
    assert set(load.statuses) == {201}, Counter(load.statuses)
    for signed, body in zip(crowd, load.bodies, strict=True):
        note = parse_note(msgspec.json.decode(body)["promise"].encode())
        assert parse_promise_text(note.text).leaf_hash == signed.leaf
    return load


def requests_of(crowd: Sequence[Signed]) -> list[bytes]:
    """Return the requests of a crowd as they go over the line."""
    return [
        post(PATH, msgspec.json.encode(signed_request(format_record(each.record), each.blob)))
        for each in crowd
    ]


def wait_until_standing(server: Server, number: int) -> None:
    """Wait until so many signatures are in the published log; each stands from then on."""
    end = time.monotonic() + PATIENCE_S
    while _get(server, f"/api/v1/letters/{SLUG}/counts")["standing"] < number:
        assert time.monotonic() < end, "what was acknowledged is not in the log in time"
        time.sleep(0.2)


def _get(server: Server, path: str) -> dict[str, Any]:
    answer: dict[str, Any] = httpx2.get(f"{server.url}{path}").raise_for_status().json()
    return answer


def check_log(server: Server, mirror: Path, acknowledged: Sequence[Signed]) -> None:
    """Mirror and verify the log: every signature that was acknowledged is in it, once, and no other."""
    evidence = collect_evidence(server.url, mirror)
    logged = Counter(
        leaf_hash(format_record(record))
        for record in evidence.records
        if isinstance(record, SignRecord)
    )
    assert logged == Counter(signed.leaf for signed in acknowledged)


def _results(connections: int, found: _Found) -> list[Result]:
    work = f"{SIGNATURES:,} signatures, {connections} connections"
    limit, empty = "the verifications alone", "the same server's empty 200"
    return [
        of_ratios(
            f"accept at {connections}: processor time", limit, work, found.answered, CPU_GOAL
        ),
        of_ratios(
            f"accept at {connections}: processor time until in the log",
            limit,
            work,
            found.logged,
            CPU_GOAL,
        ),
        of_ratios(
            f"accept at {connections}: throughput",
            empty,
            work,
            found.rate,
            RATE_GOAL,
            at_most=False,
        ),
        *(
            of_ratios(
                f"accept at {connections}: throughput",
                f"a Django view, synchronous={synchronous}",
                work,
                ratios,
                DJANGO_GOAL,
                at_most=False,
            )
            for synchronous, ratios in (("NORMAL", found.usual), ("FULL", found.durable))
        ),
        share(f"accept at {connections}: p99", work, found.p99_ms, P99_MS, "ms"),
        of_ratios(
            f"accept at {connections}: the generator", "one core", "busy", found.busy, BUSY_GOAL
        ),
    ]
