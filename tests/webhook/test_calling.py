"""One call: to the address that was looked at, for a bounded time; what a hostile receiver can do with it."""

import asyncio
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.certificates import make_certificate
from tests.webhook.receiver import (
    HERE,
    HOST,
    OTHER,
    Behaviour,
    Names,
    Receiver,
    network_of,
    permit_loopback,
    receiving,
    status,
    trust,
)

from undersigned.app.calling import MOST_AT_ONCE
from undersigned.webhook.call import Answer, Call, Problem
from undersigned.webhook.calling import Caller, Network, resolve, send, trusted
from undersigned.webhook.target import is_public

BODY = b'{"type":"letter.test"}'


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of the receiver's name."""
    return make_certificate(tmp_path_factory.mktemp("tls") / "server.pem", HOST)


@pytest.fixture
def receiver(certificate: Path) -> Iterator[Receiver]:
    """A receiver that takes every call."""
    with receiving(certificate) as made:
        yield made


def call_of(receiver: Receiver) -> Call:
    """Return a call to a receiver."""
    return Call(receiver.target, {"Content-Type": "application/json"}, BODY)


def answer_of(receiver: Receiver, network: Network) -> Answer:
    """Call a receiver."""
    return asyncio.run(send(call_of(receiver), network))


def test_a_call_arrives_as_it_is(receiver: Receiver, certificate: Path) -> None:
    """By POST, with its headers, its body and nothing of the network's own."""
    assert answer_of(receiver, network_of(certificate)) == Answer(204)
    (call,) = receiver.calls
    assert call.line == "POST /hook?a=1 HTTP/1.1"
    assert call.body == BODY
    assert call.headers == {
        "host": f"{HOST}:{receiver.port}",
        "content-type": "application/json",
        "content-length": str(len(BODY)),
    }


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.1.2.3"],
        ["169.254.169.254"],
        ["::1"],
        ["fe80::1%eth0"],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::7f00:1"],
        ["8.8.8.8", "127.0.0.1"],
        ["2606:4700::1111", "fd00::1"],
    ],
)
def test_a_name_that_leads_inside_is_not_followed(
    receiver: Receiver, certificate: Path, addresses: list[str]
) -> None:
    """Whatever is served there; one such address among others is enough. Nobody is connected to."""
    network = network_of(certificate, *addresses, permits=is_public)
    assert answer_of(receiver, network) == Answer(problem=Problem.REFUSED)
    assert receiver.connections == 0


def test_what_is_served_has_no_permit_of_its_own() -> None:
    """What calls are made with, unless a test gives something else, permits public addresses alone."""
    network = Network()
    assert (network.permits, network.resolve) == (is_public, resolve)
    assert network.tls().verify_mode is ssl.CERT_REQUIRED
    assert network.tls().check_hostname
    assert network.tls is trusted
    assert network.longest_call_s == 10


def test_a_name_is_looked_up_once(receiver: Receiver, certificate: Path) -> None:
    """A name server that answers otherwise the second time is not asked a second time."""
    names = Names([[HERE], ["127.0.0.9"]])
    seen = []

    def permits(address: object) -> bool:
        seen.append(str(address))
        return str(address) == HERE

    network = Network(names.resolve, permits, lambda: trust(certificate), 5)
    assert answer_of(receiver, network) == Answer(204)
    assert (names.asked, seen) == ([HOST], [HERE])


def test_a_redirection_is_not_followed(receiver: Receiver, certificate: Path) -> None:
    """It is an answer like another, and no success, wherever it leads."""
    for number in (301, 302, 303, 307, 308):
        receiver.answers = [status(number, f"Location: https://{HERE}:{receiver.port}/inside")]
        answer = answer_of(receiver, network_of(certificate))
        assert (answer, answer.is_success) == (Answer(number), False)
    assert receiver.connections == 5


def test_no_proxy_is_asked(
    receiver: Receiver, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the environment says."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://{HERE}:9")
    assert answer_of(receiver, network_of(certificate)) == Answer(204)


def test_a_certificate_is_one_of_the_name(
    receiver: Receiver, certificate: Path, tmp_path: Path
) -> None:
    """Neither that of another name, nor one that nobody vouches for; nothing is sent then."""
    other = make_certificate(tmp_path / "other.pem", OTHER)
    with receiving(other) as impostor:
        assert answer_of(impostor, network_of(other)) == Answer(problem=Problem.NO_TLS)
        assert impostor.calls == []
    network = replace(network_of(certificate), tls=trusted)
    assert answer_of(receiver, network) == Answer(problem=Problem.NO_TLS)
    assert receiver.calls == []


def _head_drop_by_drop(connection: ssl.SSLSocket) -> None:
    for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 500:
        connection.sendall(bytes([byte]))
        time.sleep(0.02)


def test_a_slow_receiver_has_its_time_and_no_more(receiver: Receiver, certificate: Path) -> None:
    """Whether it says nothing, or always a little."""
    for slow in (lambda _: time.sleep(8), _head_drop_by_drop):
        receiver.answers = [slow]
        begun = time.monotonic()
        network = network_of(certificate, longest_call_s=0.3)
        assert answer_of(receiver, network) == Answer(problem=Problem.TOO_SLOW)
        assert time.monotonic() - begun < 6


