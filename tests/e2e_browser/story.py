"""Everybody in the story: an issuer and a site apart, two witnesses, five trustees, two hundred members.

All of them are processes of their own, but for the trustees' browser, and do what their commands do.
"""

import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx2
from tests.apart import make_members, write_file_apart
from tests.e2e.community import Member
from tests.e2e.search import Search
from tests.e2e.server import Server
from tests.e2e.test_apart import remember
from tests.e2e.test_witnesses import WitnessProcess, wait_until
from tests.live import HOST

from undersigned.app.issuer import make_issuer
from undersigned.app.site import make_collector
from undersigned.crypto.keys import SignerKey, code_of
from undersigned.crypto.note_key import format_vkey
from undersigned.crypto.seal import blob_hash, seal
from undersigned.domain.letter import Mode
from undersigned.domain.record import SignRecord, format_record, signed_bytes
from undersigned.encoding import format_base64url
from undersigned.signer.attempt import Attempt
from undersigned.signer.attempt_state import Held
from undersigned.signer.enrolment import InviteProof
from undersigned.signer.letter_view import LetterView, get_letter
from undersigned.signer.receipt import Receipt
from undersigned.signer.signing import enrol, sign

SLUG = "apart"
TRUSTEES = 5
QUORUM = 3
MEMBERS = 200
RULE = 184
COOLING_OFF_S = 25
PATIENCE_S = 240

GARBAGE = 3
PUBLIC = 9
ANONYMOUS = 7
SEALED = MEMBERS - GARBAGE - PUBLIC - ANONYMOUS
"""The rest; a third of them waits for sixty others, a third for a hundred and twenty."""


def run(*arguments: object, at: Path, code: int = 0) -> str:
    """Run a command in a process; return what it wrote to stdout. It ends with this exit code."""
    done = subprocess.run(
        [sys.executable, "-m", "undersigned", *map(str, arguments)],
        cwd=at,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env={"PATH": os.environ["PATH"]},
    )
    assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
    return done.stdout


