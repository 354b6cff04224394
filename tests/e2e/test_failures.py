"""What breaks around the server: full disks, lost rights, old back-ups, long queues, a second server."""

import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
import pytest
from tests.e2e.community import Member, open_for_members
from tests.e2e.evidence import collect_evidence, read_entries, wait_for_leaves
from tests.e2e.reader import reading
from tests.e2e.room import AS_ANYONE, LimitedFiles, Room, small_disk
from tests.e2e.server import Server
from tests.e2e.together import Reply, post, post_together
from tests.live import HOST, live_site_in

from undersigned.app import intake
from undersigned.app.site import make_site
from undersigned.domain.letter import Mode
from undersigned.domain.record import SignRecord
from undersigned.signer.attempt import Attempt
from undersigned.signer.enrolment import InviteProof
from undersigned.signer.letter_view import LetterView, get_letter
from undersigned.signer.signing import signed_request
from undersigned.tlog.merkle import leaf_hash

SLUG = "failures"
PATH = f"/api/v1/letters/{SLUG}@1"
COULD_NOT = 2


def _make_site(folder: Path, texts: Path, count: int = 16) -> Iterator[Member]:
    """Make a site with one letter in a folder; return its members, to be taken one by one."""
    site = make_site(folder, HOST)
    _, members = open_for_members(site, texts, SLUG, count)
    site.close()
    return iter(members)


def _view(url: str) -> LetterView:
    with httpx2.Client(base_url=url, timeout=60) as client:
        return get_letter(client, SLUG)


def _size(url: str) -> int:
    """Return the size of the published log."""
    return int(httpx2.get(f"{url}/log/checkpoint", timeout=60).text.splitlines()[1])


def _enrolled(url: str, view: LetterView, member: Member) -> Attempt:
    """Return the attempt of a member, ready to be sent."""
    attempt = Attempt.start(view, None)
    reply = post(url, f"{PATH}/tokens", attempt.ask(InviteProof(member.invite), None))
    assert reply.status == 200, reply.body
    attempt.take_token(reply.body)
    attempt.choose(Mode.SEALED)
    return attempt


def _send(url: str, *attempts: Attempt) -> list[Reply]:
    """Send signatures, all at once."""
    requests = [signed_request(attempt.entry, attempt.blob) for attempt in attempts]
    return post_together(url, f"{PATH}/signatures", requests)


def _assert_signed(url: str, mirror: Path, attempts: list[Attempt]) -> None:
    """Check that the log has these signatures, no other, and that all of it holds."""
    leaves = [leaf_hash(attempt.entry) for attempt in attempts]
    wait_for_leaves(url, leaves)
    evidence = collect_evidence(url, mirror)
    letter_id = attempts[0].head.letter.letter_id
    assert evidence.count(SignRecord, letter_id) == len(leaves)
    assert set(leaves) <= evidence.epochs().keys()


# --- no room


@contextmanager
def _rooms(tmp_path: Path) -> Iterator[dict[str, Room]]:
    """Give every way to be full that this machine allows."""
    limited = tmp_path / "limited"
    limited.mkdir()
    rooms: dict[str, Room] = {"limited": LimitedFiles(limited)}
    with small_disk(tmp_path / "disk") as disk:
        if disk is not None:
            rooms["disk"] = disk
        yield rooms


def test_a_full_disk_refuses_clearly_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    """Nobody is told that they signed unless it is on disk; those who were refused sign later."""
    with _rooms(tmp_path) as rooms:
        for name, room in rooms.items():
            _fill_while_signing(room, tmp_path / name)


def _fill_while_signing(room: Room, base: Path) -> None:
    texts, mirror = base.with_name(f"{base.name}-letter"), base.with_name(f"{base.name}-mirror")
    members = _make_site(room.folder / "data", texts)
    # What the server says goes to the full disk as well.
    with Server(room.folder / "data", output=room.folder / "words.txt") as server:
        view = _view(server.url)
        attempts = [_enrolled(server.url, view, member) for member in members]
        first = _send(server.url, *attempts[:4])
        assert {reply.status for reply in first} == {201}
        room.fill(server)
        promises = _send_until_refused(server, attempts[4:8])
        room.clear(server)
        # The same process goes on.
        again = _send(server.url, *attempts[:8])
        assert {reply.status for reply in again} <= {200, 201}
        assert [reply.json for reply in again[:4]] == [reply.json for reply in first]
        wait_for_leaves(server.url, [leaf_hash(attempt.entry) for attempt in attempts[:8]])
        room.fill(server)
        promises |= _send_until_refused(server, attempts[8:])
        server.kill()
        room.clear(server)
        server.start()
        # Whoever was told yes is known, with the same promise, although the server was killed.
        last = _send(server.url, *attempts)
        assert {reply.status for reply in last} <= {200, 201}
        told = [promises.get(attempt.entry) for attempt in attempts]
        for reply, promise in zip(last, told, strict=True):
            if promise is not None:
                assert (reply.status, reply.json["promise"]) == (200, promise)
        _assert_signed(server.url, mirror, attempts)


