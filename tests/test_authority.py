"""Asking an authority: a real one answers; strange ones are named by their host, and cost a bounded time."""

import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from tests.stamping import Answer, Stamper, answering, make_response, make_root, serving, the_clock

from undersigned.authority import LONGEST_ADDRESS, Authority, parse_authority
from undersigned.crypto.timestamp import LONGEST_RESPONSE, make_request, verify_chain
from undersigned.crypto.timestamp_token import parse_token
from undersigned.errors import FormatError, UndersignedError, Unreachable, VerificationError

CONTENT = b"We write."


def test_a_real_authority_stamps(tmp_path: Path) -> None:
    """`openssl ts` behind HTTP: the token that comes back is of these bytes, up to the root."""
    root = make_root()
    stamper = Stamper(tmp_path, root)
    with serving(answering(stamper.reply)) as url:
        token, stamp = parse_authority(url).stamp(CONTENT)
    assert parse_token(token) == stamp
    assert stamp.imprint == make_request(CONTENT).imprint
    verify_chain(stamp, (root.certificate,))


def _refused(answer: Answer, longest_wait_s: float = 5) -> UndersignedError:
    """Ask an authority that answers so; return what is said of it."""
    with serving(answer) as url:
        address = url.replace("http://", "http://user:hunter2@").replace("/tsr", "/tsr?key=hunter2")
        authority = parse_authority(address)
        asked = Authority(authority.host, authority.id, address, longest_wait_s)
        with pytest.raises(UndersignedError) as refusal:
            asked.stamp(CONTENT)
        assert authority.host in refusal.value.detail
        assert "hunter2" not in refusal.value.detail + repr(asked) + repr(refusal.value.__dict__)
        assert refusal.value.__cause__ is None
    return refusal.value


@pytest.mark.parametrize(
    ("answer", "kind", "sentence"),
    [
        (answering(lambda _: b"busy", 503), Unreachable, "answers 503"),
        (answering(lambda _: b"", 404), Unreachable, "answers 404"),
        (answering(lambda _: b""), FormatError, "DER"),
        (answering(lambda _: b"<html>Welcome</html>"), FormatError, "DER"),
        (answering(lambda _: bytes(LONGEST_RESPONSE + 1)), FormatError, "longer"),
        (answering(lambda _: make_response(None, 2)), VerificationError, "status 2"),
    ],
)
def test_what_is_no_timestamp_is_refused(
    answer: Answer, kind: type[UndersignedError], sentence: str
) -> None:
    """Busy, gone, empty, another protocol, too long, not granted: a sentence says which."""
    refusal = _refused(answer)
    assert isinstance(refusal, kind)
    assert sentence in refusal.detail


def test_an_old_answer_is_refused() -> None:
    """An honest answer to the request before: its nonce differs."""
    clock, _ = the_clock()
    old = clock.reply(make_request(CONTENT).content)
    assert "nonce" in _refused(answering(lambda _: old)).detail


def test_a_stamp_over_other_bytes_is_refused() -> None:
    """An honest answer to somebody else's request."""
    clock, _ = the_clock()
    other = clock.reply(make_request(b"We praise.").content)
    assert "something else" in _refused(answering(lambda _: other)).detail


def test_a_broken_signature_is_refused() -> None:
    """The last byte was changed on the way."""
    clock, _ = the_clock()

    def broken(query: bytes) -> bytes:
        reply = clock.reply(query)
        return reply[:-1] + bytes([reply[-1] ^ 1])

    assert isinstance(_refused(answering(broken)), VerificationError)


def _endless(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(bytes(65_536))


def _dripping(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    for _number in range(100):
        handler.wfile.write(b"0")
        handler.wfile.flush()
        time.sleep(0.1)


def _dripping_headers(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    for _number in range(100):
        handler.wfile.write(b"0")
        handler.wfile.flush()
        time.sleep(0.1)


def _silent(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    time.sleep(3)


def _redirecting(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    handler.send_response(307)
    handler.send_header("Location", "http://127.0.0.1:9/elsewhere")
    handler.send_header("Content-Length", "0")
    handler.end_headers()


def _hanging_up(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    handler.close_connection = True


def test_an_endless_answer_ends() -> None:
    """It is cut where no authority's answer could go on."""
    assert "longer" in _refused(_endless).detail


@pytest.mark.parametrize("answer", [_dripping, _dripping_headers, _silent])
def test_a_slow_answer_ends(answer: Answer) -> None:
    """Whether it says nothing or one byte after the other: the time is bounded as a whole."""
    begun = time.monotonic()
    assert "within 0.5 s" in _refused(answer, longest_wait_s=0.5).detail
    assert time.monotonic() - begun < 4


def test_a_redirect_is_not_followed() -> None:
    """Who is asked is the operator's choice."""
    assert "answers 307" in _refused(_redirecting).detail


def test_a_connection_that_ends_is_told() -> None:
    """By the kind of the failure, without the address."""
    assert "cannot be asked (" in _refused(_hanging_up).detail


def test_nobody_listens() -> None:
    """An authority that is down is unreachable."""
    with serving(answering(bytes)) as url:
        pass
    with pytest.raises(Unreachable, match="cannot be asked"):
        parse_authority(url).stamp(CONTENT)


def test_an_authority_is_known_by_its_address() -> None:
    """The host may be said; the whole address is only hashed."""
    authority = parse_authority("https://user:pass@tsa.example:8443/stamp?key=1")
    assert authority.host == "tsa.example:8443"
    assert authority.id != parse_authority("https://tsa.example:8443/stamp").id
    assert parse_authority("http://[::1]:80/").host == "[::1]:80"


@pytest.mark.parametrize(
    "url",
    [
        "", "tsa.example", "ftp://tsa.example/", "http://", "http:///x", "http://a:99999/", "http://[x/",
        "https://" + "a" * LONGEST_ADDRESS,
    ],
)  # fmt: skip
def test_addresses_that_are_none(url: str) -> None:
    """The sentence does not repeat them."""
    with pytest.raises(FormatError) as refusal:
        parse_authority(url)
    assert len(url) < 8 or url not in refusal.value.detail
