"""The tokens of one letter: each is valid, made for its signature, and used once (check 7)."""

from collections.abc import Callable, Sequence

from undersigned.crypto.token import TokenChallenge, TokenVerifier
from undersigned.domain.letter import Letter
from undersigned.errors import FormatError, VerificationError
from undersigned.verify.scratch import Digests, Scratch
from undersigned.verify.signatures import Signature, Signatures

_NONCE = slice(2, 34)


class Tokens:
    """Verifies the tokens of one letter in the order of the log; formats §5.

    A token that holds has the nonce of its signer's key, by which the signatures are found: kept here are
    the nonces of the others, of tokens that were not vouched for.
    """

    __slots__ = ("_nonces", "_signatures", "_verifier")

    def __init__(
        self,
        letter: Letter,
        host: str,
        signatures: Signatures,
        scratch: Scratch,
        report: Callable[[str], None],
    ) -> None:
        self._signatures = signatures
        self._nonces = Digests(scratch)
        self._verifier: TokenVerifier | None = None
        try:
            challenge = TokenChallenge(host, letter.letter_id, host)
            self._verifier = TokenVerifier(letter.token_key, challenge)
        except FormatError as error:
            report(f"no token can be verified: {error.detail}")

    def find_reuse(self, nonce: bytes, before: Sequence[Signature]) -> list[str]:
        """Return what is wrong with a nonce (32 bytes): it may have been used before.

        `before` are the signatures by the key whose tokens have this nonce.
        """
        is_used = nonce in self._nonces or any(each.is_vouched for each in before)
        return ["the token's nonce was used before"] if is_used else []

    def find_problems(self, token: bytes, pk: bytes) -> list[str]:
        """Return what is wrong with the token (354 bytes), not vouched for, of a signature by this key."""
        nonce = token[_NONCE]
        problems = self.find_reuse(nonce, self._signatures.find_by_nonce(nonce))
        self._nonces.add(nonce)
        if self._verifier is not None:
            try:
                self._verifier.verify(token, pk)
            except (FormatError, VerificationError) as error:
                problems.append(f"the token does not hold: {error.detail.removesuffix('.')}")
        return problems