def _send_until_refused(server: Server, attempts: list[Attempt]) -> dict[bytes, str]:
    """Send until the disk is full for everyone; return the promises of those who were before it was."""
    promises: dict[bytes, str] = {}
    refused = 0
    for attempt in attempts:
        (reply,) = _send(server.url, attempt)
        if reply.status == 201:
            promises[attempt.entry] = reply.json["promise"]
            continue
        assert reply.outcome == (503, "store-error")
        assert int(reply.headers["retry-after"]) > 0
        assert reply.json["detail"] == "The data folder cannot be read or written."
        refused += 1
    assert refused > 0, "the disk was not full"
    assert _reads(server), "who only reads is served all the same"
    return promises


def _reads(server: Server) -> bool:
    return httpx2.get(f"{server.url}/api/v1/letters/{SLUG}", timeout=60).status_code == 200


# --- no rights


def _forbid(folder: Path) -> None:
    """Make a folder and all in it such that its owner may not write."""
    for path in (*folder.rglob("*"), folder):
        path.chmod(0o500 if path.is_dir() else 0o400)


def _allow(folder: Path) -> None:
    folder.chmod(0o700)
    for path in folder.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)


def test_a_folder_that_cannot_be_written_is_refused_in_a_sentence(tmp_path: Path) -> None:
    """The server does not begin what it could not keep; with the right to write it does."""
    _make_site(tmp_path / "data", tmp_path / "letter")
    server = Server(tmp_path / "data", wrapper=AS_ANYONE)
    _forbid(server.folder)
    server.launch()
    code = server.wait()
    _allow(server.folder)
    assert code == COULD_NOT, server.words
    assert server.words.startswith("error: ")
    assert "Traceback" not in server.words
    with server:
        assert _reads(server)


def test_a_log_that_cannot_be_written_is_published_when_it_can(tmp_path: Path) -> None:
    """Promises are still given, since the database is; the proof comes with the right to write."""
    members = _make_site(tmp_path / "data", tmp_path / "letter")
    with Server(tmp_path / "data", wrapper=AS_ANYONE) as server:
        attempt = _enrolled(server.url, _view(server.url), next(members))
        log = server.folder / "log"
        log.chmod(0o500)
        (reply,) = _send(server.url, attempt)
        assert reply.status == 201
        time.sleep(1)
        proof = f"{server.url}/api/v1/proofs/{leaf_hash(attempt.entry).hex()}"
        assert httpx2.get(proof, timeout=60).status_code == 202
        log.chmod(0o700)
        _assert_signed(server.url, tmp_path / "mirror", [attempt])


# --- an old back-up


def _sign_one(server: Server, member: Member) -> Attempt:
    """Serve, let a member sign, wait until the log has it, and stop.

    Token and signature are in epochs of their own, so that the log has as many entries each time.
    """
    with server:
        size = _size(server.url)
        attempt = _enrolled(server.url, _view(server.url), member)
        end = time.monotonic() + 120
        while _size(server.url) == size:
            assert time.monotonic() < end
            time.sleep(0.05)
        assert _send(server.url, attempt)[0].status == 201
        wait_for_leaves(server.url, [leaf_hash(attempt.entry)])
        assert server.stop() == 0
    return attempt


def _put_database(source: Path, target: Path) -> None:
    """Put the collector's database of one folder into another, as one restores a back-up."""
    for path in target.glob("collector.db*"):
        path.unlink()
    for path in source.glob("collector.db*"):
        shutil.copy2(path, target / path.name)


def test_an_older_database_beside_a_newer_log_is_refused(tmp_path: Path) -> None:
    """A restored back-up would tell a second history; the right database is served again."""
    members = _make_site(tmp_path / "data", tmp_path / "letter")
    server = Server(tmp_path / "data")
    first = _sign_one(server, next(members))
    old, new = tmp_path / "old", tmp_path / "new"
    shutil.copytree(server.folder, old)
    second = _sign_one(server, next(members))
    shutil.copytree(server.folder, new)
    _put_database(old, server.folder)
    refused = Server(server.folder)
    refused.launch()
    assert refused.wait() == COULD_NOT
    assert "error: the log was published with " in refused.words
    assert "it is older, probably a restored back-up" in refused.words
    _put_database(new, server.folder)
    with server:
        _assert_signed(server.url, tmp_path / "mirror", [first, second])


