"""Five trustees as people have them: a served site, a process for each, and some who do not behave.

Three of five have to act. One is silent, one sends altered shares, and insiders have sealed garbage.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx2
import pytest
from tests.app.five import altered
from tests.e2e.community import random_word, write_letter_file
from tests.e2e.server import Server
from tests.web.members import enrolled, signed, wait_for_proof

from undersigned.app.invites import make_invites
from undersigned.app.rolls import import_roll
from undersigned.app.site import make_site
from undersigned.cli.trustee_key import load_key
from undersigned.crypto.keys import SignerKey, code_of
from undersigned.crypto.seal import blob_hash, seal
from undersigned.domain.letter import Mode
from undersigned.domain.record import SignRecord, format_record, signed_bytes
from undersigned.encoding import format_base64url
from undersigned.mirror import mirror_site
from undersigned.signer.attempt_state import Held
from undersigned.signer.letter_view import get_letter
from undersigned.tlog.merkle import leaf_hash
from undersigned.trustee.sealed import SealedNames
from undersigned.trustee.sharing import open_own_shares, write_share_file
from undersigned.trustee.visiting import Visit
from undersigned.trustee.waiting import find_due_wave

SLUG = "five"
COOLING_OFF_S = 40
MEMBERS = 8
QUORUM = 3


def undersigned(*arguments: object, folder: Path) -> subprocess.Popen[str]:
    """Start a command in a process."""
    return subprocess.Popen(
        [sys.executable, "-m", "undersigned", *map(str, arguments)],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(*arguments: object, folder: Path) -> str:
    """Run a command that succeeds; return what it wrote to stdout."""
    process = undersigned(*arguments, folder=folder)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, (arguments, err)
    return out


@dataclass(frozen=True, slots=True)
class Stage:
    """The served site, the folder of everybody's files, and the codes of the members."""

    server: Server
    folder: Path
    codes: list[str]

    @property
    def letter(self) -> str:
        """The address of the letter."""
        return f"{self.server.url}/letters/{SLUG}@1"

    @contextmanager
    def client(self) -> Iterator[httpx2.Client]:
        """Give a client of the site."""
        with httpx2.Client(base_url=self.server.url, timeout=30) as client:
            yield client

    def state(self) -> str:
        """Return the state of the letter."""
        with self.client() as client:
            found: str = client.get(f"/api/v1/letters/{SLUG}").json()["state"]
        return found

    def wait_for(self, state: str) -> None:
        """Wait until the letter is in a state."""
        end = time.monotonic() + 120
        while self.state() != state:
            assert time.monotonic() < end, self.state()
            time.sleep(0.1)

    def key(self, number: int) -> Path:
        """Return a trustee's key file."""
        return self.folder / f"trustee-{number}.key"

    def open(self, number: int, wait: int = 0) -> subprocess.Popen[str]:
        """Start a trustee's part."""
        return undersigned(
            "trustee", "open", self.letter, "--key", self.key(number), "--wait", wait,
            folder=self.folder,
        )  # fmt: skip

    def sign_garbage(self, code: str) -> None:
        """Sign as an insider does who wants to spoil the opening: a seal in which there is no name."""
        with self.client() as client:
            attempt = enrolled(client, SLUG, code)
            letter, held = attempt.head.letter, attempt.state
            assert isinstance(held, Held)
            key = SignerKey(code_of(attempt.words), letter.letter_id)
            seal_keys = [trustee.seal_key for trustee in letter.trustees]
            blob = seal(b"nobody", letter.letter_id, key.public_key, seal_keys, letter.quorum)
            name = blob_hash(blob)
            record = SignRecord(
                letter.letter_id, held.token, key.public_key, Mode.SEALED, None, name, bytes(64)
            )
            entry = format_record(replace(record, sig=key.sign(signed_bytes(record))))
            body = {"record": format_base64url(entry), "blob": format_base64url(blob)}
            answer = client.post(f"/api/v1/letters/{SLUG}/signatures", json=body)
            assert answer.status_code == 201, answer.text
            wait_for_proof(client, leaf_hash(entry))

    def send_altered_shares(self, number: int) -> None:
        """Do a trustee's part, but for one thing: every share is another than the signer's."""
        key = load_key(self.key(number), None)
        with self.client() as client, tempfile.TemporaryDirectory() as name:
            letter = get_letter(client, self.letter).letter
            visit = Visit(client, self.server.url, letter, key, number)
            mirror_site(self.server.url, Path(name))
            wave, size = find_due_wave(Path(name), letter.letter_id)
            blobs = {
                stance.name: visit.get_blob(stance.signature.leaf)
                for stance in wave.stances
                if stance.name is not None
            }
            own = open_own_shares(SealedNames(wave, size, blobs.get), key, number)
            lie = altered(own, lambda share: bytes([share[0] ^ 1]) + share[1:])
            visit.send_shares(wave.number, write_share_file(letter, lie, key))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A served site with a letter that five trustees have acknowledged, each with a key of their own."""
    data = tmp_path / "data"
    site = make_site(data, "letters.example")
    rows = [f"{random_word()}@staff.example,Member {i}," for i in range(MEMBERS)]
    import_roll(site.issuer, SLUG, "\n".join(["email,name,role", *rows, ""]).encode())
    codes = [invite.code for invite in make_invites(site.issuer, SLUG, None)]
    site.close()
    file = write_letter_file(tmp_path / "letter", SLUG, rule=5, cooling_off_s=COOLING_OFF_S)
    tables = ""
    for number in range(1, 6):
        command = ("trustee", "keygen", tmp_path / f"trustee-{number}.key", "--no-passphrase")
        printed = run(*command, "--name", f"Trustee {number}", folder=tmp_path)
        tables += "\n".join(line for line in printed.splitlines() if " = " in line or "[[" in line)
        tables += "\n"
    file.write_text(f"quorum = {QUORUM}\n{file.read_text()}\n{tables}")
    with Server(data) as server:
        proposed = run(
            "letter", "propose", file, "--data", data, "--site", server.url, folder=tmp_path
        )
        address = next(
            line.partition(": ")[2] for line in proposed.splitlines() if line.startswith("proposal")
        )
        acks = [
            undersigned(
                "trustee", "ack", address, "--key", tmp_path / f"trustee-{number}.key", "--yes",
                folder=tmp_path,
            )
            for number in range(1, 6)
        ]  # fmt: skip
        for ack in acks:
            out, err = ack.communicate(timeout=120)
            assert ack.returncode == 0, err
            assert "acknowledged as trustee" in out
        run("letter", "open", file, "--data", data, "--yes", folder=tmp_path)
        yield Stage(server, tmp_path, codes)


def sign_all(stage: Stage, honest: int, garbage: int) -> None:
    """Let members sign sealed; the insiders come first, so that the rule is met by an honest one."""
    for code in stage.codes[:garbage]:
        stage.sign_garbage(code)
    with stage.client() as client:
        for code in stage.codes[garbage : garbage + honest]:
            signed(client, SLUG, code, Mode.SEALED)


def finish(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Wait for a trustee's command; return what it wrote."""
    out, err = process.communicate(timeout=180)
    assert process.returncode == 0, (out, err)
    return out, err


