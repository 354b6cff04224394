"""What the import of a large roll costs: reading the file with every check, and storing it.

The reference is what cannot be saved: in the same run the same file is read by `csv`, and its rows are stored
in a table of the same form in one transaction. The rest is checks, mailboxes and commitments.
"""

import csv
import io
import secrets
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, ParamSpec

from bench.result import Result
from bench.rounds import sized
from undersigned.app.issuer import IssuedLetter, Issuer, make_issuer
from undersigned.app.issuing import RollCollector
from undersigned.app.roll_changes import add_entries
from undersigned.domain.roll_file import parse_roll_csv

P = ParamSpec("P")

MEMBERS: Final = sized(20_000, 100_000)
TIMES: Final = 3
GOAL: Final = 8.0
SLUG: Final = "large"

_TABLE: Final = """
CREATE TABLE roll_entry (
    slug TEXT, "commit" BLOB, member BLOB, salt BLOB, address TEXT, name TEXT, role TEXT, blocked INTEGER,
    PRIMARY KEY (slug, "commit"), UNIQUE (slug, member)
) WITHOUT ROWID
"""


def measure() -> list[Result]:
    """Measure the import into an empty roll, and the same again, which changes nothing."""
    rows = "".join(
        f"member.{i}+letters@{'gmail.com' if i % 4 else 'staff.example'},Member {i},Cook\n"
        for i in range(MEMBERS)
    )
    data = f"email,name,role\n{rows}".encode()
    first, again = [], []
    for _ in range(TIMES):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            bare = _time(_store_bare, folder / "bare.db", data)
            issuer = make_issuer(folder / "issuer", "https://roll.example")
            first.append(_time(_take, issuer, data) / bare)
            again.append(_time(_take, issuer, data) / bare)
            issuer.close()
    work = f"{MEMBERS:,} rows, to the disk"
    return [_result("import of a roll", work, first), _result("the same import again", work, again)]


def _result(benchmark: str, work: str, ratios: list[float]) -> Result:
    found = sorted(round(ratio, 2) for ratio in ratios)
    median = found[len(found) // 2]
    return Result(benchmark, "csv and SQLite alone", work, median, found[0], found[-1], GOAL)


def _take(issuer: Issuer, data: bytes) -> None:
    add_entries(issuer, _no_collector, SLUG, parse_roll_csv(data))


def _store_bare(path: Path, data: bytes) -> None:
    """Read the rows and store them as they are, under random keys."""
    rows = csv.reader(io.StringIO(data.decode("utf-8"), newline=""))
    next(rows)
    made = [
        (
            SLUG,
            secrets.token_bytes(32),
            address.encode(),
            secrets.token_bytes(16),
            address,
            name,
            role,
            0,
        )
        for address, name, role in rows
    ]
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(_TABLE)
    with connection:
        connection.executemany("INSERT INTO roll_entry VALUES (?, ?, ?, ?, ?, ?, ?, ?)", made)
    connection.close()


def _no_collector(_: IssuedLetter) -> RollCollector:
    raise AssertionError("no letter has this roll")


def _time(work: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> float:
    """Return the seconds that work took."""
    start = time.perf_counter()
    work(*args, **kwargs)
    return time.perf_counter() - start
