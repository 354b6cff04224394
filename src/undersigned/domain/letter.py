"""The letter: every member of the body of a `letter` record, its id, and its text documents.

`docs/formats.md` §3.1. A `Letter` that breaks a bound of that table cannot be made: the checks run when
one is constructed, whoever constructs it. Letters are logged and signed; a change of a member is a
change of the format.
"""

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import Any

from msgspec import UNSET, UnsetType

from undersigned.domain.canonical import (
    GREATEST,
    LetterId,
    check_range,
    check_size,
    check_string,
    check_unique,
    convert_json,
    format_canonical,
    hash_bytes,
)
from undersigned.domain.letter_body import LetterBody, Trustee
from undersigned.domain.terms import (
    Basis,
    EpochTerms,
    Method,
    Mode,
    RollKind,
    State,
    TextRef,
    TrusteeTerms,
    check_demand_ids,
    check_domain,
    check_issuer_url,
    check_lang,
)
from undersigned.domain.text import DemandText, TextDocument, format_text, parse_text
from undersigned.encoding import format_base64url, parse_base64url
from undersigned.errors import FormatError

__all__ = [
    "Basis",
    "DemandText",
    "EpochTerms",
    "Letter",
    "LetterBody",
    "LetterId",
    "Method",
    "Mode",
    "RollKind",
    "State",
    "TextDocument",
    "TextRef",
    "TrusteeTerms",
    "ack_bytes",
    "format_letter",
    "format_text",
    "letter_of",
    "parse_letter",
    "parse_text",
]

