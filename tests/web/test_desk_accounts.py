"""Joining, signing in, the own account and all accounts, as the pages of the desk do it."""

import re
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from tests.authenticator import Authenticator
from tests.desk import DeskClient, make_account, signed_in
from tests.live import LiveSite
from tests.web.members import assert_problem

from undersigned.app.activity import get_activity
from undersigned.app.desk import Account, Desk
from undersigned.app.entering import make_claim, make_invitation, make_recovery
from undersigned.app.sessions import find_session
from undersigned.encoding import format_base64url
from undersigned.web.desk.guard import COOKIE

JSON = {"Accept": "application/json"}


@pytest.fixture
def desk(live_site: LiveSite) -> Desk:
    """The desk of the live site."""
    return live_site.running.desk


@pytest.fixture
def http(desk: Desk) -> Iterator[httpx2.Client]:
    """A script of a page of the desk in a browser without a session."""
    headers = JSON | {"Origin": desk.url}
    with httpx2.Client(base_url=desk.url, timeout=60, headers=headers) as client:
        yield client


def joined(http: httpx2.Client, url: str, name: str, device: Authenticator) -> httpx2.Response:
    """Follow a link as its page does."""
    path = "/desk/" + url.partition("/desk/")[2]
    options = http.post(f"{path}/options", json={"name": name})
    assert options.status_code == 200, options.text
    credential = device.create(options.json())
    return http.post(path, json={"name": name, "credential": credential})


def cookie_of(answer: httpx2.Response) -> str:
    """Return the cookie that was set, with what it has to say of itself."""
    assert answer.status_code == 200, answer.text
    value, *parts = answer.headers["set-cookie"].split("; ")
    assert set(parts) == {"HttpOnly", "Path=/desk", "SameSite=strict", "Secure"}
    name, _, cookie = value.partition("=")
    assert name == COOKIE
    return cookie


def path_of(url: str) -> str:
    """Return the path of a link."""
    return "/desk/" + url.partition("/desk/")[2]


def test_joining_and_signing_in(http: httpx2.Client, desk: Desk, owner: DeskClient) -> None:
    """An invitation is shown, followed once, and its account signs in and is asked back where it was."""
    page = owner.post("/desk/accounts/invite", {"role": "organiser"})
    match = re.search(r'id="invitation-link">([^<]+)<', page.text)
    assert match is not None
    url = match[1]
    for lang, words in (("en", "You are invited to the desk"), ("id", "Anda diundang ke meja")):
        shown = http.get(path_of(url), params={"lang": lang}, headers={"Accept": "text/html"})
        assert words in shown.text
        assert "set-cookie" not in shown.headers
    device = Authenticator(desk.url)
    answer = joined(http, url, "Ketut Samar", device)
    assert answer.json() == {"next": "/desk/account?done=joined"}
    session = find_session(desk, cookie_of(answer))
    assert session is not None
    assert (session.account.name, session.account.role) == ("Ketut Samar", "organiser")
    gone = http.get(path_of(url), headers={"Accept": "text/html"})
    assert gone.status_code == 404
    assert "does not work any more" in gone.text
    assert_problem(http.post(path_of(url) + "/options", json={"name": "x"}), 404, "unknown-link")
    options = http.post("/desk/sign-in/options", json={}).json()
    answer = http.post(
        "/desk/sign-in?next=/desk/activity", json={"credential": device.get(options)}
    )
    assert answer.json() == {"next": "/desk/activity"}
    session = find_session(desk, cookie_of(answer))
    assert session is not None
    assert session.account.name == "Ketut Samar"
    again = http.post("/desk/sign-in", json={"credential": device.get(options)})
    assert_problem(again, 403, "passkey-refused")
    assert "set-cookie" not in again.headers


def test_a_claimed_desk_offers_no_claim(desk: Desk, owner: DeskClient) -> None:
    """Here somebody is an owner."""
    assert owner.account.is_owner
    assert make_claim(desk) is None


def test_recovery(http: httpx2.Client, desk: Desk) -> None:
    """Its page names the account, and asks for no name."""
    make_account(desk, "Lost & found", "organiser")
    made = make_recovery(desk, "lost & found")
    page = http.get(path_of(made.url), headers={"Accept": "text/html"})
    assert "Lost &amp; found" in page.text
    assert 'id="name"' not in page.text
    answer = joined(http, made.url, "", Authenticator(desk.url))
    session = find_session(desk, cookie_of(answer))
    assert session is not None
    assert session.account.name == "Lost & found"


