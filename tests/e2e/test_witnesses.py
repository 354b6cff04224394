"""A site and its witnesses as processes: quorums, kills, restored folders, a second server with the key."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest
from tests.e2e.community import Member, open_for_members
from tests.e2e.evidence import wait_for_leaves
from tests.e2e.server import PATIENCE_S, Server, free_port
from tests.e2e.together import post
from tests.live import HOST

from undersigned.app.site import make_site
from undersigned.crypto.keys import CosignatureSigner
from undersigned.crypto.note_key import format_vkey
from undersigned.domain.letter import Mode
from undersigned.mirror import mirror_site
from undersigned.signer.attempt import Attempt
from undersigned.signer.enrolment import InviteProof
from undersigned.signer.letter_view import get_letter
from undersigned.signer.signing import signed_request
from undersigned.tlog.merkle import leaf_hash
from undersigned.tlog.note import parse_note
from undersigned.tlog.policy import find_cosignatures, parse_policy
from undersigned.tlog.proof import parse_proof
from undersigned.verify import verify_mirror
from undersigned.witness.memory import make_witness, trust_log

SLUG = "witnessed"
STOPPED = r"log-forked|witness-ahead"
PATH = f"/api/v1/letters/{SLUG}@1"
COULD_NOT = 2


DYING = """\
import os, signal, sys
from undersigned.app import log, sequencing
from undersigned.app.witnessing import Witnesses
from undersigned.cli.main import main

step, append, put = os.environ["STEP"], sequencing._append_due, log.Batch.write
written = signed = False

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def putting(batch):
    global written
    # The token's own record may have had an epoch of its own before.
    written = written or any(b'"t":"sign"' in entry for entry in batch.entries)
    if written and step == "before the commit":
        # All is written but the last, in the transaction that is not committed.
        log.log_store.put_tiles = die
    put(batch)

def appending(*arguments):
    global signed
    appended = append(*arguments)
    signed = written
    return appended

gather, write = Witnesses.gather, log._write_file

def gathering(self, *arguments, **options):
    if signed and step == "before asking":
        die()
    found = gather(self, *arguments, **options)
    if signed and step == "answers lost":
        die()
    return found

def writing(path, data):
    if signed and step == "before the file":
        die()
    write(path, data)
    if signed and step == "after the file":
        die()

log.Batch.write = putting
sequencing._append_due = appending
Witnesses.gather = gathering
log._write_file = writing
sys.exit(main(sys.argv[1:]))
"""
"""The program, which kills itself at a step of writing the log: nothing is flushed, nobody is told."""


class WitnessProcess:
    """`undersigned witness serve` on one folder and one port."""

    def __init__(self, folder: Path, vkey: str) -> None:
        self.name = folder.name
        self.folder = folder
        self.port = free_port()
        make_witness(folder, f"{folder.name}.example/w")
        trust_log(folder, vkey)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def line(self) -> str:
        """Its line in a policy."""
        key = CosignatureSigner.load(self.folder / "cosigning.key").verifier
        return f"witness {self.name} {format_vkey(key)} http://127.0.0.1:{self.port}\n"

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [sys.executable, "-m", "undersigned", "witness", "serve", str(self.folder)]
        self._process = subprocess.Popen(
            [*command, "--port", str(self.port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"]},
        )
        process = self._process

        def is_there() -> bool:
            assert process.poll() is None, "the witness has ended"
            return answers(self.port)

        wait_until(is_there)

    def kill(self) -> None:
        """End it without a warning."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def answers(port: int) -> bool:
    """Say whether somebody speaks HTTP at a port."""
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/", timeout=60).status_code > 0
    except httpx2.HTTPError:
        return False


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + 3 * PATIENCE_S
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)


