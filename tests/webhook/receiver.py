"""A receiver of webhooks on this machine, which behaves as it is told to; a network that leads there."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from undersigned.webhook.call import Answer, Call
from undersigned.webhook.calling import Caller, Network
from undersigned.webhook.target import Address, Target

HOST = "hooks.example"
OTHER = "other.example"
HERE = "127.0.0.1"

PATIENCE_S = 60

OK = b"HTTP/1.1 204 No Content\r\n\r\n"


def status(number: int, *lines: str) -> bytes:
    """Return an answer without a body."""
    head = [f"HTTP/1.1 {number} So", *lines, "Content-Length: 0"]
    return "\r\n".join([*head, "", ""]).encode()


@dataclass(frozen=True)
class Received:
    """A request as it came: the headers' names in lower case."""

    line: str
    headers: dict[str, str]
    body: bytes


Behaviour = Callable[[ssl.SSLSocket], None]
"""What a receiver does instead of an answer."""


@dataclass
class Receiver:
    """Answers each call with the next of `answers`, the last one for good; keeps what it got."""

    port: int
    answers: list[bytes | Behaviour] = field(default_factory=lambda: [OK])
    calls: list[Received] = field(default_factory=list)
    connections: int = 0

    @property
    def target(self) -> Target:
        """Where it is called."""
        return Target(HOST, self.port, "/hook?a=1")

    def wait_for_calls(self, number: int) -> None:
        """Wait until it has been called so many times."""
        end = time.monotonic() + PATIENCE_S
        while len(self.calls) < number:
            assert time.monotonic() < end, f"{len(self.calls)} of {number} calls came"
            time.sleep(0.01)

    def take(self, connection: ssl.SSLSocket) -> None:
        """Read a request and answer it."""
        call = _read(connection)
        if call is not None:
            self.calls.append(call)
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if isinstance(answer, bytes):
                connection.sendall(answer)
            else:
                answer(connection)


def _read(connection: ssl.SSLSocket) -> Received | None:
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return None
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    line, *rest = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, value in (each.split(": ", 1) for each in rest)}
    while len(body) < int(headers["content-length"]):
        body += connection.recv(65536)
    return Received(line, headers, body)


@contextmanager
def receiving(certificate: Path) -> Iterator[Receiver]:
    """Let a receiver listen at a free port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    ending = threading.Event()
    with socket.create_server((HERE, 0)) as listener:
        receiver = Receiver(listener.getsockname()[1])

        def serve_one(raw: socket.socket) -> None:
            with raw, suppress(OSError), context.wrap_socket(raw, server_side=True) as connection:
                receiver.take(connection)

        def serve() -> None:
            while not ending.is_set():
                with suppress(TimeoutError):
                    raw, _ = listener.accept()
                    raw.settimeout(10)
                    receiver.connections += 1
                    threading.Thread(target=serve_one, args=(raw,), daemon=True).start()

        listener.settimeout(0.05)
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield receiver
        finally:
            ending.set()
            thread.join()


@dataclass
class Names:
    """A name server that answers each look-up with the next of `answers`, the last one for good."""

    answers: list[Sequence[str]]
    asked: list[str] = field(default_factory=list)

    async def resolve(self, host: str, _port: int) -> Sequence[str]:
        """Answer a look-up."""
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def permit_loopback(address: Address) -> bool:
    """Permit what no server permits: this machine, and nothing else."""
    return address.is_loopback


def network_of(
    certificate: Path,
    *addresses: str,
    permits: Callable[[Address], bool] = permit_loopback,
    longest_call_s: float = 5.0,
) -> Network:
    """Return a network in which every name leads to these addresses, and the certificate is trusted."""
    names = Names([addresses or (HERE,)])
    return Network(names.resolve, permits, lambda: trust(certificate), longest_call_s)


def trust(certificate: Path) -> ssl.SSLContext:
    """Return what trusts a certificate and no other."""
    return ssl.create_default_context(cafile=certificate)


class NearCaller(Caller):
    """Makes calls to whatever port is named at the port of a receiver; all else is as it is served."""

    def __init__(self, network: Network, port: int) -> None:
        super().__init__(network)
        self._port = port

    def begin(self, call: Call) -> Future[Answer]:
        """Begin a call."""
        return super().begin(replace(call, target=replace(call.target, port=self._port)))