@pytest.mark.parametrize(
    ("name", "code", "status"),
    [
        ("Test owner", "name-taken", 409),
        ("", "format-error", 400),
        ("x" * 61, "format-error", 400),
        ("x" * 300, "format-error", 400),
    ],
)
def test_a_name_is_refused_before_a_passkey_is_made(
    http: httpx2.Client, desk: Desk, owner: DeskClient, name: str, code: str, status: int
) -> None:
    """The link stays good."""
    made = make_invitation(desk, owner.account, "organiser")
    path = path_of(made.url)
    assert_problem(http.post(f"{path}/options", json={"name": name}), status, code)
    assert http.get(path).status_code == 200


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'{"credential": 7}', b'{"credential": {}, "more": 1}', b"\xff"],
)
def test_what_is_no_answer_is_refused(http: httpx2.Client, body: bytes) -> None:
    """As a problem, with 400."""
    answer = http.post("/desk/sign-in", content=body, headers={"Content-Type": "application/json"})
    assert_problem(answer, 400, "format-error")


@pytest.mark.parametrize(
    "credential",
    [
        r'{"id": "\ud800"}',
        r'{"id": "\ud800", "rawId": "\udfff", "type": "\ud800", "response": {"\ud800": "\ud800"}}',
        r'{"id": "AA", "response": {"clientDataJSON": "\ud800"}}',
    ],
)
def test_halves_of_characters_are_refused(
    http: httpx2.Client, desk: Desk, owner: DeskClient, credential: str
) -> None:
    """JSON can hold them and no text can: wherever they stand, the answer is no passkey."""
    headers = {"Content-Type": "application/json"}
    body = f'{{"credential": {credential}}}'
    answer = http.post("/desk/sign-in", content=body, headers=headers)
    assert_problem(answer, 403, "passkey-refused")
    body = f'{{"name": "x", "credential": {credential}}}'
    path = path_of(make_invitation(desk, owner.account, "organiser").url)
    assert_problem(http.post(path, content=body, headers=headers), 403, "passkey-refused")
    named = http.post(f"{path}/options", content=r'{"name": "\ud800"}', headers=headers)
    assert_problem(named, 400, "format-error")


def test_the_own_account(desk: Desk) -> None:
    """Name, passkeys and sessions; what is wrong stands next to what it concerns, with what was typed."""
    make_account(desk, "Taken already")
    with signed_in(desk, "organiser", "Somebody with an account") as client:
        page = client.get("/desk/account").text
        assert "Somebody with an account" in page
        assert "Accounts" in page
        refused = client.post("/desk/account/name", {"name": "TAKEN already"})
        assert refused.status_code == 409
        assert 'value="TAKEN already"' in refused.text
        assert re.search(r'id="name-error">There is an account of that name', refused.text)
        assert client.post("/desk/account/name", {"name": " "}).status_code == 422
        done = client.post("/desk/account/name", {"name": "Renamed"})
        assert (done.status_code, done.headers["location"]) == (303, "/desk/account?done=renamed")
        assert "Your name was changed." in client.get(done.headers["location"]).text
        device = Authenticator(desk.url)
        options = client.send("/desk/account/passkeys/options", {}).json()
        content = {"name": "Second", "credential": device.create(options)}
        added = client.send("/desk/account/passkeys", content)
        assert added.json() == {"next": "/desk/account?done=passkey-added"}
        key = format_base64url(next(iter(device.keys)))
        fields: dict[str, Any] = {"passkey": key, "name": "x" * 61}
        refused = client.post("/desk/account/passkeys/rename", fields)
        assert refused.status_code == 422
        assert "x" * 61 in refused.text
        done = client.post("/desk/account/passkeys/rename", fields | {"name": "Ring"})
        assert "Ring" in client.get(done.headers["location"]).text
        assert client.post("/desk/account/passkeys/revoke", {"passkey": key}).status_code == 303
        assert client.post("/desk/account/passkeys/revoke", {"passkey": key}).status_code == 404
        revoking = r'passkeys/revoke.*?name="passkey" value="([^"]+)"'
        (last,) = re.findall(revoking, client.get("/desk/account").text, re.DOTALL)
        refused = client.post("/desk/account/passkeys/revoke", {"passkey": last})
        assert refused.status_code == 409
        assert "your only passkey" in refused.text
        with signed_in(desk, "organiser", "Renamed") as second:
            id_ = format_base64url(second.session)
            assert client.post("/desk/account/sessions/end", {"session": id_}).status_code == 303
            assert second.get("/desk/account").status_code == 303
        with signed_in(desk, "organiser", "Renamed") as third:
            assert client.post("/desk/account/sessions/end-others").status_code == 303
            assert third.get("/desk/account").status_code == 303
        assert client.get("/desk/account").status_code == 200
        assert client.post("/desk/account/sessions/end", {"session": "!"}).status_code == 400


def key_of(account: Account) -> dict[str, Any]:
    """Return the hidden field of an account."""
    return {"account": format_base64url(account.id)}


