"""Asking a sign-on provider who somebody is: OpenID Connect Core 1.0, Discovery 1.0, PKCE (RFC 7636).

The member's own program makes state, nonce and verifier, and brings a code from the provider; here the code
is exchanged, once, for what the provider says of its account. What is asked is bounded in time and in size,
addresses are https ones and come from the provider that the operator named, and no redirect is followed.
Neither a code nor a token, an address of somebody or the client's secret is in any error.
"""

import asyncio
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

import httpx2
import msgspec
from authlib.oauth2.auth import ClientAuth  # type: ignore[import-untyped]
from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from undersigned.domain.canonical import decode_json
from undersigned.errors import (
    AddressUnverified,
    FormatError,
    LoginRejected,
    Unreachable,
    VerificationError,
)
from undersigned.provider.terms import ProviderTerms, check_address, is_local

LONGEST_WAIT_S: Final = 10.0
"""For a whole sign-on, from the first byte sent to the last received, however slowly they come."""
LONGEST_ANSWER: Final = 64 * 1024
"""Bytes: a discovery document has about 3,000, a set of keys about as many."""
MOST_KEYS: Final = 32
KNOWN_FOR_S: Final = 3_600
"""Seconds for which a provider's addresses and keys are believed; an unknown key is looked for at once."""
LEAST_PAUSE_S: Final = 30
"""Seconds between two looks for an unknown key: it is not there sooner because of asking more often."""
FAILED_FOR_S: Final = 5
"""Seconds for which a provider that could not be looked at is left alone: members would wait for it."""
LEEWAY_S: Final = 60
"""Seconds by which the provider's clock may differ from ours."""

ALGORITHMS: Final = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
)
"""Signatures alone: neither `none` nor a shared secret says that it was the provider."""

_HEADERS: Final = {
    "Accept": "application/json",
    # A compressed answer could be a small one that is endless.
    "Accept-Encoding": "identity",
}