SEAL_KEY_BYTES = 1216  # an X-Wing public key
MOST_TEXTS = 40  # languages of one letter
MOST_DEMANDS = 20  # each is answered one by one
MOST_CONDITIONS = 16  # more numbers would single people out
MOST_TRUSTEES = 16  # 1.6 kB each in a record of at most 48 KiB
MOST_HEADCOUNT = 10_000_000
MOST_DOMAINS = 20  # a page lists them all in one sentence

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
# Only the shape: what the key is, is checked by whoever verifies with it.
_VKEY = re.compile(r"[^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]+={0,2}")


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter as it was opened. Logged and signed. Raises FormatError if a bound of §3.1 is broken."""

    slug: str
    edition: int
    supersedes: LetterId | None
    texts: tuple[TextRef, ...]
    demands: tuple[str, ...]
    deadline: int | None
    closes: int
    headcount: int
    headcount_as_of: str
    rule: int
    cooling_off_s: int
    basis: Basis
    modes: tuple[Mode, ...]
    conditions: tuple[int, ...]
    epoch: EpochTerms
    trustees: tuple[TrusteeTerms, ...]
    quorum: int
    issuer_url: str | None
    token_key: bytes
    attestation_key: bytes
    roll: RollKind
    methods: tuple[Method, ...]
    organiser_key: bytes
    promise_vkey: str
    bundle: bytes | None
    retention_days: int
    domains: tuple[str, ...] = ()
    letter_id: LetterId = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _check_letter(self)
        letter_id = LetterId(hash_bytes(format_canonical(format_letter(self))))
        object.__setattr__(self, "letter_id", letter_id)

    @property
    def is_sealed(self) -> bool:
        """Whether names may be sealed to trustees."""
        return Mode.SEALED in self.modes

    @property
    def window_s(self) -> int:
        """The window w of a promise, in seconds (§8)."""
        return self.epoch.period_s if self.modes == (Mode.PUBLIC,) else self.epoch.max_wait_s

    def counts(self, mode: Mode) -> bool:
        """Tell whether the basis counts a signature of this mode in m."""
        return self.basis is Basis.ALL or mode is not Mode.ANONYMOUS


def ack_bytes(letter_id: LetterId) -> bytes:
    """Return what the issuer and every trustee sign to accept their part in a letter (§3.1)."""
    return b"undersigned/v1/ack\n" + letter_id


# --- the checks of §3.1, in the order of its table


def _check_letter(letter: Letter) -> None:
    _check_identity(letter)
    _check_texts(letter)
    _check_times(letter)
    _check_numbers(letter)
    _check_signing(letter)
    _check_domains(letter)
    _check_trustees(letter)
    _check_keys(letter)


def _check_identity(letter: Letter) -> None:
    if not _SLUG.fullmatch(letter.slug):
        raise FormatError("slug: must be 1 to 64 of a-z, 0-9 and hyphen, without a hyphen first")
    check_range(letter.edition, "edition", 1, GREATEST)
    if (letter.supersedes is None) != (letter.edition == 1):
        raise FormatError(
            "supersedes: must be null in edition 1, and a letter id in every later one"
        )
    check_size(letter.supersedes, "supersedes", 32)


def _check_texts(letter: Letter) -> None:
    check_range(len(letter.texts), "texts: how many", 1, MOST_TEXTS)
    for text in letter.texts:
        check_lang(text.lang, "texts.lang")
        check_size(text.hash, "texts.hash", 32)
    check_unique((text.lang.lower() for text in letter.texts), "texts.lang")
    check_range(len(letter.demands), "demands: how many", 1, MOST_DEMANDS)
    check_demand_ids(letter.demands)


def _check_times(letter: Letter) -> None:
    if letter.deadline is not None:
        check_range(letter.deadline, "deadline", 0, GREATEST)
    check_range(letter.closes, "closes", 0, GREATEST)
    try:
        day = dt.date.fromisoformat(letter.headcount_as_of).isoformat()
    except ValueError:
        day = None
    if day != letter.headcount_as_of:
        raise FormatError("headcount.as_of: must be a day, YYYY-MM-DD")


def _check_numbers(letter: Letter) -> None:
    check_range(letter.headcount, "headcount.n", 1, MOST_HEADCOUNT)
    check_range(letter.rule, "rule", 1, letter.headcount)
    check_range(letter.cooling_off_s, "cooling_off_s", 0, 2_592_000)
    check_range(letter.epoch.period_s, "epoch.period_s", 1, 3_600)
    check_range(letter.epoch.floor, "epoch.floor", 1, 1_000)
    check_range(letter.epoch.max_wait_s, "epoch.max_wait_s", letter.epoch.period_s, 86_400)
    check_range(letter.retention_days, "retention_days", 0, 3_650)


def _check_signing(letter: Letter) -> None:
    if not letter.modes or letter.modes != tuple(mode for mode in Mode if mode in letter.modes):
        raise FormatError("modes: some of public, sealed, anonymous, each once, in this order")
    methods = tuple(method for method in Method if method in letter.methods)
    if not letter.methods or letter.methods != methods:
        raise FormatError("methods: some of email, invite, openid, each once, in this order")
    if letter.modes == (Mode.PUBLIC,) and letter.conditions:
        raise FormatError("conditions: must be empty when every signature is public")
    check_range(len(letter.conditions), "conditions: how many", 0, MOST_CONDITIONS)
    for condition in letter.conditions:
        check_range(condition, "conditions", 2, letter.headcount)
    if letter.conditions != tuple(sorted(set(letter.conditions))):
        raise FormatError("conditions: must be ascending, each once")


def _check_domains(letter: Letter) -> None:
    if (letter.roll is RollKind.DOMAIN) != bool(letter.domains):
        raise FormatError("domains: must be there when the roll is domain, and only then")
    check_range(len(letter.domains), "domains: how many", 0, MOST_DOMAINS)
    for domain in letter.domains:
        check_domain(domain, "domains")
    if letter.domains != tuple(sorted(set(letter.domains))):
        raise FormatError("domains: must be ascending, each once")


def _check_trustees(letter: Letter) -> None:
    if letter.is_sealed:
        check_range(len(letter.trustees), "trustees: how many", 1, MOST_TRUSTEES)
        check_range(letter.quorum, "quorum", 1, len(letter.trustees))
    elif letter.trustees or letter.quorum:
        raise FormatError("trustees: must be empty, and quorum 0, when sealed is not offered")
    for trustee in letter.trustees:
        check_string(trustee.name, "trustees.name")
        check_size(trustee.seal_key, "trustees.seal_key", SEAL_KEY_BYTES)
        check_size(trustee.sign_key, "trustees.sign_key", 32)


def _check_keys(letter: Letter) -> None:
    if letter.issuer_url is not None:
        check_issuer_url(letter.issuer_url)
    if not letter.token_key:
        raise FormatError("issuer.token_key: must not be empty")
    check_size(letter.attestation_key, "issuer.attestation_key", 32)
    check_size(letter.organiser_key, "organiser_key", 32)
    check_string(letter.promise_vkey, "promise_vkey")
    if not _VKEY.fullmatch(letter.promise_vkey):
        raise FormatError("promise_vkey: not a verifier key")
    check_size(letter.bundle, "bundle", 32)


# --- plain JSON values


def parse_letter(body: object) -> Letter:
    """Read the body of a letter from plain JSON values. Raises FormatError, naming the member."""
    return letter_of(convert_json(body, LetterBody, "letter"))


def letter_of(body: LetterBody) -> Letter:
    """Make the letter that a decoded body describes. Raises FormatError, naming the member."""
    supersedes = _parse_bytes(body.supersedes, "supersedes")
    return Letter(
        slug=body.slug,
        edition=body.edition,
        supersedes=None if supersedes is None else LetterId(supersedes),
        texts=tuple(TextRef(text.lang, _bytes(text.hash, "texts.hash")) for text in body.texts),
        demands=tuple(demand.id for demand in body.demands),
        deadline=body.deadline,
        closes=body.closes,
        headcount=body.headcount.n,
        headcount_as_of=body.headcount.as_of,
        rule=body.rule,
        cooling_off_s=body.cooling_off_s,
        basis=body.basis,
        modes=tuple(body.modes),
        conditions=tuple(body.conditions),
        epoch=EpochTerms(body.epoch.period_s, body.epoch.floor, body.epoch.max_wait_s),
        trustees=tuple(_trustee_of(trustee) for trustee in body.trustees),
        quorum=body.quorum,
        issuer_url=body.issuer.url,
        token_key=_bytes(body.issuer.token_key, "issuer.token_key"),
        attestation_key=_bytes(body.issuer.attestation_key, "issuer.attestation_key"),
        roll=body.roll,
        methods=tuple(body.methods),
        organiser_key=_bytes(body.organiser_key, "organiser_key"),
        promise_vkey=body.promise_vkey,
        bundle=_parse_bytes(body.bundle, "bundle"),
        retention_days=body.retention_days,
        domains=_domains_of(body.domains),
    )


def _domains_of(domains: list[str] | UnsetType) -> tuple[str, ...]:
    if domains == []:
        raise FormatError("domains: must not be empty")
    return () if domains is UNSET else tuple(domains)


def _trustee_of(wire: Trustee) -> TrusteeTerms:
    return TrusteeTerms(
        wire.name,
        wire.operator,
        _bytes(wire.seal_key, "trustees.seal_key"),
        _bytes(wire.sign_key, "trustees.sign_key"),
    )


def _bytes(text: str, member: str) -> bytes:
    try:
        return parse_base64url(text)
    except FormatError as error:
        raise FormatError(f"{member}: {error.detail}") from None


def _parse_bytes(text: str | None, member: str) -> bytes | None:
    return None if text is None else _bytes(text, member)


def _format_bytes(data: bytes | None) -> str | None:
    return None if data is None else format_base64url(data)


def format_letter(letter: Letter) -> dict[str, Any]:
    """Write the body of a letter as plain JSON values, whose JCS is what letter_id hashes."""
    body = {
        "slug": letter.slug,
        "edition": letter.edition,
        "supersedes": _format_bytes(letter.supersedes),
        "texts": [
            {"lang": text.lang, "hash": format_base64url(text.hash)} for text in letter.texts
        ],
        "demands": [{"id": demand} for demand in letter.demands],
        "deadline": letter.deadline,
        "closes": letter.closes,
        "headcount": {"n": letter.headcount, "as_of": letter.headcount_as_of},
        "rule": letter.rule,
        "cooling_off_s": letter.cooling_off_s,
        "basis": letter.basis.value,
        "modes": [mode.value for mode in letter.modes],
        "conditions": list(letter.conditions),
        "epoch": {
            "period_s": letter.epoch.period_s,
            "floor": letter.epoch.floor,
            "max_wait_s": letter.epoch.max_wait_s,
        },
        "trustees": [
            {
                "name": trustee.name,
                "operator": trustee.operator,
                "seal_key": format_base64url(trustee.seal_key),
                "sign_key": format_base64url(trustee.sign_key),
            }
            for trustee in letter.trustees
        ],
        "quorum": letter.quorum,
        "issuer": {
            "url": letter.issuer_url,
            "token_key": format_base64url(letter.token_key),
            "attestation_key": format_base64url(letter.attestation_key),
        },
        "roll": letter.roll.value,
        "methods": [method.value for method in letter.methods],
        "organiser_key": format_base64url(letter.organiser_key),
        "promise_vkey": letter.promise_vkey,
        "bundle": _format_bytes(letter.bundle),
        "retention_days": letter.retention_days,
    }
    if letter.domains:
        # The one member that may be missing: letters of other rolls were signed without it.
        body["domains"] = list(letter.domains)
    return body
