"""Ten times what a site can take, for a while, then nothing: what it costs, and how soon it is over.

The sustainable rate is what 64 connections reach that wait for each answer. Then ten times as many requests
are sent a second, whether answered or not (`flood`), over more connections than the intake lets wait; what is
refused with 503 comes again. Meanwhile the memory of the process is watched. From the end on, 64 connections
sign again and again, until 99 of 100 are answered as fast as before. At the end everything that was
acknowledged, before, while and after, is read back from the log.
"""

import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
from tests.e2e.server import Server

from bench.accept import check_log, requests_of, send_crowd, wait_until_standing
from bench.crowd import Signed
from bench.flood import BUSY, Surge, send_flood
from bench.result import Result, of_ratios, share
from bench.rounds import memory_of, sized
from bench.site import CrowdedSite, make_crowded_site
from undersigned.app.intake import MOST_WAITING
from undersigned.tlog.note import parse_note
from undersigned.tlog.promise import parse_promise_text

CONNECTIONS: Final = 64
FLOOD_CONNECTIONS: Final = MOST_WAITING + 512
"""So many that the queue is full while others ask."""

FACTOR: Final = 10
SECONDS: Final = sized(5, 30)
PROBE: Final = sized(400, 2_000)
"""Signatures by which rate and p99 are found."""

MOST_PROBES: Final = 6
"""After the flood: for so many the p99 is given time to be what it was."""

LARGEST_POOL: Final = sized(8_000, 100_000)
"""Signatures for the flood; as many as can be taken while it lasts, and as many as may wait."""

MOST_MIB: Final = 300
CALM_S: Final = 5
CALM: Final = 1.5
"""The p99 is as before when it is at most so many times as long: two probes differ by chance, too."""

SENT_GOAL: Final = 5
"""Refusing costs time, too, of the same two cores: so many times the sustainable rate is a surge."""

TAKEN_GOAL: Final = 0.5
"""What is taken while everybody else is refused."""

SAMPLE_S: Final = 0.1


def measure() -> list[Result]:
    """Measure a surge; read back what was acknowledged."""
    with tempfile.TemporaryDirectory() as name:
        site = make_crowded_site(Path(name), LARGEST_POOL + (2 + MOST_PROBES) * PROBE)
        with Server(site.folder) as server:
            warm = site.crowd.sign_many(PROBE)
            send_crowd(server, CONNECTIONS, warm)
            crowd = site.crowd.sign_many(PROBE)
            before = send_crowd(server, CONNECTIONS, crowd)
            takeable = int(1.2 * before.per_s * SECONDS) + MOST_WAITING
            pool = site.crowd.sign_many(min(LARGEST_POOL, takeable))
            rate, requests = FACTOR * before.per_s, requests_of(pool)
            with _watching(server.pid) as memory:
                flooded = send_flood(Surge(server.port, FLOOD_CONNECTIONS, rate, SECONDS, requests))
            assert set(flooded.statuses) <= {201, BUSY}, flooded.statuses
            taken = _taken(pool, flooded.bodies)
            calm_s, probes = _wait_for_calm(site, server, before.p99)
            acknowledged = [*warm, *crowd, *taken, *probes]
            wait_until_standing(server, len(acknowledged))
            check_log(server, Path(name) / "mirror", acknowledged)
    work = f"{SECONDS} s at {FACTOR} times the rate of {CONNECTIONS} connections"
    limit = "the sustainable rate"
    sent = flooded.sent / flooded.seconds / before.per_s
    came = len(taken) / flooded.seconds / before.per_s
    return [
        share("surge: memory", work, [max(memory)], MOST_MIB, "MiB"),
        share("surge: until p99 is as before", work, [calm_s], CALM_S, "s"),
        of_ratios("surge: sent", limit, work, [sent], SENT_GOAL, at_most=False),
        of_ratios("surge: taken", limit, work, [came], TAKEN_GOAL, at_most=False),
    ]


def _wait_for_calm(site: CrowdedSite, server: Server, p99: float) -> tuple[float, list[Signed]]:
    """Let people sign until they are answered as fast as before; return the seconds, and who they are."""
    ended, everyone = time.monotonic(), []
    for _ in range(MOST_PROBES):
        crowd = site.crowd.sign_many(PROBE)
        began = time.monotonic()
        load = send_crowd(server, CONNECTIONS, crowd)
        everyone += crowd
        if load.p99 <= CALM * p99:
            return began - ended, everyone
    return time.monotonic() - ended, everyone


def _taken(pool: list[Signed], bodies: dict[int, bytes]) -> list[Signed]:
    """Return those of the pool that were acknowledged, each by a promise for its own record."""
    taken = []
    for index, body in bodies.items():
        note = parse_note(msgspec.json.decode(body)["promise"].encode())
        assert parse_promise_text(note.text).leaf_hash == pool[index].leaf
        taken.append(pool[index])
    return taken


@contextmanager
def _watching(pid: int) -> Iterator[list[float]]:
    """Note again and again how many MiB a process has in memory; what is given grows."""
    found: list[float] = []
    ending = threading.Event()

    def watch() -> None:
        while not ending.wait(SAMPLE_S):
            found.append(memory_of(pid) / 2**20)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield found
    finally:
        ending.set()
        thread.join()
