"""Signing on with a provider, at the door: what begins it, where it comes back to, and what it gets."""

import secrets
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from starlette.responses import JSONResponse
from tests.live import PEOPLE, LiveSite, live_site_in, make_letter
from tests.provider.faking import ADDRESS, CLIENT, FakeProvider, fake_provider
from tests.web.members import assert_problem
from tests.web.test_signing import token_request

from undersigned.domain.letter import Mode
from undersigned.encoding import format_base64url
from undersigned.errors import FormatError, LoginRejected, NoMember, Refused
from undersigned.provider.asking import Provider
from undersigned.signer.attempt import Attempt
from undersigned.signer.enrolment import OpenIdProof
from undersigned.signer.letter_view import get_letter
from undersigned.signer.sign_on import begin_sign_on, finish_sign_on
from undersigned.signer.signing import enrol, sign

PATH = "/api/v1/letters/small-letter"


@pytest.fixture(scope="module")
def served() -> Iterator[FakeProvider]:
    """A provider."""
    with fake_provider() as made:
        yield made


@pytest.fixture
def fake(served: FakeProvider) -> FakeProvider:
    """The provider, doing what is right until a test changes it."""
    fresh = FakeProvider(served.url)
    served.__dict__.update(fresh.__dict__)
    return served


@pytest.fixture(scope="module")
def provider(served: FakeProvider) -> Provider:
    """The provider as the site asks it."""
    return served.provider()


@pytest.fixture(scope="module")
def live(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSite]:
    """A site whose members may sign on."""
    folder = tmp_path_factory.mktemp("signing-on") / "data"
    with live_site_in(folder, lambda _: provider) as site:
        yield site


@pytest.fixture(scope="module")
def client(live: LiveSite) -> Iterator[httpx2.Client]:
    """A client of the site."""
    with httpx2.Client(base_url=live.url, timeout=60) as http:
        yield http


def login(fake: FakeProvider, client: httpx2.Client, address: str = ADDRESS) -> OpenIdProof:
    """Sign on with the provider, and come back with a code that is good once."""
    begun = begin_sign_on(client, get_letter(client, "small-letter"))
    fake.claims = {"nonce": begun.nonce}
    fake.userinfo = {"sub": "17", "email": address, "email_verified": True}
    back = {"state": begun.state, "code": secrets.token_hex(8), "iss": fake.url}
    answer = client.get("/openid/return", params=back)
    assert answer.status_code == 303
    return finish_sign_on(begun, f"{client.base_url}{answer.headers['location']}")


def request_of(proof: OpenIdProof, **more: Any) -> dict[str, Any]:
    """Return a request for a token with a sign-on."""
    wire = {
        "method": "openid",
        "code": proof.code,
        "verifier": proof.verifier,
        "nonce": proof.nonce,
    }
    return token_request(wire, **more)


def test_a_member_signs_on_and_signs(fake: FakeProvider, client: httpx2.Client) -> None:
    """The address of the account proves the entry of the roll; the attestation says how."""
    attempt = Attempt.start(get_letter(client, "small-letter"), None)
    enrol(client, attempt, login(fake, client, "  Alva@Staff.example"))
    attempt.choose(Mode.PUBLIC)
    receipt = sign(client, attempt)
    assert receipt.attestation.verified == "openid"
    assert receipt.attestation.name == PEOPLE[0][1]


def test_what_a_sign_on_begins_with(
    fake: FakeProvider, live: LiveSite, client: httpx2.Client
) -> None:
    """Where, as whom, and back to where; the state tells the provider nothing of the letter."""
    answer = client.get(f"{PATH}/openid")
    terms = answer.json()
    schemas = client.get("/api/v1/openapi.json").json()["components"]["schemas"]
    assert list(terms) == list(schemas["SignOnAnswer"]["properties"])
    ticket = terms.pop("ticket")
    assert answer.headers["cache-control"] == "no-store"
    assert terms == {
        "issuer": fake.url,
        "name": "Fake",
        "authorization_endpoint": f"{fake.url}/auth",
        "client_id": CLIENT,
        "redirect_uri": f"{live.running.desk.url}/openid/return",
        "scope": "openid email",
    }
    assert "small-letter" not in ticket
    assert client.get(f"{PATH}/openid").json()["ticket"] != ticket
    begun = begin_sign_on(client, get_letter(client, "small-letter"))
    query = parse_qs(urlsplit(begun.address).query)
    assert query["code_challenge_method"] == ["S256"]
    assert begun.verifier not in begun.address


