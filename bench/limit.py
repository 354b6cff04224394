"""The limit: what no design can save of one signature, by the fastest libraries at hand.

One RSA-2048 PSS verification of the token (OpenSSL by pyca/cryptography) and one Ed25519 verification of
the record (libsodium by PyNaCl); for a public name one Ed25519 more. Nothing is parsed, hashed or joined
while it is measured.
"""

from collections.abc import Iterable

from cryptography.hazmat.primitives.asymmetric import rsa
from nacl.bindings import crypto_sign_open

from bench.crowd import HASH, SCHEME, Signed
from undersigned.crypto.token import parse_spki, parse_token
from undersigned.domain.letter import Letter
from undersigned.domain.name import attestation_signed_bytes
from undersigned.domain.record import IssuedRecord, signed_bytes


class Limit:
    """The verifications of some signatures, with everything ready; `verify` does them and nothing else.

    `issued` are records of the issuer, for who has to verify those as well.
    """

    def __init__(
        self, letter: Letter, crowd: Iterable[Signed], issued: Iterable[IssuedRecord] = ()
    ) -> None:
        spki = parse_spki(letter.token_key)
        self._key = rsa.RSAPublicNumbers(spki.e, spki.n).public_key()
        self._tokens: list[tuple[bytes, bytes]] = []
        self._signatures: list[tuple[bytes, bytes]] = []
        for signed in crowd:
            record, attestation = signed.record, signed.attestation
            token = parse_token(record.token)
            self._tokens.append((token.authenticator, token.input))
            self._signatures.append((record.sig + signed_bytes(record), record.pk))
            if attestation is not None:
                message = attestation_signed_bytes(attestation)
                self._signatures.append((attestation.sig + message, letter.attestation_key))
        for each in issued:
            self._signatures.append((each.sig + signed_bytes(each), letter.attestation_key))

    def verify(self) -> None:
        """Verify them all; each library raises if one does not hold."""
        for authenticator, message in self._tokens:
            self._key.verify(authenticator, message, SCHEME, HASH)
        for signed, pk in self._signatures:
            crypto_sign_open(signed, pk)