class World:
    """A site, its members, two witnesses, and the policy that asks for so many of them."""

    def __init__(self, base: Path, quorum: int) -> None:
        site = make_site(base / "data", HOST)
        _, members = open_for_members(site, base / "letter", SLUG, 8)
        vkey = format_vkey(site.keys.log.verifier)
        site.close()
        self.members = iter(members)
        self.witnesses = [WitnessProcess(base / name, vkey) for name in ("ada", "ben")]
        self.policy = base / "policy"
        lines = "".join(witness.line for witness in self.witnesses)
        self.policy.write_text(
            f"log {vkey}\n{lines}group both {quorum} ada ben\nquorum both\n"
            if quorum
            else f"{lines}quorum none\n"
        )
        self.server = self.server_on(base / "data")

    def server_on(self, folder: Path) -> Server:
        """Return a server with the policy."""
        return Server(folder, settings={"UNDERSIGNED_WITNESS_POLICY": str(self.policy)})

    def dying_server(self, step: str) -> Server:
        """Return a server that is killed at a step of the first publication after a signature."""
        settings = {"UNDERSIGNED_WITNESS_POLICY": str(self.policy), "STEP": step}
        return Server(self.server.folder, settings=settings, program=("-c", DYING))

    def sign(self, url: str) -> bytes:
        """Let the next member sign; return the leaf hash, once there is a promise for it."""
        with httpx2.Client(base_url=url, timeout=60) as client:
            attempt = Attempt.start(get_letter(client, SLUG), None)
        member: Member = next(self.members)
        reply = post(url, f"{PATH}/tokens", attempt.ask(InviteProof(member.invite), None))
        assert reply.status == 200, reply.body
        attempt.take_token(reply.body)
        attempt.choose(Mode.SEALED)
        request = signed_request(attempt.entry, attempt.blob)
        reply = post(url, f"{PATH}/signatures", request)
        assert reply.status == 201, reply.body
        return leaf_hash(attempt.entry)

    def cosigners(self, url: str, leaf: bytes) -> set[str]:
        """Return who has cosigned the proof of a leaf, which is there."""
        proof = httpx2.get(f"{url}/api/v1/proofs/{leaf.hex()}", timeout=60)
        assert proof.status_code == 200
        policy = parse_policy(self.policy.read_bytes())
        return set(find_cosignatures(policy, parse_note(parse_proof(proof.content).checkpoint)))


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """What is ended after the test."""
    with ExitStack() as stack:
        yield stack


def make_world(base: Path, stack: ExitStack, quorum: int) -> World:
    """Make a world whose witnesses are there, and will be gone."""
    world = World(base, quorum)
    for witness in world.witnesses:
        stack.callback(witness.kill)
        witness.start()
    return world


def said(url: str) -> dict[str, object]:
    """Return what the site says of itself."""
    answer: dict[str, object] = httpx2.get(f"{url}/api/v1/site", timeout=60).json()
    return answer


