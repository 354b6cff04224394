"""Issuer and collector as two processes with two folders: each can die, and neither disk tells too much.

Members sign at both real programs. What they gave away is then looked for in every byte of either
folder, and the two folders are held against each other, by content and by position.
More kills: KILLS=100 SEED=7 pytest tests/e2e/test_apart.py
"""

import os
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import httpx2
import pytest
from tests.apart import SLUG, make_members, write_file_apart
from tests.e2e.community import Member
from tests.e2e.ranks import BOUND, deviations
from tests.e2e.search import Search
from tests.e2e.server import Server
from tests.e2e.test_row_order import COMING, find_orders
from tests.live import HOST

from undersigned.app.issuer import make_issuer
from undersigned.app.site import make_collector
from undersigned.cli.main import main
from undersigned.crypto.keys import SignerKey, code_of
from undersigned.crypto.seal import parse_blob
from undersigned.crypto.token import nonce_of, parse_spki, parse_token
from undersigned.domain.letter import Mode
from undersigned.domain.record import IssuedRecord, SignRecord, parse_record
from undersigned.domain.roll import member_commit, member_of_email
from undersigned.errors import AlreadyIssued, StoreError, Unreachable
from undersigned.signer.attempt import Attempt
from undersigned.signer.attempt_state import Blinded, Chosen, Held
from undersigned.signer.enrolment import InviteProof
from undersigned.signer.exchange import ONCE
from undersigned.signer.letter_view import LetterView, get_letter
from undersigned.signer.receipt import Receipt
from undersigned.signer.signing import enrol, sign, wait_for_proof

COUNT = 60
WAYS = ((Mode.SEALED, 2), (Mode.ANONYMOUS, None), (Mode.SEALED, None))
DAY = 86_400
NOON = 21_000 * DAY + DAY // 2
KILLS = int(os.environ.get("KILLS", "8"))
SEED = int(os.environ.get("SEED", "1"))
PATIENCE_S = 320


@dataclass(frozen=True, slots=True)
class Pair:
    """The two processes, and a letter that the issuer's members may sign."""

    collector: Server
    issuer: Server
    members: list[Member]

    def letter(self) -> LetterView:
        """Fetch the letter."""
        with httpx2.Client(timeout=60) as client:
            return get_letter(client, f"{self.collector.url}/letters/{SLUG}")


def make_pair(base: Path, count: int, *, own_clock: int | None = None, **terms: object) -> Pair:
    """Make both folders and let both operators open the letter by their commands; both are served."""
    issuer = Server(base / "issuer", answers="/api/v1/issuer")
    collector = Server(base / "collector")
    make_collector(collector.folder, HOST, own_clock=own_clock).close()
    # The issuer is named as another host than the site, as browsers have it.
    url = f"http://localhost:{issuer.port}"
    made = make_issuer(issuer.folder, url, own_clock=own_clock)
    members = make_members(made, SLUG, count)
    file = write_file_apart(made, base / "letter", SLUG, **terms)
    made.close()
    collector.start()
    assert run("letter", "propose", file, "--data", collector.folder) == 0
    assert run("letter", "open", file, "--data", collector.folder, "--yes") == 1
    with sqlite3.connect(collector.folder / "collector.db") as connection:
        (letter_id,) = connection.execute("SELECT letter_id FROM proposal").fetchone()
    connection.close()
    address = f"{collector.url}/proposals/{letter_id.hex()}"
    assert run("issuer", "ack", address, "--data", issuer.folder, "--yes") == 0
    assert run("issuer", "ack", address, "--data", issuer.folder, "--yes") == 0
    assert run("letter", "open", file, "--data", collector.folder, "--yes") == 0
    issuer.start()
    return Pair(collector, issuer, members)


def run(*arguments: object) -> int:
    """Run a command."""
    return main([str(argument) for argument in arguments])


# --- what the disks hold


