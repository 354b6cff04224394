"""What only some people have, and what they send with it where docs/permissions.md says `proof`.

A site and an issuer apart, each as a `Place` with the letter that the walk over all addresses is about.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import httpx2
from tests.apart import Apart
from tests.app.answered import PLACES, link_of
from tests.app.desks import follow
from tests.app.five import KEYS, QUORUM, Bench
from tests.app.test_following_through import released
from tests.app.village import Village, Villager, village_in
from tests.authenticator import Authenticator
from tests.desk import make_account
from tests.web.inside import one_token_key, serving
from tests.web.members import chosen
from tests.web.test_following_through import body_of

from undersigned.app.desk import Desk
from undersigned.app.entering import make_invitation
from undersigned.app.guaranteeing import ask_guarantee
from undersigned.app.invites import make_invites
from undersigned.app.proposing import propose_letter
from undersigned.app.running import RunningSite
from undersigned.app.taking import ChangeRequest, SignRequest
from undersigned.crypto.keys import TrusteeKey
from undersigned.domain.letter import Letter, Mode
from undersigned.domain.record import format_record
from undersigned.domain.requests import request_bytes
from undersigned.encoding import format_base64url
from undersigned.signer.attempt import Attempt
from undersigned.signer.enrolment import InviteProof
from undersigned.signer.letter_view import get_letter
from undersigned.signer.signing import signed_request
from undersigned.trustee.acking import make_ack
from undersigned.trustee.sealed import SealedNames
from undersigned.trustee.sharing import write_share_file

FORM = "application/x-www-form-urlencoded"
OCTETS = "application/octet-stream"


class Sent(NamedTuple):
    """Where something is sent, and what."""

    path: str
    body: bytes = b""
    kind: str = "application/json"


Proofs = Mapping[str, Callable[[], Sent]]
"""What makes the request that is accepted, by the route as the table writes it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A server, the letter in question, and what its people have: a member who has signed, trustee 1."""

    http: httpx2.Client
    desk: Desk
    letter: Letter
    invite: str
    request: dict[str, Any]
    trustee: TrusteeKey
    proofs: Proofs

    def send(self, method: str, sent: Sent, headers: Mapping[str, str]) -> httpx2.Response:
        """Send a request as a browser at a page of the place does."""
        own = {"Origin": self.desk.url, "Content-Type": sent.kind, "Accept": "text/html"}
        answer = self.http.request(
            method, sent.path, content=sent.body, headers=own | dict(headers)
        )
        self.http.cookies.clear()
        return answer

    def signed(self, method: str, sent: Sent) -> dict[str, str]:
        """Return what trustee 1 signs of a request, as its header."""
        now, digest = self.desk.clock.now(), hashlib.sha256(sent.body).digest()
        sig = self.trustee.sign(request_bytes(method, sent.path, now, digest))
        return {"Undersigned-Trustee": f"1 {now} {format_base64url(sig)}"}


def as_json(path: str, value: object) -> Sent:
    """Send a value as JSON."""
    return Sent(path, json.dumps(value).encode())


def as_form(path: str, **fields: str) -> Sent:
    """Send the fields of a form."""
    return Sent(path, urlencode(fields).encode(), FORM)


def token_asked(client: httpx2.Client, base: str, name: str, invite: str) -> Sent:
    """Ask for a token with an invite code."""
    attempt = Attempt.start(get_letter(client, name), None)
    return as_json(f"{base}/tokens", attempt.ask(InviteProof(invite), None))


def entrances(http: httpx2.Client, desk: Desk) -> Proofs:
    """What the doors of a desk ask for: an invitation, a passkey."""
    inviting = make_account(desk, "Inviting owner")

    def link() -> str:
        return make_invitation(desk, inviting, "organiser").url.removeprefix(desk.url)

    def options_of(path: str, value: object) -> dict[str, Any]:
        answer = http.post(f"{path}/options", json=value, headers={"Origin": desk.url})
        options: dict[str, Any] = answer.json()
        return options

    def join() -> Sent:
        path, name = link(), {"name": "Ketut Samar"}
        made = Authenticator(desk.url).create(options_of(path, name))
        return as_json(path, name | {"credential": made})

    def sign_in() -> Sent:
        device = Authenticator(desk.url)
        follow(desk, link().rpartition("/")[2], "Wayan Surya", device)
        options = options_of("/desk/sign-in", {})
        return as_json("/desk/sign-in", {"credential": device.get(options)})

    return {
        "GET /desk/join/{token}": lambda: Sent(link()),
        "POST /desk/join/{token}/options": lambda: as_json(
            f"{link()}/options", {"name": "Made Sari"}
        ),
        "POST /desk/join/{token}": join,
        "POST /desk/sign-in": sign_in,
    }


def frozen(village: Village, folder: Path, slug: str) -> Bench:
    """Open a letter under which three are sealed, and let the time to reconsider pass."""
    bench = Bench.open(village, folder / slug, slug=slug)
    village.members(bench.letter, 3)
    bench.freeze()
    return bench


def sent_by(path: str, request: SignRequest | ChangeRequest) -> Sent:
    """Send what a member has signed."""
    return as_json(path, signed_request(format_record(request.record), request.blob))


@dataclass(frozen=True, slots=True)
class Holders:
    """Those who have what the addresses of a site ask for.

    `waiting` and `opened` are letters of trustees in front of an opening, `open` is one that can still be
    changed, `over` one whose deadline is over.
    """

    village: Village
    http: httpx2.Client
    open: Letter
    waiting: Bench
    opened: Bench
    over: Letter
    signers: list[Villager]
    invites: list[str]

    @property
    def proofs(self) -> Proofs:
        """What they send."""
        return {
            "GET /answer/{token}": lambda: Sent(self.answer_link()),
            "POST /answer/{token}": lambda: as_form(
                self.answer_link(), step="give", lang="en", **{"state-wheel": "met"}
            ),
            "GET /guarantee/{token}": lambda: Sent(self.guarantee_link()),
            "POST /guarantee/{token}": lambda: as_form(
                self.guarantee_link(), act="give", sure="yes"
            ),
            "POST /api/v1/letters/{slug}/amendments": self.amend,
            "POST /api/v1/letters/{slug}/follow-through": lambda: as_json(
                f"/api/v1/letters/{self.over.slug}@1/follow-through", body_of(self.signers[0])
            ),
            "POST /api/v1/letters/{slug}/signatures": self.sign,
            "POST /api/v1/letters/{slug}/tokens": lambda: token_asked(
                self.http, self.base, self.waiting.letter.slug, self.invites[0]
            ),
            "GET /api/v1/letters/{slug}/blobs/{index}": self.ask_for_blob,
            "POST /api/v1/letters/{slug}/waves/{wave}/opening": self.send_opening,
            "GET /api/v1/letters/{slug}/waves/{wave}/shares": lambda: Sent(
                f"{self.base}/waves/1/shares"
            ),
            "POST /api/v1/letters/{slug}/waves/{wave}/shares": self.send_shares,
            "GET /api/v1/letters/{slug}/waves/{wave}/shares/{sender}": self.ask_for_shares,
            "POST /api/v1/proposals/{letter_id}/acks": self.acknowledge,
        }

    @property
    def base(self) -> str:
        """The address of the letter that waits."""
        return f"/api/v1/letters/{self.waiting.letter.slug}@1"

    def answer_link(self) -> str:
        """Give the addressee a link."""
        return f"/answer/{link_of(self.village, slug=self.over.slug)}"

    def guarantee_link(self) -> str:
        """Ask a guarantor."""
        token = ask_guarantee(self.village.site, self.village.letters, self.over.slug, PLACES)
        return f"/guarantee/{token}"

    def sign(self) -> Sent:
        """Let a member sign who holds a token."""
        villager = self.village.villager(self.waiting.letter)
        return sent_by(f"{self.base}/signatures", villager.sign_request(Mode.PUBLIC))

    def amend(self) -> Sent:
        """Let a signer change how they stand."""
        villager = self.village.member(self.open, Mode.PUBLIC)
        self.village.later(1)
        path = f"/api/v1/letters/{self.open.slug}@1/amendments"
        return sent_by(path, villager.amend_request(Mode.ANONYMOUS))

    def ask_for_blob(self) -> Sent:
        """Ask for the first sealed name whose turn it is."""
        wave, size = self.waiting.verified()
        due = SealedNames(wave, size, self.waiting.read).due
        return Sent(f"{self.base}/blobs/{min(due)}")

    def send_shares(self) -> Sent:
        """Send what the first trustee can open."""
        file = write_share_file(self.waiting.letter, self.waiting.shares(1), KEYS[0])
        return Sent(f"{self.base}/waves/1/shares", file, OCTETS)

    def ask_for_shares(self) -> Sent:
        """Ask for what the second trustee has sent."""
        self.waiting.send(2)
        return Sent(f"{self.base}/waves/1/shares/2")

    def send_opening(self) -> Sent:
        """Send the opening of a wave that a quorum has opened."""
        for number in range(1, QUORUM + 1):
            self.opened.send(number)
        opening = self.opened.combine(1).opening
        assert opening is not None
        body = format_record(opening.record) + b"\n" + opening.content
        return Sent(f"/api/v1/letters/{self.opened.letter.slug}@1/waves/1/opening", body, OCTETS)

    def acknowledge(self) -> Sent:
        """Acknowledge a letter that is proposed."""
        draft = self.village.write_file("proposed", trustees=KEYS, quorum=QUORUM)
        proposal = propose_letter(self.village.site, draft)
        number, sig = make_ack(proposal, KEYS[0])
        return as_json(
            f"/api/v1/proposals/{proposal.letter_id.hex()}/acks",
            {"by": number, "sig": format_base64url(sig), "roll": None},
        )


ELSEWHERE = "weir"
"""A letter of which none of these people is a member, a signer or a trustee."""


@contextmanager
def site_in(folder: Path) -> Iterator[tuple[RunningSite, Place]]:
    """Serve a site with a letter in each state that asks for something."""
    with (
        one_token_key(),
        village_in(folder / "data") as village,
        serving(village) as running,
        httpx2.Client(base_url=running.desk.url, timeout=60) as http,
        ExitStack() as stack,
    ):
        stack.callback(running.intake.stop)
        running.intake.start()
        over, signers = released(village)
        still_open, _ = (village.open(slug) for slug in ("open", ELSEWHERE))
        opened, waiting = (frozen(village, folder, slug) for slug in ("opened", "waiting"))
        letter = waiting.letter
        # Of members who have no token, and are given none by the village.
        idle = {village.idle(letter).address for _ in range(2)}
        invites = make_invites(village.site.issuer, letter.slug, None)
        codes = [each.code for each in invites if each.address in idle]
        _, request = chosen(http, letter.slug, codes[-1], Mode.PUBLIC)
        holders = Holders(village, http, still_open, waiting, opened, over, signers, codes)
        proofs = {**entrances(http, running.desk), **holders.proofs}
        yield running, Place(http, running.desk, letter, codes[-1], request, KEYS[0], proofs)


@contextmanager
def issuer_of(apart: Apart) -> Iterator[Place]:
    """Give an issuer that is being served, and members of its letter."""
    desk, letter, slug = apart.running_issuer.desk, apart.letter, apart.letter.slug
    with (
        httpx2.Client(base_url=apart.url, timeout=60) as site,
        httpx2.Client(base_url=desk.url, timeout=60) as http,
    ):
        _, request = chosen(site, slug, apart.members[0].invite, Mode.PUBLIC)
        tokens = "POST /api/v1/letters/{slug}/tokens"
        asked = token_asked(site, f"/api/v1/letters/{slug}@1", slug, apart.members[1].invite)
        proofs = {**entrances(http, desk), tokens: lambda: asked}
        code, key = apart.members[0].invite, apart.site.keys.trustee
        yield Place(http, desk, letter, code, request, key, proofs)
