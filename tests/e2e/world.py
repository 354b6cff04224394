"""A served site with letters in different states, and somebody who sends it what they should not.

What is sent goes out as it is written here: no library corrects a path, a header or a body.
"""

import contextlib
import hashlib
import http.client
import io
import json
import socket
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
from tests.e2e.community import Member, open_for_members, write_letter_file
from tests.live import LiveSite, make_invited_letter, make_proposal
from tests.web.members import enrolled, wait_for_proof

from undersigned.app.answering import new_answer_link
from undersigned.app.guaranteeing import Terms, ask_guarantee
from undersigned.app.site import WholeSite
from undersigned.cli.main import main
from undersigned.crypto.blind_rsa import blind, finalize
from undersigned.crypto.keys import SignerKey, TrusteeKey, generate_code
from undersigned.crypto.seal import seal
from undersigned.crypto.token import (
    TokenChallenge,
    nonce_of,
    parse_spki,
    token_input,
    token_key_id,
)
from undersigned.domain.letter import Letter, Mode
from undersigned.domain.name import (
    Attestation,
    NameDocument,
    Verified,
    attestation_signed_bytes,
    commitment,
    format_name,
)
from undersigned.domain.record import (
    AmendRecord,
    SignRecord,
    WithdrawRecord,
    format_record,
    signed_bytes,
)
from undersigned.encoding import format_base64url
from undersigned.mirror import mirror_site
from undersigned.signer.amending import withdraw
from undersigned.signer.attempt import Attempt
from undersigned.signer.enrolment import InviteProof, ask_for_code
from undersigned.signer.letter_view import get_letter
from undersigned.signer.receipt import Receipt, format_receipt
from undersigned.signer.signing import enrol, sign
from undersigned.tlog.merkle import leaf_hash

API = "/api/v1"
JSON = "application/json"
ENROLLED = "gwilla@staff.example"
"""The member who has asked for a code."""

PROBLEM = "application/problem+json"

FREE = {"enrolment": {"tries"}}
"""What a refusal may change: wrong codes are counted."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Somebody with a key, and perhaps with a signature."""

    letter: Letter
    key: SignerKey

    @classmethod
    def new(cls, letter: Letter) -> "Signer":
        """Choose words."""
        return cls(letter, SignerKey(generate_code(), letter.letter_id))