@dataclass(frozen=True, slots=True)
class Left:
    """What sixty members left in both folders after the processes have ended."""

    collector: Path
    issuer: Path
    members: list[Member]
    receipts: list[Receipt]
    search: Search

    def places(self, folder: Path, *kinds: str) -> set[str]:
        """Return where something of these kinds stands in a folder."""
        return {hit.place for hit in self.search.in_folder(folder) if hit.kind in kinds}


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Left:
    """Let sixty sign one after another, then end both; all wait for their epoch."""
    base = tmp_path_factory.mktemp("apart")
    terms = {"rule": 100, "period_s": 3600, "floor": 1000, "max_wait_s": DAY}
    pair = make_pair(base, COUNT, own_clock=NOON, **terms)
    search = Search()
    letter = pair.letter()
    receipts = []
    with httpx2.Client(timeout=60) as at_issuer, httpx2.Client(timeout=60) as at_site:
        for number, member in enumerate(pair.members):
            attempt = Attempt.start(letter, None)
            remember(search, letter, number, member, attempt)
            enrol(at_issuer, attempt, InviteProof(member.invite))
            attempt.choose(Mode.SEALED)
            remember_record(search, number, attempt)
            receipts.append(sign(at_site, attempt))
    assert pair.issuer.stop() == 0
    assert pair.collector.stop() == 0
    return Left(pair.collector.folder, pair.issuer.folder, pair.members, receipts, search)


def remember(
    search: Search, letter: LetterView, number: int, member: Member, attempt: Attempt
) -> None:
    """Note what says who a member is, and what says which signature is theirs."""
    label = str(number)
    key = SignerKey(code_of(attempt.words), letter.letter.letter_id)
    search.add("member", f"{label}, address", member.address)
    search.add("member", f"{label}, name", member.name)
    search.add("member", f"{label}, invite", member.invite.replace("-", ""))
    search.add("signature", f"{label}, key", key.public_key)
    search.add("signature", f"{label}, nonce", nonce_of(key.public_key))
    search.add("secret", f"{label}, r", key.r)
    search.add_words("secret", f"{label}, words", attempt.words)
    assert isinstance(attempt.state, Blinded)
    inverse = attempt.state.blinding.inverse
    factor = pow(inverse, -1, parse_spki(letter.letter.token_key).n)
    search.add("secret", f"{label}, inverse", inverse.to_bytes(256, "big"))
    search.add("secret", f"{label}, factor", factor.to_bytes(256, "big"))
    search.add("secret", f"{label}, blinded", attempt.blinded)


def remember_record(search: Search, number: int, attempt: Attempt) -> None:
    """Note the token and the seal."""
    assert isinstance(attempt.state, Chosen)
    assert attempt.blob is not None
    search.add(
        "signature", f"{number}, token", parse_token(attempt.state.record.token).authenticator
    )
    search.add("signature", f"{number}, seal", parse_blob(attempt.blob).nonce)


def test_neither_disk_holds_what_is_the_others(left: Left) -> None:
    """No member at the collector, no signature at the issuer, no secret at either."""
    assert left.places(left.collector, "member", "secret") == set()
    assert left.places(left.issuer, "signature", "secret") == set()
    # The search sees what is there.
    assert left.places(left.issuer, "member") == {"issuer.db"}
    assert left.places(left.collector, "signature") == {"collector.db"}
    kinds = [kind for kind, _ in left.search.values]
    assert kinds.count("member") == 3 * COUNT
    assert kinds.count("signature") == 4 * COUNT


def test_neither_process_said_anything_about_anybody(left: Left) -> None:
    """Where it is, what to do next, and that it has ended."""
    for file in (*left.collector.parent.glob("*.txt"), *left.issuer.parent.glob("*.txt")):
        lines = file.read_text().splitlines()
        told = {line.partition(":")[0] for line in lines}
        assert told <= {"serving", "log", "issuer", "next", "note"}
        assert left.search.in_file(file, "said") == set()


def values_in(path: Path) -> dict[bytes, set[str]]:
    """Return every value of some length in every row of a database, and the columns that hold it."""
    found: dict[bytes, set[str]] = {}
    with sqlite3.connect(path) as connection:
        query = "SELECT name FROM sqlite_schema WHERE type = 'table'"
        for (table,) in connection.execute(query).fetchall():
            cursor = connection.execute(f'SELECT * FROM "{table}"')  # noqa: S608
            names = [column[0] for column in cursor.description]
            for row in cursor.fetchall():
                for name, value in zip(names, row, strict=True):
                    data = value.encode() if isinstance(value, str) else value
                    if isinstance(data, bytes) and len(data) >= 8:
                        found.setdefault(data, set()).add(f"{table}.{name}")
    connection.close()
    return found


