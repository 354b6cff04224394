"""One call: for a bounded time, to an address that was looked at, with a bounded answer.

1. The host's name is looked up, once. Every address that it has must be public; one that is not refuses all.
2. The connection goes to one of these very addresses: nothing is looked up a second time, in which a name
   server could answer otherwise. TLS is verified for the name.
3. The call is sent. No redirect is followed, no proxy of the environment is used, no cookie kept.
4. Of the answer its head is read, for its status; its body is left where it is.

What comes to nothing is told as a word of `Problem`: a text of the network's may hold the address.
"""

import asyncio
import ipaddress
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Final

import httpcore2

from undersigned.webhook.call import Answer, Call, Problem
from undersigned.webhook.target import Address, Target, is_public

LONGEST_CALL_S: Final = 10.0
"""From the look-up of the name to the head of the answer, however slowly that comes."""
LONGEST_CONNECT_S: Final = 3.0
"""For one of a name's addresses; another one may be better."""
MOST_ADDRESSES: Final = 8
LOOK_UPS_AT_ONCE: Final = 64
"""Twice the calls that a site makes at once: a look-up goes on when its call has been given up, and holds its
thread until the system gives up, too."""
LONGEST_HEAD: Final = 32 * 1024
"""Bytes of an answer that are read; a head has some hundreds."""


Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Looks up a name; returns its addresses as numbers. Raises OSError."""


async def resolve(host: str, port: int) -> Sequence[str]:
    """Look a name up as this machine does. Raises OSError."""
    look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await asyncio.get_running_loop().run_in_executor(_look_ups(), look_up)
    return [str(address[0]) for *_, address in found]


@cache
def _look_ups() -> ThreadPoolExecutor:
    """Return the threads in which names are looked up; asyncio's own are few, and for others as well."""
    return ThreadPoolExecutor(LOOK_UPS_AT_ONCE, thread_name_prefix="names")


@cache
def trusted() -> ssl.SSLContext:
    """Return whom this machine trusts; reading all their certificates takes a while."""
    return httpcore2.default_ssl_context()


@dataclass(frozen=True, slots=True)
class Network:
    """The network as calls see it: what looks names up, which addresses are permitted, whom TLS trusts.

    There is no setting for any of it: what a server on the Internet must not reach, none of its settings
    lets it reach.
    """

    resolve: Resolve = resolve
    permits: Callable[[Address], bool] = is_public
    tls: Callable[[], ssl.SSLContext] = trusted
    longest_call_s: float = LONGEST_CALL_S


class _Failed(Exception):
    """A call comes to nothing, for a reason that is known here."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem


class _Stream(httpcore2.AsyncNetworkStream):
    """A connection from which no more than a head is read."""

    def __init__(self, stream: httpcore2.AsyncNetworkStream) -> None:
        self._stream = stream
        self._left = LONGEST_HEAD

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._left <= 0:
            raise _Failed(Problem.NO_HTTP)
        data = await self._stream.read(min(max_bytes, self._left), timeout)
        self._left -= len(data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        try:
            return _Stream(await self._stream.start_tls(ssl_context, server_hostname, timeout))
        except httpcore2.ConnectError:
            raise _Failed(Problem.NO_TLS) from None

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore2.AsyncNetworkBackend):
    """Connects to addresses that were looked at, whatever name is asked for."""

    def __init__(self, addresses: Sequence[Address]) -> None:
        self._addresses = addresses
        self._inner = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,  # noqa: ARG002 - looked up before, and not again
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - each address has its own
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        for address in self._addresses:
            try:
                stream = await self._inner.connect_tcp(
                    str(address), port, LONGEST_CONNECT_S, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
            return _Stream(stream)
        raise _Failed(Problem.NO_CONNECTION)


async def send(call: Call, network: Network) -> Answer:
    """Make a call; return what came of it."""
    try:
        async with asyncio.timeout(network.longest_call_s):
            addresses = await _find_addresses(call.target, network)  # 1
            return Answer(await _exchange(call, network, addresses))
    except TimeoutError:
        return Answer(problem=Problem.TOO_SLOW)
    except _Failed as error:
        return Answer(problem=error.problem)
    except (httpcore2.ProtocolError, httpcore2.NetworkError, OSError):
        return Answer(problem=Problem.NO_HTTP)


async def _find_addresses(target: Target, network: Network) -> Sequence[Address]:
    """Look the host's name up. Raises _Failed unless every address of it is permitted."""
    try:
        found = await network.resolve(target.host, target.port)
        # The scope of a link-local address is not a part of it.
        addresses = [ipaddress.ip_address(each.partition("%")[0]) for each in found]
    except (OSError, UnicodeError, ValueError):
        raise _Failed(Problem.NO_NAME) from None
    if not addresses:
        raise _Failed(Problem.NO_NAME)
    if not all(network.permits(each) for each in addresses):
        raise _Failed(Problem.REFUSED)
    return list(dict.fromkeys(addresses))[:MOST_ADDRESSES]


async def _exchange(call: Call, network: Network, addresses: Sequence[Address]) -> int:
    """Do steps 2 to 4; return the status."""
    target = call.target
    url = httpcore2.URL(
        scheme=b"https",
        host=target.host.encode("ascii"),
        port=target.port,
        target=target.path.encode("ascii"),
    )
    async with (
        httpcore2.AsyncConnectionPool(
            ssl_context=network.tls(), network_backend=_Backend(addresses)
        ) as pool,
        pool.stream(
            "POST", url, headers=tuple(call.headers.items()), content=call.body
        ) as response,
    ):
        return response.status


class Caller:
    """Makes calls at once, as many as it is given, in a thread of its own. `stop` ends those that go on."""

    def __init__(self, network: Network | None = None) -> None:
        self._network = network or Network()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def begin(self, call: Call) -> "Future[Answer]":
        """Begin a call."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(
                target=self._loop.run_forever, name="calls", daemon=True
            )
            self._thread.start()
        return asyncio.run_coroutine_threadsafe(send(call, self._network), self._loop)

    def stop(self) -> None:
        """End the calls that go on; what has become of them is not known."""
        if self._loop is None or self._thread is None:
            return
        asyncio.run_coroutine_threadsafe(_end_all(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._loop = self._thread = None


async def _end_all() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
