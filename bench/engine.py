"""Where a measured site has its tables: in files of its folder, or in a real PostgreSQL that syncs."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from tests.postgresql import emptied, new_postgresql, run, running_postgresql

from bench.rounds import TICKS_PER_S, cpu_of, fields_of

_BLOCK: Final = 512


@dataclass(frozen=True, slots=True)
class Engine:
    """`address` is that of a database of PostgreSQL as settings have it, None: files in the folder."""

    name: str
    address: str | None = None
    server: sa.URL | None = None
    postmaster: int | None = None
    """The process that is the parent of all others of the server."""

    @property
    def settings(self) -> Mapping[str, str]:
        """What a process of the site is told."""
        return {} if self.address is None else {"UNDERSIGNED_DATABASE": self.address}

    def count_bytes(self, folder: Path) -> int:
        """Return what the site has on disk."""
        files = sum(file.stat().st_blocks * _BLOCK for file in folder.rglob("*") if file.is_file())
        if self.server is None:
            return files
        sizes = "SELECT sum(pg_total_relation_size(relid)) FROM pg_stat_user_tables"
        return files + int(str(run(self.server, sizes)[0][0]))

    def cpu_of_server(self) -> float:
        """Return the processor time of the database's server since it began; 0 for files."""
        if self.postmaster is None:
            return 0.0
        numbers = (int(each.name) for each in Path("/proc").iterdir() if each.name.isdecimal())
        children = [pid for pid in numbers if _parent_of(pid) == self.postmaster]
        return sum(map(_cpu_with_children, (*children, self.postmaster)))


SQLITE: Final = Engine("SQLite")


@contextmanager
def postgresql_engines(count: int) -> Iterator[Sequence[Engine]]:
    """Run a PostgreSQL that syncs, as a site's has to, with so many empty databases."""
    with running_postgresql(syncs=True) as server:
        databases = [new_postgresql(server) for _ in range(count)]
        folder = run(server, "SHOW data_directory")[0][0]
        postmaster = int(Path(f"{folder}/postmaster.pid").read_text().splitlines()[0])
        yield [Engine("PostgreSQL", emptied(each), each, postmaster) for each in databases]


def _cpu_with_children(pid: int) -> float:
    """Return the processor time of a process and of those of its children that have ended."""
    try:
        waited = fields_of(pid)[13:15]
        return cpu_of(pid) + sum(map(int, waited)) / TICKS_PER_S
    except OSError:
        # It has ended meanwhile; its parent knows.
        return 0.0


def _parent_of(pid: int) -> int:
    """Return a process's parent; 0 if it has ended meanwhile."""
    try:
        return int(fields_of(pid)[1])
    except OSError:
        return 0