@pytest.mark.parametrize(
    ("honest", "garbage", "state", "names"),
    [(5, 2, "released", 5), (3, 2, "open", 0)],
    ids=["released", "returned to open"],
)
def test_three_of_five_trustees_do_their_part(
    stage: Stage, honest: int, garbage: int, state: str, names: int
) -> None:
    """One is silent, one lies and is named; the letter is released, or open again, and verifies."""
    early_out, _ = stage.open(1).communicate(timeout=120)
    assert "state: open" in early_out
    sign_all(stage, honest, garbage)
    stage.wait_for("frozen")
    stage.send_altered_shares(4)
    out, err = finish(stage.open(1))
    assert "awaited: 2 Trustee 2; 3 Trustee 3; 5 Trustee 5" in out
    assert "trustee 4 (Trustee 4) sent a share of leaf" in err
    page = httpx2.get(stage.letter, timeout=30).text
    assert "<bdi>Trustee 2</bdi> (awaited)" in page
    waiting = stage.open(2, wait=90)
    end = time.monotonic() + 120
    while len(_awaited(stage)) > 2:
        assert time.monotonic() < end
        time.sleep(0.1)
    out, err = finish(stage.open(3))
    assert f"opened: {names}\n" in out
    assert f"struck as unopenable: {garbage}\n" in out
    waiting.communicate(timeout=120)
    assert stage.state() == state
    with stage.client() as client:
        shown = client.get(f"/api/v1/letters/{SLUG}/names").json()["names"]
        assert client.get(f"/api/v1/letters/{SLUG}").json()["opening"] is None
    assert len(shown) == names
    run("verify", stage.server.url, folder=stage.folder)
    late, _ = stage.open(5).communicate(timeout=120)
    assert f"state: {state}" in late


def _awaited(stage: Stage) -> list[int]:
    with stage.client() as client:
        opening = client.get(f"/api/v1/letters/{SLUG}").json()["opening"]
    found: list[int] = [] if opening is None else opening["awaited"]
    return found
