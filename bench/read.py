"""What reading costs: a letter's page, its numbers, the log's checkpoint and a full tile of its entries.

Each is asked for over 64 connections of a real `undersigned serve`; page and numbers also as browsers ask for
them, who take them packed by gzip. References, by turns in the same run: an empty 200 of the same server
(`bare`), and nginx, one process of it, with the same bytes as files, which it hands to the system to send.
Rates are answers in a second of each server's own processor time: its one loop is what limits it, and what
else the machine does is then left out.
"""

import gzip
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from tests.e2e.server import Server

from bench.load import Job, Load, get, send_load
from bench.result import Result, of_ratios
from bench.rounds import ROUNDS, cpu_of, sized
from bench.site import SLUG, make_crowded_site
from bench.static_files import Nginx, nginx_with
from undersigned.tlog.tile import FULL_WIDTH, parse_entry_bundle

SIGNATURES: Final = sized(400, 10_000)
REQUESTS: Final = sized(2_000, 20_000)
OF_NGINX: Final = 2
"""So many times as many requests: it takes so little for one that the system's clock would not see it."""

CONNECTIONS: Final = 64
TILE_GOAL: Final = 1.0
"""Of nginx's rate: a tile as a file of the system's, or as cheap."""


class _Read(NamedTuple):
    """What is read and how, what parts of the empty answer's and of nginx's rate it has to reach.

    `holds` says whether a body is it. What performance is to be beside an empty answer, and that answer
    beside nginx (a third, on machines like this one), make what it is to be beside nginx.
    """

    name: str
    path: str
    of_empty: float
    of_nginx: float
    holds: Callable[[bytes], bool]
    packed: bool = False


def _is_page(body: bytes) -> bool:
    return b"</html>" in body


def _is_packed_page(body: bytes) -> bool:
    return _is_page(gzip.decompress(body))


def _is_counts(body: bytes) -> bool:
    return b'"standing":' in body


def _is_checkpoint(body: bytes) -> bool:
    return body.startswith(b"letters.example/log\n")


def _is_tile(body: bytes) -> bool:
    return len(parse_entry_bundle(body, FULL_WIDTH)) == FULL_WIDTH


_PAGE: Final = f"/letters/{SLUG}"
_COUNTS: Final = f"/api/v1/letters/{SLUG}/counts"

READS: Final = (
    _Read("letter page", _PAGE, 0.5, 0.17, _is_page),
    _Read("letter page, packed", _PAGE, 0.5, 0.17, _is_packed_page, packed=True),
    _Read("counts", _COUNTS, 0.7, 0.24, _is_counts),
    _Read("checkpoint", "/log/checkpoint", 0.7, 0.24, _is_checkpoint),
    _Read("tile", "/log/tile/entries/000", 0.7, TILE_GOAL, _is_tile),
)


@dataclass(slots=True)
class _Found:
    """The rounds of one way to read: its rate over that of each reference, and how long a body is."""

    of_empty: list[float] = field(default_factory=list)
    of_nginx: list[float] = field(default_factory=list)
    size: int = 0


def measure() -> list[Result]:
    """Measure reading while nobody signs."""
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        site = make_crowded_site(base, SIGNATURES, signed=SIGNATURES)
        bare = Server(base / "bare", answers="/", program=("-m", "bench.bare"))
        found = {read.name: _Found() for read in READS}
        with Server(site.folder) as server, bare:
            bodies = {read: _load(server, read, CONNECTIONS)[1].bodies[0] for read in READS}
            for read, body in bodies.items():
                found[read.name].size = len(body)
            files = {
                f"{read.path}.gz" if read.packed else read.path: bodies[read] for read in READS
            }
            with nginx_with(base / "nginx", files) as nginx:
                for _ in range(ROUNDS):
                    for read in READS:
                        _measure_round(found[read.name], read, server, bare, nginx)
    return [result for read in READS for result in _results(read, found[read.name])]


def _measure_round(found: _Found, read: _Read, server: Server, bare: Server, nginx: Nginx) -> None:
    empty, _ = _load(bare, read, REQUESTS)
    took, load = _load(server, read, REQUESTS)
    least, same = _load(nginx, read, OF_NGINX * REQUESTS)
    for each in (load, same):
        assert set(map(read.holds, set(each.bodies))) == {True}
    found.of_empty.append(empty / took)
    found.of_nginx.append(least / took)


def _load(server: Server | Nginx, read: _Read, requests: int) -> tuple[float, Load]:
    """Ask; return the seconds of processor time that the server took for each, and what happened."""
    before = cpu_of(server.pid)
    asked = get(read.path, packed=read.packed)
    load = send_load(Job(server.port, CONNECTIONS, [asked] * requests))
    assert set(load.statuses) == {200}
    return (cpu_of(server.pid) - before) / requests, load


def _results(read: _Read, found: _Found) -> list[Result]:
    work = f"{REQUESTS:,} requests, {SIGNATURES:,} signatures, {found.size:,} bytes"
    empty, nginx = "the same server's empty 200", "nginx with the same bytes"
    return [
        of_ratios(read.name, empty, work, found.of_empty, read.of_empty, at_most=False),
        of_ratios(read.name, nginx, work, found.of_nginx, read.of_nginx, at_most=False),
    ]
