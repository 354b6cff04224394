"""Asking witnesses: honest ones are followed, the others have an end and are not believed."""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from tests.live import serve
from tests.witness.growing import GrowingLog

from undersigned.crypto.keys import CosignatureSigner
from undersigned.errors import FormatError, LogForked, WitnessAhead
from undersigned.tlog.add_checkpoint import parse_add_checkpoint
from undersigned.tlog.checkpoint import Checkpoint
from undersigned.tlog.note import MAX_NOTE_SIZE
from undersigned.tlog.policy import PolicyWitness
from undersigned.witness import asking
from undersigned.witness.asking import Cosigned, Unwilling, WitnessClient
from undersigned.witness.judging import Witness
from undersigned.witness.memory import make_witness, trust_log
from undersigned.witness.serving import make_witness_app
from undersigned.witness.tree import Tree

LOG = GrowingLog()
NOW = 1_700_000_000
SIGNER = CosignatureSigner("witness.example/w1", bytes(32))

Behave = Callable[[bytes], Response]


def tree(size: int, log: GrowingLog = LOG) -> Tree:
    """Return what a log of so many leaves wants to have cosigned."""
    return Tree(
        log.signer.verifier,
        Checkpoint(log.origin, size, log.root(size)),
        log.checkpoint(size),
        lambda old: log.proof(old, size),
        log.root,
    )


@contextmanager
def asked(url: str, signer: CosignatureSigner = SIGNER) -> Iterator[WitnessClient]:
    """Give what asks a witness at an address."""
    with httpx2.Client(timeout=60) as client:
        yield WitnessClient(PolicyWitness("w", signer.verifier, url), client)


@pytest.fixture
def honest(tmp_path: Path) -> Iterator[tuple[WitnessClient, Witness]]:
    """An honest witness over HTTP."""
    folder = tmp_path / "witness"
    make_witness(folder, "witness.example/w1")
    trust_log(folder, LOG.vkey)
    witness = Witness(folder, lambda: NOW)
    key = CosignatureSigner.load(folder / "cosigning.key")
    with serve(make_witness_app(witness)) as url, asked(f"{url}/", key) as client:
        yield client, witness


@contextmanager
def behaving(behave: Behave, checkpoint: bytes | None = None) -> Iterator[WitnessClient]:
    """Give a client of a witness that answers as it likes, and shows this checkpoint."""

    async def add(request: Request) -> Response:
        return behave(await request.body())

    async def show(_: Request) -> Response:
        return Response(checkpoint or b"", 404 if checkpoint is None else 200)

    routes = [
        Route("/add-checkpoint", add, methods=["POST"]),
        Route("/{origin_hash}/checkpoint", show),
    ]
    with serve(Starlette(routes=routes)) as url, asked(url) as client:
        yield client


def refusal(client: WitnessClient, size: int = 5) -> Unwilling:
    """Return why a witness has not cosigned."""
    with pytest.raises(Unwilling) as caught:
        client.ask(tree(size))
    return caught.value


# --- honest witnesses


def test_a_growing_log_is_followed(honest: tuple[WitnessClient, Witness]) -> None:
    """From nothing on, with proofs; the same tree again is cosigned again."""
    client, _ = honest
    for size in (0, 5, 5, 6, 300):
        cosigned = client.ask(tree(size))
        assert isinstance(cosigned, Cosigned)
        assert cosigned.time == NOW
        assert cosigned.signature.name == "witness.example/w1"


def test_a_witness_that_knows_the_log_already(honest: tuple[WitnessClient, Witness]) -> None:
    """Its 409 says from where the proof has to be; an answer that was lost is made up for."""
    client, witness = honest
    witness.add_checkpoint(LOG.request(0, 5))
    assert client.ask(tree(9)).time == NOW
    witness.add_checkpoint(LOG.request(9, 12))
    assert client.ask(tree(12)).time == NOW


def test_a_log_that_is_older_is_told(honest: tuple[WitnessClient, Witness]) -> None:
    """The witness shows what the log's own key has signed: the database is a restored one."""
    client, witness = honest
    witness.add_checkpoint(LOG.request(0, 9))
    with pytest.raises(WitnessAhead, match=r"with 9 records .* this database has 5"):
        client.ask(tree(5))


def test_a_log_that_is_another_is_told(honest: tuple[WitnessClient, Witness]) -> None:
    """As large, or larger, and not a continuation: a second server has used the key."""
    client, witness = honest
    witness.add_checkpoint(GrowingLog(fork=3).request(0, 9))
    for size in (9, 12):
        with pytest.raises(LogForked, match=r"with 9 records .* does not continue"):
            client.ask(tree(size))


