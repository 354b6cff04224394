"""Text documents: the letter as people read it, in one language; `docs/formats.md` §3.1."""

from dataclasses import dataclass

import msgspec

from undersigned.domain.canonical import (
    LONGEST_DOCUMENT,
    check_range,
    check_string,
    decode_json,
    format_canonical,
)
from undersigned.domain.terms import check_demand_ids, check_lang
from undersigned.errors import FormatError

LONGEST_TITLE = 200
LONGEST_TEXT = 100_000
LONGEST_DEMAND = 2_000
LONGEST_CONSEQUENCE = 5_000
LONGEST_SOURCE = 500
MOST_ADDRESSEES = 50
MOST_DEMANDS = 20


class DemandText(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One demand: its id in the letter's body and its words in this language."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class TextDocument:
    """The text of a letter in one language, named by its hash. Raises FormatError if too long."""

    lang: str
    title: str
    text: str
    addressees: tuple[str, ...]
    demands: tuple[DemandText, ...]
    consequence: str
    headcount_source: str

    def __post_init__(self) -> None:
        check_lang(self.lang, "lang")
        check_string(self.title, "title", longest=LONGEST_TITLE)
        check_string(self.text, "text", longest=LONGEST_TEXT, lines=True)
        check_range(len(self.addressees), "addressees: how many", 1, MOST_ADDRESSEES)
        for addressee in self.addressees:
            check_string(addressee, "addressees")
        check_range(len(self.demands), "demands: how many", 1, MOST_DEMANDS)
        check_demand_ids(tuple(demand.id for demand in self.demands))
        for demand in self.demands:
            check_string(demand.text, "demands.text", longest=LONGEST_DEMAND, lines=True)
        check_string(self.consequence, "consequence", longest=LONGEST_CONSEQUENCE, lines=True)
        check_string(self.headcount_source, "headcount_source", longest=LONGEST_SOURCE, lines=True)


class _TextWire(msgspec.Struct, forbid_unknown_fields=True):
    lang: str
    title: str
    text: str
    addressees: tuple[str, ...]
    demands: tuple[DemandText, ...]
    consequence: str
    headcount_source: str


_DECODER = msgspec.json.Decoder(_TextWire)


def parse_text(data: bytes) -> TextDocument:
    """Read a text document. Raises FormatError unless it is canonical and within its limits."""
    if len(data) > LONGEST_DOCUMENT:
        raise FormatError(f"text document: longer than {LONGEST_DOCUMENT} bytes")
    wire = decode_json(_DECODER, data, "text document")
    document = TextDocument(
        wire.lang,
        wire.title,
        wire.text,
        wire.addressees,
        wire.demands,
        wire.consequence,
        wire.headcount_source,
    )
    if format_text(document) != data:
        raise FormatError("text document: not in canonical form")
    return document


def format_text(document: TextDocument) -> bytes:
    """Write a text document canonically. Raises FormatError if it is longer than a document may be."""
    data = format_canonical(msgspec.to_builtins(document))
    if len(data) > LONGEST_DOCUMENT:
        raise FormatError(f"text document: longer than {LONGEST_DOCUMENT} bytes")
    return data
