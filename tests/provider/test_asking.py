"""Asking a sign-on provider: what is believed, and that nothing else is, however the provider behaves."""

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from tests.provider.faking import (
    ADDRESS,
    CLIENT,
    CODE,
    NONCE,
    REDIRECT,
    SECRET,
    VERIFIER,
    FakeProvider,
    fake_provider,
)

from undersigned.errors import (
    AddressUnverified,
    FormatError,
    LoginRejected,
    UndersignedError,
    Unreachable,
    VerificationError,
)
from undersigned.provider.asking import FAILED_FOR_S, LEAST_PAUSE_S, LONGEST_ANSWER, Provider

AWAY = (Unreachable, VerificationError, FormatError)
"""What an issuer tells as: come back later."""


@pytest.fixture
def fake() -> Iterator[FakeProvider]:
    """A provider that does what is right, until a test changes it."""
    with fake_provider() as made:
        yield made


def identify(provider: Provider, code: str = CODE, nonce: str = NONCE) -> str:
    """Bring a code as a member's program does."""
    return provider.identify(code, VERIFIER, nonce, REDIRECT)


# --- what is right


def test_a_code_becomes_a_verified_address(fake: FakeProvider) -> None:
    """The address comes from userinfo, the code goes with the verifier and the client's secret."""
    provider = fake.provider()
    assert provider.find_authorization_endpoint() == f"{fake.url}/auth"
    assert identify(provider) == ADDRESS
    assert fake.paths() == ["/.well-known/openid-configuration", "/keys", "/token", "/me"]
    _, headers, form = fake.asked[2]
    assert form == {
        "grant_type": "authorization_code",
        "code": CODE,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    }
    expected = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
    assert headers["authorization"] == f"Basic {expected}"
    assert fake.asked[3][1]["authorization"] == "Bearer at"


def test_an_address_in_the_id_token_is_enough(fake: FakeProvider) -> None:
    """Where it is there as a verified one, nothing more is asked."""
    fake.claims = {"email": ADDRESS, "email_verified": True}
    assert identify(fake.provider()) == ADDRESS
    assert "/me" not in fake.paths()


def test_the_secret_is_posted_to_who_wants_it_so(fake: FakeProvider) -> None:
    """As the discovery document says; without a secret the client says its name alone."""
    fake.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert identify(fake.provider()) == ADDRESS
    assert fake.asked[2][2]["client_secret"] == SECRET
    assert "authorization" not in fake.asked[2][1]


def test_what_the_provider_said_of_itself_is_remembered(fake: FakeProvider) -> None:
    """For an hour; then its addresses and keys are fetched again."""
    now = time.time()
    provider = fake.provider(clock=lambda: now)
    for number in range(3):
        identify(provider, f"code-{number}")
    assert fake.paths().count("/keys") == 1
    now += 3_601
    fake.claims = {"exp": int(now) + 60}
    identify(provider, "later")
    assert fake.paths().count("/keys") == 2


def test_new_keys_are_looked_for(fake: FakeProvider) -> None:
    """When a token is signed by one that is not known, and not more often than twice a minute."""
    now = time.time()
    provider = fake.provider(clock=lambda: now)
    identify(provider)
    fake.key, fake.alg = ECKey.generate_key("P-256", {"kid": "ec-1"}), "ES256"
    with pytest.raises(LoginRejected):
        identify(provider, "too soon")
    now += LEAST_PAUSE_S
    assert identify(provider, "in time") == ADDRESS
    assert fake.paths().count("/keys") == 2


# --- what is wrong


TIMES = ("exp", "iat", "nbf")


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "m" * 43},
        {"nonce": None},
        {"nonce": 5},
        {"aud": "somebody else"},
        {"aud": ["somebody else", CLIENT]},
        {"aud": ["somebody else", CLIENT], "azp": "somebody else"},
        {"aud": None},
        {"iss": "https://other.example"},
        {"iss": None},
        {"exp": -3_600},
        {"exp": "soon"},
        {"exp": None},
        {"iat": +3_600},
        {"nbf": +3_600},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
        {"sub": None},
    ],
    ids=str,
)
def test_an_id_token_for_something_else_proves_nothing(
    fake: FakeProvider, claims: dict[str, Any]
) -> None:
    """Another nonce, audience, issuer or time (from now); and it is not asked whose account it is."""
    fake.claims = {
        name: int(time.time()) + value if name in TIMES and isinstance(value, int) else value
        for name, value in claims.items()
    }
    with pytest.raises(LoginRejected):
        identify(fake.provider())
    assert "/me" not in fake.paths()


