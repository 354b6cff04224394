"""What a signature costs on each engine: bytes that stay on disk, and processor time.

A letter's members have their tokens; then a real `undersigned serve` takes the signatures of all of them over
64 connections, half of them public, half sealed, until all stand in the log, and is stopped, which tidies.
What stays is the difference between then and before: blocks of the disk for SQLite and for the files of the
log, and for PostgreSQL what its tables and their indexes have. The reference are the bytes that nobody can
leave out: each record, its name as a document or a blob, and its hash in a tile. Processor time is that of
the site and of PostgreSQL's server, until the last signature is acknowledged.
"""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx2
import msgspec
from tests.e2e.server import Server
from tests.live import HOST

from bench.crowd import Signed
from bench.engine import SQLITE, Engine, postgresql_engines
from bench.load import Job, post, send_load
from bench.result import Result, of_ratios, share
from bench.rounds import cpu_of, sized
from bench.site import PATIENCE_S, SLUG, fill_site
from undersigned.app.site import make_site
from undersigned.domain.record import format_record
from undersigned.signer.signing import signed_request
from undersigned.tlog.merkle import HASH_SIZE

CONNECTIONS: Final = 64
SIGNATURES: Final = sized(2_000, 50_000)
"""All in one round: what stays is the same each time."""

STAYS_GOAL: Final = 3.5
"""Times the bare bytes: entries are in the database and in files, and so are the hashes of the tree."""

CPU_US: Final = 1_000
"""Processor time for one signature; a million of them take 17 minutes of one core."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Bytes and seconds of all signatures together."""

    bare: int
    stays: int
    cpu: float


def measure() -> list[Result]:
    """Measure both engines."""
    results = []
    with postgresql_engines(1) as (postgresql,):
        for engine in (SQLITE, postgresql):
            with tempfile.TemporaryDirectory() as name:
                results += _results(engine.name, _measure(Path(name), engine))
    return results


def _measure(base: Path, engine: Engine) -> Cost:
    site = make_site(base / "data", HOST, address=engine.address)
    filled = fill_site(site, base / "letter", SIGNATURES)
    crowd = filled.crowd.sign_many(SIGNATURES)
    server = Server(filled.folder, settings=engine.settings)
    # Until it stands still: a stop tidies.
    server.start().stop()
    before = engine.count_bytes(filled.folder)
    with server:
        idle = _spent(server.pid, engine)
        _send(server, crowd)
        busy = _spent(server.pid, engine)
        _wait_until_standing(server)
        server.stop()
    stays = engine.count_bytes(filled.folder) - before
    return Cost(_bare_bytes(crowd), stays, busy - idle)


def _bare_bytes(crowd: Sequence[Signed]) -> int:
    names = (each.blob if each.blob is not None else b"" for each in crowd)
    return sum(len(format_record(each.record)) + HASH_SIZE for each in crowd) + sum(map(len, names))


def _spent(site: int, engine: Engine) -> float:
    """Return the processor time of the site and of the database's server since they began."""
    return cpu_of(site) + engine.cpu_of_server()


def _send(server: Server, crowd: Sequence[Signed]) -> None:
    path = f"/api/v1/letters/{SLUG}/signatures"
    requests = [
        post(path, msgspec.json.encode(signed_request(format_record(each.record), each.blob)))
        for each in crowd
    ]
    load = send_load(Job(server.port, CONNECTIONS, requests))
    assert set(load.statuses) == {201}


def _wait_until_standing(server: Server) -> None:
    end = time.monotonic() + PATIENCE_S
    with httpx2.Client(base_url=server.url) as client:
        counts = f"/api/v1/letters/{SLUG}/counts"
        while client.get(counts).raise_for_status().json()["standing"] < SIGNATURES:
            assert time.monotonic() < end, "what was acknowledged is not in the log in time"
            time.sleep(0.2)


def _results(engine: str, cost: Cost) -> list[Result]:
    work, bare = f"{SIGNATURES:,} signatures", "the bytes of records, names and hashes"
    cpu_us = 1_000_000 * cost.cpu / SIGNATURES
    return [
        of_ratios(f"{engine}: bytes that stay", bare, work, [cost.stays / cost.bare], STAYS_GOAL),
        share(f"{engine}: processor time", work, [cpu_us], CPU_US, "µs"),
    ]
