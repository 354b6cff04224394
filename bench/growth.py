"""What a long log costs those who sign and read today: nothing, if all is as it should be.

Sites with an empty log and with 10^5 signatures in it (10^6 with FULL=1) run side by side. By turns, each
takes signatures, and is read, over 64 connections; what is compared is the processor time of the server for
each signature until it is in the log, and for each page, so that what else the machine does matters little.
"""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx2
import msgspec
from tests.e2e.server import Server

from bench.crowd import Signed
from bench.grown import grow
from bench.load import Job, get, post, send_load
from bench.result import Result, of_ratios, share
from bench.rounds import ROUNDS, cpu_of, most_memory, sized
from bench.site import PATIENCE_S, SLUG, CrowdedSite, make_crowded_site
from undersigned.domain.record import format_record
from undersigned.signer.signing import signed_request

SIZES: Final = sized((0, 100_000), (0, 100_000, 1_000_000))
TURNS: Final = sized(5, 10)
"""In each round: the speed of a machine is another one every second, and each site is to meet all of them."""

SIGNATURES: Final = sized(60, 300)
"""In each turn, for each site."""

READS: Final = sized(1_000, 2_000)
"""In each turn, for each site."""

CONNECTIONS: Final = 64
GOAL: Final = 0.9
MOST_MEMORY: Final = 300 * 1024 * 1024

_LETTER: Final = f"/api/v1/letters/{SLUG}"
PAGES: Final = (
    f"/letters/{SLUG}",
    f"/letters/{SLUG}/names",
    f"{_LETTER}/counts",
    "/log/checkpoint",
)


@dataclass(slots=True)
class _Grown:
    """A site with so many signatures, its server, and what each signature and page cost it, by round."""

    size: int
    site: CrowdedSite
    server: Server
    signing: list[float] = field(default_factory=list)
    reading: list[float] = field(default_factory=list)
    signed: int = 0

    def sign(self) -> float:
        """Let members sign; return the server's time until all stand."""
        crowd = self.site.crowd.sign_many(SIGNATURES)
        requests = [_request_of(each) for each in crowd]
        before = cpu_of(self.server.pid)
        load = send_load(Job(self.server.port, CONNECTIONS, requests))
        assert set(load.statuses) == {201}
        self.signed += SIGNATURES
        _wait_until_standing(self.server, self.size + self.signed)
        return cpu_of(self.server.pid) - before

    def read(self) -> float:
        """Read pages; return the server's time for them."""
        requests = [get(PAGES[i % len(PAGES)]) for i in range(READS)]
        before = cpu_of(self.server.pid)
        load = send_load(Job(self.server.port, CONNECTIONS, requests))
        assert set(load.statuses) == {200}
        return cpu_of(self.server.pid) - before


def measure() -> list[Result]:
    """Measure signing and reading with every size."""
    with tempfile.TemporaryDirectory() as name:
        sites = [_make(Path(name) / str(size), size) for size in SIZES]
        try:
            for each in sites:
                each.server.start()
                each.sign()
            for _ in range(ROUNDS):
                _measure_round(sites)
            memory = {each.size: most_memory(each.server.pid) for each in sites}
            # A letter that comes to its rule has other work: its names are opened.
            assert {_ask(each.server, _LETTER)["state"] for each in sites} == {"open"}
        finally:
            for each in sites:
                each.server.kill()
    empty, *grown = sites
    return [result for each in grown for result in _compare(empty, each, memory[each.size])]


def _measure_round(sites: Sequence[_Grown]) -> None:
    turns = [[(each.sign(), each.read()) for each in sites] for _ in range(TURNS)]
    for each, took in zip(sites, zip(*turns, strict=True), strict=True):
        signing, reading = map(sum, zip(*took, strict=True))
        each.signing.append(signing / (TURNS * SIGNATURES))
        each.reading.append(reading / (TURNS * READS))


def _make(base: Path, size: int) -> _Grown:
    site = make_crowded_site(base, SIGNATURES * (TURNS * ROUNDS + 1), others=size)
    grow(site.folder, site.letter, size)
    return _Grown(size, site, Server(site.folder))


def _compare(empty: _Grown, grown: _Grown, memory: int) -> list[Result]:
    work, reference = f"{grown.size:,} signatures in the log", "an empty log"
    pairs = (("accept", empty.signing, grown.signing), ("read", empty.reading, grown.reading))
    return [
        *(
            of_ratios(
                f"growth: {name}",
                reference,
                work,
                [few / many for few, many in zip(before, after, strict=True)],
                GOAL,
                at_most=False,
            )
            for name, before, after in pairs
        ),
        share("growth: memory of the server", work, [memory], MOST_MEMORY, "bytes"),
    ]


def _request_of(signed: Signed) -> bytes:
    request = signed_request(format_record(signed.record), signed.blob)
    return post(f"{_LETTER}/signatures", msgspec.json.encode(request))


def _wait_until_standing(server: Server, number: int) -> None:
    end = time.monotonic() + PATIENCE_S
    while _ask(server, f"{_LETTER}/counts")["standing"] < number:
        assert time.monotonic() < end, "what was acknowledged is not in the log in time"
        time.sleep(0.2)


def _ask(server: Server, path: str) -> dict[str, Any]:
    answer: dict[str, Any] = httpx2.get(f"{server.url}{path}").raise_for_status().json()
    return answer