def test_nothing_newer_is_shown_until_the_quorum_is_there(tmp_path: Path, stack: ExitStack) -> None:
    """A witness is killed: promises are given, proofs wait, site and page say so, until it is back."""
    world = make_world(tmp_path, stack, 2)
    server = world.server
    with server:
        first = world.sign(server.url)
        wait_for_leaves(server.url, [first])
        assert world.cosigners(server.url, first) == {"ada", "ben"}
        assert (said(server.url)["quorum"], said(server.url)["waiting"]) == (True, False)
        before = httpx2.get(f"{server.url}/log/checkpoint", timeout=60).content
        world.witnesses[0].kill()
        second = world.sign(server.url)
        wait_until(lambda: said(server.url)["waiting"] is True)
        assert (
            httpx2.get(f"{server.url}/api/v1/proofs/{second.hex()}", timeout=60).status_code == 202
        )
        assert httpx2.get(f"{server.url}/log/checkpoint", timeout=60).content == before
        page = httpx2.get(f"{server.url}/letters/{SLUG}?lang=en", timeout=60).text
        assert "The newest records wait for witnesses." in page
        assert "Witnesses outside this site have cosigned the published log: ada, ben." in page
        # The site may die as well: what it has promised it publishes after the next start.
        server.kill()
        third_witness = world.witnesses[0]
        server.start()
        assert said(server.url)["waiting"] is True
        third_witness.start()
        wait_for_leaves(server.url, [first, second])
        assert world.cosigners(server.url, second) == {"ada", "ben"}
        assert said(server.url)["waiting"] is False
        witnesses = said(server.url)["witnesses"]
        assert isinstance(witnesses, list)
        assert all(witness["cosigned_at"] > 0 for witness in witnesses)
        assert (
            "wait for witnesses" not in httpx2.get(f"{server.url}/letters/{SLUG}", timeout=60).text
        )
        command = [sys.executable, "-m", "undersigned", "verify", server.url]
        done = subprocess.run([*command, "--policy", world.policy], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        assert " 2. holds:     Enough witnesses" in done.stdout
    assert "waiting for witnesses" in server.words
    assert "Traceback" not in server.words


def test_a_restored_folder_is_refused(tmp_path: Path, stack: ExitStack) -> None:
    """Database and published log are both older: one witness that is there is enough to tell."""
    world = make_world(tmp_path, stack, 1)
    shutil.copytree(world.server.folder, tmp_path / "back-up")
    with world.server as server:
        wait_for_leaves(server.url, [world.sign(server.url)])
        assert server.stop() == 0
    world.witnesses[0].kill()
    restored = world.server_on(tmp_path / "back-up")
    restored.launch()
    assert restored.wait() == COULD_NOT
    assert "error: the witness ben has a checkpoint with " in restored.words
    assert "it is older, probably a restored back-up" in restored.words
    assert "hint: " in restored.words
    with world.server as server:
        world.sign(server.url)


def test_a_second_server_with_the_same_key_stops(tmp_path: Path, stack: ExitStack) -> None:
    """A copy of the folder is served beside the first: the witnesses know one of the two."""
    world = make_world(tmp_path, stack, 2)
    with world.server as server:
        wait_for_leaves(server.url, [world.sign(server.url)])
        assert server.stop() == 0
        shutil.copytree(server.folder, tmp_path / "copy")
        copy = world.server_on(tmp_path / "copy")
        server.start()
        with copy:
            wait_for_leaves(server.url, [world.sign(server.url)])
            size = httpx2.get(f"{copy.url}/log/checkpoint", timeout=60).text.splitlines()[1]
            try:
                world.sign(copy.url)
            except AssertionError as error:
                # The witnesses were asked between its token and its signature.
                assert re.search(STOPPED, str(error))  # noqa: PT017 - it need not be raised
            wait_until(lambda: "LogForked" in copy.words or "WitnessAhead" in copy.words)
            # It promises nothing more, publishes nothing more, and the first one goes on.
            with pytest.raises(AssertionError, match=STOPPED):
                world.sign(copy.url)
            assert httpx2.get(f"{copy.url}/log/checkpoint", timeout=60).text.splitlines()[1] == size
            wait_for_leaves(server.url, [world.sign(server.url)])
        copy.launch()
        assert copy.wait() == COULD_NOT
        assert "error: the witness " in copy.words


def test_a_restored_folder_is_brought_forward(tmp_path: Path, stack: ExitStack) -> None:
    """`recover` from a mirror: it goes on as the log that the witnesses know, with all who had signed."""
    world = make_world(tmp_path, stack, 2)
    shutil.copytree(world.server.folder, tmp_path / "back-up")
    with world.server as server:
        leaves = [world.sign(server.url) for _ in range(2)]
        wait_for_leaves(server.url, leaves)
        mirror_site(server.url, tmp_path / "mirror")
        server.kill()
    command = [sys.executable, "-m", "undersigned", "recover", "--data", str(tmp_path / "back-up")]
    environment = {"PATH": os.environ["PATH"], "UNDERSIGNED_WITNESS_POLICY": str(world.policy)}

    def recover(source: Path) -> subprocess.CompletedProcess[str]:
        arguments = [*command, "--from", str(source)]
        return subprocess.run(arguments, capture_output=True, text=True, env=environment)

    missing = recover(tmp_path / "nothing")
    assert (missing.returncode, missing.stderr) == (
        COULD_NOT,
        f"error: {tmp_path / 'nothing'} is not a folder\n",
    )
    done = recover(tmp_path / "mirror")
    assert done.returncode == 0, done.stderr
    assert "records before: 3\n" in done.stdout
    assert "tokens known from the log: 2\n" in done.stdout
    assert f"note: {SLUG}@1: 2 sealed names are in no mirror" in done.stderr
    assert "next: undersigned serve" in done.stderr
    with world.server_on(tmp_path / "back-up") as server:
        leaves.append(world.sign(server.url))
        wait_for_leaves(server.url, leaves)
        assert world.cosigners(server.url, leaves[-1]) == {"ada", "ben"}
        mirror_site(server.url, tmp_path / "mirror")
        report = verify_mirror(tmp_path / "mirror", policy=parse_policy(world.policy.read_bytes()))
        assert report.exit_code == 0


@pytest.mark.parametrize(
    "step",
    ["before the commit", "before asking", "answers lost", "before the file", "after the file"],
)
def test_killed_at_a_step_of_writing(tmp_path: Path, stack: ExitStack, step: str) -> None:
    """Sequenced or not, cosigned or not: what was promised is in the one log that the witnesses know."""
    world = make_world(tmp_path, stack, 2)
    with world.server as server:
        leaves = [world.sign(server.url)]
        wait_for_leaves(server.url, leaves)
        assert server.stop() == 0
    with world.dying_server(step) as server:
        leaves.append(world.sign(server.url))
        assert server.wait() == -9
    with world.server as server:
        wait_for_leaves(server.url, leaves)
        assert world.cosigners(server.url, leaves[1]) == {"ada", "ben"}
        leaves.append(world.sign(server.url))
        wait_for_leaves(server.url, leaves)
        mirror_site(server.url, tmp_path / "mirror")
        report = verify_mirror(tmp_path / "mirror", policy=parse_policy(world.policy.read_bytes()))
        assert report.exit_code == 0, report.to_json()
