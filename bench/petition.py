"""Petitions as `django_view` serves them, for accepting to be compared with: started, signed, read back."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from typing import Final, Literal

import httpx2
from tests.e2e.server import Server

from bench.load import Job, post, send_load

Synchronous = Literal["NORMAL", "FULL"]

COMMENT: Final = "We cook for the whole house, and the kitchen has to stay open at night."


@dataclass(slots=True)
class Petition:
    """A petition that is served; `signers` never ends, `signed` is how many were acknowledged."""

    server: Server
    signers: Iterator[int]
    signed: int = 0

    def sign(self, connections: int, number: int) -> float:
        """Let so many sign; return how many did in a second."""
        requests = [_request_of(signer) for signer in islice(self.signers, number)]
        load = send_load(Job(self.server.port, connections, requests))
        assert set(load.statuses) == {201}, load.bodies[0]
        self.signed += number
        return load.per_s

    def check(self) -> None:
        """Read back: all who were acknowledged are stored, and nobody else."""
        found = httpx2.get(self.server.url).raise_for_status().json()
        assert found == {"signatures": self.signed}


def _request_of(signer: int) -> bytes:
    said = {"name": f"Member {signer}", "email": f"m{signer}@staff.example", "comment": COMMENT}
    return post("/signatures", json.dumps(said).encode())


@contextmanager
def served_petition(folder: Path, synchronous: Synchronous) -> Iterator[Petition]:
    """Serve a petition in a folder that is not there yet."""
    settings = {"DATABASE_FILE": str(folder / "db.sqlite3"), "SYNCHRONOUS": synchronous}
    program = ("-m", "bench.django_view")
    server = Server(folder, settings=settings, answers="/", program=program).start()
    try:
        yield Petition(server, count())
    finally:
        # Not killed: its workers would be left behind.
        server.stop()
