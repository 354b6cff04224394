"""A crowd that has signed already: records, blobs and requests as members' pages would send them.

Tokens are what an issuer and a member make together, but with nobody to hide from: the issuer's key signs
them as they are, by the fastest library at hand. Everything in them is valid.
"""

import dataclasses
import secrets
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from undersigned.crypto.blind_rsa import SALT_SIZE
from undersigned.crypto.keys import RecordSigner, SignerKey, TokenKey, generate_code
from undersigned.crypto.token import (
    Token,
    TokenChallenge,
    format_token,
    nonce_of,
    token_input,
    token_key_id,
)
from undersigned.domain.letter import Letter, Mode
from undersigned.domain.name import Attestation, Verified, attestation_signed_bytes, commitment
from undersigned.domain.record import IssuedRecord, SignRecord, format_record, signed_bytes
from undersigned.signer.naming import NameDraft, write_name
from undersigned.tlog.merkle import leaf_hash

NO_SIGNATURE: Final = bytes(64)

HASH: Final = hashes.SHA384()
SCHEME: Final = padding.PSS(mgf=padding.MGF1(HASH), salt_length=SALT_SIZE)
"""Of a token's signature (RFC 9474, section 5: RSABSSA-SHA384-PSS)."""


@dataclass(frozen=True, slots=True)
class Signed:
    """One signature, and what stands behind it: blob or document, and the attestation of a public name."""

    record: SignRecord
    blob: bytes | None
    attestation: Attestation | None

    @property
    def leaf(self) -> bytes:
        """The leaf hash of the record."""
        return leaf_hash(format_record(self.record))


@dataclass(frozen=True, slots=True)
class Crowd:
    """Members of one letter, as many as are asked for; the issuer's keys are at hand."""

    host: str
    letter: Letter
    token_key: TokenKey
    attestation_key: RecordSigner

    def issue(self) -> IssuedRecord:
        """Return the issuer's word that one more token was given out."""
        digest, member = secrets.token_bytes(32), secrets.token_bytes(32)
        record = IssuedRecord(self.letter.letter_id, digest, member, NO_SIGNATURE)
        return dataclasses.replace(record, sig=self.attestation_key.sign(signed_bytes(record)))

    def sign(self, mode: Mode, condition: int | None = None) -> Signed:
        """Return the signature of one more member."""
        letter = self.letter
        key = SignerKey(generate_code(), letter.letter_id)
        attestation = self._attest(key)
        draft = None if mode is Mode.ANONYMOUS else NameDraft(attestation, None)
        name = write_name(letter, key, mode, draft)
        pk = key.public_key
        record = SignRecord(
            letter.letter_id, self._token(pk), pk, mode, condition, name.hash, NO_SIGNATURE
        )
        signed = dataclasses.replace(record, sig=key.sign(signed_bytes(record)))
        return Signed(signed, name.blob, attestation if mode is Mode.PUBLIC else None)

    def sign_many(self, count: int) -> list[Signed]:
        """Return signatures, every other one public, the rest sealed."""
        return [self.sign(Mode.PUBLIC if i % 2 else Mode.SEALED) for i in range(count)]

    def _attest(self, key: SignerKey) -> Attestation:
        bare = Attestation(
            letter_id=self.letter.letter_id,
            name=f"Member {secrets.token_hex(8)}",
            role=None,
            verified=Verified.EMAIL,
            c=commitment(key.public_key, key.r),
            sig=NO_SIGNATURE,
        )
        signature = self.attestation_key.sign(attestation_signed_bytes(bare))
        return dataclasses.replace(bare, sig=signature)

    def _token(self, pk: bytes) -> bytes:
        key = self.token_key
        challenge = TokenChallenge(self.host, bytes(self.letter.letter_id), self.host)
        parts = nonce_of(pk), challenge.digest, token_key_id(key.spki)
        signature = _private_of(key).sign(token_input(*parts), SCHEME, HASH)
        return format_token(Token(*parts, signature))


@lru_cache(maxsize=4)
def _private_of(key: TokenKey) -> rsa.RSAPrivateKey:
    private = serialization.load_pem_private_key(key.format().encode(), None)
    assert isinstance(private, rsa.RSAPrivateKey)
    return private
