"""Who comes to the desk: sessions, roles, forged requests, other addresses."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx2
import pytest
from starlette.responses import Response
from tests.desk import DeskClient, make_account, make_session, signed_in
from tests.live import LiveSite
from tests.web.members import assert_problem
from tests.web.test_openapi import routes_of

from undersigned.app.desk import Desk
from undersigned.app.sessions import find_session
from undersigned.web.asgi import make_app
from undersigned.web.desk.guard import COOKIE, CSRF_FIELD, CSRF_HEADER, checked_next, set_cookie

PAGE = {"Accept": "text/html"}
BEFORE = {"/desk/sign-in", "/desk/sign-in/options", "/desk/join/1", "/desk/join/1/options"}
"""What is posted by who is not signed in yet."""


@pytest.fixture
def desk(live_site: LiveSite) -> Desk:
    """The desk of the live site."""
    return live_site.running.desk


@pytest.fixture
def http(desk: Desk) -> Iterator[httpx2.Client]:
    """A browser without a session, at the desk's own address."""
    with httpx2.Client(base_url=desk.url, timeout=60, headers=PAGE) as client:
        yield client


def posts_of(live_site: LiveSite) -> list[str]:
    """Return every address under /desk that takes POST, with something for each part."""
    paths = sorted(
        path for method, path in routes_of(make_app(live_site.running)) if method == "post"
    )
    return [re.sub(r"{\w+}", "1", path) for path in paths if path.startswith("/desk")]


def test_the_first_page_leads_to_the_letters(owner: DeskClient) -> None:
    """It lists the letters of the site, in both languages, and nothing keeps it."""
    assert owner.get("/desk").headers["location"] == "/desk/letters"
    for lang, words in (("en", "Letters of this site"), ("id", "Surat di situs ini")):
        page = owner.get("/desk/letters", params={"lang": lang})
        assert page.status_code == 200
        assert words in page.text
        assert "Keep the &lt;night&gt; kitchen open" in page.text or lang == "id"
        assert page.headers["cache-control"] == "no-store"
        # Otherwise browsers would not say where a form comes from.
        assert page.headers["referrer-policy"] == "same-origin"
        assert "form-action 'self'" in page.headers["content-security-policy"]


def test_who_is_not_signed_in_is_sent_to_sign_in(http: httpx2.Client) -> None:
    """And comes back to the page afterwards; a program gets a problem, and so does what is posted."""
    answer = http.get("/desk/activity?page=2")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/desk/sign-in?next=%2Fdesk%2Factivity%3Fpage%3D2"
    assert http.get(answer.headers["location"]).status_code == 200
    assert http.get("/desk").headers["location"] == "/desk/sign-in"
    refused = http.get("/desk/activity", headers={"Accept": "application/json"})
    assert_problem(refused, 401, "not-signed-in")
    posted = http.post("/desk/sign-out", headers={"Origin": str(http.base_url).rstrip("/")})
    assert posted.status_code == 401
    assert "Sign in in another window" in posted.text


@pytest.mark.parametrize("cookie", ["", "x", "é", "A" * 43, "A" * 5000, "=" * 43])
def test_other_cookies_are_no_session(http: httpx2.Client, cookie: str) -> None:
    """Whatever they hold."""
    headers = {b"Cookie": f"{COOKIE}={cookie}".encode()}
    assert http.get("/desk/letters", headers=headers).status_code == 303


def test_every_post_needs_origin_and_hidden_field(live_site: LiveSite, owner: DeskClient) -> None:
    """Each of the two alone is not enough, on any address of the desk; nothing is done."""
    paths, sibling = posts_of(live_site), owner.desk.url.replace("//", "//sibling.")
    assert {"/desk/sign-out", "/desk/accounts/revoke"} | BEFORE <= set(paths)
    for path in paths:
        attempts: list[tuple[dict[str, str], dict[str, str]]] = [
            ({}, {CSRF_FIELD: owner.csrf}),
            ({"Origin": "null"}, {CSRF_FIELD: owner.csrf}),
            ({"Origin": "https://evil.example"}, {CSRF_FIELD: owner.csrf}),
            ({"Origin": live_site.url}, {CSRF_FIELD: owner.csrf}),
            ({"Origin": sibling}, {CSRF_FIELD: owner.csrf}),
        ]
        if is_for_signed_in(path):
            attempts += [
                ({"Origin": owner.desk.url}, {}),
                ({"Origin": owner.desk.url}, {CSRF_FIELD: ""}),
                ({"Origin": owner.desk.url}, {CSRF_FIELD: owner.csrf[:-1]}),
                ({"Origin": owner.desk.url}, {CSRF_FIELD: "é"}),
                ({"Origin": owner.desk.url, CSRF_HEADER: "wrong"}, {CSRF_FIELD: owner.csrf}),
            ]
        for headers, fields in attempts:
            answer = owner.http.post(path, data=fields, headers=owner.headers | headers)
            assert answer.status_code == 403, (path, headers, fields)
            assert "sent by a page of the desk" in answer.text
    assert find_session(owner.desk, owner.cookie) is not None


def is_for_signed_in(path: str) -> bool:
    """Say whether a POST is one of somebody who is signed in: before that there is no hidden field."""
    return path not in BEFORE


