"""One member's attempt to sign one letter, from the words to the promise; `docs/formats.md` §5, §6.

The order is: choose and write down the words, make the keys, blind, get the token, choose how to
stand, sign. Each step is a state, and each state is in the file before the next request leaves:

    Blinded ── ask ──> Blinded ── take_token ──> Held ── choose ──> Chosen ── wipe ──> Done

- `Blinded`: what is to be signed blindly. Sent twice it is the same request: one token.
- `Held`: the token and the attestation are there and verified.
- `Chosen`: the record and its blob. They are made once and never again: another signature of the
  same token would be refused, and a second blob would not be the one in the record.
- `Done`: the promise is in hand; the file is gone.
"""

import secrets
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Self, TypeAlias, TypeVar

import msgspec

from undersigned.crypto.blind_rsa import BlindedMessage, RsaPublicKey, blind, finalize
from undersigned.crypto.keys import SignerKey, code_of, words_of
from undersigned.crypto.token import nonce_of, parse_spki, token_input, token_key_id
from undersigned.domain.canonical import decode_json
from undersigned.domain.letter import Letter
from undersigned.domain.name import Attestation, commitment, parse_attestation
from undersigned.domain.record import SignRecord, format_record, signed_bytes
from undersigned.domain.signature import check_signature
from undersigned.domain.terms import Mode
from undersigned.encoding import parse_base64url
from undersigned.errors import FormatError, NameNotAttested
from undersigned.signer.attempt_file import load_attempt, remove_attempt, save_attempt
from undersigned.signer.attempt_state import (
    CODE_SIZE,
    Blinded,
    Chosen,
    Done,
    Held,
    SavedAttempt,
    SavedState,
    State,
    format_attempt,
    parse_attempt,
)
from undersigned.signer.enrolment import Asked, Proof, ShownAs, format_token_request
from undersigned.signer.letter_view import LetterHead, verify_head
from undersigned.signer.naming import NameDraft, verify_attestation, write_name
from undersigned.signer.plain import canonical_of
from undersigned.signer.promised import Promised
from undersigned.signer.receipt import SALT_SIZE, Receipt

Random: TypeAlias = Callable[[int], bytes]
"""Gives that many random bytes."""

S = TypeVar("S", bound=State)

_PSS_SALT_SIZE: Final = 48
_FACTOR_SIZE: Final = 256 + 16
"""Bytes of chance behind a blinding factor below a modulus of 256: 16 more leave no bias."""


class _TokenAnswer(msgspec.Struct, forbid_unknown_fields=True):
    blind_signature: str
    attestation: msgspec.Raw
    salt: str


_ANSWER: Final = msgspec.json.Decoder(_TokenAnswer)


