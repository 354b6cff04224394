"""A site for one letter in memory: real keys and real cryptography behind a transport of the tests.

It keeps what it was sent, so that tests can tell whether a retry was the same bytes. It stands in
for a server only where transport, order and refusals matter; the server has tests of its own.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import httpx2

from undersigned.crypto.keys import ChallengeKey, NoteSigner, RecordSigner, TokenKey, TrusteeKey
from undersigned.crypto.note_key import format_vkey
from undersigned.domain.canonical import hash_bytes
from undersigned.domain.letter import (
    Basis,
    DemandText,
    EpochTerms,
    Letter,
    Method,
    Mode,
    RollKind,
    TextDocument,
    TextRef,
    TrusteeTerms,
    ack_bytes,
    format_text,
)
from undersigned.domain.name import (
    Attestation,
    Verified,
    attestation_signed_bytes,
    format_attestation,
)
from undersigned.domain.record import (
    Ack,
    AmendRecord,
    LetterRecord,
    format_record,
    parse_record,
    signed_bytes,
)
from undersigned.encoding import format_base64url, parse_base64url
from undersigned.tlog.checkpoint import Checkpoint, format_checkpoint_body
from undersigned.tlog.merkle import inclusion_proof, leaf_hash, node_hash
from undersigned.tlog.promise import Promise, format_promise_text
from undersigned.tlog.proof import TlogProof, format_proof

ORIGIN = "letters.example/log"
BASE = "https://letters.example"
SLUG = "the-letter"
NOW = 1_700_000_000
CODE = "123456"
NAME = "Rina Contoh"
ROLE = "Engineer"

TOKEN_KEY = TokenKey.generate()
CHALLENGES = ChallengeKey.generate()
ORGANISER = RecordSigner(bytes(range(32)))
ATTESTATION = RecordSigner(bytes(range(1, 33)))
LOG = NoteSigner(ORIGIN, bytes(range(2, 34)))
PROMISE = NoteSigner(f"{ORIGIN}/promise", bytes(range(3, 35)))
TRUSTEES = (TrusteeKey(bytes(range(4, 36))), TrusteeKey(bytes(range(5, 37))))

TEXT = TextDocument(
    lang="en",
    title="A letter",
    text="We write.\n\nYou read.",
    addressees=("The committee",),
    demands=(DemandText("reply", "Reply to us."),),
    consequence="Otherwise we write again.",
    headcount_source="A count of ours",
)


def make_letter(**changed: Any) -> Letter:
    """Return a letter that offers every mode; `changed` replaces members."""
    members: dict[str, Any] = {
        "slug": SLUG,
        "edition": 1,
        "supersedes": None,
        "texts": (TextRef("en", hash_bytes(format_text(TEXT))),),
        "demands": ("reply",),
        "deadline": None,
        "closes": NOW + 86_400,
        "headcount": 100,
        "headcount_as_of": "2023-11-01",
        "rule": 50,
        "cooling_off_s": 0,
        "basis": Basis.NAMED,
        "modes": tuple(Mode),
        "conditions": (10, 50),
        "epoch": EpochTerms(60, 8, 600),
        "trustees": tuple(
            TrusteeTerms(f"Trustee {i}", False, key.seal_key, key.sign_key)
            for i, key in enumerate(TRUSTEES, start=1)
        ),
        "quorum": 2,
        "issuer_url": None,
        "token_key": TOKEN_KEY.spki,
        "attestation_key": ATTESTATION.public_key,
        "roll": RollKind.LIST,
        "methods": (Method.EMAIL, Method.INVITE),
        "organiser_key": ORGANISER.public_key,
        "promise_vkey": vkey(PROMISE),
        "bundle": None,
        "retention_days": 90,
    }
    return Letter(**(members | changed))


def vkey(signer: NoteSigner) -> str:
    """Return the vkey of a note key."""
    return format_vkey(signer.verifier)


def open_letter(letter: Letter) -> LetterRecord:
    """Return the record that opens a letter, accepted and signed by everybody."""
    message = ack_bytes(letter.letter_id)
    acks = [Ack("issuer", ATTESTATION.sign(message))]
    acks += [
        Ack(i, key.sign(message)) for i, key in enumerate(TRUSTEES[: len(letter.trustees)], start=1)
    ]
    record = LetterRecord(letter, tuple(acks), bytes(64))
    return replace(record, sig=ORGANISER.sign(signed_bytes(record)))


def attest(letter: Letter, c: bytes, name: str = NAME, role: str | None = ROLE) -> Attestation:
    """Return the issuer's attestation of a name for a commitment."""
    attestation = Attestation(letter.letter_id, name, role, Verified.EMAIL, c, bytes(64))
    return replace(attestation, sig=ATTESTATION.sign(attestation_signed_bytes(attestation)))


