"""The words and small values that a letter is made of; `docs/formats.md` §3.1."""

import re
from dataclasses import dataclass
from enum import StrEnum

from undersigned.domain.canonical import check_unique
from undersigned.errors import FormatError

LONGEST_LANG = 35  # characters; RFC 5646 §4.4.1

_LANG = re.compile(r"[a-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_DEMAND = re.compile(r"[a-z0-9-]{1,32}")
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_PORT = r"(:[1-9][0-9]{0,4})?"
_ORIGIN = re.compile(
    rf"https://(?=[^:]{{1,253}}(:|$)){_LABEL}(\.{_LABEL})*{_PORT}|http://(localhost|127\.0\.0\.1){_PORT}"
)
_DOMAIN = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})+")
_DEFAULT_PORT = re.compile(r"https:.*:443|http:.*:80")


class Mode(StrEnum):
    """How a member signs."""

    PUBLIC = "public"
    SEALED = "sealed"
    ANONYMOUS = "anonymous"


class State(StrEnum):
    """Where a letter is in its life (§7)."""

    OPEN = "open"
    REACHED = "reached"
    FROZEN = "frozen"
    RELEASED = "released"
    CLOSED = "closed"
    LAPSED = "lapsed"
    SUPERSEDED = "superseded"


class Basis(StrEnum):
    """Which standing signatures m counts: public and sealed ones, or every one."""

    NAMED = "named"
    ALL = "all"


class RollKind(StrEnum):
    """What the roll consists of: entries with names, a mail domain, or invite codes."""

    LIST = "list"
    DOMAIN = "domain"
    INVITES = "invites"


class Method(StrEnum):
    """How a member proves to be on the roll."""

    EMAIL = "email"
    INVITE = "invite"
    OPENID = "openid"


@dataclass(frozen=True, slots=True)
class TextRef:
    """One language of the letter and the hash of its text document (32 bytes)."""

    lang: str
    hash: bytes


@dataclass(frozen=True, slots=True)
class EpochTerms:
    """How often records are sequenced, in seconds, and how many hide one another."""

    period_s: int
    floor: int
    max_wait_s: int


@dataclass(frozen=True, slots=True)
class TrusteeTerms:
    """A trustee: the name people read, whether the operator holds the key, and the two keys."""

    name: str
    operator: bool
    seal_key: bytes
    sign_key: bytes


def check_lang(lang: str, member: str) -> None:
    """Check a BCP 47 tag with a lower-case primary tag. Raises FormatError."""
    if len(lang) > LONGEST_LANG or not _LANG.fullmatch(lang):
        raise FormatError(f"{member}: not a language tag with a lower-case primary tag")


def check_demand_ids(ids: tuple[str, ...]) -> None:
    """Check that the ids of demands are well formed and all different. Raises FormatError."""
    if not all(_DEMAND.fullmatch(demand) for demand in ids):
        raise FormatError("demands.id: must be 1 to 32 of a-z, 0-9 and hyphen")
    check_unique(ids, "demands.id")


def check_domain(domain: str, member: str) -> None:
    """Check a domain whose addresses belong to members, in lower-case ASCII. Raises FormatError."""
    if not _DOMAIN.fullmatch(domain):
        raise FormatError(f"{member}: must be domains in lower case, such as staff.example.org")


def check_issuer_url(url: str) -> None:
    """Check that this is the origin of an issuer apart, as browsers write one. Raises FormatError."""
    is_origin = _ORIGIN.fullmatch(url) is not None and not _DEFAULT_PORT.fullmatch(url)
    port = url.rpartition(":")[2]
    if not is_origin or (port.isdecimal() and int(port) > 65_535):
        raise FormatError(
            "issuer.url: must be https:// and a host in lower case, perhaps with a port, and nothing after"
        )
