"""A site and its issuer at two origins: who serves what, who may ask, and what a member goes through."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.apart import SLUG, Apart, apart_in
from tests.web.members import assert_problem, read_code
from tests.web.test_openapi import references, routes_of

from undersigned.app.roll_changes import add_entries
from undersigned.app.site import Site
from undersigned.crypto.ed25519 import verify_ed25519
from undersigned.crypto.note_key import parse_vkey
from undersigned.domain.letter import Mode, ack_bytes
from undersigned.domain.record import IssuedRecord, format_record, signed_bytes
from undersigned.domain.roll_file import RollEntry
from undersigned.encoding import format_base64url
from undersigned.errors import AlreadyIssued, Busy, LetterNotOpen, ProofRejected
from undersigned.signer.attempt import Attempt
from undersigned.signer.enrolment import EmailProof, InviteProof, ask_for_code
from undersigned.signer.exchange import ONCE
from undersigned.signer.letter_view import get_letter
from undersigned.signer.signing import enrol, sign, wait_for_proof
from undersigned.store import roll_states
from undersigned.tlog.merkle import leaf_hash
from undersigned.tlog.promise import parse_promise
from undersigned.web.issuer_asgi import make_issuer_app

API = "/api/v1"
AT = f"{API}/letters/{SLUG}@1"


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apart]:
    """Both, with a letter."""
    with apart_in(tmp_path_factory.mktemp("apart")) as made:
        yield made


@pytest.fixture(scope="module")
def site(apart: Apart) -> Iterator[httpx2.Client]:
    """A client of the site."""
    with httpx2.Client(base_url=apart.url, timeout=60) as http:
        yield http


@pytest.fixture(scope="module")
def issuer(apart: Apart) -> Iterator[httpx2.Client]:
    """A client of the issuer."""
    with httpx2.Client(base_url=apart.issuer_url, timeout=60) as http:
        yield http


# --- the letter


def test_the_letter_names_its_issuer(apart: Apart, site: httpx2.Client) -> None:
    """Signed by the issuer as all of it, and opened with the issuer's own roll."""
    answer = site.get(AT).json()
    assert answer["record"]["body"]["issuer"]["url"] == apart.issuer_url
    assert answer["roll_n"] == len(apart.members)
    letter = get_letter(site, SLUG)
    ack = letter.record.acks[0]
    assert ack.by == "issuer"
    verify_ed25519(letter.letter.attestation_key, ack_bytes(letter.letter.letter_id), ack.sig)
    assert apart.site is not None
    assert type(apart.site) is Site


# --- signing


def test_a_member_signs_by_invite(apart: Apart, site: httpx2.Client) -> None:
    """The token comes from the one, the promise from the other."""
    attempt = Attempt.start(get_letter(site, SLUG), None)
    with httpx2.Client(timeout=60) as other:
        enrol(other, attempt, InviteProof(apart.members[0].invite))
    attempt.choose(Mode.SEALED)
    receipt = wait_for_proof(site, sign(site, attempt), 120)
    assert receipt.proof is not None


def test_a_member_signs_by_mail(apart: Apart, site: httpx2.Client) -> None:
    """The code is in the issuer's outbox; the site's has no mail."""
    head, member = get_letter(site, SLUG), apart.members[1]
    with httpx2.Client(timeout=60) as other:
        enrolment = ask_for_code(other, head, member.address)
        attempt = Attempt.start(head, None)
        enrol(
            other,
            attempt,
            EmailProof(enrolment, read_code(apart.issuer.folder / "outbox", member.address)),
        )
    attempt.choose(Mode.PUBLIC)
    receipt = wait_for_proof(site, sign(site, attempt), 120)
    assert receipt.attestation.name == member.name
    assert not list((apart.site.folder / "outbox").iterdir())


