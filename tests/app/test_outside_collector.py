"""The collector at another address: what an issuer believes of its answers, and what it does not."""

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import httpx2
import pytest
import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from tests.app.village import HOST, START, Village
from tests.live import serve

from undersigned.app.issuing import TokenRequest, issue_token
from undersigned.app.outside_collector import OPEN_FOR_S, OutsideCollector, OutsideCollectors
from undersigned.crypto.keys import NoteSigner
from undersigned.domain.letter import Letter
from undersigned.domain.name import Verified
from undersigned.domain.record import IssuedRecord, format_record, signed_bytes
from undersigned.encoding import parse_base64url
from undersigned.errors import AlreadyIssued, Busy, LetterNotOpen, UndersignedError, UnknownLetter
from undersigned.store import issuances
from undersigned.tlog.merkle import leaf_hash
from undersigned.tlog.promise import Promise, format_promise_text


@dataclass
class Liar:
    """A site that answers what it is told to; `promise` makes the note for a leaf."""

    signer: NoteSigner
    letter: Letter
    state: str = "open"
    letter_id: str = ""
    refusal: tuple[int, str] | None = None
    body: bytes | None = None
    leaf: bytes | None = None
    asked: list[str] = field(default_factory=list)
    taken: list[bytes] = field(default_factory=list)

    async def answer(self, request: Request) -> Response:
        """Answer every request."""
        self.asked.append(f"{request.method} {request.url.path}")
        if self.refusal is not None:
            status, code = self.refusal
            problem = {"code": code, "detail": "No.", "status": status}
            return Response(json.dumps(problem), status, {"Retry-After": "7"})
        if self.body is not None:
            return Response(self.body)
        if request.method == "GET":
            name = self.letter_id or self.letter.letter_id.hex()
            return Response(json.dumps({"letter_id": name, "state": self.state, "more": 1}))
        entry = parse_base64url((await request.json())["record"])
        self.taken.append(entry)
        return Response(json.dumps({"promise": self.promise(self.leaf or leaf_hash(entry))}))

    def promise(self, leaf: bytes) -> str:
        """Sign a promise."""
        text = format_promise_text(Promise(leaf, START + 600))
        return f"{text}\n{self.signer.sign(text.encode()).decode()}"


@pytest.fixture
def letter(village: Village) -> Letter:
    """An open letter of the village, whose promises its site signs."""
    return village.open()


@pytest.fixture
def liar(village: Village, letter: Letter) -> Liar:
    """Somebody who holds the site's promise key."""
    return Liar(village.site.keys.promise, letter)


@pytest.fixture
def address(liar: Liar) -> Iterator[str]:
    """Where the liar answers."""
    everything = Route("/{path:path}", liar.answer, methods=["GET", "POST"])
    with serve(Starlette(routes=[everything])) as url:
        yield url


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    """What requests go through."""
    with httpx2.Client(timeout=5) as http:
        yield http


@pytest.fixture
def outside(client: httpx2.Client, address: str) -> OutsideCollector:
    """The collector at the liar's address."""
    return OutsideCollector(client, address)


@pytest.fixture
def record(village: Village, letter: Letter) -> IssuedRecord:
    """A record as the issuer hands it over."""
    made = IssuedRecord(letter.letter_id, bytes(32), secrets.token_bytes(32), bytes(64))
    key = village.site.issuer.keys(letter).attestation
    return replace(made, sig=key.sign(signed_bytes(made)))


def test_a_record_is_handed_over(
    outside: OutsideCollector, liar: Liar, letter: Letter, record: IssuedRecord
) -> None:
    """To the address of this edition, as its canonical bytes and nothing else."""
    outside.take(letter, record)
    assert liar.taken == [format_record(record)]
    assert liar.asked == ["POST /api/v1/letters/mill@1/issuer-records"]


def test_an_open_letter_is_asked_about_once_in_a_while(
    client: httpx2.Client, address: str, liar: Liar, letter: Letter
) -> None:
    """It is believed for half a minute; one that is not open is asked about each time."""
    now = [0.0]
    outside = OutsideCollector(client, address, clock=lambda: now[0])
    liar.state = "lapsed"
    for _ in range(2):
        with pytest.raises(LetterNotOpen):
            outside.check_takes(letter)
    liar.state = "released"
    for _ in range(3):
        outside.check_takes(letter)
    assert len(liar.asked) == 3
    now[0] = OPEN_FOR_S
    liar.state = "closed"
    with pytest.raises(LetterNotOpen):
        outside.check_takes(letter)


def test_another_letter_of_the_same_name(
    outside: OutsideCollector, liar: Liar, letter: Letter
) -> None:
    """No token is made for a letter that is not the acknowledged one."""
    liar.letter_id = "0" * 64
    with pytest.raises(UnknownLetter):
        outside.check_takes(letter)


