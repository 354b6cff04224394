"""The process that rewrites a large SQLite file. It knows nothing of Undersigned.

The copy from which a file is written anew is as large as the file. In memory it would be the server's, which
keeps what it once had; as a file it has to lie in the data folder, which SQLite is told by the environment
that a process begins with (https://sqlite.org/tempfiles.html). That file has no name, and ends with its use.
"""

import sqlite3
import sys
from typing import Final

PATIENCE_S: Final = 30
"""How long it waits for others who write: as long as the server's own writers do."""


def main(name: str) -> None:
    """Rewrite a file as the server's own connection would; end with what SQLite has against it."""
    connection = sqlite3.connect(name, timeout=PATIENCE_S, isolation_level=None)
    try:
        for pragma in ("synchronous=FULL", "secure_delete=ON", "temp_store=FILE"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("VACUUM")
    except sqlite3.Error as error:
        raise SystemExit(str(error)) from None
    finally:
        connection.close()


if __name__ == "__main__":
    main(sys.argv[1])
