"""What it costs to accept signatures on PostgreSQL, with one process of the site and with two.

Three sites take the same crowds by turns: one in files (the reference, `accept`), one on PostgreSQL with one
process, and one on PostgreSQL with two, over which the connections are dealt out. PostgreSQL is a real one of
this run, which syncs. Whoever is not asked stands still meanwhile (SIGSTOP): an idle process looks around
ten times a second, and there are three.

Generator, database and two processes share the cores of one machine, so the clock says what two processes
are worth here; on machines of their own they are worth more. Processor time is that of the site's processes
and of PostgreSQL's server together, until the last signature is acknowledged; what each part takes for one
signature stands beside it. Everything that was acknowledged is read back from each of the logs.
"""

import os
import signal
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.e2e.server import Server
from tests.live import HOST

from bench.accept import check_log, send_crowd, wait_until_standing
from bench.crowd import Signed
from bench.engine import SQLITE, Engine, postgresql_engines
from bench.result import Result, of_ratios
from bench.rounds import ROUNDS, cpu_of, sized
from bench.site import CrowdedSite, fill_site
from undersigned.app.site import make_site

CONNECTIONS: Final = (64, 256)
SIGNATURES: Final = sized(500, 2_000)
"""In each round, at each site."""

WARM_UP: Final = 200

RATE_GOAL: Final = 0.7
CPU_GOAL: Final = 1.43
"""As much as the goal of the throughput allows where processors are what limits."""

MORE_GOAL: Final = 1.0
MORE_CPU_GOAL: Final = 1.2


@dataclass(frozen=True, slots=True)
class Round:
    """What was measured: answers in a second, and seconds of processor time of each part."""

    rate: float
    site: float
    database: float
    generator: float

    @property
    def cpu(self) -> float:
        """What the accepting side took."""
        return self.site + self.database


@dataclass(slots=True)
class _Place:
    """A site that is served by some processes, and what it has acknowledged and how."""

    engine: Engine
    site: CrowdedSite
    servers: Sequence[Server]
    acknowledged: list[Signed] = field(default_factory=list)
    rounds: dict[int, list[Round]] = field(default_factory=dict)

    def sign(self, connections: int, count: int) -> Round:
        """Let members sign; return what it took."""
        crowd = self.site.crowd.sign_many(count)
        with self._awake():
            site, database = self._cpu(), self.engine.cpu_of_server()
            load = send_crowd(self.servers[0], connections, crowd, *self.servers[1:])
            took = self._cpu() - site, self.engine.cpu_of_server() - database
            self.acknowledged += crowd
            wait_until_standing(self.servers[0], len(self.acknowledged))
        return Round(load.per_s, *(each / count for each in (*took, load.cpu)))

    def check(self, mirror: Path) -> None:
        """Read back from the log what was acknowledged."""
        with self._awake():
            check_log(self.servers[0], mirror, self.acknowledged)

    def _cpu(self) -> float:
        return sum(cpu_of(server.pid) for server in self.servers)

    @contextmanager
    def _awake(self) -> Iterator[None]:
        self._tell(signal.SIGCONT)
        yield
        self._tell(signal.SIGSTOP)

    def _tell(self, what: signal.Signals) -> None:
        for server in self.servers:
            os.kill(server.pid, what)


def measure() -> list[Result]:
    """Measure all three by turns; read everything back."""
    with ExitStack() as stack:
        base = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        engines = stack.enter_context(postgresql_engines(2))
        places = [
            stack.enter_context(_serve(base / str(number), engine, processes))
            for number, (engine, processes) in enumerate(
                zip((SQLITE, *engines), (1, 1, 2), strict=True)
            )
        ]
        for place in places:
            place.sign(CONNECTIONS[0], WARM_UP)
        for _ in range(ROUNDS):
            for connections in CONNECTIONS:
                for place in places:
                    took = place.sign(connections, SIGNATURES)
                    place.rounds.setdefault(connections, []).append(took)
        for number, place in enumerate(places):
            place.check(base / f"mirror-{number}")
    return [
        result
        for number in CONNECTIONS
        for result in results_of(number, *(place.rounds[number] for place in places))
    ]


@contextmanager
def _serve(base: Path, engine: Engine, processes: int) -> Iterator[_Place]:
    count = WARM_UP + len(CONNECTIONS) * ROUNDS * SIGNATURES
    site = fill_site(make_site(base / "data", HOST, address=engine.address), base / "letter", count)
    with ExitStack() as stack:
        servers = [
            stack.enter_context(Server(site.folder, settings=engine.settings))
            for _ in range(processes)
        ]
        yield _Place(engine, site, servers)


def results_of(
    connections: int, files: Sequence[Round], one: Sequence[Round], two: Sequence[Round]
) -> list[Result]:
    """Return what the rounds in files, with one process and with two came to."""
    name = f"accept-pg at {connections}"
    work = f"{SIGNATURES:,} signatures, {connections} connections"
    return [
        of_ratios(
            f"{name}, one process: throughput",
            "accept on SQLite",
            work,
            [more.rate / least.rate for more, least in zip(one, files, strict=True)],
            RATE_GOAL,
            at_most=False,
        ),
        of_ratios(
            f"{name}, one process: processor time",
            f"accept on SQLite: {_parts_of(files)}",
            f"{work}: {_parts_of(one)}",
            [more.cpu / least.cpu for more, least in zip(one, files, strict=True)],
            CPU_GOAL,
        ),
        of_ratios(
            f"{name}, two processes: throughput",
            "one process",
            work,
            [more.rate / least.rate for more, least in zip(two, one, strict=True)],
            MORE_GOAL,
            at_most=False,
        ),
        of_ratios(
            f"{name}, two processes: processor time",
            "one process",
            f"{work}: {_parts_of(two)}",
            [more.cpu / least.cpu for more, least in zip(two, one, strict=True)],
            MORE_CPU_GOAL,
        ),
    ]


def _parts_of(rounds: Sequence[Round]) -> str:
    """Say what each part takes for one signature."""
    parts = {
        "site": [each.site for each in rounds],
        "PostgreSQL": [each.database for each in rounds],
        "generator": [each.generator for each in rounds],
    }
    return ", ".join(
        f"{name} {1_000_000 * statistics.median(found):.0f} µs"
        for name, found in parts.items()
        if any(found)
    )