# --- what a witness may do otherwise


def cosign(body: bytes, signer: CosignatureSigner = SIGNER, text: bytes = b"") -> Response:
    """Answer with a cosignature, of the checkpoint or of another text."""
    note = parse_add_checkpoint(body).checkpoint
    return Response(signer.sign(text or note.rpartition(b"\n\n")[0] + b"\n", NOW))


def test_other_signatures_are_left_out() -> None:
    """Those of strangers, and of keys that are new, stand beside the one that is known."""
    stranger = CosignatureSigner.generate("witness.example/w1")

    def behave(body: bytes) -> Response:
        return Response(bytes(cosign(body, stranger).body) + bytes(cosign(body).body))

    with behaving(behave) as client:
        assert client.ask(tree(5)).signature.key_id == SIGNER.verifier.key_id


@pytest.mark.parametrize(
    ("behave", "problem"),
    [
        (lambda body: cosign(body, CosignatureSigner.generate("a/b")), "no cosignature by its key"),
        (lambda body: cosign(body, text=b"other\n1\nAAAA\n"), "does not hold"),
        (lambda _: Response(b""), "does not hold"),
        (lambda _: Response(b"\xff\xff\n"), "does not hold"),
        (lambda _: Response(b"x" * (MAX_NOTE_SIZE + 1)), "too long"),
        (lambda _: Response(b"", 403), "does not know this log's key"),
        (lambda _: Response(b"", 404), "not at this address"),
        (lambda _: Response(b"", 500), "answers 500"),
        (lambda _: Response(b"", 302, {"Location": "http://127.0.0.1:1/"}), "answers 302"),
        (lambda _: Response(b"", 409), "without a size"),
        (lambda _: Response(b"-1\n", 409), "without a size"),
        (lambda _: Response(b"3\n", 409), "another size each time"),
        (lambda _: Response(b"", 422), "proof does not hold"),
        (lambda _: Response(b"9223372036854775807\n", 409), "claims to have cosigned"),
    ],
)
def test_what_is_no_cosignature(behave: Behave, problem: str) -> None:
    """It is named, and nothing is believed that the log has not signed."""
    with behaving(behave) as client:
        error = refusal(client)
    assert problem in error.problem
    assert error.is_ahead == ("claims" in problem)


@pytest.mark.parametrize("status", [409, 422])
@pytest.mark.parametrize(
    "shown",
    [
        b"",
        b"no note",
        GrowingLog(seed=2).checkpoint(9),
        GrowingLog("else.example/log").checkpoint(9),
        LOG.checkpoint(9).replace(b"\n9\n", b"\n10\n"),
        LOG.checkpoint(4),
    ],
)
def test_no_claim_is_believed_without_the_log_s_signature(status: int, shown: bytes) -> None:
    """A witness that lies cannot end a log: what it shows is of another key, or this log's own past."""
    with behaving(lambda _: Response(b"9\n", status), shown) as client:
        assert refusal(client).problem


def test_answers_without_an_end() -> None:
    """Bytes that come drop by drop, or not at all, are waited for so long and no longer."""

    async def drops() -> AsyncIterator[bytes]:
        while True:
            yield b"."
            await anyio.sleep(0.05)

    async def nothing() -> AsyncIterator[bytes]:
        await anyio.sleep(3)
        yield b""

    for body in (drops, nothing):

        def behave(_: bytes, body: Callable[[], AsyncIterator[bytes]] = body) -> Response:
            return StreamingResponse(body())

        with pytest.MonkeyPatch.context() as patch, behaving(behave) as client:
            patch.setattr(asking, "TIMEOUT_S", 0.5)
            started = time.monotonic()
            assert refusal(client).problem
            assert time.monotonic() - started < 2.5


def test_nobody_there() -> None:
    """A port that nobody listens at, and addresses that are none."""
    with asked("http://127.0.0.1:1") as client:
        assert refusal(client).problem == "no answer (ConnectError)"
    for url in (None, "ftp://a.example", "witness.example"):
        with pytest.raises(FormatError, match="has no address"), httpx2.Client(timeout=60) as http:
            WitnessClient(PolicyWitness("w", SIGNER.verifier, url), http)


def test_a_redirect_is_not_followed() -> None:
    """A witness is at the address that the policy gives."""
    with behaving(lambda _: PlainTextResponse("", 307, {"Location": "/"})) as client:
        assert "307" in refusal(client).problem
