"""What it costs to tell 2,000 open pages of new numbers while 738 members sign: CPU, memory, time.

The reference for CPU is the same server in the same run when as many sign before and nobody listens; for
memory and time it is what one page may cost, and how long it may lag behind. A page that does not end with
the right count fails the benchmark.
"""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import httpx2
from tests.e2e.server import Server
from tests.web.listeners import open_pages, wait_until

from bench.crowd import Signed
from bench.result import Result, share
from bench.rounds import cpu_of, memory_of
from bench.site import SLUG, make_crowded_site
from undersigned.domain.record import format_record
from undersigned.signer.signing import signed_request
from undersigned.web.serving import raise_file_limit

PAGES: Final = 2_000
SIGNERS: Final = 738
AT_ONCE: Final = 8
PATIENCE_S: Final = 60
PAUSE_S: Final = 2.0
"""Until a server that was busy has nothing left to do."""

PAGE_KIB: Final = 64
LAG_MS: Final = 3_000
CPU_GOAL: Final = 2.0

LETTER: Final = f"/api/v1/letters/{SLUG}"


def measure() -> list[Result]:
    """Let as many sign twice: while nobody listens, and while all the pages are open."""
    raise_file_limit()
    with tempfile.TemporaryDirectory() as name:
        site = make_crowded_site(Path(name), 2 * SIGNERS)
        unheard, heard = (site.crowd.sign_many(SIGNERS) for _ in range(2))
        with Server(site.folder) as server:
            alone = _sign_alone(server, unheard)
            return asyncio.run(_sign_heard(server, heard, alone))


def _sign(url: str, crowd: Sequence[Signed], standing: int) -> None:
    """Let all of a crowd sign; return when so many stand."""
    requests = [signed_request(format_record(each.record), each.blob) for each in crowd]
    with httpx2.Client(base_url=url, timeout=PATIENCE_S) as client, _threads() as pool:
        for answer in pool.map(lambda one: client.post(f"{LETTER}/signatures", json=one), requests):
            assert answer.status_code == 201, answer.text
        end = time.monotonic() + PATIENCE_S
        while client.get(f"{LETTER}/counts").json()["standing"] < standing:
            assert time.monotonic() < end
            time.sleep(0.02)


def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_ONCE)


def _sign_alone(server: Server, crowd: Sequence[Signed]) -> float:
    time.sleep(PAUSE_S)
    before = cpu_of(server.pid)
    _sign(server.url, crowd, SIGNERS)
    time.sleep(PAUSE_S)
    return cpu_of(server.pid) - before


async def _sign_heard(server: Server, crowd: Sequence[Signed], alone: float) -> list[Result]:
    resident = memory_of(server.pid)
    async with open_pages(server.url, f"{LETTER}/events", PAGES) as pages:
        each = (memory_of(server.pid) - resident) / 1024 / PAGES
        await asyncio.sleep(PAUSE_S)
        before = cpu_of(server.pid)
        await asyncio.to_thread(_sign, server.url, crowd, 2 * SIGNERS)
        start = time.monotonic()
        await wait_until(lambda: all(_standing(page.counts) == 2 * SIGNERS for page in pages))
        lag = (time.monotonic() - start) * 1_000
        await asyncio.sleep(PAUSE_S)
        cpu, events = cpu_of(server.pid) - before, max(page.events for page in pages)
    told = f"{events} events to {PAGES:,} pages while {SIGNERS} sign"
    ratio = round(cpu / alone, 3)
    return [
        Result(
            "CPU of the server",
            f"{alone:.1f} s when nobody listens",
            f"{told}: {cpu:.1f} s",
            ratio,
            ratio,
            ratio,
            CPU_GOAL,
        ),
        share("memory of an open page", f"mean of {PAGES:,}", [each], PAGE_KIB, "KiB"),
        share("the last page has the count", told, [lag], LAG_MS, "ms"),
    ]


def _standing(counts: dict[str, Any] | None) -> int:
    return -1 if counts is None else int(counts["standing"])