class World:
    """The site, its letters, its members, and what they did before."""

    def __init__(self, live: LiveSite, folder: Path) -> None:
        self.live = live
        self.folder = folder
        self.site: WholeSite = live.site
        self.letter = live.letter
        self.port = int(live.url.rpartition(":")[2])
        soon = (datetime.now(UTC) + timedelta(seconds=10)).isoformat(timespec="seconds")
        self.lapsed, self.lapsed_members = self._open("lapsed", closes=soon)
        self.named, _ = self._open("named", modes='["public", "sealed"]', conditions="[5]")
        self.public, _ = self._open("public-only", modes='["public"]', methods='["invite"]')
        self.invited, self.codes = make_invited_letter(self.site, folder / "codes", "codes", 3)
        self.trustee = TrusteeKey.generate()
        _, self.proposal = make_proposal(
            self.site, folder / "proposed", "proposed", (self.trustee, TrusteeKey.generate()), 2
        )
        self._act()
        self.answer_link = new_answer_link(
            self.site, live.running.letters, live.slug, 1, "council@house.example"
        )
        terms = Terms("The kitchen", "cook@house.example", "Soup for all.", "en", None, None)
        self.guarantee_link = ask_guarantee(self.site, live.running.letters, live.slug, terms)
        self.mirror = folder / "mirror"
        mirror_site(live.url, self.mirror)

    def _open(self, slug: str, **terms: object) -> tuple[Letter, list[Member]]:
        return open_for_members(self.site, self.folder / slug, slug, 3, **terms)

    def _act(self) -> None:
        """One signs and stays, one withdraws, one has a token, one has asked for a code."""
        with httpx2.Client(base_url=self.live.url, timeout=60) as client:
            head = get_letter(client, self.live.slug)
            holder = Attempt.start(head, None)
            self.holder_asked = holder.ask(InviteProof(self.live.invites[0]), None)
            enrol(client, holder)
            self.receipt = self._sign(client, self.live.invites[1])
            self.withdrawn = self._sign(client, self.live.invites[2])
            self.enrolment = ask_for_code(client, head, ENROLLED)
            self.code = self._wait_for_code()
            change = withdraw(client, head, self.withdrawn)
            proof = wait_for_proof(client, self.receipt.leaf_hash)
            wait_for_proof(client, leaf_hash(change.entry))
            self.receipt = replace(self.receipt, proof=proof.text)
            self.other_proof = wait_for_proof(client, self.withdrawn.leaf_hash).text
            while client.get(f"{API}/letters/lapsed").json()["state"] != "lapsed":
                time.sleep(0.05)
        self._wait_for_news()

    def _wait_for_news(self) -> None:
        """Wait until the issuer has written down that a letter ended: it looks every few seconds."""
        end = time.monotonic() + 120
        with contextlib.closing(sqlite3.connect(self.live.folder / "issuer.db")) as connection:
            while connection.execute("SELECT count(*) FROM followed").fetchone() == (0,):
                assert time.monotonic() < end
                time.sleep(0.05)

    def _wait_for_code(self) -> str:
        end = time.monotonic() + 120
        while not (mails := list(self.live.outbox.glob("*.eml"))):
            assert time.monotonic() < end
            time.sleep(0.02)
        return mails[0].read_text().partition("Your code: ")[2][:9]

    def _sign(self, client: httpx2.Client, invite: str) -> Receipt:
        attempt = enrolled(client, self.live.slug, invite)
        attempt.choose(Mode.SEALED)
        return sign(client, attempt)

    # --- what may not change

    def state(self) -> dict[str, str]:
        """Return a digest of every table's rows, and the published checkpoint."""
        found = {"checkpoint": (self.live.folder / "log" / "checkpoint").read_text()}
        for role in ("collector", "issuer"):
            with contextlib.closing(sqlite3.connect(self.live.folder / f"{role}.db")) as connection:
                found |= {f"{role}: {name}": text for name, text in _digests(connection)}
        return found

    # --- sending

    def send(
        self,
        method: str,
        path: str,
        body: bytes | str | dict[str, Any] | None = None,
        *,
        kind: str | None = JSON,
        headers: dict[str, str] | None = None,
    ) -> str:
        """Send one request; return its status and, if it is a problem, its code."""
        if isinstance(body, dict):
            body = json.dumps(body)
        data = body.encode() if isinstance(body, str) else body
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            connection.putrequest(method, path, skip_accept_encoding=True)
            said = dict(headers or {})
            if data is not None and kind is not None:
                said.setdefault("Content-Type", kind)
            if data is not None:
                said.setdefault("Content-Length", str(len(data)))
            for name, value in said.items():
                connection.putheader(name, value)
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                # Whoever says too much is cut short.
                connection.endheaders(data)
            return _answer_of(connection.getresponse())

    def send_raw(self, data: bytes) -> str:
        """Send bytes that need not be HTTP; return the status of what comes back."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            connection.sendall(data)
            response = http.client.HTTPResponse(connection)
            response.begin()
            return _answer_of(response)

    def post(self, letter: Letter, to: str, body: bytes | str | dict[str, Any]) -> str:
        """Post JSON to one of a letter's addresses."""
        return self.send("POST", f"{API}/letters/{letter.slug}/{to}", body)

    def command(self, *arguments: object) -> str:
        """Run a command; return its exit code and what it says is wrong."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main([str(argument) for argument in arguments])
        text = err.getvalue().replace(f"{self.folder}/", "")
        return f"exit {code}: {_sentence_of(text)}{_evidence_of(out.getvalue())}"

    def write(self, name: str, content: bytes | str) -> Path:
        """Write a file to give to a command."""
        path = self.folder / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def letter_file(self, slug: str, **terms: object) -> Path:
        """Write a letter file that is good but for these terms."""
        return write_letter_file(self.folder / "files" / slug, slug, **terms)

    # --- making records, as nobody can who does not hold the issuer's keys

    def token(self, signer: Signer, **changed: bytes) -> bytes:
        """Mint a token for a key; `changed` replaces parts of it before it is signed."""
        letter = signer.letter
        host = self.site.host
        parts = {
            "nonce": nonce_of(signer.key.public_key),
            "challenge_digest": TokenChallenge(host, letter.letter_id, host).digest,
            "key_id": token_key_id(letter.token_key),
        }
        message = token_input(**(parts | changed))
        key = parse_spki(letter.token_key)
        blinded = blind(key, message)
        signature = self.site.issuer.keys(letter).token.blind_sign(blinded.blinded)
        return message + finalize(key, message, signature, blinded.inverse)

    def name_document(self, signer: Signer, **changed: Any) -> bytes:
        """Attest a name and write the document; `changed` replaces members of the attestation."""
        key, letter_id = signer.key, signer.letter.letter_id
        members: dict[str, Any] = {
            "letter_id": letter_id,
            "name": "Alva Quillstone",
            "role": None,
            "verified": Verified.INVITE,
            "c": commitment(key.public_key, key.r),
            "sig": bytes(64),
        }
        attestation = Attestation(**(members | changed))
        if "sig" not in changed:
            issuer = self.site.issuer.keys(signer.letter).attestation
            signature = issuer.sign(attestation_signed_bytes(attestation))
            attestation = replace(attestation, sig=signature)
        return format_name(NameDocument(attestation, key.r, None))

    def blob(self, signer: Signer, trustees: int = 1) -> bytes:
        """Seal a name, to the letter's trustee so many times."""
        keys = [signer.letter.trustees[0].seal_key] * trustees
        document = self.name_document(signer)
        return seal(document, signer.letter.letter_id, signer.key.public_key, keys, 1)


