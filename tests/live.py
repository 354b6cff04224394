"""A real site on a real server: a letter from a letter file, its roll, uvicorn on a free loopback port."""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from undersigned.app.draft import Draft
from undersigned.app.drafting import open_letter
from undersigned.app.invites import make_invites
from undersigned.app.letter_file import read_draft
from undersigned.app.proposing import propose_letter
from undersigned.app.rolls import import_roll
from undersigned.app.running import RunningSite
from undersigned.app.site import WholeSite, make_site
from undersigned.crypto.keys import TrusteeKey
from undersigned.domain.letter import Letter
from undersigned.domain.proposal import Proposal
from undersigned.encoding import format_base64url
from undersigned.mail import OutboxMailer
from undersigned.provider.asking import Provider
from undersigned.store import log as log_store
from undersigned.store import pending as pending_store
from undersigned.web.asgi import make_app
from undersigned.web.serving import make_server
from undersigned.web.static_files import find_bundle

HOST = "letters.example"
SLUG = "small-letter"
PATIENCE_S = 120

PEOPLE = tuple(
    (f"{name.split()[0].lower()}@staff.example", name, role)
    for name, role in (
        ("Alva Quillstone", "Cook"),
        ("Bosse Tarnwick", "Porter"),
        ("Cilka Fennmoor", ""),
        ("Dorrin Haleby", "Nurse"),
        ("Edda Marlrose", "Nurse"),
        ("Fjor Underlea", "Driver"),
        ("Gwilla Ostmere", ""),
        ("Hesper Cragfold", "Clerk"),
        ("Ivo Brinkstead", "Clerk"),
        ("Jorun Peltmoss", "Gardener"),
        ("Kesta Winnowby", "Gardener"),
        ("Lumi Dapplegate", "Cook"),
    )
)
"""Made-up members: address, name, role."""

ROLL = "email,name,role\n" + "".join(",".join(person) + "\n" for person in PEOPLE)

LETTER_FILE = """\
slug = "{slug}"
deadline = 2099-05-01T12:00:00Z
closes = 2099-06-01T12:00:00Z
rule = 6
cooling_off_s = 86400
conditions = [2, 3, 6]
roll = "{roll}"
methods = {methods}

[headcount]
n = 14
as_of = 2026-03-01

[epoch]
period_s = 1
floor = 1
max_wait_s = 1

[[texts]]
lang = "en"
title = "Keep the <night> kitchen open"
file = "text.en.md"
addressees = ["The council of the house"]
consequence = "Unless the kitchen stays open, we will cook in the yard."
headcount_source = "The list on the door."
[[texts.demands]]
id = "kitchen"
text = "The kitchen stays open at night."

[[texts]]
lang = "id"
title = "Biarkan dapur malam tetap buka"
file = "text.id.md"
addressees = ["Dewan rumah"]
consequence = "Jika dapur ditutup, kami akan memasak di halaman."
headcount_source = "Daftar di pintu."
[[texts.demands]]
id = "kitchen"
text = "Dapur tetap buka pada malam hari."
"""

TEXT = """\
# Why

The kitchen is *ours*. <script>alert(1)</script> See [the plan](https://plan.example/a) and
[this](javascript:alert(1)).
"""


@dataclass(frozen=True, slots=True)
class LiveSite:
    """A site that is being served. `invites` are in the order of `PEOPLE`."""

    url: str
    app: FastAPI
    folder: Path
    site: WholeSite
    running: RunningSite
    letter: Letter
    invites: tuple[str, ...]

    @property
    def outbox(self) -> Path:
        """Where mails are written."""
        return self.folder / "outbox"

    def wait_until_logged(self) -> None:
        """Wait until all that was taken is in the log, and readers are shown it."""
        end = time.monotonic() + PATIENCE_S
        while not self._is_logged():
            assert time.monotonic() < end, "what was taken is not in the log in time"
            time.sleep(0.05)

    def _is_logged(self) -> bool:
        with self.site.collector.read() as connection:
            waiting = pending_store.count_pending(connection, self.letter.letter_id)
            newest = log_store.find_checkpoint(connection)
        assert newest is not None
        return not waiting and httpx2.get(f"{self.url}/log/checkpoint", timeout=60).text.startswith(
            newest.note
        )

    @property
    def slug(self) -> str:
        """The letter's slug."""
        return self.letter.slug