def test_both_disks_share_only_what_the_log_shows(left: Left) -> None:
    """Held against each other row by row: the letter's id, its name, and the commitments of the roll.

    A commitment is in the `issued` record of the public log. That of a member leads to no `sign`.
    """
    at_issuer = values_in(left.issuer / "issuer.db")
    at_collector = values_in(left.collector / "collector.db")
    letter_id = bytes(left.receipts[0].letter.letter_id)
    commits = {
        member_commit(receipt.salt, member_of_email(member.address))
        for member, receipt in zip(left.members, left.receipts, strict=True)
    }
    body = next(data for data in at_issuer if at_issuer[data] == {"acknowledged.body"})
    shared = at_issuer.keys() & at_collector.keys()
    assert shared == commits | {letter_id, body}
    for commit in commits:
        assert at_collector[commit] == {"issued.member"}
        assert at_issuer[commit] == {"roll_entry.commit", "invite.commit", "issuance.commit"}
    # Nor is a value of one inside a longer value of the other, but in the issuer's own records.
    pending = [data for data in at_collector if "pending.record" in at_collector[data]]
    records = [parse_record(data) for data in pending]
    issued = [record for record in records if isinstance(record, IssuedRecord)]
    signs = [record for record in records if isinstance(record, SignRecord)]
    assert len(issued) == len(signs) == COUNT
    assert {record.member for record in issued} == commits
    of_issuance = [data for data, at in at_issuer.items() if any("issuance." in x for x in at)]
    for sent, held in product(signs, of_issuance):
        if held != letter_id:
            assert held not in (sent.token, sent.pk, sent.name, sent.sig)
            assert held not in sent.token
            assert sent.pk not in held


TABLES = (("issuer", "issuance"), ("issuer", "roll_entry"), ("collector", "issued"))
OTHERS = ("spent", "blob", "pending")


def test_no_order_joins_the_two_folders(left: Left) -> None:
    """By no order of one folder's rows can those of the other be paired better than by guessing."""
    commits = [
        member_commit(receipt.salt, member_of_email(member.address))
        for member, receipt in zip(left.members, left.receipts, strict=True)
    ]
    keys = {
        "spent": [nonce_of(receipt.record.pk) for receipt in left.receipts],
        "blob": [receipt.record.name or b"" for receipt in left.receipts],
        "pending": [receipt.leaf_hash for receipt in left.receipts],
    }
    folders = {"issuer": left.issuer, "collector": left.collector}
    of_members = [
        find_orders(folders[role] / f"{role}.db", table, commits).by for role, table in TABLES
    ]
    of_signatures = [
        find_orders(left.collector / "collector.db", table, keys[table]).by for table in OTHERS
    ]
    for by in (*of_members, *of_signatures):
        assert {how: z for how, o in by.items() if abs(z := deviations(COMING, o)) > BOUND} == {}
    compared = [
        abs(deviations(first, second))
        for one, other in product(of_members, of_signatures)
        for first, second in product(one.values(), other.values())
    ]
    assert len(compared) > 50
    assert max(compared) < BOUND


def test_nothing_is_left_beside_the_files(left: Left) -> None:
    """Neither a diary nor a database of the other's."""
    names = {path.name for folder in (left.collector, left.issuer) for path in folder.iterdir()}
    assert "issuer.db" not in {path.name for path in left.collector.iterdir()}
    assert "collector.db" not in {path.name for path in left.issuer.iterdir()}
    assert not (left.issuer / "log").exists()
    assert not any(name.endswith("-wal") for name in names)


# --- when one of them dies


@pytest.fixture
def pairs(tmp_path: Path) -> Iterator[Callable[[int], Pair]]:
    """Make a pair with so many members; whatever becomes of the test, its processes end."""
    made: list[Pair] = []

    def make(count: int) -> Pair:
        made.append(make_pair(tmp_path, count, conditions="[2]"))
        return made[-1]

    yield make
    for server in (server for pair in made for server in (pair.collector, pair.issuer)):
        if server.is_alive:
            server.kill()