def test_the_same_request_gets_the_same_answer(apart: Apart, site: httpx2.Client) -> None:
    """A lost answer costs nothing; other words get nothing."""
    attempt = Attempt.start(get_letter(site, SLUG), None)
    request = attempt.ask(InviteProof(apart.members[2].invite), None)
    address = f"{apart.issuer_url}{AT}/tokens"
    answers = [httpx2.post(address, json=request, timeout=60) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    other = Attempt.start(get_letter(site, SLUG), None)
    with httpx2.Client(timeout=60) as client, pytest.raises(AlreadyIssued):
        enrol(client, other, InviteProof(apart.members[2].invite), patience=ONCE)
    with httpx2.Client(timeout=60) as client, pytest.raises(ProofRejected):
        enrol(client, other, InviteProof("0000000000000000"), patience=ONCE)


# --- the issuer's records


def make_record(apart: Apart, **changed: bytes) -> IssuedRecord:
    """Make a record as the issuer signs it; `changed` replaces members before it is signed."""
    members = {"blinded": b"\1" * 32, "member": b"\2" * 32} | changed
    record = IssuedRecord(apart.letter.letter_id, members["blinded"], members["member"], bytes(64))
    key = apart.issuer.keys(apart.letter).attestation
    return replace(record, sig=key.sign(signed_bytes(record)))


def hand_over(site: httpx2.Client, record: IssuedRecord, slug: str = SLUG) -> httpx2.Response:
    """Send a record as an issuer does."""
    body = {"record": format_base64url(format_record(record))}
    return site.post(f"{API}/letters/{slug}/issuer-records", json=body)


def test_a_record_is_taken_once_and_promised(apart: Apart, site: httpx2.Client) -> None:
    """201, then 200; each with a promise of the letter's promise key for this very record."""
    record = make_record(apart)
    answers = [hand_over(site, record), hand_over(site, record)]
    assert [answer.status_code for answer in answers] == [201, 200]
    for answer in answers:
        assert list(answer.json()) == ["promise"]
        key = parse_vkey(apart.letter.promise_vkey)
        promise = parse_promise(answer.json()["promise"].encode(), key)
        assert promise.leaf_hash == leaf_hash(format_record(record))
        assert promise.by % apart.letter.window_s == 0
        assert answer.headers["cache-control"] == "no-store"


def test_a_member_has_one_record(apart: Apart, site: httpx2.Client) -> None:
    """Another one for the same member is refused, whoever signed it."""
    assert hand_over(site, make_record(apart, member=b"\3" * 32)).status_code == 201
    other = make_record(apart, member=b"\3" * 32, blinded=b"\4" * 32)
    assert_problem(hand_over(site, other), 409, "already-issued")


def test_what_is_not_signed_by_the_issuer_is_refused(apart: Apart, site: httpx2.Client) -> None:
    """Nothing else says who may hand over a record."""
    record = make_record(apart, member=b"\5" * 32)
    for bad in (
        replace(record, sig=bytes(64)),
        replace(record, member=b"\6" * 32),
        replace(record, blinded=b"\7" * 32),
    ):
        assert_problem(hand_over(site, bad), 422, "verification-error")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b'{"record":7}',
        b'{"record":"*"}',
        b'{"record":""}',
        b'{"record":"e30"}',
        b'{"record":"e30","blob":null}',
    ],
)
def test_what_is_no_record_is_refused(site: httpx2.Client, body: bytes) -> None:
    """Not JSON, not closed, not base64url, not canonical, not of this kind."""
    assert_problem(site.post(f"{AT}/issuer-records", content=body), 400, "format-error")


def test_a_record_of_another_letter_or_kind(apart: Apart, site: httpx2.Client) -> None:
    """Each goes to its own address, and only what an issuer hands over."""
    record = make_record(apart, member=b"\10" * 32)
    assert_problem(hand_over(site, record, "other"), 404, "unknown-letter")
    letter = site.get(AT).json()["record"]
    entry = json.dumps(letter, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()
    answer = site.post(f"{AT}/issuer-records", json={"record": format_base64url(entry)})
    assert_problem(answer, 400, "format-error")


# --- who serves what


SITE_ONLY = [
    ("GET", f"{API}/site"),
    ("GET", f"{API}/letters"),
    ("GET", AT),
    ("GET", f"{AT}/counts"),
    ("POST", f"{AT}/signatures"),
    ("POST", f"{AT}/amendments"),
    ("POST", f"{AT}/issuer-records"),
    ("GET", f"{API}/proofs/{'0' * 64}"),
    ("GET", "/log/checkpoint"),
    ("GET", f"/letters/{SLUG}"),
    ("GET", f"/letters/{SLUG}/sign"),
    ("GET", f"/documents/{'0' * 64}"),
    ("GET", "/static/dist/sign.js"),
]
ISSUER_ONLY = [("POST", f"{AT}/enrolments"), ("POST", f"{AT}/tokens"), ("GET", f"{API}/issuer")]


@pytest.mark.parametrize(("method", "path"), SITE_ONLY)
def test_the_issuer_serves_nothing_of_the_site(
    issuer: httpx2.Client, method: str, path: str
) -> None:
    """Neither the log nor a page of a letter, nor what takes a signature."""
    answer = issuer.request(method, path, json={} if method == "POST" else None)
    assert_problem(answer, 404, "not-found")


@pytest.mark.parametrize(("method", "path"), ISSUER_ONLY)
def test_the_site_serves_nothing_of_the_issuer(site: httpx2.Client, method: str, path: str) -> None:
    """No code is asked for there, and no token."""
    answer = site.request(method, path, json={} if method == "POST" else None)
    assert_problem(answer, 404, "not-found")


def test_the_issuer_says_which_it_is(apart: Apart, issuer: httpx2.Client) -> None:
    """To programs of any origin, and to people in both languages, without a script."""
    answer = issuer.get(f"{API}/issuer")
    assert list(answer.json()) == ["url", "version", "time"]
    assert answer.json()["url"] == apart.issuer_url
    assert answer.headers["access-control-allow-origin"] == "*"
    for lang, words in (("en", "What is not known here"), ("id", "Yang tidak diketahui di sini")):
        page = issuer.get("/", params={"lang": lang})
        assert words in page.text
        assert "<script" not in page.text
        assert "/log/" not in page.text
        assert "script-src" not in page.headers["content-security-policy"]
        lost = issuer.get("/letters", params={"lang": lang}, headers={"Accept": "text/html"})
        assert lost.status_code == 404
        assert "/log/" not in lost.text
    style = issuer.get("/static/style.css")
    assert style.status_code == 200


def test_the_description_of_the_issuer_is_true(apart: Apart, issuer: httpx2.Client) -> None:
    """Every route is described, none is invented, and every reference leads somewhere."""
    document = issuer.get(f"{API}/openapi.json").json()
    described = {
        (method, path) for path, methods in document["paths"].items() for method in methods
    }
    assert described == routes_of(make_issuer_app(apart.running_issuer))
    assert ("post", f"{API}/letters/{{slug}}/tokens") in described
    schemas = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) == schemas


