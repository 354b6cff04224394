"""An authenticator in software: makes passkeys (ES256) and signs with them, as WebAuthn Level 3 says."""

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any, Final

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from undersigned.encoding import format_base64url, parse_base64url

PRESENT: Final = 0x01
VERIFIED: Final = 0x04
_ATTESTED: Final = 0x40


@dataclass
class Authenticator:
    """A device at an origin. `flags` and `counts` are what it says of its user and of its use."""

    origin: str
    flags: int = PRESENT | VERIFIED
    counts: bool = True
    keys: dict[bytes, ec.EllipticCurvePrivateKey] = field(default_factory=dict)
    handles: dict[bytes, str] = field(default_factory=dict)
    used: int = 0

    def create(self, options: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """Answer `navigator.credentials.create`."""
        id_, key = secrets.token_bytes(32), ec.generate_private_key(ec.SECP256R1())
        self.keys[id_], self.handles[id_] = key, options["user"]["id"]
        numbers = key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        attested = bytes(16) + len(id_).to_bytes(2) + id_ + cbor2.dumps(cose)
        data = self._data(options["rp"]["id"], _ATTESTED) + attested
        attestation = {"fmt": "none", "attStmt": {}, "authData": data}
        response = {
            "clientDataJSON": self._client("webauthn.create", options, changes),
            "attestationObject": format_base64url(cbor2.dumps(attestation)),
        }
        return _credential(id_, response)

    def get(
        self, options: dict[str, Any], id_: bytes | None = None, **changes: Any
    ) -> dict[str, Any]:
        """Answer `navigator.credentials.get`, with the newest key unless one is named."""
        id_ = id_ or list(self.keys)[-1]
        self.used += 1
        client = self._client("webauthn.get", options, changes)
        data = self._data(options["rpId"], 0)
        signed = data + hashlib.sha256(parse_base64url(client)).digest()
        response = {
            "clientDataJSON": client,
            "authenticatorData": format_base64url(data),
            "signature": format_base64url(self.keys[id_].sign(signed, ec.ECDSA(SHA256()))),
            "userHandle": self.handles[id_],
        }
        return _credential(id_, response)

    def _data(self, rp_id: str, flags: int) -> bytes:
        count = self.used if self.counts else 0
        return (
            hashlib.sha256(rp_id.encode()).digest()
            + bytes([self.flags | flags])
            + count.to_bytes(4)
        )

    def _client(self, kind: str, options: dict[str, Any], changes: dict[str, Any]) -> str:
        data = {
            "type": kind,
            "challenge": options["challenge"],
            "origin": self.origin,
            "crossOrigin": False,
        }
        return format_base64url(json.dumps(data | changes).encode())


def _credential(id_: bytes, response: dict[str, Any]) -> dict[str, Any]:
    name = format_base64url(id_)
    return {"id": name, "rawId": name, "type": "public-key", "response": response}
