"""What a thief learns from where rows lie: nothing of who signed when, and so not who signed what.

Sixty members sign one after another, each with a sealed name, right after getting their token: the
worst habit for them. The thief has both databases and looks for any order that goes with that of their
coming, or that the issuer's rows share with the collector's. Orders are compared by `ranks`.
"""

import re
import secrets
import shutil
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import httpx2
import pytest
from tests.e2e.community import Member, open_for_members
from tests.e2e.pages import SqliteFile
from tests.e2e.ranks import BOUND, deviations, deviations_within
from tests.live import HOST, serve

from undersigned.app.running import RunningSite
from undersigned.app.site import make_site, open_site
from undersigned.crypto.token import nonce_of
from undersigned.domain.letter import Mode
from undersigned.domain.roll import member_commit, member_of_email
from undersigned.mail import OutboxMailer
from undersigned.signer.attempt import Attempt
from undersigned.signer.enrolment import InviteProof
from undersigned.signer.letter_view import LetterView, get_letter
from undersigned.signer.receipt import Receipt
from undersigned.signer.signing import enrol, sign
from undersigned.store.collector_schema import collector
from undersigned.store.issuer_schema import issuer
from undersigned.web.asgi import make_app

COUNT = 60
COMING = [float(i) for i in range(COUNT)]
SLUG = "sixty"
DAY = 86_400
NOON = 21_000 * DAY + DAY // 2
"""The site's own clock: half of the window in which records wait is over."""


@dataclass(frozen=True, slots=True)
class Stolen:
    """A data folder as it lies on the disk, and who came in which order."""

    folder: Path
    members: list[Member]
    receipts: list[Receipt]

    def path(self, role: str) -> Path:
        """Return a database's file."""
        return self.folder / f"{role}.db"


@pytest.fixture(scope="module")
def stolen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Stolen]:
    """Steal the folder twice: while all sixty wait for their epoch, and after it."""
    base = tmp_path_factory.mktemp("order")
    folder = base / "data"
    site = make_site(folder, HOST, own_clock=NOON)
    _, members = open_for_members(
        site,
        base / "letter",
        SLUG,
        COUNT,
        # not reached: nothing is opened while the thief looks
        rule=100,
        period_s=3600,
        floor=1000,
        max_wait_s=DAY,
    )
    running = RunningSite(site, OutboxMailer(folder / "outbox", f"no-reply@{HOST}"))
    running.start()
    with serve(make_app(running)) as url:
        receipts = _sign_one_after_another(url, members)
    running.stop()
    waiting = Stolen(base / "waiting", members, receipts)
    shutil.copytree(folder, waiting.folder)
    _sequence_all(folder)
    return {"waiting": waiting, "sequenced": Stolen(folder, members, receipts)}


def _sign_one_after_another(url: str, members: list[Member]) -> list[Receipt]:
    with httpx2.Client(base_url=url, timeout=60) as client:
        letter = get_letter(client, SLUG)
        return [_sign(client, letter, member) for member in members]


def _sign(client: httpx2.Client, letter: LetterView, member: Member) -> Receipt:
    attempt = Attempt.start(letter, None)
    enrol(client, attempt, InviteProof(member.invite))
    attempt.choose(Mode.SEALED)
    return sign(client, attempt)


def _sequence_all(folder: Path) -> None:
    """Serve the site for so long as the epoch takes that ends the window."""
    (folder / "clock").write_text(f"{NOON + 2 * DAY}\n")
    running = RunningSite(open_site(folder), OutboxMailer(folder / "outbox", f"no-reply@{HOST}"))
    running.start()
    end = time.monotonic() + 120
    while _count_pending(folder):
        assert time.monotonic() < end
        time.sleep(0.05)
    running.stop()


def _count_pending(folder: Path) -> int:
    with sqlite3.connect(folder / "collector.db") as connection:
        number: int = connection.execute("SELECT count(*) FROM pending").fetchone()[0]
    connection.close()
    return number


