"""A flood: more requests than a server can answer, at a rate of its own, in a process of its own.

Requests are sent when their time has come, answered or not, over connections that carry one at a time.
What is refused for want of room (503) is sent again later, as members' pages do; what is acknowledged is
not. Where no connection is free, the rate is not kept, and what came of it says so.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from bench.load import Exchange, do_apart, run_apart
from undersigned.web.serving import raise_file_limit

STEP_S: Final = 0.005
BUSY: Final = 503


@dataclass(frozen=True, slots=True)
class Surge:
    """So many requests a second for so long, over so many connections, to a port of this machine."""

    port: int
    connections: int
    per_s: float
    seconds: float
    requests: Sequence[bytes]


@dataclass(slots=True)
class Flooded:
    """What happened: how many were sent, how often each status came, the answers of those taken."""

    sent: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    bodies: dict[int, bytes] = field(default_factory=dict)
    """By the index of the request, of those that were acknowledged."""

    seconds: float = 0.0
    cpu: float = 0.0


def send_flood(surge: Surge) -> Flooded:
    """Send a flood from another process; return when its time is over, and all that was sent is answered."""
    flooded = run_apart("bench.flood", surge)
    assert isinstance(flooded, Flooded)
    return flooded


class _Flood:
    """What waits to be sent, and by which connections it can be."""

    def __init__(self, surge: Surge) -> None:
        self.surge = surge
        self.found = Flooded()
        self.waiting = deque(range(len(surge.requests)))
        self.free: list[_Connection] = []
        self.under_way = 0

    @property
    def is_busy(self) -> bool:
        """Say whether anything is not acknowledged yet."""
        return bool(self.waiting or self.under_way)

    def send_due(self, since: float) -> None:
        """Send what should have been sent by now, as far as there are connections for it."""
        due = int(since * self.surge.per_s) - self.found.sent
        for _ in range(min(due, len(self.free), len(self.waiting))):
            index = self.waiting.popleft()
            self.found.sent += 1
            self.under_way += 1
            self.free.pop().begin(index, self.surge.requests[index])

    def note(self, connection: "_Connection", status: int, body: bytes) -> None:
        """Note an answer."""
        self.under_way -= 1
        self.found.statuses[status] += 1
        self.free.append(connection)
        if status == BUSY:
            self.waiting.append(connection.index)
        else:
            self.found.bodies[connection.index] = body


class _Connection(Exchange):
    """A connection that waits for its turn."""

    def __init__(self, flood: _Flood, done: asyncio.Future[None]) -> None:
        super().__init__(done)
        self._flood = flood
        self.index = -1

    def begin(self, index: int, request: bytes) -> None:
        """Send a request."""
        self.index = index
        self.send(request)

    def answered(self, status: int, body: bytes) -> None:
        """Note the answer; the connection is free again."""
        self._flood.note(self, status, body)


async def run_surge(surge: Surge) -> Flooded:
    """Send a flood, then wait for the answers that are still to come."""
    raise_file_limit()
    flood = _Flood(surge)
    loop = asyncio.get_running_loop()
    for _ in range(surge.connections):
        _, connection = await loop.create_connection(
            lambda: _Connection(flood, loop.create_future()), "127.0.0.1", surge.port
        )
        flood.free.append(connection)
    everyone = list(flood.free)
    cpu, start = time.process_time(), time.perf_counter()
    while flood.is_busy and (since := time.perf_counter() - start) < surge.seconds:
        flood.send_due(since)
        await asyncio.sleep(STEP_S)
    flood.found.seconds = time.perf_counter() - start
    flood.found.cpu = time.process_time() - cpu
    while flood.under_way:
        await asyncio.sleep(STEP_S)
    for connection in everyone:
        connection.close()
    await asyncio.gather(*(connection.done for connection in everyone))
    return flood.found


def main() -> None:
    """Read a job, do it, write what happened."""
    do_apart(run_surge)
