"""Guarantee documents: what a third party promises to those who sign; `docs/formats.md` §3.4.

A document is named by its hash in the `guarantee` records that give and withdraw it; cap and expiry
stand in these.
"""

from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from undersigned.domain.canonical import decode_json, format_canonical
from undersigned.domain.plain import check_words
from undersigned.domain.response import check_domain
from undersigned.domain.terms import check_lang
from undersigned.errors import FormatError

LONGEST_GUARANTEE: Final = 65_536  # bytes: the terms alone may be 20,000
LONGEST_GUARANTOR: Final = 200
LONGEST_TERMS: Final = 5_000


@dataclass(frozen=True, slots=True)
class Guarantee:
    """Who guarantees what, in `lang`, and the domain of the address from which it was confirmed."""

    lang: str
    guarantor: str
    terms: str
    domain: str

    def __post_init__(self) -> None:
        check_lang(self.lang, "guarantee: lang")
        check_words(self.guarantor, "guarantee: guarantor", longest=LONGEST_GUARANTOR, lines=False)
        check_words(self.terms, "guarantee: terms", longest=LONGEST_TERMS)
        check_domain(self.domain, "guarantee: domain")


class _GuaranteeWire(msgspec.Struct, tag="guarantee", tag_field="t", forbid_unknown_fields=True):
    v: Literal[1]
    lang: str
    guarantor: str
    terms: str
    domain: str


_DECODER = msgspec.json.Decoder(_GuaranteeWire)


def parse_guarantee(data: bytes) -> Guarantee:
    """Read a guarantee document. Raises FormatError unless it is canonical and within its limits."""
    if len(data) > LONGEST_GUARANTEE:
        raise FormatError(f"guarantee: longer than {LONGEST_GUARANTEE} bytes")
    wire = decode_json(_DECODER, data, "guarantee")
    guarantee = Guarantee(wire.lang, wire.guarantor, wire.terms, wire.domain)
    if format_guarantee(guarantee) != data:
        raise FormatError("guarantee: not in canonical form")
    return guarantee


def format_guarantee(guarantee: Guarantee) -> bytes:
    """Write a guarantee document canonically."""
    return format_canonical(
        {
            "v": 1,
            "t": "guarantee",
            "lang": guarantee.lang,
            "guarantor": guarantee.guarantor,
            "terms": guarantee.terms,
            "domain": guarantee.domain,
        }
    )
