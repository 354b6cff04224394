"""The load generator: requests that were written before, over many connections, in a process of its own.

Each connection sends its next request when the answer to the last one is complete. The job comes over
stdin and what happened goes to stdout, both pickled, between this project's own two processes.
"""

import asyncio
import pickle
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any, Final, cast

import uvloop

LONGEST_S: Final = 300
_END_OF_HEAD: Final = b"\r\n\r\n"
_LENGTH: Final = b"\r\ncontent-length: "


@dataclass(frozen=True, slots=True)
class Job:
    """Requests as they go over the line, to a port of this machine, over so many connections.

    Where there are `more_ports`, connections are dealt out among all of them, as a proxy would.
    """

    port: int
    connections: int
    requests: Sequence[bytes]
    more_ports: Sequence[int] = ()


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


def get(path: str, *, packed: bool = False) -> bytes:
    """Write a request that asks; `packed`: as browsers do, who take an answer that gzip has packed."""
    takes = "Accept-Encoding: gzip, deflate, br, zstd\r\n" if packed else ""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n{takes}\r\n".encode()


def send_load(job: Job) -> Load:
    """Send requests from another process; return when the last is answered."""
    load = run_apart("bench.load", job)
    assert isinstance(load, Load)
    return load


def run_apart(module: str, job: object) -> object:
    """Let the `main` of a module do a job in another process; return what it hands back."""
    run = subprocess.run(
        [sys.executable, "-c", f"from {module} import main; main()"],
        input=pickle.dumps(job),
        stdout=subprocess.PIPE,
        check=True,
        timeout=LONGEST_S,
    )
    found: object = pickle.loads(run.stdout)  # noqa: S301 - our own process wrote it
    return found


class Exchange(asyncio.Protocol, ABC):
    """One connection: a request is sent when the answer to the last one is complete."""

    def __init__(self, done: asyncio.Future[None]) -> None:
        self.done = done
        self._answer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out."""
        # The loop's own transports are none by class, only by what they do.
        self._transport = cast("asyncio.Transport", transport)

    def send(self, request: bytes) -> None:
        """Send a request."""
        assert self._transport is not None
        self._transport.write(request)

    def close(self) -> None:
        """End the connection."""
        assert self._transport is not None
        self._transport.close()
        self.done.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Hand on the answer when all of it is there."""
        self._answer += data
        end = self._answer.find(_END_OF_HEAD)
        if end < 0:
            return
        start = end + len(_END_OF_HEAD)
        if len(self._answer) < start + self._length(end):
            return
        status, body = int(self._answer[9:12]), bytes(self._answer[start:])
        self._answer.clear()
        self.answered(status, body)

    @abstractmethod
    def answered(self, status: int, body: bytes) -> None:
        """Note an answer, and go on."""

    def _length(self, end: int) -> int:
        head = bytes(self._answer[:end]).lower()
        return int(head.partition(_LENGTH)[2].partition(b"\r\n")[0])

    def connection_lost(self, exc: Exception | None) -> None:
        """Let nobody wait for an answer that does not come."""
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server hung up"))


class _Connection(Exchange):
    """A connection that takes its requests from those that wait for all."""

    def __init__(
        self, waiting: Iterator[tuple[int, bytes]], load: Load, done: asyncio.Future[None]
    ) -> None:
        super().__init__(done)
        self._waiting = waiting
        self._load = load
        self._index = -1
        self._sent_at = 0.0

    def send_next(self) -> None:
        """Send what is next, if there is anything."""
        found = next(self._waiting, None)
        if found is None:
            self.close()
            return
        self._index, request = found
        self._sent_at = time.perf_counter()
        self.send(request)

    def answered(self, status: int, body: bytes) -> None:
        """Note the answer, and send the next request."""
        self._load.latencies[self._index] = time.perf_counter() - self._sent_at
        self._load.statuses[self._index] = status
        # Where all answers are the same, as of one page, it is kept and handed back once.
        first = self._load.bodies[0]
        self._load.bodies[self._index] = first if body == first else body
        self.send_next()


async def run_job(job: Job) -> Load:
    """Send every request of a job; return when the last is answered."""
    count = len(job.requests)
    load = Load([0] * count, [b""] * count, [0.0] * count)
    loop = asyncio.get_running_loop()
    waiting = iter(enumerate(job.requests))
    connections = []
    for port in islice(cycle((job.port, *job.more_ports)), job.connections):
        _, connection = await loop.create_connection(
            lambda: _Connection(waiting, load, loop.create_future()), "127.0.0.1", port
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
    do_apart(run_job)


def do_apart(work: Callable[[Any], Coroutine[Any, Any, object]]) -> None:
    """Read a job from stdin, do it, and write what happened to stdout."""
    job = pickle.load(sys.stdin.buffer)  # noqa: S301 - our own process wrote it
    done = pickle.dumps(uvloop.run(work(job)))
    # Where Python does not buffer its output, a write may be of a part.
    with open(sys.stdout.fileno(), "wb", closefd=False) as output:
        output.write(done)