def persist(step: Callable[[], Receipt]) -> Receipt:
    """Try until it works, as a member does who was told to come back."""
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            return step()
        except (Unreachable, StoreError):
            assert time.monotonic() < end, "it never worked"
            time.sleep(0.1)


def go_on(file: Path, member: Member, mode: Mode, condition: int | None) -> Receipt:
    """Go on from the file: what was in memory is forgotten each time."""
    attempt = Attempt.resume(file)
    with httpx2.Client(timeout=10) as client:
        enrol(client, attempt, InviteProof(member.invite), patience=ONCE)
        if isinstance(attempt.state, Held):
            attempt.choose(mode, condition)
        return sign(client, attempt, patience=ONCE)


def test_no_kill_of_either_loses_or_doubles_a_token(
    tmp_path: Path, pairs: Callable[[int], Pair]
) -> None:
    """Both are killed in turns while members come; each has one token, one record, one signature."""
    pair = pairs(12)
    letter, rng = pair.letter(), random.Random(SEED)
    begin = [threading.Event() for _ in range(KILLS)]

    def go_through(number: int) -> Receipt:
        member, file = pair.members[number], tmp_path / f"attempt-{number}"
        Attempt.start(letter, file)
        assert begin[number % KILLS].wait(PATIENCE_S)
        return persist(lambda: go_on(file, member, *WAYS[number % len(WAYS)]))

    with ThreadPoolExecutor(len(pair.members)) as pool:
        coming = [pool.submit(go_through, number) for number in range(len(pair.members))]
        for kill in range(KILLS):
            begin[kill].set()
            time.sleep(rng.uniform(0, 0.4))
            victim = (pair.collector, pair.issuer)[kill % 2]
            victim.kill()
            time.sleep(rng.uniform(0, 0.4))
            victim.start()
        receipts = [each.result() for each in coming]
    with httpx2.Client(base_url=pair.collector.url, timeout=60) as client:
        for receipt in receipts:
            assert wait_for_proof(client, receipt, 120).proof is not None
        counts = client.get(f"/api/v1/letters/{SLUG}/counts").json()
        assert counts["standing"] + counts["waiting"] == len(pair.members)
    assert pair.issuer.stop() == 0
    assert pair.collector.stop() == 0
    assert len({receipt.record.pk for receipt in receipts}) == len(pair.members)
    for folder, role, table in (
        (pair.issuer.folder, "issuer", "issuance"),
        (pair.collector.folder, "collector", "issued"),
        (pair.collector.folder, "collector", "spent"),
    ):
        with sqlite3.connect(folder / f"{role}.db") as connection:
            query = f"SELECT count(*) FROM {table}"  # noqa: S608
            assert connection.execute(query).fetchone() == (len(pair.members),), table
        connection.close()


def test_a_collector_that_is_down_costs_a_wait(pairs: Callable[[int], Pair]) -> None:
    """The issuer answers 503 and keeps what it made; when the site is back the same request succeeds."""
    pair = pairs(2)
    letter = pair.letter()
    first, second = (Attempt.start(letter, None) for _ in range(2))
    with httpx2.Client(timeout=60) as client:
        # Believed to be open from now on, so that the next one gets as far as the record.
        enrol(client, first, InviteProof(pair.members[0].invite))
        pair.collector.kill()
        request = second.ask(InviteProof(pair.members[1].invite), None)
        address = f"{letter.issuer_address}/tokens"
        refused = client.post(address, json=request)
        assert refused.status_code == 503
        assert refused.json()["code"] == "busy"
        assert int(refused.headers["retry-after"]) > 0
        # Killed as well, it has forgotten nothing.
        pair.issuer.kill()
        pair.issuer.start()
        pair.collector.start()
        other = Attempt.start(letter, None)
        with pytest.raises(AlreadyIssued):
            enrol(client, other, InviteProof(pair.members[1].invite), patience=ONCE)
        answer = client.post(address, json=request)
        assert answer.status_code == 200
        second.take_token(answer.content)
        second.choose(Mode.ANONYMOUS)
        receipt = sign(client, second)
    with httpx2.Client(base_url=pair.collector.url, timeout=60) as client:
        assert wait_for_proof(client, receipt, 120).proof is not None