def both(
    outside: OutsideCollector, letter: Letter, record: IssuedRecord
) -> list[Callable[[], None]]:
    """Return the two things that an issuer asks."""
    return [partial(outside.check_takes, letter), partial(outside.take, letter, record)]


REFUSALS: list[tuple[tuple[int, str], type[UndersignedError]]] = [
    ((409, "already-issued"), AlreadyIssued),
    ((409, "letter-not-open"), LetterNotOpen),
    ((404, "unknown-letter"), UnknownLetter),
    ((503, "busy"), Busy),
    ((503, "store-error"), Busy),
    ((500, "undersigned-error"), Busy),
    ((422, "verification-error"), Busy),
    ((400, "format-error"), Busy),
    ((404, "not-found"), Busy),
    ((403, "proof-rejected"), Busy),
    ((302, "odd"), Busy),
]


@pytest.mark.parametrize(("refusal", "error"), REFUSALS)
def test_what_the_site_refuses(
    outside: OutsideCollector,
    liar: Liar,
    letter: Letter,
    record: IssuedRecord,
    refusal: tuple[int, str],
    error: type[UndersignedError],
) -> None:
    """A plain no is handed on; all else is "not known", and the member comes back."""
    liar.refusal = refusal
    for ask in both(outside, letter, record):
        with pytest.raises(error) as caught:
            ask()
        assert type(caught.value) is error


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b'{"promise":7}', b'{"promise":"x"}', b"\xff", b'{"promise":"x"']
)
def test_what_is_no_answer(
    outside: OutsideCollector, liar: Liar, letter: Letter, record: IssuedRecord, body: bytes
) -> None:
    """Whatever comes back, nothing but a promise is taken for one."""
    liar.body = body
    for ask in both(outside, letter, record):
        with pytest.raises(Busy, match="does not answer"):
            ask()


def test_nobody_there(client: httpx2.Client, letter: Letter, record: IssuedRecord) -> None:
    """A connection that is refused is "not known", too."""
    outside = OutsideCollector(client, "http://127.0.0.1:9")
    with pytest.raises(Busy, match="does not answer"):
        outside.check_takes(letter)
    with pytest.raises(Busy, match="does not answer"):
        outside.take(letter, record)


def test_an_outage_is_reported_once(
    client: httpx2.Client, letter: Letter, record: IssuedRecord, address: str
) -> None:
    """A line for each request would say when members came; after it is over, the next one counts."""
    outside = OutsideCollector(client, "http://127.0.0.1:9")
    with structlog.testing.capture_logs() as lines:
        for _ in range(3):
            with pytest.raises(Busy):
                outside.take(letter, record)
        outside._base = address
        outside.take(letter, record)
        outside._base = "http://127.0.0.1:9"
        for _ in range(2):
            with pytest.raises(Busy):
                outside.take(letter, record)
    told = [line.get("error", line["event"]) for line in lines]
    assert told == ["Unreachable", "works again", "Unreachable"]
    assert lines[1]["untold"] == 2
    assert {line["activity"] for line in lines} == {"handing over a record"}


@pytest.mark.parametrize("lie", ["another key", "another record", "another name"])
def test_a_false_promise_keeps_the_token_back(
    village: Village, outside: OutsideCollector, liar: Liar, letter: Letter, lie: str
) -> None:
    """The member gets no token; with an honest answer the same request gets it."""
    issuer, member = village.site.issuer, village.idle(letter)
    asked = TokenRequest(b"\0" + secrets.token_bytes(255), secrets.token_bytes(32), None)

    def ask() -> Any:
        return issue_token(issuer, outside, letter, member, Verified.EMAIL, asked)

    honest = liar.signer
    if lie == "another key":
        liar.signer = NoteSigner.generate(f"{HOST}/log/promise")
    elif lie == "another name":
        liar.signer = NoteSigner.generate("other.example/log/promise")
    else:
        liar.leaf = bytes(32)
    with pytest.raises(Busy):
        ask()
    with issuer.database.read() as connection:
        held = issuances.find_issuance(connection, letter.letter_id, member.commit)
    assert held is not None
    liar.signer, liar.leaf = honest, None
    answer = ask()
    assert answer.blind_signature == held.blind_signature
    assert len(set(liar.taken)) == 1
    assert len(liar.taken) == 2


def test_one_collector_for_each_address(client: httpx2.Client) -> None:
    """What is known of a site is kept."""
    sites = OutsideCollectors(client)
    assert sites.get("https://a.example") is sites.get("https://a.example")
    assert sites.get("https://a.example") is not sites.get("https://b.example")