def test_another_nonce_than_the_members_proves_nothing(fake: FakeProvider) -> None:
    """A code that somebody else's browser was given is of no use."""
    with pytest.raises(LoginRejected):
        identify(fake.provider(), nonce="o" * 43)


def _unsigned(token: str) -> str:
    payload = token.split(".")[1]
    header = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    return f"{header}.{payload}."


def _by_secret(token: str) -> str:
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    key = OctKey.import_key(SECRET * 4)
    return jwt.encode({"alg": "HS256"}, claims, key, algorithms=["HS256"])


def _changed(token: str) -> str:
    head, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    body = base64.urlsafe_b64encode(json.dumps(claims | {"sub": "18"}).encode())
    return f"{head}.{body.rstrip(b'=').decode()}.{signature}"


@pytest.mark.parametrize(
    "change", [_unsigned, _by_secret, _changed, lambda _: "", lambda _: "a.b.c", lambda _: "ä" * 9]
)
def test_a_token_that_the_provider_did_not_sign_proves_nothing(
    fake: FakeProvider, change: Any
) -> None:
    """Not signed at all, by a shared secret, or changed afterwards; or no token."""
    tokens = {"access_token": "at", "token_type": "Bearer", "id_token": change(fake.id_token())}
    fake.answers["/token"] = JSONResponse(tokens)
    with pytest.raises(LoginRejected):
        identify(fake.provider())


def test_a_key_of_somebody_else_signs_nothing(fake: FakeProvider) -> None:
    """Even under the same name."""
    fake.keys = [RSAKey.generate_key(2048, {"kid": "rsa-1"}).as_dict(private=False)]
    with pytest.raises(LoginRejected):
        identify(fake.provider())


@pytest.mark.parametrize(
    "userinfo",
    [
        {"sub": "17", "email": ADDRESS, "email_verified": False},
        {"sub": "17", "email": ADDRESS, "email_verified": "true"},
        {"sub": "17", "email": ADDRESS},
        {"sub": "17", "email_verified": True},
        {"sub": "17", "email": [ADDRESS], "email_verified": True},
        {"sub": "17"},
    ],
    ids=str,
)
def test_an_address_that_is_not_verified_proves_nothing(
    fake: FakeProvider, userinfo: dict[str, Any]
) -> None:
    """Whoever makes an account may write any address into it."""
    fake.userinfo = userinfo
    with pytest.raises(AddressUnverified):
        identify(fake.provider())


def test_what_is_said_of_another_account_proves_nothing(fake: FakeProvider) -> None:
    """The subject is that of the ID token (Core 1.0, section 5.3.2)."""
    fake.userinfo = {"sub": "18", "email": ADDRESS, "email_verified": True}
    with pytest.raises(LoginRejected):
        identify(fake.provider())


def test_a_code_is_good_once(fake: FakeProvider) -> None:
    """The provider says so, and it is told as that."""
    provider = fake.provider()
    identify(provider)
    with pytest.raises(LoginRejected):
        identify(provider)


# --- a provider that does not do what it must


def test_a_provider_that_is_down(fake: FakeProvider) -> None:
    """Is told as that, at once, and without its address."""
    provider = fake.provider()
    identify(provider)
    down = FakeProvider(url="http://127.0.0.1:9").provider()
    for each in (down.find_authorization_endpoint, lambda: identify(down)):
        with pytest.raises(Unreachable) as caught:
            each()
        assert "127.0.0.1" not in caught.value.detail