# --- what the thief looks at


@dataclass(frozen=True, slots=True)
class Orders:
    """A table's rows in every order that can be read; each list is by the member's coming."""

    by: dict[str, list[float]]
    pages: list[int]
    placed: list[float]


def find_orders(path: Path, table: str, keys: list[bytes]) -> Orders:
    """Find the row of each key, where it lies, and what stands in its columns."""
    file = SqliteFile(path)
    rows = _select(path, table)
    found = [next(i for i, row in enumerate(rows) if key in row.values()) for key in keys]
    by: dict[str, list[float]] = {"as SELECT gives them": [float(i) for i in found]}
    for column in rows[0]:
        by[f"by {column}"] = _ranked([rows[i][column] for i in found])
    cells = file.cells(table)
    assert len(cells) == len(rows)
    places = [next(cell for cell in cells if key in cell.start) for key in keys]
    by["by place in the file"] = [cell.page * file.page_size + cell.offset for cell in places]
    by["by where they end in the file"] = [
        float(file.data.find(tail)) for tail in _find_tails([rows[i] for i in found])
    ]
    # A page is filled from its end.
    return Orders(by, [cell.page for cell in places], [float(-cell.offset) for cell in places])


def _select(path: Path, table: str) -> list[dict[str, object]]:
    with sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True) as connection:
        connection.row_factory = sqlite3.Row
        rows = [dict(row) for row in connection.execute(f"SELECT * FROM {table}")]  # noqa: S608
    connection.close()
    return rows


def _find_tails(rows: list[dict[str, object]]) -> list[bytes]:
    """Return the last bytes of the longest column that ends differently in every row."""
    columns = [[row[name] for row in rows] for name in rows[0]]
    tails = [
        (max(len(value) for value in column), [value[-32:] for value in column])
        for values in columns
        if len(column := [value for value in values if isinstance(value, bytes)]) == len(rows)
    ]
    return max(
        (pair for pair in tails if len(set(pair[1])) == len(rows)), key=lambda pair: pair[0]
    )[1]


