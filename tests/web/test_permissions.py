"""Who may do what: all routes of both apps, as everybody of docs/permissions.md, with and without proof."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest
from tests.apart import Apart, apart_in
from tests.desk import DeskClient, make_account, signed_in
from tests.test_documents import rows_of
from tests.web.proofs import ELSEWHERE, Place, Sent, as_form, as_json, issuer_of, site_in
from tests.web.test_openapi import routes_of

from undersigned.app.running import RunningSite
from undersigned.web.asgi import make_app
from undersigned.web.desk.guard import CSRF_FIELD
from undersigned.web.issuer_asgi import make_issuer_app

DOCUMENT = Path(__file__).parents[2] / "docs" / "permissions.md"
PEOPLE = ("nobody", "member", "organiser", "owner", "trustee", "link")
REFUSED = {401, 403}


class Row(NamedTuple):
    """A route, where it is, and what each of `PEOPLE` may do there."""

    method: str
    path: str
    places: set[str]
    may: dict[str, str]


def read_rows() -> list[Row]:
    """Read the table."""
    rows = []
    for route, where, *cells in rows_of(DOCUMENT, "# Who may do what"):
        method, _, path = route.strip("`").partition(" ")
        may = dict(zip(PEOPLE, cells, strict=True))
        rows.append(Row(method, path, set(where.split(", ")), may))
    return rows


ROWS = read_rows()


def name_of(row: Row) -> str:
    """Return what a row is about."""
    return f"{row.method} {row.path}"


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apart]:
    """An issuer apart, with its site."""
    with apart_in(tmp_path_factory.mktemp("apart")) as both:
        yield both


@pytest.fixture(scope="module")
def issuer(apart: Apart) -> Iterator[Place]:
    """The issuer apart, and who comes to it."""
    with issuer_of(apart) as place:
        yield place


Site = tuple[RunningSite, Place]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site, and who comes to it."""
    with site_in(tmp_path_factory.mktemp("site")) as made:
        yield made


def test_every_route_has_a_row(site: Site, apart: Apart) -> None:
    """Of a site with issuer or without, and of an issuer apart; no row is of a route that is gone."""
    of_sites = routes_of(make_app(site[0])) | routes_of(make_app(apart.running))
    of_issuers = routes_of(make_issuer_app(apart.running_issuer))
    for place, routes in (("site", of_sites), ("issuer", of_issuers)):
        listed = {(row.method.lower(), row.path) for row in ROWS if place in row.places}
        assert listed == routes, place


def test_a_row_says_what_may_be() -> None:
    """Words of the table alone; each route once."""
    assert all(set(row.may.values()) <= {"yes", "no", "proof"} for row in ROWS)
    assert len({(row.method, row.path) for row in ROWS}) == len(ROWS)


def test_the_desk_gives_nothing_outside_and_takes_nobody_else() -> None:
    """Outside, organisers are nobody; at the desk members and trustees are. Owners may no less."""
    for row in ROWS:
        is_desk = re.match(r"/desk(/|$)", row.path)
        alike = ("member", "trustee") if is_desk else ("organiser", "owner")
        assert all(row.may[person] == row.may["nobody"] for person in alike), row
        assert row.may["organiser"] in (row.may["owner"], "no"), row


def filled(row: Row, place: Place) -> str:
    """Put something into each part of a path: what there is, where it is known."""
    letter = place.letter
    # What a trustee signs names the edition.
    slug = f"{letter.slug}@1" if row.may["trustee"] == "proof" else letter.slug
    known = {"slug": slug, "letter_id": letter.letter_id.hex()}
    known |= dict.fromkeys(("digest", "leaf_hash"), "0" * 64)
    return re.sub(r"{(\w+)}", lambda part: known.get(part[1], "1"), row.path)


