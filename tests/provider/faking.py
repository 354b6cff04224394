"""A provider on a port of this machine that says what a test wants, signed with a real key."""

import asyncio
import base64
import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from tests.live import serve

from undersigned.provider.asking import Provider
from undersigned.provider.terms import ProviderTerms

CLIENT, SECRET = "undersigned", "a secret & more"
CODE, VERIFIER, NONCE = "the-code", "v" * 43, "n" * 43
REDIRECT = "https://letters.example/openid/return"
ADDRESS = "alva@staff.example"

RSA = RSAKey.generate_key(2048, {"kid": "rsa-1", "use": "sig"})


@dataclass
class FakeProvider:
    """What it answers; a test changes it."""

    url: str = ""
    key: RSAKey | ECKey = field(default_factory=lambda: RSA)
    alg: str = "RS256"
    claims: dict[str, Any] = field(default_factory=dict)
    """In place of those of the ID token; None leaves one out."""
    userinfo: dict[str, Any] = field(
        default_factory=lambda: {"sub": "17", "email": ADDRESS, "email_verified": True}
    )
    metadata: dict[str, Any] = field(default_factory=dict)
    keys: list[dict[str, Any]] | None = None
    answers: dict[str, Response] = field(default_factory=dict)
    """Whole answers, by path."""
    wait_s: float = 0.0
    asked: list[tuple[str, dict[str, str], dict[str, str]]] = field(default_factory=list)
    """Path, headers and form of each request."""
    used: set[str] = field(default_factory=set)

    def provider(self, **settings: Any) -> Provider:
        """Return what asks it."""
        return Provider(ProviderTerms(self.url, CLIENT, SECRET, "Fake"), **settings)

    def paths(self) -> list[str]:
        """Return what was asked for, in order."""
        return [path for path, _, _ in self.asked]

    async def answer(self, request: Request) -> Response:
        """Answer one request."""
        form = {name: str(value) for name, value in (await request.form()).items()}
        path = request.url.path
        self.asked.append((path, dict(request.headers), form))
        if self.wait_s:
            await asyncio.sleep(self.wait_s)
        if path in self.answers:
            return self.answers[path]
        if path == "/.well-known/openid-configuration":
            return JSONResponse(self._metadata())
        if path == "/keys":
            return JSONResponse({"keys": self.keys or [self.key.as_dict(private=False)]})
        if path == "/token":
            return self._tokens(form)
        assert path == "/me"
        return JSONResponse(self.userinfo)

    def _metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/auth",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "userinfo_endpoint": f"{self.url}/me",
        } | self.metadata

    def _tokens(self, form: dict[str, str]) -> Response:
        if form["code"] in self.used:
            return JSONResponse({"error": "invalid_grant"}, 400)
        self.used.add(form["code"])
        return JSONResponse(
            {"access_token": "at", "token_type": "Bearer", "id_token": self.id_token()}
        )

    def id_token(self) -> str:
        """Make the ID token."""
        now = int(time.time())
        half = base64.urlsafe_b64encode(hashlib.sha256(b"at").digest()[:16]).rstrip(b"=").decode()
        claims = {
            "iss": self.url,
            "sub": "17",
            "aud": CLIENT,
            "exp": now + 300,
            "iat": now,
            "nonce": NONCE,
            "at_hash": half,
        } | self.claims
        kept = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": self.alg, "kid": self.key.kid}
        return jwt.encode(header, kept, self.key, algorithms=[self.alg])


@contextmanager
def fake_provider() -> Iterator[FakeProvider]:
    """Serve a provider on a free port of this machine."""
    fake = FakeProvider()
    route = Route("/{path:path}", fake.answer, methods=["GET", "POST"])
    with serve(Starlette(routes=[route])) as url:
        fake.url = url
        yield fake