@pytest.mark.parametrize("trouble", ["refuses", "waits"])
def test_a_look_that_failed_is_remembered(
    fake: FakeProvider, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    """For some seconds nobody else waits for it; then it is asked again."""
    now = time.time()
    provider = fake.provider(clock=lambda: now, longest_wait_s=1.0)
    if trouble == "refuses":
        fake.answers["/keys"] = JSONResponse({}, 500)
    else:
        fake.wait_s = 3.0
    for _ in range(3):
        with pytest.raises(AWAY):
            provider.find_authorization_endpoint()
    with pytest.raises(Unreachable, match="a moment ago"):
        identify(provider)
    looked = [path for path in fake.paths() if path == "/.well-known/openid-configuration"]
    assert len(looked) == 1
    fake.answers.clear()
    fake.wait_s = 0.0
    now += FAILED_FOR_S
    monkeypatch.setattr(provider, "_longest_wait_s", 30.0)
    assert identify(provider) == ADDRESS


def test_a_slow_provider_is_not_waited_for(
    fake: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For longer than the bound, whether it says nothing or one byte at a time."""
    provider = fake.provider()
    identify(provider)
    monkeypatch.setattr(provider, "_longest_wait_s", 1.5)

    async def drip() -> Any:
        import asyncio

        for _ in range(600):
            await asyncio.sleep(0.1)
            yield b" "

    fake.answers["/token"] = StreamingResponse(drip(), media_type="application/json")
    begun = time.monotonic()
    with pytest.raises(Unreachable, match="does not answer"):
        identify(provider, "other")
    del fake.answers["/token"]
    fake.wait_s = 60.0
    with pytest.raises(Unreachable, match="does not answer"):
        identify(provider, "third")
    assert time.monotonic() - begun < 30
    fake.wait_s = 0.0


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/keys", "/token", "/me"])
def test_a_huge_answer_is_not_read(fake: FakeProvider, path: str) -> None:
    """From whichever of its addresses it comes."""
    fake.answers[path] = Response(b" " * (LONGEST_ANSWER + 1), media_type="application/json")
    with pytest.raises(FormatError, match="longer"):
        identify(fake.provider())


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/keys", "/token", "/me"])
def test_no_redirect_is_followed(fake: FakeProvider, path: str) -> None:
    """Neither a code nor a token goes where the provider did not say that it would."""
    fake.answers[path] = RedirectResponse(f"{fake.url}/elsewhere", 307)
    with pytest.raises(VerificationError, match="307"):
        identify(fake.provider())
    assert "/elsewhere" not in fake.paths()


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://other.example"},
        {"token_endpoint": "http://169.254.169.254/latest"},
        {"token_endpoint": "https://intranet.example/token"},
        {"jwks_uri": "http://10.0.0.1/keys"},
        {"userinfo_endpoint": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "http://name:word@localhost/"},
        {"token_endpoint": 5},
        {"jwks_uri": None},
    ],
    ids=str,
)
def test_addresses_elsewhere_are_not_asked(fake: FakeProvider, metadata: dict[str, Any]) -> None:
    """A provider on this machine names addresses on this machine; nothing was sent to the others."""
    fake.metadata = metadata
    with pytest.raises((VerificationError, FormatError)):
        identify(fake.provider())
    assert "/token" not in fake.paths()


@pytest.mark.parametrize(
    "answer",
    [
        Response(b"<html>", media_type="text/html"),
        Response(b"\xff\xfe"),
        Response(b"[" * 60_000),
        JSONResponse([]),
        JSONResponse({"error": "invalid_client"}, 401),
        JSONResponse({"error": "server_error"}, 500),
        JSONResponse({"error": {}}, 400),
        JSONResponse({"access_token": "at", "id_token": "x"}),
    ],
)
def test_an_answer_that_is_none_is_the_providers_fault(
    fake: FakeProvider, answer: Response
) -> None:
    """The member is told to come back, and the operator what is wrong."""
    fake.answers["/token"] = answer
    with pytest.raises(AWAY):
        identify(fake.provider())


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["keys", "kty", "n", "e", "crv", "x", "kid", "use", "alg", "sub", "email"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=10,
)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    path=st.sampled_from(["/keys", "/token", "/me", "/.well-known/openid-configuration"]),
    value=_JSON,
)
def test_whatever_a_provider_says_ends_in_words_of_ours(
    fake: FakeProvider, path: str, value: Any
) -> None:
    """No answer is believed that is none, and none ends in another error than ours."""
    fake.used.clear()
    fake.answers = {path: JSONResponse(value)}
    with pytest.raises(UndersignedError):
        identify(fake.provider())