def test_the_hidden_field_of_another_account_is_not_taken(
    desk: Desk, owner: DeskClient, organiser: DeskClient
) -> None:
    """Each account has its own."""
    assert owner.csrf != organiser.csrf
    answer = owner.post("/desk/sign-out", {CSRF_FIELD: organiser.csrf})
    assert answer.status_code == 403
    assert find_session(desk, owner.cookie) is not None


def test_a_session_that_a_sibling_host_put_there_shows_whose_it_is(
    owner: DeskClient, organiser: DeskClient
) -> None:
    """Beside one's own or in its place: each page names the account, and takes no other one's form."""
    names = {one.csrf: one.account.name for one in (owner, organiser)}
    for cookies in (
        f"{COOKIE}={organiser.cookie}",
        f"{COOKIE}={owner.cookie}; {COOKIE}={organiser.cookie}",
        f"{COOKIE}={organiser.cookie}; {COOKIE}={owner.cookie}",
    ):
        page = owner.get("/desk/account", headers={"Cookie": cookies}).text
        [csrf] = set(re.findall(r'name="csrf" value="([\w-]+)"', page))
        assert f'<span class="quiet">{names[csrf]}</span>' in page
        [other] = names.keys() - {csrf}
        refused = owner.post("/desk/sign-out", {CSRF_FIELD: other}, headers={"Cookie": cookies})
        assert refused.status_code == 403


def test_what_the_cookie_is(owner: DeskClient) -> None:
    """For this host alone and not those beside it, under /desk alone, over https alone."""
    response = Response()
    set_cookie(response, owner.cookie)
    name, *parts = response.headers["set-cookie"].split("; ")
    assert name == f"__Secure-undersigned-desk={owner.cookie}"
    assert sorted(parts) == ["HttpOnly", "Path=/desk", "SameSite=strict", "Secure"]


def test_signing_out_ends_the_session(desk: Desk) -> None:
    """The cookie is taken back, and would be worth nothing."""
    with signed_in(desk, name="Somebody who leaves") as client:
        answer = client.post("/desk/sign-out")
        assert answer.status_code == 303
        assert answer.headers["location"] == "/desk/sign-in?done=signed-out"
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith(f'{COOKIE}=""; ')
        for part in ("Max-Age=0", "Path=/desk", "Secure", "HttpOnly", "SameSite=strict"):
            assert part in cookie
        assert client.get("/desk/letters").status_code == 303
        assert "You are signed out." in client.get(answer.headers["location"]).text


def test_a_form_of_before_can_be_sent_after_signing_in_again(desk: Desk) -> None:
    """The hidden field is the account's: nothing that was typed is lost with a session."""
    with signed_in(desk, name="Somebody who types long") as client:
        before = client.csrf
        client.cookie = make_session(desk, client.account)
        session = find_session(desk, client.cookie)
        assert session is not None
        assert session.csrf == before


def test_another_address_says_where_to_go(live_site: LiveSite, owner: DeskClient) -> None:
    """127.0.0.1 is not localhost: no passkey works there."""
    assert urlsplit(live_site.url).hostname == "127.0.0.1"
    with httpx2.Client(base_url=live_site.url, timeout=60) as elsewhere:
        for path in ("/desk/letters", "/desk/sign-in"):
            answer = elsewhere.get(path, headers=owner.headers)
            assert answer.status_code == 404
            assert f'href="{owner.desk.url}{path}"' in answer.text
        forged = owner.http.get("/desk/letters", headers=owner.headers | {"Host": "evil.example"})
        assert forged.status_code == 404


def test_readers_get_no_cookie(live_site: LiveSite, client: httpx2.Client) -> None:
    """Nor is one asked for outside the desk."""
    for path in ("/", f"/letters/{live_site.slug}", f"/letters/{live_site.slug}/sign", "/verify"):
        assert "set-cookie" not in client.get(path).headers


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ("/desk/letters?x=1", "/desk/letters?x=1"),
        ("/desk", "/desk"),
        (None, "/desk"),
        ("", "/desk"),
        ("/deskless", "/desk"),
        ("/", "/desk"),
        ("//evil.example/desk", "/desk"),
        ("//[", "/desk"),
        ("https://evil.example/desk", "/desk"),
        ("/desk/\\evil", "/desk"),
        ("\\\\evil.example/desk", "/desk"),
        ("/desk/\nSet-Cookie: a", "/desk"),
        ("/desk/" + "x" * 500, "/desk"),
        ("javascript:alert(1)//desk", "/desk"),
    ],
)
def test_one_comes_back_to_the_desk_only(asked: str | None, path: str) -> None:
    """Signing in leads nowhere else."""
    assert checked_next(asked) == path


def test_an_account_that_was_revoked_is_out_at_once(desk: Desk) -> None:
    """Its sessions are worth nothing from then on."""
    from undersigned.store import accounts as account_store

    account = make_account(desk, "Somebody revoked")
    cookie = make_session(desk, account)
    assert find_session(desk, cookie) is not None
    with desk.database.write() as connection:
        account_store.put_account(connection, account.id, revoked_at=1)
    assert find_session(desk, cookie) is None
