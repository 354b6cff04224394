"""What reading costs: a letter's page, its numbers, the log's checkpoint and a full tile of its entries.

Each is asked for over 64 connections of a real `undersigned serve`; the reference is an empty 200 of the same
server, by turns in the same run (`bare`). Rates are answers in a second of the server's own processor time:
its one loop is what limits it, and what else the machine does is then left out.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from tests.e2e.server import Server

from bench.load import Job, Load, get, send_load
from bench.result import Result, of_ratios
from bench.rounds import ROUNDS, cpu_of, sized
from bench.site import SLUG, make_crowded_site
from undersigned.tlog.tile import FULL_WIDTH, parse_entry_bundle

SIGNATURES: Final = sized(400, 10_000)
REQUESTS: Final = sized(4_000, 20_000)
CONNECTIONS: Final = 64


class _Read(NamedTuple):
    """What is read, how much of the empty answer's rate it has to reach, and whether a body is it."""

    name: str
    path: str
    goal: float
    holds: Callable[[bytes], bool]


READS: Final = (
    _Read("letter page", f"/letters/{SLUG}", 0.5, lambda body: b"</html>" in body),
    _Read("counts", f"/api/v1/letters/{SLUG}/counts", 0.7, lambda body: b'"standing":' in body),
    _Read(
        "checkpoint", "/log/checkpoint", 0.7, lambda body: body.startswith(b"letters.example/log\n")
    ),
    _Read(
        "tile",
        "/log/tile/entries/000",
        0.7,
        lambda body: len(parse_entry_bundle(body, FULL_WIDTH)) == FULL_WIDTH,
    ),
)


def measure() -> list[Result]:
    """Measure reading while nobody signs."""
    with tempfile.TemporaryDirectory() as name:
        site = make_crowded_site(Path(name), SIGNATURES, signed=SIGNATURES)
        bare = Server(Path(name) / "bare", answers="/", program=("-m", "bench.bare"))
        ratios: dict[str, list[float]] = {read.name: [] for read in READS}
        with Server(site.folder) as server, bare:
            for read in READS:
                _load(server, read.path, CONNECTIONS)
            for _ in range(ROUNDS):
                for read in READS:
                    empty, _ = _load(bare, "/", REQUESTS)
                    took, load = _load(server, read.path, REQUESTS)
                    assert set(map(read.holds, load.bodies)) == {True}
                    ratios[read.name].append(empty / took)
    work = f"{REQUESTS:,} requests, {SIGNATURES:,} signatures"
    return [
        of_ratios(
            read.name,
            "the same server's empty 200",
            work,
            ratios[read.name],
            read.goal,
            at_most=False,
        )
        for read in READS
    ]


def _load(server: Server, path: str, requests: int) -> tuple[float, Load]:
    """Ask; return the seconds of processor time that the server took, and what happened."""
    before = cpu_of(server.pid)
    load = send_load(Job(server.port, CONNECTIONS, [get(path)] * requests))
    assert set(load.statuses) == {200}
    return cpu_of(server.pid) - before, load
