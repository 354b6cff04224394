"""What it costs to tell 2,000 open pages of new numbers while 738 members sign: CPU, memory, time.

The reference for CPU is the same server in the same run when as many sign another letter and nobody
listens; for memory and time it is what one page may cost, and how long it may lag behind. A page that
does not end with the right count fails the benchmark.
"""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import httpx2
from tests.e2e.community import Member, open_for_members
from tests.e2e.server import Server
from tests.live import HOST
from tests.web.listeners import open_pages, wait_until
from tests.web.members import chosen

from bench.result import Result, share
from undersigned.app.site import WholeSite, make_site
from undersigned.domain.letter import Mode
from undersigned.web.serving import raise_file_limit

PAGES: Final = 2_000
SIGNERS: Final = 738
HEADCOUNT: Final = 770
AT_ONCE: Final = 8
PATIENCE_S: Final = 60
PAUSE_S: Final = 2.0
"""Until a server that was busy has nothing left to do."""

PAGE_KIB: Final = 64
LAG_MS: Final = 3_000
CPU_GOAL: Final = 2.0

Request = dict[str, Any]


def measure() -> list[Result]:
    """Let as many sign twice: while nobody listens, and while all the pages are open."""
    raise_file_limit()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        site = make_site(folder / "data", HOST)
        members = {slug: _open(site, folder, slug) for slug in ("unheard", "heard")}
        site.close()
        server = Server(folder / "data")
        server.start()
        try:
            requests = {slug: _prepare(server.url, slug, found) for slug, found in members.items()}
            alone = _sign_alone(server, requests["unheard"])
            return asyncio.run(_sign_heard(server, requests["heard"], alone))
        finally:
            server.stop()


def _open(site: WholeSite, folder: Path, slug: str) -> list[Member]:
    terms = {"headcount": HEADCOUNT, "rule": 700, "cooling_off_s": 86_400}
    return open_for_members(site, folder / slug, slug, SIGNERS, **terms)[1]


def _prepare(url: str, slug: str, members: Sequence[Member]) -> list[Request]:
    """Let each member get a token and make ready what will be sent."""
    with httpx2.Client(base_url=url, timeout=PATIENCE_S) as client, _threads() as pool:
        made = pool.map(lambda member: chosen(client, slug, member.invite, Mode.PUBLIC)[1], members)
        return list(made)


def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_ONCE)


def _sign(url: str, slug: str, requests: Sequence[Request]) -> None:
    """Send all that was made ready; return when the last of it is counted."""
    path = f"/api/v1/letters/{slug}@1"
    with httpx2.Client(base_url=url, timeout=PATIENCE_S) as client, _threads() as pool:
        for answer in pool.map(lambda one: client.post(f"{path}/signatures", json=one), requests):
            assert answer.status_code == 201, answer.text
        end = time.monotonic() + PATIENCE_S
        while client.get(f"{path}/counts").json()["standing"] < SIGNERS:
            assert time.monotonic() < end
            time.sleep(0.02)


def _sign_alone(server: Server, requests: Sequence[Request]) -> float:
    time.sleep(PAUSE_S)
    before = _cpu_s(server.pid)
    _sign(server.url, "unheard", requests)
    time.sleep(PAUSE_S)
    return _cpu_s(server.pid) - before


async def _sign_heard(server: Server, requests: Sequence[Request], alone: float) -> list[Result]:
    resident = _resident_kib(server.pid)
    async with open_pages(server.url, "/api/v1/letters/heard@1/events", PAGES) as pages:
        each = (_resident_kib(server.pid) - resident) / PAGES
        await asyncio.sleep(PAUSE_S)
        before = _cpu_s(server.pid)
        await asyncio.to_thread(_sign, server.url, "heard", requests)
        start = time.monotonic()
        await wait_until(lambda: all(_standing(page.counts) == SIGNERS for page in pages))
        lag = (time.monotonic() - start) * 1_000
        await asyncio.sleep(PAUSE_S)
        cpu, events = _cpu_s(server.pid) - before, max(page.events for page in pages)
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


def _cpu_s(pid: int) -> float:
    """Return the seconds of processor that a process has used, of its own and in the system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def _resident_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))