def _bytes_of(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _ranked(values: list[object]) -> list[float]:
    numbers = [value for value in values if isinstance(value, int)]
    if len(numbers) == len(values):
        return [float(number) for number in numbers]
    texts = [_bytes_of(value) for value in values]
    return [float(sorted(texts).index(text)) for text in texts]


def _commits(stolen: Stolen) -> list[bytes]:
    return [
        member_commit(receipt.salt, member_of_email(member.address))
        for member, receipt in zip(stolen.members, stolen.receipts, strict=True)
    ]


def _nonces(stolen: Stolen) -> list[bytes]:
    return [nonce_of(receipt.record.pk) for receipt in stolen.receipts]


def _names(stolen: Stolen) -> list[bytes]:
    return [receipt.record.name or b"" for receipt in stolen.receipts]


def _leaves(stolen: Stolen) -> list[bytes]:
    return [receipt.leaf_hash for receipt in stolen.receipts]


def _issued_leaves(stolen: Stolen) -> list[bytes]:
    rows = {row["member"]: row["leaf_hash"] for row in _select(stolen.path("collector"), "issued")}
    return [_bytes_of(rows[commit]) for commit in _commits(stolen)]


def _keys(stolen: Stolen) -> list[bytes]:
    return [receipt.record.pk for receipt in stolen.receipts]


TABLES: dict[str, tuple[str, str, Callable[[Stolen], list[bytes]]]] = {
    "waiting: issuance": ("issuer", "issuance", _commits),
    "waiting: issued": ("collector", "issued", _commits),
    "waiting: pending, of tokens": ("collector", "pending", _issued_leaves),
    "waiting: pending, of signatures": ("collector", "pending", _leaves),
    "waiting: blob": ("collector", "blob", _names),
    "waiting: spent": ("collector", "spent", _nonces),
    "sequenced: issuance": ("issuer", "issuance", _commits),
    "sequenced: issued": ("collector", "issued", _commits),
    "sequenced: leaf, of tokens": ("collector", "leaf", _issued_leaves),
    "sequenced: leaf, of signatures": ("collector", "leaf", _leaves),
    "sequenced: blob": ("collector", "blob", _names),
    "sequenced: spent": ("collector", "spent", _nonces),
    "sequenced: signature": ("collector", "signature", _keys),
}
"""When, and which rows: the database, the table, and what finds a member's row in it."""

OF_TOKENS = [name for name in TABLES if any(word in name for word in ("issuance", "issued"))]
OF_SIGNATURES = [
    name for name in TABLES if any(word in name for word in ("signatures", "blob", "spent", "ture"))
]


@pytest.fixture(scope="module")
def orders(stolen: dict[str, Stolen]) -> dict[str, Orders]:
    """Every table's orders."""
    return {
        name: find_orders(
            stolen[name.partition(":")[0]].path(role),
            table,
            key_of(stolen[name.partition(":")[0]]),
        )
        for name, (role, table, key_of) in TABLES.items()
    }


@pytest.mark.parametrize("name", TABLES)
def test_no_order_of_a_table_goes_with_the_coming(name: str, orders: dict[str, Orders]) -> None:
    """Whatever a table is sorted by, and wherever its rows lie, it is not by when they came."""
    table = orders[name]
    found = {how: deviations(COMING, order) for how, order in table.by.items()}
    found["by place on their page"] = deviations_within(table.pages, COMING, table.placed)
    assert {how: z for how, z in found.items() if abs(z) > BOUND} == {}


@pytest.mark.parametrize("when", ["waiting", "sequenced"])
def test_no_order_joins_the_databases(when: str, orders: dict[str, Orders]) -> None:
    """No order of the issuer's rows goes with one of the collector's: pairing them by it is guessing."""
    tokens = [orders[name].by for name in OF_TOKENS if name.startswith(when)]
    signatures = [orders[name].by for name in OF_SIGNATURES if name.startswith(when)]
    compared = [
        deviations(first, second)
        for table, other in product(tokens, signatures)
        for first, second in product(table.values(), other.values())
    ]
    assert len(compared) > 50
    assert max(map(abs, compared)) < BOUND


def test_nothing_is_left_beside_the_tables(stolen: dict[str, Stolen]) -> None:
    """A site that has been stopped leaves no write-ahead log, and no page that was given back."""
    for when, role in product(stolen, ("collector", "issuer")):
        path = stolen[when].path(role)
        assert not path.with_name(f"{path.name}-wal").exists()
        with sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True) as connection:
            assert connection.execute("PRAGMA freelist_count").fetchone() == (0,)
        connection.close()


# --- what the tables are


SHAPES = {
    "issuance": "letter_id commit blinded_hash c blind_signature attestation",
    "issued": "letter_id member leaf_hash",
    "pending": "leaf_hash letter_id crowd nonce record by late",
    "blob": "hash content",
    "spent": "letter_id nonce leaf_hash by",
}
"""Every column. `by` ends the promise: the same for all who came in a window. `late` is 0 or 1."""


@pytest.mark.parametrize("table", SHAPES)
def test_the_tables_have_no_number_and_no_time(table: str, stolen: dict[str, Stolen]) -> None:
    """No rowid, no serial number, no instant; the schema of the code and that on the disk agree."""
    role = "issuer" if table in issuer.tables else "collector"
    columns = (collector.tables | issuer.tables)[table].columns
    assert [column.name for column in columns] == SHAPES[table].split()
    numbers = {column.name for column in columns if column.type.python_type is int}
    assert numbers <= {"by", "late"}
    with sqlite3.connect(stolen["waiting"].path(role)) as connection:
        query = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?"
        sql = re.sub(r"\s+", " ", connection.execute(query, (table,)).fetchone()[0])
        assert "WITHOUT ROWID" in sql
        assert "AUTOINCREMENT" not in sql
        found = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        assert found == SHAPES[table].split()
        for alias in ("rowid", "oid", "_rowid_"):
            with pytest.raises(sqlite3.OperationalError, match="no such column"):
                connection.execute(f"SELECT {alias} FROM {table}")  # noqa: S608
    connection.close()