def make_letter(
    site: WholeSite,
    folder: Path,
    slug: str = SLUG,
    *,
    signs_on: bool = False,
    roll: str = ROLL,
    methods: str = '["email", "invite"]',
) -> tuple[Letter, tuple[str, ...]]:
    """Open a letter whose roll is a list, of `PEOPLE`; return it with an invite code for each.

    `signs_on`: its members may also sign on with a provider.
    """
    import_roll(site.issuer, slug, roll.encode())
    invites = make_invites(site.issuer, slug, None)
    methods = '["email", "invite", "openid"]' if signs_on else methods
    letter = _open(site, folder, slug=slug, roll="list", methods=methods)
    return letter, tuple(invite.code for invite in invites)


def make_invited_letter(
    site: WholeSite, folder: Path, slug: str, count: int
) -> tuple[Letter, list[str]]:
    """Open a letter whose roll is `count` invite codes without names."""
    invites = make_invites(site.issuer, slug, count)
    letter = _open(site, folder, slug=slug, roll="invites", methods='["invite"]')
    return letter, [invite.code for invite in invites]


def make_proposal(
    site: WholeSite, folder: Path, slug: str, keys: Sequence[TrusteeKey | None], quorum: int
) -> tuple[Draft, Proposal]:
    """Propose a letter of `PEOPLE` to trustees; None is the operator of the site."""
    import_roll(site.issuer, slug, ROLL.encode())
    file = _write(folder, slug=slug, roll="list", methods='["email", "invite"]')
    tables = []
    for number, key in enumerate(keys, 1):
        lines = ["[[trustees]]", f'name = "Trustee {number} & partners"']
        if key is None:
            lines.append("operator = true")
        else:
            lines.append(f'seal_key = "{format_base64url(key.seal_key)}"')
            lines.append(f'sign_key = "{format_base64url(key.sign_key)}"')
        tables.append("\n".join(lines))
    file.write_text(f"quorum = {quorum}\n{file.read_text()}\n" + "\n\n".join(tables) + "\n")
    draft = read_draft(file)
    return draft, propose_letter(site, draft, find_bundle())


def _open(site: WholeSite, folder: Path, **values: str) -> Letter:
    draft = read_draft(_write(folder, **values), signs_on="openid" in values["methods"])
    return open_letter(site, draft, find_bundle())


def _write(folder: Path, **values: str) -> Path:
    folder.mkdir()
    file = folder / "letter.toml"
    file.write_text(LETTER_FILE.format(**values))
    (folder / "text.en.md").write_text(TEXT)
    (folder / "text.id.md").write_text("Dapur ini *milik kita*.\n")
    return file


@contextmanager
def serve(app: ASGIApp) -> Iterator[str]:
    """Serve an app in a thread; give its address."""
    with listen() as listener, serve_on(listener, app) as url:
        yield url


def listen() -> socket.socket:
    """Take a free port of this machine."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    return listener


@contextmanager
def serve_on(listener: socket.socket, app: ASGIApp) -> Iterator[str]:
    """Serve an app on a port that was taken before; give its address."""
    server = make_server(app, "127.0.0.1", 0)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    _wait_until_started(server, thread)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError("the server did not start")
        time.sleep(0.01)


@contextmanager
def live_site_in(
    folder: Path,
    find_provider: Callable[[str], Provider] | None = None,
    *,
    address: str | None = None,
) -> Iterator[LiveSite]:
    """Make a site in a folder that is not there yet, with one letter, and serve it.

    `find_provider` makes a sign-on provider for the site's address; the letter then takes sign-ons, too.
    """
    site = make_site(folder, HOST, address=address)
    signs_on = find_provider is not None
    letter, invites = make_letter(
        site, folder.with_name(f"{folder.name}-letter"), signs_on=signs_on
    )
    with listen() as listener:
        url = f"http://localhost:{listener.getsockname()[1]}"
        running = RunningSite(
            site,
            OutboxMailer(folder / "outbox", f"no-reply@{HOST}"),
            url=url,
            provider=None if find_provider is None else find_provider(url),
        )
        running.start()
        try:
            app = make_app(running)
            with serve_on(listener, app) as url:
                yield LiveSite(url, app, folder, site, running, letter, invites)
        finally:
            running.stop()