def signed(signer: Signer, record: SignRecord | AmendRecord | WithdrawRecord) -> bytes:
    """Sign a record with the signer's key; return its canonical bytes."""
    return format_record(replace(record, sig=signer.key.sign(signed_bytes(record))))


def request(record: bytes | str, blob: bytes | None = None) -> dict[str, Any]:
    """Write the body of a request that brings a record."""
    text = record if isinstance(record, str) else format_base64url(record)
    return {"record": text, "blob": None if blob is None else format_base64url(blob)}


def receipt_with(receipt: Receipt, **changed: Any) -> bytes:
    """Write a receipt as plain JSON, with other members; None in place of a member leaves it out."""
    members = json.loads(format_receipt(receipt)) | changed
    return json.dumps({name: value for name, value in members.items() if value != "-"}).encode()


def _digests(connection: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    query = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
    for (table,) in connection.execute(query).fetchall():
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        kept = ", ".join(f'"{name}"' for name in columns if name not in FREE.get(table, ()))
        rows = connection.execute(f'SELECT {kept} FROM "{table}"').fetchall()  # noqa: S608
        digest = hashlib.sha256(repr(rows).encode()).hexdigest()
        yield table, f"{len(rows)} rows, {digest}"


def _answer_of(response: http.client.HTTPResponse) -> str:
    body = response.read()
    if response.getheader("Content-Type") != PROBLEM:
        return str(response.status)
    problem = json.loads(body)
    assert list(problem)[:5] == ["type", "title", "status", "detail", "code"]
    assert problem["status"] == response.status
    assert (response.getheader("Retry-After") is not None) == (response.status == 503)
    return f"{response.status} {problem['code']}"


def _sentence_of(text: str) -> str:
    """Return what stands behind `error:`, or the single lines of a list of what is wrong."""
    lines = text.splitlines()
    listed = [line.strip() for line in lines if line.startswith("  ")]
    first = next((line for line in lines if line.startswith("error: ")), "error: nothing")
    return "; ".join(listed) or first.removeprefix("error: ")


def _evidence_of(text: str) -> str:
    """Return the first sentence below a check that does not hold."""
    is_wrong = False
    for line in text.splitlines():
        if line.startswith("    - ") and is_wrong:
            return f" ({line.removeprefix('    - ')})"
        is_wrong = ". false:" in line or ". unchecked:" in line
    return ""