class Attempt:
    """One member, one letter, one signature. `path` is its file, or None to keep it in memory only.

    Methods are for one state each and raise ValueError in another; those that change the state save
    it before they return, and raise StoreError, without the change, if they cannot.
    """

    __slots__ = ("_code", "_key", "_state", "head", "path")

    def __init__(self, head: LetterHead, code: bytes, state: SavedState, path: Path | None) -> None:
        self.head = head
        self.path = path
        self._code = code
        self._key = SignerKey(code, head.letter.letter_id)
        self._state: State = state

    def __repr__(self) -> str:
        return f"Attempt({self.head.letter.slug!r}, {type(self._state).__name__})"

    @classmethod
    def start(
        cls,
        head: LetterHead,
        path: Path | None,
        *,
        words: str | None = None,
        random: Random = secrets.token_bytes,
    ) -> Self:
        """Choose the words, make the keys and blind; the words of an earlier edition may be given.

        The words are to be shown and written down before anything is asked for. Raises StoreError
        if `path` exists, which is an attempt to `resume`; FormatError for words that are none.
        """
        code = random(CODE_SIZE) if words is None else code_of(words)
        key = SignerKey(code, head.letter.letter_id)
        state = Blinded(_blinding(head, key, random), None)
        attempt = cls(head, code, state, path)
        attempt._save(state, is_first=True)
        return attempt

    @classmethod
    def resume(cls, path: Path) -> Self:
        """Read a saved attempt, in whatever state the crash left it.

        Raises StoreError, and FormatError or VerificationError for a file that does not hold.
        """
        saved = parse_attempt(load_attempt(path))
        verify_head(saved.head)
        attempt = cls(saved.head, saved.code, saved.state, path)
        attempt._check_state()
        return attempt

    @property
    def state(self) -> State:
        """Where the attempt is."""
        return self._state

    @property
    def words(self) -> str:
        """The twelve words, a secret: they withdraw and change the signature."""
        return words_of(self._code)

    @property
    def c(self) -> bytes:
        """The commitment c = H(pk ‖ r), 32 bytes, that the issuer attests (§6)."""
        return commitment(self._key.public_key, self._key.r)

    @property
    def blinded(self) -> bytes:
        """The blinded message (256 bytes) that the issuer signs."""
        return self._in(Blinded).blinding.blinded

    def ask(self, proof: Proof | None, shown_as: ShownAs | None) -> dict[str, Any]:
        """Return the request for the token, as plain JSON values, once it is saved.

        Without a proof the request is the last one again; ValueError if there was none.
        """
        state = self._in(Blinded)
        asked = state.asked if proof is None else Asked(proof, shown_as)
        if asked is None:
            raise ValueError("Nothing was asked for yet; a proof is needed.")
        if asked != state.asked:
            self._move(replace(state, asked=asked))
        return format_token_request(asked, self.blinded, self.c)

    def take_token(self, answer: bytes) -> None:
        """Take the issuer's answer: undo the blinding, verify all of it, and keep it.

        1. The blind signature gives a token of this letter for this key (RFC 9474, section 4.4).
        2. The attestation is the issuer's, for this letter and key. 3. The salt has 16 bytes.
        Raises FormatError, VerificationError; the attempt is then as it was.
        """
        state = self._in(Blinded)
        wire = decode_json(_ANSWER, answer, "token")
        signature = parse_base64url(wire.blind_signature, size=_key_of(self.head.letter).size)
        token = self._token(signature, state.blinding.inverse)  # 1
        attestation = parse_attestation(canonical_of(wire.attestation, "attestation"))
        verify_attestation(self.head.letter, attestation, self.c)  # 2
        salt = parse_base64url(wire.salt, size=SALT_SIZE)  # 3
        shown_as = None if state.asked is None else state.asked.shown_as
        self._move(Held(token, shown_as, attestation, salt))

    def _token(self, blind_signature: bytes, inverse: int) -> bytes:
        message = _token_input(self.head, self._key)
        return message + finalize(_key_of(self.head.letter), message, blind_signature, inverse)

    def choose(
        self,
        mode: Mode,
        condition: int | None = None,
        statement: str | None = None,
        shown_as: ShownAs | None = None,
    ) -> None:
        """Make the record and its blob, once and for all.

        `shown_as` is how the member agrees to be shown, if not as asked for with the token: an
        attestation that says something else is not used, and anonymous is still open. Raises
        NameNotAttested then, and ModeNotOffered, ConditionNotOffered or FormatError for what the
        letter does not allow.
        """
        held = self._in(Held)
        draft = None
        if mode is not Mode.ANONYMOUS:
            _check_shown(held.attestation, held.shown_as if shown_as is None else shown_as)
            draft = NameDraft(held.attestation, statement)
        elif statement is not None:
            raise FormatError("An anonymous signature has no statement.")
        name = write_name(self.head.letter, self._key, mode, draft)
        record = self._signed(held.token, mode, condition, name.hash)
        self._move(Chosen(record, name.blob, held.attestation, held.salt))

    def _signed(
        self, token: bytes, mode: Mode, condition: int | None, name: bytes | None
    ) -> SignRecord:
        letter = self.head.letter
        pk = self._key.public_key
        record = SignRecord(letter.letter_id, token, pk, mode, condition, name, b"")
        check_signature(letter, record)
        return replace(record, sig=self._key.sign(signed_bytes(record)))

    @property
    def entry(self) -> bytes:
        """The record's canonical bytes, as they are sent and logged."""
        return format_record(self._in(Chosen).record)

    @property
    def blob(self) -> bytes | None:
        """The bytes that the record's name is the hash of, as they are sent; None if anonymous."""
        return self._in(Chosen).blob

    def receipt(self, promised: Promised) -> Receipt:
        """Return the receipt, without a proof, for a promise that was verified."""
        chosen = self._in(Chosen)
        return Receipt(
            origin=self.head.site.origin,
            log_vkey=self.head.site.log_vkey,
            letter=self.head.record,
            words=self.words,
            record=chosen.record,
            promise=promised.note,
            attestation=chosen.attestation,
            salt=chosen.salt,
            proof=None,
        )

    def wipe(self) -> None:
        """Delete the file: the promise is in hand, or the member has given up. Raises StoreError."""
        if self.path is not None:
            remove_attempt(self.path)
        self._state = Done()

    def _in(self, kind: type[S]) -> S:
        if isinstance(self._state, kind):
            return self._state
        raise ValueError(f"The attempt is {type(self._state).__name__}, not {kind.__name__}.")

    def _move(self, state: SavedState) -> None:
        """Save first: a state that is not on disk must never have been acted upon."""
        self._save(state)
        self._state = state

    def _save(self, state: SavedState, *, is_first: bool = False) -> None:
        if self.path is not None:
            text = format_attempt(SavedAttempt(self.head, self._code, state))
            save_attempt(self.path, text, is_first=is_first)

    def _check_state(self) -> None:
        """A file that was put together from two would make a record that the site refuses."""
        if not isinstance(self._state, Chosen):
            return
        record = self._state.record
        if (record.pk, record.letter_id) != (self._key.public_key, self.head.letter.letter_id):
            raise FormatError("The saved attempt does not hold together.")


def _key_of(letter: Letter) -> RsaPublicKey:
    return parse_spki(letter.token_key)


def _token_input(head: LetterHead, key: SignerKey) -> bytes:
    """Return the 98 bytes that the issuer signs blindly: the nonce ties them to the key (§5)."""
    key_id = token_key_id(head.letter.token_key)
    return token_input(nonce_of(key.public_key), head.challenge.digest, key_id)


def _blinding(head: LetterHead, key: SignerKey, random: Random) -> BlindedMessage:
    rsa = _key_of(head.letter)
    factor = 1 + int.from_bytes(random(_FACTOR_SIZE), "big") % (rsa.n - 1)
    return blind(rsa, _token_input(head, key), salt=random(_PSS_SALT_SIZE), r=factor)


def _check_shown(attestation: Attestation, shown_as: ShownAs | None) -> None:
    if shown_as is None:
        return
    if shown_as.name not in (None, attestation.name) or shown_as.role != attestation.role:
        raise NameNotAttested("The issuer attested another name or role than was asked for.")
