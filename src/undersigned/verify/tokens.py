"""The tokens of one letter: each is valid, made for its signature, and used once (check 7)."""

from collections.abc import Callable

from undersigned.crypto.token import TokenChallenge, TokenVerifier
from undersigned.domain.letter import Letter
from undersigned.errors import FormatError, VerificationError

_NONCE = slice(2, 34)


class Tokens:
    """Verifies the tokens of one letter in the order of the log; formats §5."""

    __slots__ = ("_nonces", "_verifier")

    def __init__(self, letter: Letter, host: str, report: Callable[[str], None]) -> None:
        self._nonces: set[bytes] = set()
        self._verifier: TokenVerifier | None = None
        try:
            challenge = TokenChallenge(host, letter.letter_id, host)
            self._verifier = TokenVerifier(letter.token_key, challenge)
        except FormatError as error:
            report(f"no token can be verified: {error.detail}")

    def find_reuse(self, nonce: bytes) -> list[str]:
        """Return what is wrong with a nonce (32 bytes) of a token that holds: it may be used twice."""
        problems = ["the token's nonce was used before"] if nonce in self._nonces else []
        self._nonces.add(nonce)
        return problems

    def find_problems(self, token: bytes, pk: bytes) -> list[str]:
        """Return what is wrong with the token (354 bytes) of a signature by this key."""
        problems = self.find_reuse(token[_NONCE])
        if self._verifier is not None:
            try:
                self._verifier.verify(token, pk)
            except (FormatError, VerificationError) as error:
                problems.append(f"the token does not hold: {error.detail.removesuffix('.')}")
        return problems
