"""A sign-on with a provider that the operator named: it says which verified mail address an account has.

The member's program begins it and keeps state, nonce and verifier (RFC 7636); the provider sends the member
back with a code, to one address of the issuer, which seals it for the letter and hands it on to the sign
page: whoever serves that page cannot use it at another letter of the issuer's. A code is good once.
What it has proved is remembered for a quarter of an hour, under a hash of all that the member's program
sent, so that a request whose answer was lost gets the same answer.
"""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final

from undersigned.app.failures import Failing
from undersigned.app.issuer import IssuedLetter, Issuer
from undersigned.app.rolls import find_or_make_member
from undersigned.domain.address import canonical_address
from undersigned.domain.canonical import hash_bytes
from undersigned.domain.letter import Letter, Method
from undersigned.errors import (
    Busy,
    FormatError,
    LoginRejected,
    NoMember,
    ProofRejected,
    Refused,
    Unreachable,
    VerificationError,
)
from undersigned.provider.terms import ProviderTerms
from undersigned.store import enrolments
from undersigned.store import members as member_store
from undersigned.store.database import Connection
from undersigned.store.enrolments import LoginRow
from undersigned.store.members import MemberRow

if TYPE_CHECKING:
    from undersigned.provider.asking import Provider

PROVED_FOR_S: Final = 15 * 60
RETURN_PATH: Final = "/openid/return"

LONGEST_CODE: Final = 4_096
LONGEST_STATE: Final = 256
AWAY: Final = "The sign-on provider does not answer as it should; try again in a few seconds."

_CODE: Final = re.compile(r"[\x20-\x7e]{1,4096}")
_SEALED: Final = re.compile(r"[A-Za-z0-9_-]{39,5499}")
"""base64url of the shortest and the longest code with 28 bytes more."""
_SECRET: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_STATE: Final = re.compile(r"([A-Za-z0-9_-]{1,200})\.[A-Za-z0-9_-]{22,64}")

_TURNS: Final = tuple(threading.Lock() for _ in range(64))
"""One request at a time for each code: the second of two that were sent is answered like the first."""


@dataclass(frozen=True, slots=True)
class SignOn:
    """A provider, and the address to which it sends members back, which it has to know."""

    provider: "Provider"
    redirect: str
    failing: Failing = field(
        default_factory=lambda: Failing("asking the sign-on provider"), repr=False, compare=False
    )

    def find_authorization_endpoint(self) -> str:
        """Return where a member signs on. Raises Busy while the provider does not do what it must."""
        with self._watching():
            return self.provider.find_authorization_endpoint()

    def identify(self, code: str, verifier: str, nonce: str) -> str:
        """Return the verified address of a code's account; see `Provider.identify`. Raises Busy as well."""
        with self._watching():
            return self.provider.identify(code, verifier, nonce, self.redirect)

    @contextmanager
    def _watching(self) -> Iterator[None]:
        """Report what only the operator can mend; the member is told to come back."""
        try:
            yield
        except (Unreachable, VerificationError, FormatError) as error:
            self.failing.report(error)
            raise Busy(AWAY) from None
        except ProofRejected:
            self.failing.end()
            raise
        self.failing.end()