@dataclass(slots=True)
class Story:
    """The processes, the folder of everybody's files, and what the members did."""

    base: Path
    vkey: str = ""
    members: list[Member] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    signers: list[Member] = field(default_factory=list)
    search: Search = field(default_factory=Search)
    file: Path = Path()
    issuer: Server = field(init=False)
    collector: Server = field(init=False)
    witnesses: list[WitnessProcess] = field(init=False)
    policy: Path = field(init=False)

    def __post_init__(self) -> None:
        self.issuer = Server(self.base / "issuer", answers="/api/v1/issuer")
        site = make_collector(self.base / "collector", HOST)
        self.vkey = format_vkey(site.keys.log.verifier)
        site.close()
        self.witnesses = [WitnessProcess(self.base / name, self.vkey) for name in ("ada", "ben")]
        self.policy = self.base / "policy"
        lines = "".join(witness.line for witness in self.witnesses)
        self.policy.write_text(f"log {self.vkey}\n{lines}group both 2 ada ben\nquorum both\n")
        settings = {"UNDERSIGNED_WITNESS_POLICY": str(self.policy)}
        self.collector = Server(self.base / "collector", settings=settings)

    @property
    def letter(self) -> str:
        """The address of the letter."""
        return f"{self.collector.url}/letters/{SLUG}"

    def key(self, number: int) -> Path:
        """Return a trustee's key file."""
        return self.base / f"trustee-{number}.key"

    def make_key(self, number: int) -> str:
        """Make a trustee's key on the command line; return its card."""
        name = f"Trustee {number}"
        return run(
            "trustee", "keygen", self.key(number), "--name", name, "--no-passphrase", at=self.base
        )

    # --- the opening of the letter

    def start(self) -> None:
        """Start the witnesses and the site; the issuer opens its doors with the letter."""
        for witness in self.witnesses:
            witness.start()
        self.collector.start()

    def propose(self, cards: list[str]) -> str:
        """Import the roll at the issuer's, and propose the letter; return the proposal's address."""
        issuer = make_issuer(self.issuer.folder, f"http://localhost:{self.issuer.port}")
        self.members = make_members(issuer, SLUG, MEMBERS)
        terms = {
            "rule": RULE,
            "cooling_off_s": COOLING_OFF_S,
            "conditions": "[60, 120]",
            "headcount": MEMBERS + 20,
            "floor": 8,
            "max_wait_s": 2,
        }
        self.file = write_file_apart(issuer, self.base / "letter", SLUG, **terms)
        issuer.close()
        text = f"quorum = {QUORUM}\n{self.file.read_text()}\n" + "\n".join(cards)
        self.file.write_text(text)
        run("letter", "propose", self.file, "--data", self.collector.folder, at=self.base)
        with sqlite3.connect(self.collector.folder / "collector.db") as connection:
            (letter_id,) = connection.execute("SELECT letter_id FROM proposal").fetchone()
        connection.close()
        return f"{self.collector.url}/proposals/{letter_id.hex()}"

    def open(self, *, code: int = 0) -> None:
        """Open the letter, or be told who is awaited."""
        folder = self.collector.folder
        run("letter", "open", self.file, "--data", folder, "--yes", at=self.base, code=code)

    def view(self) -> LetterView:
        """Fetch the letter as the signer's software does, with the key of the log."""
        with httpx2.Client(timeout=60) as client:
            return get_letter(client, self.letter, pinned_vkey=self.vkey)

    # --- the members

    def sign_all(self) -> None:
        """Let everybody sign, four at a time; the mischievous are among them."""
        view = self.view()
        ways: list[Callable[[Attempt], object]] = [
            *(lambda a: a.choose(Mode.PUBLIC) for _ in range(PUBLIC)),
            *(lambda a: a.choose(Mode.ANONYMOUS) for _ in range(ANONYMOUS)),
            *(
                lambda a, when=(None, 60, 120)[i % 3]: a.choose(Mode.SEALED, when)
                for i in range(SEALED)
            ),
        ]
        lock = threading.Lock()

        def go(member: Member, choose: Callable[[Attempt], object]) -> None:
            with httpx2.Client(timeout=60) as client:
                attempt = self._enrolled(client, view, member, lock)
                choose(attempt)
                receipt = sign(client, attempt)
            with lock:
                self.signers.append(member)
                self.receipts.append(receipt)

        def spoil(member: Member) -> None:
            with httpx2.Client(timeout=60) as client:
                self._sign_garbage(client, self._enrolled(client, view, member, lock))

        *honest, first, second, third = self.members
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(spoil, (first, second, third)))
            list(pool.map(go, honest, ways))

    def _enrolled(
        self, client: httpx2.Client, view: LetterView, member: Member, lock: threading.Lock
    ) -> Attempt:
        attempt = Attempt.start(view, None)
        with lock:
            number = len([label for _, label in self.search.values if label.endswith("address")])
            remember(self.search, view, number, member, attempt)
        enrol(client, attempt, InviteProof(member.invite))
        return attempt

    def _sign_garbage(self, client: httpx2.Client, attempt: Attempt) -> None:
        letter, held = attempt.head.letter, attempt.state
        assert isinstance(held, Held)
        key = SignerKey(code_of(attempt.words), letter.letter_id)
        seal_keys = [trustee.seal_key for trustee in letter.trustees]
        blob = seal(b"nobody", letter.letter_id, key.public_key, seal_keys, letter.quorum)
        record = SignRecord(
            letter.letter_id,
            held.token,
            key.public_key,
            Mode.SEALED,
            None,
            blob_hash(blob),
            bytes(64),
        )
        entry = format_record(replace(record, sig=key.sign(signed_bytes(record))))
        body = {"record": format_base64url(entry), "blob": format_base64url(blob)}
        answer = client.post(f"{attempt.head.address}/signatures", json=body)
        assert answer.status_code == 201, answer.text

    # --- what is to be seen

    def counts(self) -> dict[str, int]:
        """Return the letter's numbers as the site shows them."""
        found: dict[str, int] = httpx2.get(
            f"{self.collector.url}/api/v1/letters/{SLUG}/counts", timeout=60
        ).json()
        return found

    def page(self) -> dict[str, object]:
        """Return all that the API tells of the letter."""
        found: dict[str, object] = httpx2.get(
            f"{self.collector.url}/api/v1/letters/{SLUG}", timeout=60
        ).json()
        return found

    def wait_for(self, state: str) -> None:
        """Wait until the letter is in a state."""
        wait_until(lambda: self.page()["state"] == state)

    def names(self) -> dict[int, str]:
        """Return the names that the site shows, by the place of the signature."""
        found: dict[int, str] = {}
        after: int | None = -1
        while after is not None:
            page = httpx2.get(
                f"{self.collector.url}/api/v1/letters/{SLUG}/names",
                params={"after": after},
                timeout=60,
            ).json()
            found |= {each["leaf"]: each["name"] for each in page["names"]}
            after = page["next"]
        return found

    def end(self) -> None:
        """End every process that is still there."""
        for server in (self.issuer, self.collector):
            if server.is_alive:
                server.kill()
        for witness in self.witnesses:
            witness.kill()


def sleep_until(moment: float) -> None:
    """Sleep until a time (UTC seconds)."""
    time.sleep(max(0.0, moment - time.time()))