class _Metadata(msgspec.Struct):
    """Discovery 1.0, section 3: what is needed of it."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class _Tokens(msgspec.Struct):
    access_token: str
    token_type: str
    id_token: str


class _Problem(msgspec.Struct):
    error: str = ""


_METADATA: Final = msgspec.json.Decoder(_Metadata)
_TOKENS: Final = msgspec.json.Decoder(_Tokens)
_PROBLEM: Final = msgspec.json.Decoder(_Problem)
_OBJECT: Final = msgspec.json.Decoder(dict[str, Any])

_Key = RSAKey | ECKey

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Known:
    """What a provider said of itself, and when."""

    metadata: _Metadata
    keys: tuple[_Key, ...]
    at: float


class Provider:
    """One provider. Its addresses and keys are fetched when they are first needed."""

    def __init__(
        self,
        terms: ProviderTerms,
        *,
        clock: Callable[[], float] = time.time,
        longest_wait_s: float = LONGEST_WAIT_S,
    ) -> None:
        self.terms = terms
        self._clock = clock
        self._longest_wait_s = longest_wait_s
        self._known: _Known | None = None
        self._failed_at = -math.inf

    def find_authorization_endpoint(self) -> str:
        """Return where a member signs on. Raises Unreachable, VerificationError."""
        known: _Known = self._bounded(self._get_known)
        return known.metadata.authorization_endpoint

    def identify(self, code: str, verifier: str, nonce: str, redirect: str) -> str:
        """Exchange a code; return the mail address of the account, which the provider has verified.

        1. The code is exchanged with the client's secret and the verifier. 2. The ID token is signed by a key
        of the provider's; its issuer, audience, nonce and times are right. 3. The address is in it, or in
        what the provider says of the account with the access token. 4. It is a verified one. Raises
        LoginRejected, AddressUnverified; Unreachable, VerificationError or FormatError if the provider does
        not do what it must.
        """

        async def log_in(client: httpx2.AsyncClient) -> Mapping[str, Any]:
            known = await self._get_known(client)
            tokens = await self._exchange(client, known.metadata, code, verifier, redirect)  # 1
            claims = await self._verify(client, known, tokens, nonce)  # 2
            if _has_address(claims) or known.metadata.userinfo_endpoint is None:
                return claims
            return await self._ask_about(client, known.metadata, tokens, str(claims["sub"]))  # 3

        claims = self._bounded(log_in)
        if not _has_address(claims):  # 4
            raise AddressUnverified
        return str(claims["email"])

    # --- what the provider is asked

    def _bounded(self, work: Callable[[httpx2.AsyncClient], Any]) -> Any:
        """Do some asking. The transport's errors are dropped: they hold what was sent."""

        async def ask() -> Any:
            wait = self._longest_wait_s
            async with (
                asyncio.timeout(wait),
                httpx2.AsyncClient(timeout=wait, follow_redirects=False) as client,
            ):
                return await work(client)

        try:
            return asyncio.run(ask())
        except TimeoutError:
            problem = f"does not answer within {self._longest_wait_s:g} s"
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            problem = f"cannot be asked ({type(error).__name__})"
        raise Unreachable(f"The sign-on provider {problem}.")

    async def _get_known(self, client: httpx2.AsyncClient) -> _Known:
        known, now = self._known, self._clock()
        if known is not None and 0 <= now - known.at < KNOWN_FOR_S:
            return known
        if 0 <= now - self._failed_at < FAILED_FOR_S:
            raise Unreachable("The sign-on provider could not be looked at a moment ago.")
        try:
            return await self._look(client)
        except BaseException:
            # Also where time is up in the middle of it.
            self._failed_at = self._clock()
            raise

    async def _look(self, client: httpx2.AsyncClient) -> _Known:
        """Fetch the discovery document and the keys. Raises VerificationError if it is another's."""
        issuer = self.terms.issuer
        address = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
        metadata = await _get(client, address, _METADATA, "its discovery document")
        if metadata.issuer != issuer:
            raise VerificationError("The discovery document is one of another provider.")
        on_machine = is_local(issuer)
        for endpoint in (
            metadata.authorization_endpoint,
            metadata.token_endpoint,
            metadata.jwks_uri,
            metadata.userinfo_endpoint or metadata.token_endpoint,
        ):
            check_address(endpoint, "an address of the provider", on_machine=on_machine)
        keys = _read_keys(await _get(client, metadata.jwks_uri, _OBJECT, "its keys"))
        self._known = known = _Known(metadata, keys, self._clock())
        return known

    async def _exchange(
        self,
        client: httpx2.AsyncClient,
        metadata: _Metadata,
        code: str,
        verifier: str,
        redirect: str,
    ) -> _Tokens:
        """Exchange the code (Core 1.0, section 3.1.3; RFC 7636, section 4.5)."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect,
            "code_verifier": verifier,
        }
        headers = _HEADERS | {"Content-Type": "application/x-www-form-urlencoded"}
        auth = ClientAuth(*self._credentials(), self._auth_method(metadata))
        url, headers, body = auth.prepare("POST", metadata.token_endpoint, headers, urlencode(form))
        status, data = await _send(client, "POST", url, headers, body)
        if status == 400 and decode_json(_PROBLEM, data, "answer").error == "invalid_grant":
            raise LoginRejected
        if status != 200:
            raise VerificationError(f"The provider answers {status} when a code is exchanged.")
        return decode_json(_TOKENS, data, "tokens")

    def _credentials(self) -> tuple[str, str | None]:
        return self.terms.client_id, self.terms.client_secret

    def _auth_method(self, metadata: _Metadata) -> str:
        if self.terms.client_secret is None:
            return "none"
        supported = metadata.token_endpoint_auth_methods_supported
        is_posted = "client_secret_basic" not in supported and "client_secret_post" in supported
        return "client_secret_post" if is_posted else "client_secret_basic"

    async def _verify(
        self, client: httpx2.AsyncClient, known: _Known, tokens: _Tokens, nonce: str
    ) -> Mapping[str, Any]:
        """Verify an ID token (Core 1.0, section 3.1.3.7); return its claims. Raises LoginRejected."""
        token = _verify_signature(tokens.id_token, known.keys)
        if token is None and self._clock() - known.at >= LEAST_PAUSE_S:
            # Keys are changed from time to time.
            token = _verify_signature(tokens.id_token, (await self._look(client)).keys)
        if token is None:
            raise LoginRejected
        issuer, client_id = self.terms.issuer, self.terms.client_id
        claims = CodeIDToken(
            token.claims,
            token.header,
            options={
                "iss": {"essential": True, "value": issuer},
                "aud": {"essential": True, "value": client_id},
            },
            params={
                "nonce": nonce,
                "client_id": client_id,
                "access_token": tokens.access_token,
            },
        )
        try:
            claims.validate(now=int(self._clock()), leeway=LEEWAY_S)
        except (JoseError, ValueError, TypeError):
            raise LoginRejected from None
        verified: Mapping[str, Any] = dict(claims)
        return verified

    async def _ask_about(
        self, client: httpx2.AsyncClient, metadata: _Metadata, tokens: _Tokens, subject: str
    ) -> Mapping[str, Any]:
        """Ask what the provider says of an account (Core 1.0, section 5.3). Raises LoginRejected."""
        if tokens.token_type.lower() != "bearer" or not tokens.access_token.isascii():
            raise VerificationError("The provider's access token is none that can be used.")
        headers = _HEADERS | {"Authorization": f"Bearer {tokens.access_token}"}
        url = metadata.userinfo_endpoint or ""
        claims = await _get(client, url, _OBJECT, "what it says of an account", headers)
        if claims.get("sub") != subject:
            raise LoginRejected
        return claims


# --- requests


async def _get(
    client: httpx2.AsyncClient,
    url: str,
    decoder: "msgspec.json.Decoder[T]",
    what: str,
    headers: dict[str, str] = _HEADERS,
) -> T:
    status, data = await _send(client, "GET", url, headers, None)
    if status != 200:
        raise VerificationError(f"The provider answers {status} when asked for {what}.")
    return decode_json(decoder, data, what)


async def _send(
    client: httpx2.AsyncClient, method: str, url: str, headers: dict[str, str], body: str | None
) -> tuple[int, bytes]:
    async with client.stream(method, url, content=body, headers=headers) as response:
        data = bytearray()
        async for part in response.aiter_raw():
            data += part
            if len(data) > LONGEST_ANSWER:
                raise FormatError("the provider's answer is longer than that of a provider")
        return response.status_code, bytes(data)


# --- what the provider says


def _read_keys(document: dict[str, Any]) -> tuple[_Key, ...]:
    """Read the keys that may sign (RFC 7517); of a kind that is not known here there may be others."""
    found = document.get("keys")
    entries = found[:MOST_KEYS] if isinstance(found, list) else []
    keys: list[_Key] = []
    for entry in entries:
        if not isinstance(entry, dict) or entry.get("use") not in (None, "sig"):
            continue
        kinds: dict[Any, type[RSAKey | ECKey]] = {"RSA": RSAKey, "EC": ECKey}
        kind = kinds.get(entry.get("kty"))
        if kind is None:
            continue
        try:
            keys.append(kind.import_key(entry))
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    return tuple(keys)


def _verify_signature(id_token: str, keys: tuple[_Key, ...]) -> jwt.Token | None:
    """Return the token if one of the keys has signed it."""
    for key in keys:
        try:
            return jwt.decode(id_token, key, algorithms=list(ALGORITHMS))
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    return None


def _has_address(claims: Mapping[str, Any]) -> bool:
    """Say whether an address is there, and the provider says that it has verified it."""
    return isinstance(claims.get("email"), str) and claims.get("email_verified") is True