def test_the_same_request_gets_the_same_answer(fake: FakeProvider, client: httpx2.Client) -> None:
    """An answer may have been lost; the provider is asked once."""
    proof = login(fake, client, PEOPLE[1][0])
    asked = request_of(proof)
    first = client.post(f"{PATH}/tokens", json=asked)
    assert first.status_code == 200, first.text
    assert client.post(f"{PATH}/tokens", json=asked).json() == first.json()
    assert fake.paths().count("/token") == 1
    other = asked | {"blinded": format_base64url(b"\x02" * 256)}
    assert_problem(client.post(f"{PATH}/tokens", json=other), 409, "already-issued")


@pytest.mark.parametrize("name", ["verifier", "nonce"])
def test_a_code_is_of_no_use_without_what_was_made_for_it(
    fake: FakeProvider, client: httpx2.Client, name: str
) -> None:
    """Not even after it was used by whom it belongs to."""
    asked = request_of(login(fake, client, PEOPLE[2][0]))
    assert client.post(f"{PATH}/tokens", json=asked).status_code == 200
    stolen = asked | {"proof": asked["proof"] | {name: "x" * 43}}
    assert_problem(client.post(f"{PATH}/tokens", json=stolen), 403, "login-rejected")


def test_a_sign_on_is_for_one_letter(
    fake: FakeProvider, live: LiveSite, client: httpx2.Client
) -> None:
    """Another letter with the same roll does not take its code, neither before it was used nor after."""
    folder = live.folder.with_name("other")
    make_letter(live.site, folder, "other-letter", signs_on=True)
    asked = request_of(login(fake, client, PEOPLE[3][0]))
    for status in (200, 200):
        answer = client.post("/api/v1/letters/other-letter/tokens", json=asked)
        assert_problem(answer, 403, "login-rejected")
        assert client.post(f"{PATH}/tokens", json=asked).status_code == status


def test_whoever_is_not_on_the_roll_is_told(fake: FakeProvider, client: httpx2.Client) -> None:
    """They have proved that the address is theirs: this tells nobody of anybody else."""
    attempt = Attempt.start(get_letter(client, "small-letter"), None)
    with pytest.raises(NoMember):
        enrol(client, attempt, login(fake, client, "stranger@else.example"))
    with pytest.raises(NoMember):
        enrol(client, attempt, login(fake, client, "no address"))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"claims": {"nonce": "o" * 43}}, "login-rejected"),
        ({"claims": {"aud": "somebody else"}}, "login-rejected"),
        ({"claims": {"iss": "https://other.example"}}, "login-rejected"),
        ({"claims": {"exp": 1}}, "login-rejected"),
        (
            {"userinfo": {"sub": "17", "email": PEOPLE[4][0], "email_verified": False}},
            "address-unverified",
        ),
    ],
)
def test_a_wrong_sign_on_is_refused(
    fake: FakeProvider, client: httpx2.Client, change: dict[str, Any], code: str
) -> None:
    """With the code that the page has a sentence for, and nothing of what was sent."""
    proof = login(fake, client, PEOPLE[4][0])
    fake.claims |= change.get("claims", {})
    fake.userinfo = change.get("userinfo", fake.userinfo)
    problem = assert_problem(client.post(f"{PATH}/tokens", json=request_of(proof)), 403, code)
    assert proof.code not in str(problem)
    assert PEOPLE[4][0] not in str(problem)


@pytest.mark.parametrize("trouble", ["down", "slow", "huge"])
def test_a_provider_in_trouble_is_nobodys_fault(
    fake: FakeProvider,
    provider: Provider,
    client: httpx2.Client,
    monkeypatch: pytest.MonkeyPatch,
    trouble: str,
) -> None:
    """503 and when to come back; invite codes are taken all the while, and later so is the sign-on."""
    asked = request_of(login(fake, client, PEOPLE[5][0]))
    if trouble == "down":
        fake.answers["/token"] = JSONResponse({}, 502)
    elif trouble == "slow":
        monkeypatch.setattr(provider, "_longest_wait_s", 1.0)
        fake.wait_s = 1.5
    else:
        fake.answers["/token"] = JSONResponse(["x" * 70_000])
    answer = client.post(f"{PATH}/tokens", json=asked)
    problem = assert_problem(answer, 503, "busy")
    assert (
        problem["detail"]
        == "The site has more to do than it can take in; try again in a few seconds."
    )
    assert "retry-after" in answer.headers
    wrong = token_request({"method": "invite", "code": "0" * 16})
    assert client.post(f"{PATH}/tokens", json=wrong).status_code == 403
    monkeypatch.undo()
    fake.answers.clear()
    fake.wait_s = 0
    again = request_of(login(fake, client, PEOPLE[5][0]))
    assert client.post(f"{PATH}/tokens", json=again).status_code in (200, 409)


