"""Two processes with folders of their own on one PostgreSQL, and members who sign at either."""

import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from itertools import cycle
from pathlib import Path

import httpx2
import sqlalchemy as sa
from tests.e2e.community import Member, open_for_members
from tests.e2e.server import Server
from tests.e2e.together import post
from tests.live import HOST
from tests.postgresql import emptied, run

from undersigned.app.site import make_site
from undersigned.domain.letter import Mode
from undersigned.signer.attempt import Attempt
from undersigned.signer.enrolment import InviteProof
from undersigned.signer.letter_view import LetterView, get_letter
from undersigned.signer.signing import signed_request

SLUG = "nodes"
PATH = f"/api/v1/letters/{SLUG}@1"
PATIENCE_S = 300

LEADS = (
    "SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid) "
    "WHERE locktype = 'advisory' AND datname = current_database() AND objid = 11 AND granted"
)


@dataclass
class Nodes:
    """Two servers, the database, and members who have not signed yet."""

    servers: tuple[Server, Server]
    database: sa.URL
    members: Iterator[Member]
    view: LetterView

    def find_leading(self) -> Server:
        """Wait until one of them leads, and return it."""
        end = time.monotonic() + PATIENCE_S
        while True:
            rows = run(self.database, LEADS)
            assert len(rows) <= 1
            for row in rows:
                found = re.fullmatch(r"undersigned collector (\d+) [0-9a-f]{8} lead", str(row[0]))
                assert found is not None
                for server in self.servers:
                    if server.is_alive and server.pid == int(found[1]):
                        return server
            assert time.monotonic() < end
            time.sleep(0.05)

    def wait_until_leading(self, server: Server) -> None:
        """Wait until this one leads."""
        end = time.monotonic() + PATIENCE_S
        while self.find_leading() is not server:
            assert time.monotonic() < end
            time.sleep(0.05)

    def first(self, number: int) -> Server:
        """Return the server that is asked first by who signs with this number."""
        return self.servers[0 if number % 2 else -1]

    def sign(self, member: Member, number: int) -> Attempt:
        """Let a member sign who goes to the other server where one does not answer."""
        attempt = Attempt.start(self.view, None)
        asked = attempt.ask(InviteProof(member.invite), None)
        attempt.take_token(self._post("tokens", asked, number))
        attempt.choose((Mode.SEALED, Mode.ANONYMOUS)[number % 2])
        self._post("signatures", signed_request(attempt.entry, attempt.blob), number)
        return attempt

    def _post(self, what: str, request: dict[str, object], number: int) -> bytes:
        end = time.monotonic() + PATIENCE_S
        for server in cycle(self.servers[:: 1 if number % 2 else -1]):
            try:
                reply = post(server.url, f"{PATH}/{what}", request)
            except (OSError, HTTPException):
                reply = None
            if reply is not None and reply.status in (200, 201):
                return reply.body
            assert reply is None or reply.status == 503, reply.body
            assert time.monotonic() < end
            time.sleep(0.1)
        raise AssertionError


@contextmanager
def nodes_in(base: Path, database: sa.URL, count: int) -> Iterator[Nodes]:
    """Serve a letter with so many members from two folders with the same keys."""
    address = emptied(database)
    site = make_site(base / "one", HOST, address=address)
    _, members = open_for_members(site, base / "letter", SLUG, count)
    site.close()
    shutil.copytree(base / "one", base / "two")
    settings = {"UNDERSIGNED_DATABASE": address}
    one, two = (Server(base / name, settings=settings) for name in ("one", "two"))
    with one, two:
        with httpx2.Client(base_url=one.url, timeout=PATIENCE_S) as client:
            view = get_letter(client, SLUG)
        yield Nodes((one, two), database, iter(members), view)
