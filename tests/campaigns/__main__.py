"""`make test-crash`: the server is killed 50 times on each kind of database; a disk fills and locks itself.

Not a part of `make test`, which kills less often. It tells how far it is, and prints a table at the end.
KILLS=50 SEED=1 are read from the environment.
"""

import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.campaigns.full import fill_postgresql, lock_postgresql
from tests.campaigns.nodes import kill_who_leads
from tests.e2e.killing import Campaign
from tests.postgresql import emptied, new_postgresql, running_postgresql

KILLS = int(os.environ.get("KILLS", "50"))
SEED = int(os.environ.get("SEED", "1"))
CLIENTS = 28
"""In each of two letters: about one member begins in each life of the server."""


def main() -> int:
    """Run all; return how many failed."""
    rows: list[tuple[str, str, str]] = []
    with tempfile.TemporaryDirectory(prefix="undersigned-crash-") as folder:
        for name, run in _campaigns(Path(folder)):
            print(f"{name} ...", flush=True)
            began = time.monotonic()
            try:
                words, came = run(), "held"
            except Exception:  # noqa: BLE001 - the others are run all the same
                traceback.print_exc()
                words, came = "see above", "FAILED"
            rows.append((name, came, f"{words}, {time.monotonic() - began:.0f} s"))
    print()
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, (34, 6, 0), strict=True)))
    return sum(came != "held" for _, came, _ in rows)


def _campaigns(base: Path) -> Iterator[tuple[str, Callable[[], str]]]:
    yield f"kill -9, {KILLS} times, SQLite", lambda: _kill(base / "sqlite", None)
    with _database() as address:
        yield f"kill -9, {KILLS} times, PostgreSQL", lambda: _kill(base / "postgresql", address)
    with running_postgresql(syncs=True) as server:
        yield "kill -9 of who leads, two processes", lambda: kill_who_leads(base / "nodes", server)
    yield "disk full in a batch, PostgreSQL", lambda: fill_postgresql(base / "full")
    yield "read-only in a batch, PostgreSQL", lambda: lock_postgresql(base / "locked")


@contextmanager
def _database() -> Iterator[str]:
    """Run a server that syncs as those of sites do; give the address of a database."""
    with running_postgresql(syncs=True) as server:
        yield emptied(new_postgresql(server))


def _kill(base: Path, address: str | None) -> str:
    base.mkdir()

    def tell(kill: int) -> None:
        if kill % 10 == 0:
            print(f"  {kill} kills", flush=True)

    toll = Campaign(KILLS, SEED, CLIENTS, address, tell).run(base)
    return (
        f"{toll.promises} promises kept, {toll.retries} requests sent again, "
        f"{toll.seen} checkpoints seen"
    )


if __name__ == "__main__":
    sys.exit(main())