def test_the_description_of_the_site_leaves_the_issuer_out(site: httpx2.Client) -> None:
    """What is 404 there is not described there."""
    document = site.get(f"{API}/openapi.json").json()
    paths = set(document["paths"])
    assert f"{API}/letters/{{slug}}/issuer-records" in paths
    assert not paths & {f"{API}/letters/{{slug}}/tokens", f"{API}/letters/{{slug}}/enrolments"}
    schemas = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) == schemas


# --- who may ask from a browser


def preflight(issuer: httpx2.Client, path: str, origin: str, method: str = "POST") -> Any:
    """Ask as a browser does before it sends JSON to another origin."""
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "content-type",
    }
    return issuer.request("OPTIONS", path, headers=headers)


@pytest.mark.parametrize("route", ["enrolments", "tokens"])
def test_pages_of_the_letters_site_may_ask(apart: Apart, issuer: httpx2.Client, route: str) -> None:
    """Exactly that origin, by name, and without credentials; refusals can be read as well."""
    answer = preflight(issuer, f"{AT}/{route}", apart.url)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == apart.url
    assert answer.headers["access-control-allow-methods"] == "POST"
    assert answer.headers["access-control-allow-headers"] == "content-type"
    assert answer.headers["vary"] == "Origin"
    assert "access-control-allow-credentials" not in answer.headers
    refused = issuer.post(f"{AT}/{route}", json={}, headers={"Origin": apart.url})
    assert_problem(refused, 400, "format-error")
    assert refused.headers["access-control-allow-origin"] == apart.url
    assert refused.headers["access-control-expose-headers"] == "Retry-After"
    assert refused.headers["vary"] == "Origin"


@pytest.mark.parametrize(("route", "status"), [("challenge", 200), ("openid", 422)])
def test_what_signing_begins_with_can_be_read_by_the_letters_site_alone(
    apart: Apart, issuer: httpx2.Client, route: str, status: int
) -> None:
    """The work before a mail, and the provider; this issuer has none, and says so to that site alone."""
    for origin, is_its_own in ((apart.url, True), ("https://evil.example", False)):
        answer = issuer.get(f"{AT}/{route}", headers={"Origin": origin})
        assert answer.status_code == status
        allowed = answer.headers.get("access-control-allow-origin")
        assert allowed == (origin if is_its_own else None)


def others(apart: Apart) -> list[str]:
    """Origins that are near the right one, and are not it."""
    port = apart.url.rpartition(":")[2]
    return [
        "null",
        "*",
        "https://evil.example",
        apart.issuer_url,
        f"{apart.url}/",
        f"http://localhost:{port}",
        f"https://127.0.0.1:{port}",
        f"{apart.url}.evil.example",
        apart.url.upper(),
    ]