def test_the_end_of_a_promise_is_that_of_a_window(stolen: dict[str, Stolen]) -> None:
    """The one number that comes from the clock is the same for all sixty."""
    rows = _select(stolen["waiting"].path("collector"), "spent")
    assert {row["by"] for row in rows} == {(NOON // DAY + 2) * DAY}


# --- the search itself: it finds an order where there is one


def _filled(path: Path, ddl: str, size: int) -> list[bytes]:
    """Insert sixty rows one after another; return their keys in that order."""
    keys = [secrets.token_bytes(32) for _ in range(COUNT)]
    with sqlite3.connect(path, isolation_level=None) as connection:
        connection.execute(ddl)
        for key in keys:
            connection.execute("INSERT INTO t VALUES (?, ?)", (key, secrets.token_bytes(size)))
    connection.close()
    return keys


def _vacuum(path: Path) -> None:
    with sqlite3.connect(path, isolation_level=None) as connection:
        connection.execute("VACUUM")
    connection.close()


HASHED = "CREATE TABLE t (key BLOB PRIMARY KEY, content BLOB) WITHOUT ROWID"


def test_rows_with_a_number_are_found_out(tmp_path: Path) -> None:
    """A table with rowid gives its rows in the order in which they came."""
    keys = _filled(tmp_path / "t.db", "CREATE TABLE t (key BLOB, content BLOB)", 32)
    by = find_orders(tmp_path / "t.db", "t", keys).by
    assert deviations(COMING, by["as SELECT gives them"]) > BOUND
    _vacuum(tmp_path / "t.db")
    by = find_orders(tmp_path / "t.db", "t", keys).by
    assert deviations(COMING, by["as SELECT gives them"]) > BOUND


def test_rows_on_one_page_are_found_out(tmp_path: Path) -> None:
    """A table keyed by hashes does not, but its page does, until it is written anew."""
    keys = _filled(tmp_path / "t.db", HASHED, 8)
    orders = find_orders(tmp_path / "t.db", "t", keys)
    assert abs(deviations(COMING, orders.by["as SELECT gives them"])) < BOUND
    assert deviations_within(orders.pages, COMING, orders.placed) > BOUND
    _vacuum(tmp_path / "t.db")
    orders = find_orders(tmp_path / "t.db", "t", keys)
    assert abs(deviations_within(orders.pages, COMING, orders.placed)) < BOUND


def test_long_values_are_found_out(tmp_path: Path) -> None:
    """The pages that long values go on to are taken one after another, until all is written anew."""
    keys = _filled(tmp_path / "t.db", HASHED, 3000)
    by = find_orders(tmp_path / "t.db", "t", keys).by
    assert deviations(COMING, by["by where they end in the file"]) > BOUND
    _vacuum(tmp_path / "t.db")
    by = find_orders(tmp_path / "t.db", "t", keys).by
    assert abs(deviations(COMING, by["by where they end in the file"])) < BOUND


def test_the_bound() -> None:
    """For sixty rows it is a rank correlation of 0.64; a reversed order is far beyond it."""
    assert 0.63 < BOUND / (COUNT - 1) ** 0.5 < 0.64
    assert deviations(COMING, COMING[::-1]) == pytest.approx(-((COUNT - 1) ** 0.5))
    assert deviations([0, 1, 2], [5, 5, 5]) == 0
    assert deviations_within([0, 0, 0, 1], [0, 1, 2, 3], [0, 1, 2, 3]) == pytest.approx(1.57, 0.01)
