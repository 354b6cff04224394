"""The load generator: requests that were written before, over many connections, in a process of its own.

Each connection sends its next request when the answer to the last one is complete. The job comes over
stdin and what happened goes to stdout, both pickled, between this project's own two processes.
"""

import asyncio
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, cast

import uvloop

LONGEST_S: Final = 300
_END_OF_HEAD: Final = b"\r\n\r\n"
_LENGTH: Final = b"\r\ncontent-length: "


@dataclass(frozen=True, slots=True)
class Job:
    """Requests as they go over the line, to a port of this machine, over so many connections."""

    port: int
    connections: int
    requests: Sequence[bytes]


@dataclass(slots=True)
class Load:
    """What happened: each answer's status, body and seconds, in the order of the requests."""

    statuses: list[int]
    bodies: list[bytes]
    latencies: list[float]
    seconds: float = 0.0
    cpu: float = 0.0
    """Seconds of processor time that the generator itself took."""

    @property
    def per_s(self) -> float:
        """Answers in a second."""
        return len(self.statuses) / self.seconds

    @property
    def p99(self) -> float:
        """The seconds within which 99 of 100 answers came."""
        return sorted(self.latencies)[len(self.latencies) * 99 // 100]


def post(path: str, body: bytes) -> bytes:
    """Write a request that brings JSON."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def get(path: str) -> bytes:
    """Write a request that asks."""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n".encode()


def send_load(job: Job) -> Load:
    """Send requests from another process; return when the last is answered."""
    run = subprocess.run(
        [sys.executable, "-c", "from bench.load import main; main()"],
        input=pickle.dumps(job),
        stdout=subprocess.PIPE,
        check=True,
        timeout=LONGEST_S,
    )
    load = pickle.loads(run.stdout)  # noqa: S301 - our own process wrote it
    assert isinstance(load, Load)
    return load


@dataclass(slots=True)
class _Connection(asyncio.Protocol):
    """One connection: a request, its answer, the next."""

    waiting: Iterator[tuple[int, bytes]]
    load: Load
    done: asyncio.Future[None]
    index: int = -1
    sent_at: float = 0.0
    answer: bytearray = field(default_factory=bytearray)
    transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait until all connections are there."""
        # The loop's own transports are none by class, only by what they do.
        self.transport = cast("asyncio.Transport", transport)

    def send_next(self) -> None:
        """Send what is next, if there is anything."""
        assert self.transport is not None
        found = next(self.waiting, None)
        if found is None:
            self.transport.close()
            self.done.set_result(None)
            return
        self.index, request = found
        self.sent_at = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Note the answer when all of it is there."""
        self.answer += data
        end = self.answer.find(_END_OF_HEAD)
        if end < 0:
            return
        start = end + len(_END_OF_HEAD)
        if len(self.answer) < start + self._length(end):
            return
        self.load.latencies[self.index] = time.perf_counter() - self.sent_at
        self.load.statuses[self.index] = int(self.answer[9:12])
        self.load.bodies[self.index] = bytes(self.answer[start:])
        self.answer.clear()
        self.send_next()

    def _length(self, end: int) -> int:
        head = bytes(self.answer[:end]).lower()
        return int(head.partition(_LENGTH)[2].partition(b"\r\n")[0])

    def connection_lost(self, exc: Exception | None) -> None:
        """Let nobody wait for an answer that does not come."""
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server hung up"))


async def run_job(job: Job) -> Load:
    """Send every request of a job; return when the last is answered."""
    count = len(job.requests)
    load = Load([0] * count, [b""] * count, [0.0] * count)
    loop = asyncio.get_running_loop()
    waiting = iter(enumerate(job.requests))
    connections = []
    for _ in range(job.connections):
        _, connection = await loop.create_connection(
            lambda: _Connection(waiting, load, loop.create_future()), "127.0.0.1", job.port
        )
        connections.append(connection)
    cpu, start = time.process_time(), time.perf_counter()
    for each in connections:
        each.send_next()
    await asyncio.gather(*(each.done for each in connections))
    load.seconds = time.perf_counter() - start
    load.cpu = time.process_time() - cpu
    return load


def main() -> None:
    """Read a job, do it, write what happened."""
    job = pickle.load(sys.stdin.buffer)  # noqa: S301 - our own process wrote it
    done = pickle.dumps(uvloop.run(run_job(job)))
    # Where Python does not buffer its output, a write may be of a part.
    with open(sys.stdout.fileno(), "wb", closefd=False) as output:
        output.write(done)