def test_a_slow_name_server_has_the_same_time(receiver: Receiver, certificate: Path) -> None:
    """It is part of the call."""

    async def resolve_late(_host: str, _port: int) -> list[str]:
        await asyncio.sleep(5)
        return [HERE]

    network = replace(network_of(certificate, longest_call_s=0.2), resolve=resolve_late)
    assert answer_of(receiver, network) == Answer(problem=Problem.TOO_SLOW)


def test_slow_names_hold_up_no_other(
    receiver: Receiver, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of those that a site calls at once all but one wait for a name server, and as many did before them."""
    ending, looked_up = threading.Event(), threading.Semaphore(0)

    def look_up(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        if host != HOST:
            looked_up.release()
            ending.wait(60)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (HERE, port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    network = replace(network_of(certificate, longest_call_s=60), resolve=resolve)
    slow = replace(call_of(receiver), target=replace(receiver.target, host=OTHER))
    caller, others = Caller(network), Caller(network)
    try:
        for number in (MOST_AT_ONCE, MOST_AT_ONCE - 1):
            for _ in range(number):
                others.begin(slow)
            assert all(looked_up.acquire(timeout=30) for _ in range(number))
            assert caller.begin(call_of(receiver)).result(120) == Answer(204)
            others.stop()
    finally:
        ending.set()
        caller.stop()
        others.stop()


def test_a_body_is_not_waited_for(receiver: Receiver, certificate: Path) -> None:
    """Slow or endless: the status is there before it."""

    def endless(connection: ssl.SSLSocket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while True:
            connection.sendall(b"a" * 65_536)

    def slow(connection: ssl.SSLSocket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        time.sleep(60)

    for body in (endless, slow):
        receiver.answers = [body]
        begun = time.monotonic()
        network = network_of(certificate, longest_call_s=60)
        assert answer_of(receiver, network) == Answer(200)
        assert time.monotonic() - begun < 30


def test_an_endless_head_is_left(receiver: Receiver, certificate: Path) -> None:
    """One long line, many lines, or answers before the answer."""

    def endless(first: bytes, again: bytes) -> Behaviour:
        def send_on(connection: ssl.SSLSocket) -> None:
            connection.sendall(first)
            while True:
                connection.sendall(again)

        return send_on

    for first, again in (
        (b"HTTP/1.1 200 OK\r\nX: ", b"a" * 1000),
        (b"HTTP/1.1 200 OK\r\n", b"X: a\r\n" * 100),
        (b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 50),
    ):
        receiver.answers = [endless(first, again)]
        begun = time.monotonic()
        assert answer_of(receiver, network_of(certificate)) == Answer(problem=Problem.NO_HTTP)
        assert time.monotonic() - begun < 30


@pytest.mark.parametrize(
    "garbage",
    [b"", b"\r\n\r\n", b"220 mail.example ESMTP\r\n", b"HTTP/1.1 9999 Odd\r\n\r\n", b"\0" * 99],
)
def test_what_is_no_answer_is_none(receiver: Receiver, certificate: Path, garbage: bytes) -> None:
    """Nothing, another protocol, bytes."""
    receiver.answers = [garbage]
    assert answer_of(receiver, network_of(certificate)) == Answer(problem=Problem.NO_HTTP)


def test_what_cannot_be_reached_is_told(receiver: Receiver, certificate: Path) -> None:
    """A name that is not known, or leads to nothing, or to what is no number; a closed port."""

    async def fail(_host: str, _port: int) -> list[str]:
        raise OSError

    for addresses in ([], ["so"]):
        network = Network(Names([addresses]).resolve, permit_loopback, trusted)
        assert answer_of(receiver, network) == Answer(problem=Problem.NO_NAME)
    network = replace(network_of(certificate), resolve=fail)
    assert answer_of(receiver, network) == Answer(problem=Problem.NO_NAME)
    gone = replace(receiver, port=1)
    network = network_of(certificate, HERE, "127.0.0.2")
    assert answer_of(gone, network) == Answer(problem=Problem.NO_CONNECTION)


def test_another_address_of_a_name_is_tried(receiver: Receiver, certificate: Path) -> None:
    """Where the first does not answer."""
    assert answer_of(receiver, network_of(certificate, "127.0.0.9", HERE)) == Answer(204)


def test_nothing_of_a_call_is_shown() -> None:
    """Address, signatures and body are in no text of it."""
    call = Call(Receiver(8443).target, {"webhook-signature": "v1,secret"}, BODY)
    assert re.fullmatch(r"Call\(\)", repr(call))


def test_a_slow_call_holds_up_no_other(receiver: Receiver, certificate: Path) -> None:
    """Calls go on beside each other; those that go on at the end are ended."""
    receiver.answers = [lambda _: time.sleep(60), status(200)]
    caller = Caller(network_of(certificate, longest_call_s=60))
    begun = time.monotonic()
    slow = caller.begin(call_of(receiver))
    receiver.wait_for_calls(1)
    assert caller.begin(call_of(receiver)).result(60) == Answer(200)
    assert not slow.done()
    caller.stop()
    assert slow.cancelled()
    assert time.monotonic() - begun < 30
    caller.stop()