def test_another_database_of_the_same_size_is_refused(tmp_path: Path) -> None:
    """A copy that went its own way has as many records and is not the log that was published."""
    members = _make_site(tmp_path / "data", tmp_path / "letter")
    copy = Server(tmp_path / "copy")
    shutil.copytree(tmp_path / "data", copy.folder)
    server = Server(tmp_path / "data")
    _sign_one(server, next(members))
    _sign_one(copy, next(members))
    _put_database(copy.folder, server.folder)
    server.launch()
    assert server.wait() == COULD_NOT
    assert "error: the log in this database differs from the one that was published" in server.words


# --- a queue that is full


def test_a_full_queue_asks_to_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the database is held by another, as many wait as may; the others hear when to come back."""
    monkeypatch.setattr(intake, "MOST_WAITING", 4)
    with live_site_in(tmp_path / "data") as live, ExitStack() as stack:
        with httpx2.Client(base_url=live.url, timeout=60) as client:
            view = get_letter(client, live.slug)
        path = f"/api/v1/letters/{live.slug}@1"
        attempt = Attempt.start(view, None)
        asked = attempt.ask(InviteProof(live.invites[0]), None)
        attempt.take_token(post(live.url, f"{path}/tokens", asked).body)
        attempt.choose(Mode.SEALED)
        request = signed_request(attempt.entry, attempt.blob)
        holder = sqlite3.connect(live.folder / "collector.db", isolation_level=None)
        stack.callback(holder.close)
        holder.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(1) as pool:
            sent = pool.submit(post_together, live.url, f"{path}/signatures", [request] * 20)
            time.sleep(3)
            assert not sent.done(), "those who were taken in wait for the database"
            holder.execute("ROLLBACK")
            replies = sent.result(120)
    outcomes = Counter(reply.outcome for reply in replies)
    assert outcomes[201, None] == 1
    assert outcomes[503, "busy"] >= 10
    assert outcomes.total() == 1 + outcomes[200, None] + outcomes[503, "busy"]
    busy = [reply for reply in replies if reply.status == 503]
    assert {reply.headers["retry-after"] for reply in busy} == {"2"}


# --- two servers on one folder


def test_two_servers_on_one_folder_keep_one_log(tmp_path: Path) -> None:
    """Members of both stand in one log; a token is one token; one server may go at any time."""
    members = _make_site(tmp_path / "data", tmp_path / "letter")
    one, two = Server(tmp_path / "data"), Server(tmp_path / "data")
    with one, two, ExitStack() as stack:
        view = _view(one.url)
        readers = [stack.enter_context(reading(s.url, view.site.log_key)) for s in (one, two)]
        attempts = _sign_at_both(one, two, view, [next(members) for _ in range(8)])
        _assert_one_token(one, two, view, next(members))
        with ThreadPoolExecutor(1) as pool:
            # It rewrites the databases as it ends, while the other goes on.
            ended = pool.submit(one.stop)
            for member in [next(members) for _ in range(3)]:
                attempts.append(_enrolled(two.url, view, member))
                assert _send(two.url, attempts[-1])[0].status == 201
            assert ended.result(120) == 0
        _assert_signed(two.url, tmp_path / "mirror", attempts)
    leaves = [leaf_hash(entry) for entry in read_entries(tmp_path / "mirror" / "log")]
    assert [reader.find_contradictions(leaves) for reader in readers] == [[], []]


def _sign_at_both(
    one: Server, two: Server, view: LetterView, members: list[Member]
) -> list[Attempt]:
    """Let members get their tokens at either server and send each signature to both at once."""
    attempts = []
    for number, member in enumerate(members):
        attempt = _enrolled((one, two)[number % 2].url, view, member)
        with ThreadPoolExecutor(2) as pool:
            replies = [pool.submit(_send, server.url, attempt) for server in (one, two)]
            answers = [reply.result()[0] for reply in replies]
        assert sorted(answer.status for answer in answers) == [200, 201]
        assert answers[0].body == answers[1].body
        attempts.append(attempt)
    return attempts


def _assert_one_token(one: Server, two: Server, view: LetterView, member: Member) -> None:
    """Ask both servers for the token of one member, ten times with other blindings."""
    asked = [Attempt.start(view, None).ask(InviteProof(member.invite), None) for _ in range(10)]
    with ThreadPoolExecutor(2) as pool:
        halves = [
            pool.submit(post_together, server.url, f"{PATH}/tokens", asked[start::2])
            for start, server in enumerate((one, two))
        ]
        outcomes = Counter(reply.outcome for half in halves for reply in half.result())
    assert outcomes == {(200, None): 1, (409, "already-issued"): 9}
