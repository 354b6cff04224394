"""Keys that are made once and that every process of a site has to have alike.

On several machines folders are apart, and `keys/` is copied by hand. A process with another key than the
others would refuse what they gave out. The database therefore knows each of these keys by a fingerprint,
from which nothing follows about the key: who comes first makes it, with the write lock in hand, so that two
that start at once make one; who has another one, or none, is told so and what to do.
"""

from pathlib import Path
from typing import Protocol, TypeVar

from undersigned.crypto.keys.kept_secret import KeptSecret
from undersigned.errors import StoreError
from undersigned.store.database import Connection, Database

Key = TypeVar("Key", bound=KeptSecret)

COPY = "copy the folder keys/ from the machine where this was made, and start again"


class Facts(Protocol):
    """The module of the store that keeps the facts of one database."""

    def get_facts(self, connection: Connection) -> dict[str, str]:
        """Return every fact by name."""

    def put_fact(self, connection: Connection, name: str, value: str) -> None:
        """Store a fact."""


def open_shared_key(kind: type[Key], path: Path, database: Database, facts: Facts) -> Key:
    """Return the key at a path, made if the site has none yet. Raises StoreError if it has another one."""
    name = f"{kind.KIND} key"
    with database.read() as connection:
        known = facts.get_facts(connection).get(name)
    if known is None:
        known = _make(kind, path, database, facts, name)
    if not path.exists():
        raise _apart(f"{path} is not there, and other processes of this site have that key")
    key = kind.load(path)
    if key.fingerprint != known:
        raise _apart(f"{path} is another key than other processes of this site have")
    return key


def _make(kind: type[Key], path: Path, database: Database, facts: Facts, name: str) -> str:
    with database.write(shown=False) as connection:
        known = facts.get_facts(connection).get(name)
        if known is None:
            if not path.exists():
                # A crash behind this step leaves a key that the next one finds, and tells of.
                kind.generate().save(path)
            known = kind.load(path).fingerprint
            facts.put_fact(connection, name, known)
        return known


def _apart(sentence: str) -> StoreError:
    error = StoreError(sentence)
    error.add_note(COPY)
    return error