def test_owners_decide_who_is_here(desk: Desk, owner: DeskClient, organiser: DeskClient) -> None:
    """Roles, invitations, revoking; an organiser sees the page, and may do none of it."""
    other = make_account(desk, "Somebody else", "organiser")
    posts = (
        ("/desk/accounts/role", key_of(other) | {"role": "owner"}),
        ("/desk/accounts/revoke", key_of(other)),
        ("/desk/accounts/invite", {"role": "organiser"}),
        ("/desk/accounts/withdraw", {"invitation": "AA"}),
    )
    for path, fields in posts:
        refused = organiser.post(path, fields)
        assert refused.status_code == 403
        assert "This is for owners" in refused.text
    page = organiser.get("/desk/accounts").text
    assert "Somebody else" in page
    assert "/desk/accounts/" not in page
    assert owner.post(*posts[0]).headers["location"] == "/desk/accounts?done=role-changed"
    assert "The role was changed." in owner.get("/desk/accounts?done=role-changed").text
    assert owner.post(*posts[1]).headers["location"] == "/desk/accounts?done=account-revoked"
    refused = owner.post(*posts[1])
    assert refused.status_code == 404
    assert "This account was revoked before." in refused.text
    assert owner.post("/desk/accounts/role", {"role": "owner"}).status_code == 404
    assert owner.post("/desk/accounts/invite", {"role": "admin"}).status_code == 400


def test_an_invitation_is_taken_back(desk: Desk, owner: DeskClient) -> None:
    """The page lists those that wait; the link is worth nothing then."""
    made = make_invitation(desk, owner.account, "organiser")
    page = owner.get("/desk/accounts").text
    keys = re.findall(r'name="invitation" value="([^"]+)"', page)
    assert keys
    assert made.url.rpartition("/")[2] not in page
    for key in keys:
        assert owner.post("/desk/accounts/withdraw", {"invitation": key}).status_code == 303
    assert owner.http.get(path_of(made.url)).status_code == 404
    assert owner.post("/desk/accounts/withdraw", {"invitation": keys[0]}).status_code == 404


def test_the_last_owner_stays(desk: Desk, owner: DeskClient) -> None:
    """Whoever else there is, is an organiser before."""
    from undersigned.app.accounts import change_role, get_accounts

    for row in get_accounts(desk).accounts:
        if row.role == "owner" and row.account != owner.account.id and row.revoked_at is None:
            change_role(desk, owner.account, row.account, "organiser")
    for path in ("/desk/accounts/revoke", "/desk/accounts/role"):
        refused = owner.post(path, key_of(owner.account) | {"role": "organiser"})
        assert refused.status_code == 409
        assert "This is the only owner" in refused.text


def test_every_act_has_its_words(owner: DeskClient, desk: Desk) -> None:
    """In both languages, on the page of the trail."""
    from undersigned.app.activity import PAGE, acting
    from undersigned.domain.act import Act

    for act in Act:
        with acting(desk, owner.account, act):
            pass
    assert len(Act) <= PAGE
    for lang in ("en", "id"):
        page = owner.get("/desk/activity", params={"lang": lang}).text
        cells = re.findall(r"<tr>\s*<td>.*?</td>\s*<td>.*?</td>\s*<td>(.*?)</td>", page, re.DOTALL)
        words = [cell.strip() for cell in cells[: len(Act)]]
        assert len(set(words)) == len(Act)
        assert all(words)


def test_a_begun_act_is_explained(owner: DeskClient, desk: Desk) -> None:
    """Where the server failed within an act, readers are told what that can mean, and what to do."""
    from undersigned.app.activity import PAGE, acting
    from undersigned.domain.act import Act
    from undersigned.errors import StoreError

    said = {
        "en": "it may have been done, or not",
        "id": "mungkin sudah dilakukan, mungkin juga belum",
    }

    def is_explained(lang: str) -> bool:
        return said[lang] in owner.get("/desk/activity", params={"lang": lang}).text

    for _ in range(PAGE):
        with acting(desk, owner.account, Act.EDIT_DRAFT):
            pass
    assert not any(map(is_explained, said))
    with pytest.raises(StoreError), acting(desk, owner.account, Act.EDIT_DRAFT):
        raise StoreError
    assert all(map(is_explained, said))


def test_the_trail_names_no_member(owner: DeskClient, desk: Desk) -> None:
    """What could be a name or an address is not taken into it."""
    from undersigned.app.activity import acting
    from undersigned.domain.act import Act

    for detail in ("edda@staff.example", "Edda Marlrose", "4C6G-"):
        with pytest.raises(ValueError), acting(desk, owner.account, Act.INVITE, detail=detail):  # noqa: PT011
            raise AssertionError
    assert all(row.detail is None or "@" not in row.detail for row, _ in get_activity(desk, 1).acts)
