"""The body of a `letter` record as JSON has it: members and types, before any bound is checked.

`docs/formats.md` §3.1. What the values mean, and their bounds, is in `letter`.
"""

import msgspec
from msgspec import UNSET, UnsetType

from undersigned.domain.terms import Basis, Method, Mode, RollKind


class Text(msgspec.Struct, forbid_unknown_fields=True):
    """A language and the hash of its text document."""

    lang: str
    hash: str


class Demand(msgspec.Struct, forbid_unknown_fields=True):
    """The id of a demand."""

    id: str


class Headcount(msgspec.Struct, forbid_unknown_fields=True):
    """How many there are, and of which day that is."""

    n: int
    as_of: str


class Epoch(msgspec.Struct, forbid_unknown_fields=True):
    """How often records are sequenced, and how many hide one another."""

    period_s: int
    floor: int
    max_wait_s: int


class Trustee(msgspec.Struct, forbid_unknown_fields=True):
    """A trustee and its two keys."""

    name: str
    operator: bool
    seal_key: str
    sign_key: str


class Issuer(msgspec.Struct, forbid_unknown_fields=True):
    """Where the issuer is, and its two keys."""

    url: str | None
    token_key: str
    attestation_key: str


class LetterBody(msgspec.Struct, forbid_unknown_fields=True):
    """The body as JSON has it: members and types, before any bound is checked."""

    slug: str
    edition: int
    supersedes: str | None
    texts: list[Text]
    demands: list[Demand]
    deadline: int | None
    closes: int
    headcount: Headcount
    rule: int
    cooling_off_s: int
    basis: Basis
    modes: list[Mode]
    conditions: list[int]
    epoch: Epoch
    trustees: list[Trustee]
    quorum: int
    issuer: Issuer
    roll: RollKind
    methods: list[Method]
    organiser_key: str
    promise_vkey: str
    bundle: str | None
    retention_days: int
    domains: list[str] | UnsetType = UNSET
