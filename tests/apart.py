"""A site and an issuer in folders of their own, and a letter that both stand for."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from tests.e2e.community import Member, make_people, roll_of, write_letter_file
from tests.live import HOST, serve, serve_on
from tests.live import listen as listen_here

from undersigned.app.drafting import open_letter
from undersigned.app.invites import make_invites
from undersigned.app.issuer import Issuer, make_issuer
from undersigned.app.letter_file import read_draft
from undersigned.app.offering import Offer, acknowledge, offer_keys
from undersigned.app.outside_collector import OutsideCollectors
from undersigned.app.proposing import add_ack, propose_letter
from undersigned.app.rolls import import_roll
from undersigned.app.running import RunningSite
from undersigned.app.running_issuer import RunningIssuer
from undersigned.app.site import Site, make_collector
from undersigned.domain.letter import Letter
from undersigned.encoding import format_base64url
from undersigned.mail import OutboxMailer
from undersigned.web.asgi import make_app
from undersigned.web.issuer_asgi import make_issuer_app
from undersigned.web.static_files import find_bundle

SLUG = "apart"


def issuer_table(offer: Offer) -> str:
    """Write `[issuer]` as the command prints it."""
    return (
        f'\n[issuer]\nurl = "{offer.url}"\n'
        f'token_key = "{format_base64url(offer.token_key)}"\n'
        f'attestation_key = "{format_base64url(offer.attestation_key)}"\n'
    )


def make_members(issuer: Issuer, slug: str, count: int) -> list[Member]:
    """Import a roll of made-up members, and hand each a code."""
    people = make_people(count)
    import_roll(issuer, slug, roll_of(people))
    codes = {invite.address: invite.code for invite in make_invites(issuer, slug, None)}
    return [Member(*person, codes[person[0]]) for person in people]


def write_file_apart(issuer: Issuer, folder: Path, slug: str, **terms: object) -> Path:
    """Write the letter file with the table of the issuer's offer."""
    file = write_letter_file(folder, slug, **terms)
    edition = int(str(terms.get("edition", 1)))
    with file.open("a") as text:
        text.write(issuer_table(offer_keys(issuer, slug, edition)))
    return file


def open_apart(
    site: Site, issuer: Issuer, folder: Path, slug: str, base: str, **terms: object
) -> Letter:
    """Propose a letter whose roll is there, let the issuer acknowledge it, and open it."""
    draft = read_draft(write_file_apart(issuer, folder, slug, **terms))
    proposal = propose_letter(site, draft, find_bundle())
    given = acknowledge(issuer, proposal.letter, base)
    add_ack(site, proposal.letter_id, "issuer", given.sig, given.roll)
    return open_letter(site, draft, find_bundle())


@dataclass(frozen=True, slots=True)
class Apart:
    """Both, served from this process at two origins. `members` have codes in their order."""

    url: str
    issuer_url: str
    site: Site
    issuer: Issuer
    running: RunningSite
    running_issuer: RunningIssuer
    letter: Letter
    members: list[Member]


@contextmanager
def apart_in(base: Path, count: int = 12, **terms: object) -> Iterator[Apart]:
    """Make and serve both in a folder, with one letter. The issuer is at localhost, the site is not."""
    with ExitStack() as stack:
        listener = stack.enter_context(listen_here())
        issuer_url = f"http://localhost:{listener.getsockname()[1]}"
        site = make_collector(base / "collector", HOST)
        issuer = make_issuer(base / "issuer", issuer_url)
        members = make_members(issuer, SLUG, count)
        running = RunningSite(site, OutboxMailer(site.folder / "outbox", f"no-reply@{HOST}"))
        client = stack.enter_context(httpx2.Client(timeout=10))
        sites = OutsideCollectors(client)
        running_issuer = RunningIssuer(
            issuer,
            lambda issued: sites.get(issued.site or ""),
            OutboxMailer(issuer.folder / "outbox", "no-reply@codes.example"),
        )
        running.start()
        stack.callback(running.stop)
        running_issuer.start()
        stack.callback(running_issuer.stop)
        url = stack.enter_context(serve(make_app(running)))
        stack.enter_context(serve_on(listener, make_issuer_app(running_issuer)))
        letter = open_apart(site, issuer, base / "letter", SLUG, url, **terms)
        yield Apart(url, issuer_url, site, issuer, running, running_issuer, letter, members)