@pytest.mark.parametrize(
    "change",
    [
        {"verifier": "short"},
        {"verifier": "v" * 129},
        {"nonce": "n" * 42 + "ä"},
        {"code": ""},
        {"code": "c" * 38},
        {"code": "c" * 5_500},
        {"code": f"{'c' * 39}\n"},
        {"code": 5},
        {"more": "x"},
    ],
    ids=str,
)
def test_what_is_no_sign_on_is_refused(client: httpx2.Client, change: dict[str, Any]) -> None:
    """In its form, before the provider is asked."""
    proof = {"method": "openid", "code": "c" * 39, "verifier": "v" * 43, "nonce": "n" * 43} | change
    answer = client.post(f"{PATH}/tokens", json=token_request(proof))
    assert_problem(answer, 400, "format-error")


# --- coming back


def test_coming_back_changes_nothing(
    fake: FakeProvider, live: LiveSite, client: httpx2.Client
) -> None:
    """However often the address is opened, by whomever; the provider is not asked."""
    begun = begin_sign_on(client, get_letter(client, "small-letter"))
    asked, rows = len(fake.asked), _rows(live)
    for _ in range(3):
        back = {"state": begun.state, "code": "a code", "iss": fake.url}
        answer = client.get("/openid/return", params=back)
        there = urlsplit(answer.headers["location"])
        assert (answer.status_code, there.path) == (303, "/letters/small-letter@1/sign")
        given = parse_qs(there.fragment)
        assert list(given) == ["openid", "code", "iss"]
        assert (given["openid"], given["iss"]) == ([begun.state], [fake.url])
        assert "a code" not in there.fragment.replace("+", " ")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
    assert (len(fake.asked), _rows(live)) == (asked, rows)


def _rows(live: LiveSite) -> list[str]:
    with live.site.issuer.database.read() as connection:
        return [str(row) for row in connection.exec_driver_sql("SELECT * FROM login")]


def test_a_sign_on_that_was_given_up_is_told(client: httpx2.Client) -> None:
    """What the provider says of it goes along, and the program says so."""
    begun = begin_sign_on(client, get_letter(client, "small-letter"))
    answer = client.get("/openid/return", params={"state": begun.state, "error": "access_denied"})
    assert parse_qs(urlsplit(answer.headers["location"]).fragment)["error"] == ["access_denied"]
    with pytest.raises(LoginRejected, match="not finished"):
        finish_sign_on(begun, answer.headers["location"])


@pytest.mark.parametrize(
    "state",
    ["", "x", "a.b", f"small-letter@1.{'x' * 22}", f"{'A' * 134}.{'x' * 43}", "x" * 257, "ä.ö"],
)
def test_nobody_is_sent_anywhere_for_a_state_of_ones_own(client: httpx2.Client, state: str) -> None:
    """The ticket in it was given out here, or nothing is done."""
    answer = client.get("/openid/return", params={"state": state, "code": "c"})
    assert_problem(answer, 400, "format-error")
    page = client.get("/openid/return", params={"state": state}, headers={"Accept": "text/html"})
    assert page.status_code == 400
    assert "location" not in page.headers


# --- the member's program


def test_only_ones_own_sign_on_is_taken(fake: FakeProvider, client: httpx2.Client) -> None:
    """Not another's, not another provider's; what is no address is told as that."""
    begun = begin_sign_on(client, get_letter(client, "small-letter"))
    code = "c" * 39
    end = f"https://letters.example/letters/small-letter@1/sign#openid={begun.state}&code={code}"
    assert finish_sign_on(begun, f" {end}\n").code == code
    assert finish_sign_on(begun, f"{end}&iss={fake.url}").code == code
    for returned in (
        end.replace(begun.state, "x" * 60),
        f"{end}&iss=https://other.example",
    ):
        with pytest.raises(LoginRejected):
            finish_sign_on(begun, returned)
    for returned in (
        "",
        "nothing",
        "https://letters.example/",
        "x" * 9_000,
        "http://[",
        "#openid=%ff",
    ):
        with pytest.raises((FormatError, LoginRejected)):
            finish_sign_on(begun, returned)


def test_a_letter_without_sign_on_says_so(live_site: LiveSite) -> None:
    """At the door, and in the program before it asks."""
    with httpx2.Client(base_url=live_site.url, timeout=60) as client:
        assert_problem(client.get(f"{PATH}/openid"), 422, "refused")
        proof = {"method": "openid", "code": "c" * 39, "verifier": "v" * 43, "nonce": "n" * 43}
        answer = client.post(f"{PATH}/tokens", json=token_request(proof))
        assert_problem(answer, 403, "proof-rejected")
        with pytest.raises(Refused):
            begin_sign_on(client, get_letter(client, "small-letter"))