def problem(status: int, code: str, detail: str = "") -> httpx2.Response:
    """Return a problem document."""
    body = {"type": f"/problems/{code}", "title": code, "status": status, "detail": detail}
    headers = {"Content-Type": "application/problem+json", "Retry-After": "3"}
    return httpx2.Response(status, headers=headers, json=body | {"code": code})


@dataclass
class InMemorySite:
    """One letter, its issuer, its collector and its log."""

    record: LetterRecord = field(default_factory=lambda: open_letter(make_letter()))
    requests: list[httpx2.Request] = field(default_factory=list)
    issued: dict[bytes, dict[str, Any]] = field(default_factory=dict)
    taken: dict[bytes, str] = field(default_factory=dict)
    bodies: set[bytes] = field(default_factory=set)
    blobs: dict[bytes, bytes | None] = field(default_factory=dict)
    amended: list[bytes] = field(default_factory=list)
    log: list[bytes] = field(default_factory=list)
    answers: dict[str, Callable[[httpx2.Request], httpx2.Response]] = field(default_factory=dict)
    """Answers of a test's own, by the end of the path."""

    @property
    def letter(self) -> Letter:
        """The letter."""
        return self.record.letter

    def client(self, **settings: Any) -> httpx2.Client:
        """Return a client whose every request comes here."""
        return httpx2.Client(transport=httpx2.MockTransport(self.answer), base_url=BASE, **settings)

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        """Answer one request."""
        self.requests.append(request)
        path = request.url.path.removeprefix("/api/v1")
        last = path.rsplit("/", 1)[-1]
        if last in self.answers:
            return self.answers[last](request)
        routes = {
            "site": self._site,
            SLUG: self._letter,
            f"{SLUG}@{self.letter.edition}": self._letter,
            "challenge": self._challenge,
            "enrolments": self._enrolment,
            "tokens": self._token,
            "signatures": self._signature,
            "amendments": self._amendment,
        }
        if path.startswith("/proofs/"):
            return self._proof(bytes.fromhex(last))
        route = routes.get(last)
        return problem(404, "unknown-letter") if route is None else route(request)

    def site_answer(self) -> dict[str, Any]:
        """What the site says of itself."""
        return {
            "origin": ORIGIN,
            "log_vkey": vkey(LOG),
            "promise_vkey": vkey(PROMISE),
            "witnesses": [],
            "version": "0.1.0",
            "time": NOW,
        }

    def letter_answer(self) -> dict[str, Any]:
        """What the site says of the letter."""
        return {
            "letter_id": self.letter.letter_id.hex(),
            "slug": self.letter.slug,
            "edition": self.letter.edition,
            "record": json.loads(format_record(self.record)),
            "texts": [json.loads(format_text(TEXT))],
            "state": "open",
        }

    def _site(self, _request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json=self.site_answer())

    def _letter(self, _request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json=self.letter_answer())

    def _challenge(self, _request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json=CHALLENGES.make(7, {"most": 8}))

    def _enrolment(self, _request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(202, json={"enrolment": format_base64url(bytes(16))})

    def _token(self, request: httpx2.Request) -> httpx2.Response:
        asked = json.loads(request.content)
        if asked["proof"]["code"] not in (CODE, "0123456789ABCDEF"):
            return problem(403, "proof-rejected")
        blinded = parse_base64url(asked["blinded"], size=256)
        if self.issued and blinded not in self.issued:
            return problem(409, "already-issued")
        if blinded not in self.issued:
            self.issued[blinded] = self.token_answer(asked, blinded)
        return httpx2.Response(200, json=self.issued[blinded])

    def token_answer(self, asked: dict[str, Any], blinded: bytes) -> dict[str, Any]:
        """Sign blindly, and attest the name as it was asked for."""
        shown = asked["shown_as"] or {"name": None, "role": ROLE}
        c = parse_base64url(asked["c"], size=32)
        attestation = attest(self.letter, c, shown["name"] or NAME, shown["role"])
        return {
            "blind_signature": format_base64url(TOKEN_KEY.blind_sign(blinded)),
            "attestation": json.loads(format_attestation(attestation)),
            "salt": format_base64url(bytes(range(16))),
        }

    def promise(self, entry: bytes) -> str:
        """Return the promise for an entry."""
        window = self.letter.window_s
        text = format_promise_text(Promise(leaf_hash(entry), (NOW // window + 2) * window))
        return (text.encode() + b"\n" + PROMISE.sign(text.encode())).decode()

    def _signature(self, request: httpx2.Request) -> httpx2.Response:
        self.bodies.add(request.content)
        sent = json.loads(request.content)
        entry = parse_base64url(sent["record"])
        if self.taken and entry not in self.taken:
            return problem(409, "token-spent")
        return self._take(entry, sent["blob"])

    def _take(self, entry: bytes, blob: str | None) -> httpx2.Response:
        status = 200 if entry in self.taken else 201
        self.taken.setdefault(entry, self.promise(entry))
        self.blobs[entry] = None if blob is None else parse_base64url(blob)
        return httpx2.Response(status, json={"promise": self.taken[entry]})

    def _amendment(self, request: httpx2.Request) -> httpx2.Response:
        sent = json.loads(request.content)
        entry = parse_base64url(sent["record"])
        record = parse_record(entry)
        if entry not in self.amended:
            if isinstance(record, AmendRecord) and record.seq != len(self.amended) + 1:
                return problem(409, "amendment-out-of-turn")
            self.amended.append(entry)
        return self._take(entry, sent["blob"])

    def sequence(self) -> None:
        """Write all that was taken into the log, behind an entry of somebody else."""
        self.log = [b"another", *self.taken, b"a third"]

    def proof(self, leaf: bytes) -> bytes:
        """Return the proof that the log has a leaf."""
        leaves = [leaf_hash(entry) for entry in self.log]
        index = leaves.index(leaf)
        hashes = inclusion_proof(index, len(leaves), lambda level, i: _subtree(leaves, level, i))
        root = _root(leaves)
        body = format_checkpoint_body(Checkpoint(ORIGIN, len(leaves), root)).encode()
        return format_proof(TlogProof(None, index, hashes, body + b"\n" + LOG.sign(body)))

    def _proof(self, leaf: bytes) -> httpx2.Response:
        if leaf in {leaf_hash(entry) for entry in self.log}:
            return httpx2.Response(200, content=self.proof(leaf))
        if leaf in {leaf_hash(entry) for entry in self.taken}:
            return httpx2.Response(202, json={"pending": True})
        return problem(404, "unknown-leaf")


def _subtree(leaves: list[bytes], level: int, index: int) -> bytes:
    return _root(leaves[index << level : (index + 1) << level])


def _root(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    middle = 1 << ((len(leaves) - 1).bit_length() - 1)
    return node_hash(_root(leaves[:middle]), _root(leaves[middle:]))