@dataclass(frozen=True, slots=True)
class OpenIdProof:
    """A code as it was handed on, with the verifier and the nonce that the member's program had made."""

    method: ClassVar = Method.OPENID

    sign_on: SignOn | None
    code: str = field(repr=False)
    verifier: str = field(repr=False)
    nonce: str = field(repr=False)

    def __post_init__(self) -> None:
        if not _SEALED.fullmatch(self.code):
            raise FormatError("code: must be 39 to 5499 letters, digits and -_")
        if not (_SECRET.fullmatch(self.verifier) and _SECRET.fullmatch(self.nonce)):
            raise FormatError("verifier, nonce: must be 43 to 128 letters, digits and -._~")

    def find_member(self, issuer: Issuer, letter: Letter) -> MemberRow:
        """Return the entry of the account's verified address.

        Raises LoginRejected, AddressUnverified, NoMember; Busy while the provider cannot be asked.
        """
        if self.sign_on is None:
            raise LoginRejected("There is no sign-on provider here.")
        code = self._open(issuer, letter)
        sent = f"undersigned/v1/login\n{self.verifier}\n{self.nonce}\n{code}"
        login = hash_bytes(sent.encode("ascii"))
        with _TURNS[login[0] % len(_TURNS)]:
            member = _find_proved(issuer, letter, login)
            if member is None:
                address = self._ask(self.sign_on, code)
                member = _remember(issuer, letter, login, address)
        if member is None:
            raise NoMember
        return member

    def _open(self, issuer: Issuer, letter: Letter) -> str:
        """Return the provider's code. Raises LoginRejected if it was handed on for another letter."""
        try:
            return issuer.challenge_key().open_code(self.code, letter.letter_id)
        except FormatError:
            raise LoginRejected from None

    def _ask(self, sign_on: SignOn, code: str) -> str:
        """Return the verified address."""
        found = sign_on.identify(code, self.verifier, self.nonce)
        try:
            return canonical_address(found)
        except FormatError:
            raise NoMember from None


def _find_proved(issuer: Issuer, letter: Letter, login: bytes) -> MemberRow | None:
    """Return whose sign-on this was, if it came before. Raises LoginRejected if it was for another letter."""
    with issuer.database.read() as connection:
        row = enrolments.find_login(connection, login, issuer.clock.now())
        if row is None:
            return None
        if row.letter_id != letter.letter_id:
            raise LoginRejected
        return _get(connection, letter, row.commit)


def _get(connection: Connection, letter: Letter, commit: bytes) -> MemberRow:
    member = member_store.find_member_by_commit(connection, letter.slug, commit)
    if member is None:
        # Blocked meanwhile.
        raise NoMember
    return member


def _remember(issuer: Issuer, letter: Letter, login: bytes, address: str) -> MemberRow | None:
    """Remember what was proved; for whoever is not on the roll nothing is kept."""
    now = issuer.clock.now()
    with issuer.database.write() as connection:
        enrolments.delete_expired(connection, now)
        member = find_or_make_member(connection, letter, address)
        if member is not None:
            row = LoginRow(login, letter.letter_id, member.commit, now + PROVED_FOR_S)
            enrolments.add_login(connection, row)
        return member


@dataclass(frozen=True, slots=True)
class SignOnOffer:
    """What a member's program needs to begin: where, as whom, and back to where.

    `ticket` begins the state: it tells the issuer, and not the provider, which letter it is.
    """

    terms: ProviderTerms
    authorization_endpoint: str
    redirect: str
    ticket: str


def offer_sign_on(issuer: Issuer, letter: Letter, sign_on: SignOn | None) -> SignOnOffer:
    """Return what a sign-on for a letter begins with. Raises Refused; Busy while the provider is away."""
    if Method.OPENID not in letter.methods or sign_on is None:
        raise Refused("This letter takes no sign-on.")
    endpoint = sign_on.find_authorization_endpoint()
    ticket = issuer.challenge_key().make_ticket(f"{letter.slug}@{letter.edition}")
    return SignOnOffer(sign_on.provider.terms, endpoint, sign_on.redirect, ticket)


def get_letter_of_state(issuer: Issuer, state: str) -> IssuedLetter:
    """Return the letter that a state is for. Raises FormatError for one of somebody else; UnknownLetter."""
    match = _STATE.fullmatch(state)
    if match is None:
        raise FormatError("state: is not of the form that it should be")
    return issuer.get_letter(issuer.challenge_key().read_ticket(match[1]))


def seal_code(issuer: Issuer, letter: Letter, code: str) -> str:
    """Seal a provider's code for the letter that it is handed on to. Raises FormatError for what is none."""
    if not _CODE.fullmatch(code):
        raise FormatError("code: must be 1 to 4096 printable ASCII characters")
    return issuer.challenge_key().seal_code(code, letter.letter_id)