@pytest.mark.parametrize("route", ["enrolments", "tokens"])
def test_no_other_page_may_ask(apart: Apart, issuer: httpx2.Client, route: str) -> None:
    """Neither before sending nor when reading the answer; nor about a letter that is not here."""
    for origin in others(apart):
        answer = preflight(issuer, f"{AT}/{route}", origin)
        assert answer.status_code == 405
        posted = issuer.post(f"{AT}/{route}", json={}, headers={"Origin": origin})
        for each in (answer, posted):
            assert "access-control-allow-origin" not in each.headers
            assert each.headers["vary"] == "Origin"
    for name in ("other@1", f"{SLUG}@2", "..", "%2e%2e"):
        answer = preflight(issuer, f"{API}/letters/{name}/{route}", apart.url)
        assert "access-control-allow-origin" not in answer.headers


def test_reading_a_route_that_is_posted_to_is_not_open(apart: Apart, issuer: httpx2.Client) -> None:
    """`*` stands on no answer of these routes, whatever is asked."""
    for route in ("enrolments", "tokens"):
        for origin in (apart.url, "https://evil.example"):
            answer = issuer.get(f"{AT}/{route}", headers={"Origin": origin})
            assert answer.status_code == 405
            assert answer.headers.get("access-control-allow-origin") != "*"


@pytest.mark.parametrize(
    ("path", "connect"),
    [
        (f"/letters/{SLUG}/sign", True),
        (f"/letters/{SLUG}@1/sign?lang=id", True),
        (f"/letters/{SLUG}", False),
        (f"/letters/{SLUG}/signature", False),
        ("/", False),
    ],
)
def test_only_the_sign_page_may_ask_the_issuer(
    apart: Apart, site: httpx2.Client, path: str, connect: bool
) -> None:
    """Its policy names this site and that one origin, and every other page's does not."""
    policy = site.get(path).headers["content-security-policy"]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    if connect:
        assert rules["connect-src"] == f"'self' {apart.issuer_url}"
    else:
        assert apart.issuer_url not in policy
    assert rules["default-src"] == "'none'"


@pytest.mark.parametrize(
    ("lang", "words"), [("en", "another operator, at"), ("id", "pengelola lain, di")]
)
def test_the_pages_say_who_keeps_the_roll(
    apart: Apart, site: httpx2.Client, lang: str, words: str
) -> None:
    """By the host, on the letter's page and on the sign page."""
    host = apart.issuer_url.partition("://")[2]
    for page in ("", "/sign"):
        text = site.get(f"/letters/{SLUG}{page}", params={"lang": lang}).text
        assert f"{words} {host}" in text


# --- when the site does not answer


def test_a_site_that_is_down_is_waited_for(tmp_path: Path) -> None:
    """503 with Retry-After; nothing is lost: the same request succeeds when the site is back."""
    with apart_in(tmp_path / "both", count=2) as apart, httpx2.Client(timeout=60) as client:
        head = get_letter(client, f"{apart.url}/letters/{SLUG}")
        asked = [Attempt.start(head, None) for _ in range(2)]
        requests = [
            attempt.ask(InviteProof(member.invite), None)
            for attempt, member in zip(asked, apart.members, strict=True)
        ]
        address = f"{apart.issuer_url}{AT}/tokens"
        # The site takes requests, and no records: its intake is closed.
        apart.running.intake.stop()
        refused = client.post(address, json=requests[0])
        assert_problem(refused, 503, "busy")
        assert int(refused.headers["retry-after"]) > 0
        again = Attempt.start(head, None)
        with pytest.raises(AlreadyIssued):
            enrol(client, again, InviteProof(apart.members[0].invite), patience=ONCE)
        apart.running.intake = type(apart.running.intake)(apart.site, apart.running.letters)
        apart.running.intake.start()
        answer = client.post(address, json=requests[0])
        assert answer.status_code == 200
        asked[0].take_token(answer.content)
        other = Attempt.start(head, None)
        with pytest.raises((LetterNotOpen, Busy, ProofRejected)):
            enrol(client, other, InviteProof("0000-0000-0000-0000"), patience=ONCE)


def test_a_roll_that_is_in_the_log_is_known_at_once(apart: Apart, site: httpx2.Client) -> None:
    """Whoever reads the log can send it again: it waits for nothing that an issuer has to wait for."""
    entry = RollEntry("one-more@staff.example", "Nia", None)
    add_entries(apart.issuer, apart.running_issuer.collector_of, SLUG, [entry])
    with apart.site.collector.read() as connection:
        record = roll_states.find_roll(connection, apart.letter.letter_id)
    assert record is not None
    body = {"record": format_base64url(record)}
    with apart.site.collector.write():
        for _ in range(3):
            answer = site.post(f"{AT}/roll-records", json=body)
            assert (answer.status_code, answer.json()) == (200, {"n": len(apart.members) + 1})
