"""Who may do what: all routes of both apps, as nobody, organiser and owner, against docs/permissions.md."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest
from tests.apart import Apart, apart_in
from tests.desk import signed_in
from tests.live import LiveSite
from tests.test_documents import rows_of
from tests.web.members import chosen
from tests.web.test_openapi import routes_of

from undersigned.app.desk import Desk
from undersigned.domain.letter import Mode
from undersigned.web.asgi import make_app
from undersigned.web.desk.guard import CSRF_FIELD
from undersigned.web.issuer_asgi import make_issuer_app

DOCUMENT = Path(__file__).parents[2] / "docs" / "permissions.md"
PEOPLE = ("nobody", "member", "organiser", "owner", "trustee", "link")
PAGE = {"Accept": "text/html"}
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


def test_every_route_has_a_row(live_site: LiveSite, apart: Apart) -> None:
    """Of a site with issuer or without, and of an issuer apart; no row is of a route that is gone."""
    site = routes_of(make_app(live_site.running)) | routes_of(make_app(apart.running))
    issuer = routes_of(make_issuer_app(apart.running_issuer))
    for place, routes in (("site", site), ("issuer", issuer)):
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


def filled(path: str, letter_id: str, slug: str) -> str:
    """Put something into each part of a path: what there is, where it is known."""
    known = {"slug": slug, "letter_id": letter_id, "digest": "0" * 64, "leaf_hash": "0" * 64}
    return re.sub(r"{(\w+)}", lambda part: known.get(part[1], "1"), path)


def answer_of(desk: Desk, person: str, row: Row, path: str) -> httpx2.Response:
    """Send a request as somebody does, with nothing in it; each time with a session of its own."""
    if person == "nobody":
        with httpx2.Client(base_url=desk.url, timeout=20) as http:
            headers = PAGE | {"Origin": desk.url}
            if row.method == "GET":
                return http.get(path, headers=headers)
            return http.post(path, headers=headers, data={CSRF_FIELD: "none"})
    with signed_in(desk, person, f"Walking {person}") as client:
        return client.get(path) if row.method == "GET" else client.post(path)


def is_refused(row: Row, answer: httpx2.Response) -> bool:
    """Say whether somebody may not: 401, 403, on to signing in; of a link that is none, 404."""
    to_sign_in = answer.headers.get("location", "").startswith("/desk/sign-in?next=")
    is_home = row.path == "/desk" and answer.headers.get("location") == "/desk/sign-in"
    no_link = row.may["link"] == "proof" and answer.status_code in (400, 404)
    return answer.status_code in REFUSED or to_sign_in or is_home or no_link


def check(desk: Desk, row: Row, path: str) -> None:
    """Hold a route to its row."""
    outside = set()
    for person in ("nobody", "organiser", "owner"):
        answer = answer_of(desk, person, row, path)
        told = f"{person}: {row.method} {path}: {answer.status_code}"
        assert answer.status_code < 500, told
        may = row.may[person]
        if may == "yes":
            assert not is_refused(row, answer), told
        elif may == "no":
            # Where somebody else's proof is asked for, a request without one may be ill formed.
            others = "proof" in row.may.values() or row.path.endswith("-records")
            assert is_refused(row, answer) or (others and answer.status_code >= 400), told
        else:
            assert answer.status_code >= 400, told
        outside.add(answer.status_code)
    if not row.path.startswith("/desk"):
        assert len(outside) == 1, (row, outside)


@pytest.mark.parametrize("row", [row for row in ROWS if "site" in row.places], ids=name_of)
def test_a_route_of_a_site(live_site: LiveSite, row: Row) -> None:
    """As nobody, organiser and owner."""
    letter = live_site.letter
    path = filled(row.path, letter.letter_id.hex(), letter.slug)
    check(live_site.running.desk, row, path)


@pytest.mark.parametrize("row", [row for row in ROWS if "issuer" in row.places], ids=name_of)
def test_a_route_of_an_issuer_apart(apart: Apart, row: Row) -> None:
    """As nobody, organiser and owner of the issuer's own desk."""
    path = filled(row.path, apart.letter.letter_id.hex(), apart.letter.slug)
    check(apart.running_issuer.desk, row, path)


def test_a_session_of_one_desk_is_none_at_another(live_site: LiveSite, apart: Apart) -> None:
    """An owner of the site is nobody at the issuer."""
    with (
        signed_in(live_site.running.desk, "owner") as client,
        httpx2.Client(base_url=apart.issuer_url) as other,
    ):
        answer = other.get("/desk/letters", headers=client.headers)
        assert answer.status_code == 303


def test_a_member_signs_and_is_nobody_at_the_desk(
    live_site: LiveSite, client: httpx2.Client
) -> None:
    """What a member has opens the routes of members, and no page of the desk."""
    _, request = chosen(client, live_site.slug, live_site.invites[0], Mode.PUBLIC)
    path = f"/api/v1/letters/{live_site.slug}/signatures"
    assert client.post(path, json=request).status_code == 201
    with httpx2.Client(base_url=live_site.running.desk.url) as http:
        headers = {"Origin": live_site.running.desk.url}
        assert http.post("/desk/accounts/invite", json=request, headers=headers).status_code == 401