def answer_of(place: Place, person: str, method: str, path: str) -> httpx2.Response:
    """Send a request as somebody does, with what they have and nothing of what is asked for there."""
    if path.endswith("/events"):
        return place.http.head(path)  # The answer to GET has no end.
    if person in ("organiser", "owner"):
        account = make_account(place.desk, f"Walking {person}", person)
        client = DeskClient(place.desk, account, place.http)
        return client.get(path) if method == "GET" else client.post(path)
    if person == "member":
        sent = as_json(path, place.request) if method == "POST" else Sent(path)
        return place.send(method, sent, {"Authorization": f"Bearer {place.invite}"})
    sent = as_form(path, **{CSRF_FIELD: "none"}) if method == "POST" else Sent(path)
    signed = place.signed(method, sent) if person == "trustee" else {}
    return place.send(method, sent, signed)


def is_refused(row: Row, answer: httpx2.Response) -> bool:
    """Say whether somebody may not: 401, 403, on to signing in; of a link that is none, 404."""
    to_sign_in = answer.headers.get("location", "").startswith("/desk/sign-in?next=")
    is_home = row.path == "/desk" and answer.headers.get("location") == "/desk/sign-in"
    no_link = row.may["link"] == "proof" and answer.status_code in (400, 404)
    return answer.status_code in REFUSED or to_sign_in or is_home or no_link


def check(place: Place, row: Row) -> None:
    """Hold a route to its row: everybody without the proof first, then whoever has it."""
    path = filled(row, place)
    alike = set()
    for person in PEOPLE[:-1]:
        may = row.may[person]
        if may == "proof" and person == "trustee":
            continue  # A trustee is known by what they send.
        answer = answer_of(place, person, row.method, path)
        told = f"{person}: {row.method} {path}: {answer.status_code}"
        assert answer.status_code < 500, told
        if may == "yes":
            assert not is_refused(row, answer), told
        elif may == "no":
            # Where somebody else's proof is asked for, a request without one may be ill formed.
            others = "proof" in row.may.values() or row.path.endswith("-records")
            assert is_refused(row, answer) or (others and answer.status_code >= 400), told
        elif row.path.endswith("/signatures"):
            assert answer.status_code == 201, told  # What a member has is a signature.
        else:
            assert answer.status_code >= 400, told
        if person != "member" or row.method == "GET":
            alike.add(answer.status_code)
    if not row.path.startswith("/desk"):
        assert len(alike) == 1, (row, alike)
    if "proof" in row.may.values():
        check_proof(place, row)


def check_proof(place: Place, row: Row) -> None:
    """Send the proof: it is taken where it belongs, and at no other letter."""
    sent = place.proofs[name_of(row)]()
    is_trustee = row.may["trustee"] == "proof" and not row.path.startswith("/desk")

    def send(path: str) -> int:
        there = sent._replace(path=path)
        signed = place.signed(row.method, there) if is_trustee else {}
        return place.send(row.method, there, signed).status_code

    if "/letters/" in sent.path:
        elsewhere = re.sub(r"/letters/[a-z]+", f"/letters/{ELSEWHERE}", sent.path)
        assert 400 <= send(elsewhere) < 500, (row, elsewhere)
    assert send(sent.path) in (200, 201, 303), (row, sent)


@pytest.mark.parametrize("row", [row for row in ROWS if "site" in row.places], ids=name_of)
def test_a_route_of_a_site(site: Site, row: Row) -> None:
    """As everybody of the table, with and without what they have."""
    check(site[1], row)


@pytest.mark.parametrize("row", [row for row in ROWS if "issuer" in row.places], ids=name_of)
def test_a_route_of_an_issuer_apart(issuer: Place, row: Row) -> None:
    """As everybody of the table, at the issuer's own desk."""
    check(issuer, row)


def test_every_proof_is_shown(site: Site, issuer: Place) -> None:
    """Wherever the table asks for one, this walk has it."""
    for place, held in (("site", site[1].proofs), ("issuer", issuer.proofs)):
        asked = {
            name_of(row) for row in ROWS if place in row.places and "proof" in row.may.values()
        }
        assert set(held) == asked, place


def test_a_session_of_one_desk_is_none_at_another(site: Site, issuer: Place) -> None:
    """An owner of the site is nobody at the issuer."""
    with signed_in(site[1].desk, "owner") as client:
        answer = issuer.http.get("/desk/letters", headers=client.headers)
    assert answer.status_code == 303
