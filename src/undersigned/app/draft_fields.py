"""The fields of a draft as they were typed on the desk: texts by name, kept whatever they say.

A name is that of the field on the page. What there may be several of has ids, listed in one field
(`texts` is "t1 t2") and part of the names of its own fields (`t1.title`, `t2.demand.d1`). A demand's
id is that of the letter. Sections are the pages of the wizard; each field belongs to exactly one.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

import msgspec

from undersigned.domain.letter import MOST_DEMANDS, MOST_TEXTS, MOST_TRUSTEES
from undersigned.domain.text import MOST_ADDRESSEES
from undersigned.encoding import format_base64url
from undersigned.errors import FormatError, ListFull

Fields: TypeAlias = dict[str, str]

LONGEST_FIELD: Final = 120_000
"""Characters of one field: a fifth more than the text of a letter may have, so that it can be cut."""

LONGEST_FIELDS: Final = 1_500_000
"""Bytes of all the fields of a draft: a dozen long texts. What is kept twice a second stays small."""

SECTIONS: Final = ("text", "dates", "count", "trustees", "members")
"""The pages of the wizard; a translation has a page of its own (`translation-t2`)."""

LANGUAGES: Final = "languages"
"""Which texts there are: changed on the overview of a draft, and no page of its own."""

LISTS: Final = {
    "texts": MOST_TEXTS,
    "demands": MOST_DEMANDS,
    "addressees": MOST_ADDRESSEES,
    "trustees": MOST_TRUSTEES,
}
"""What there may be several of, and how many."""

_IDS: Final = {
    "texts": re.compile(r"t[0-9]{1,4}"),
    "demands": re.compile(r"[a-z0-9-]{1,32}"),
    "addressees": re.compile(r"a[0-9]{1,4}"),
    "trustees": re.compile(r"k[0-9]{1,4}"),
}

DEFAULTS: Final[Fields] = {
    "slug": "",
    "edition": "1",
    "texts": "t1",
    "demands": "demand-1",
    "addressees": "a1",
    "trustees": "",
    "zone": "UTC",
    "closes_day": "",
    "closes_time": "12:00",
    "deadline_day": "",
    "deadline_time": "12:00",
    "cooling_off": "24",
    "cooling_off_unit": "hours",
    "period": "60",
    "floor": "8",
    "max_wait": "600",
    "headcount": "",
    "headcount_day": "",
    "rule": "",
    "conditions": "",
    "basis": "named",
    "mode.public": "on",
    "mode.sealed": "on",
    "mode.anonymous": "on",
    "quorum": "",
    "roll": "list",
    "domains": "",
    "method.email": "on",
    "method.invite": "on",
    "method.openid": "",
    "issuer": "",
    "retention": "90",
}
"""A draft of which nothing was written yet: `docs/formats.md` §10 has the same defaults."""

_TEXT: Final = ("lang", "title", "text", "consequence", "headcount_source")
_TRUSTEE: Final = ("name", "keys", "mail", "operator", "bound")
_PLAIN: Final = {
    "text": ("addressees", "demands"),
    "dates": (
        *("zone", "closes_day", "closes_time", "deadline_day", "deadline_time"),
        *("cooling_off", "cooling_off_unit", "period", "floor", "max_wait"),
    ),
    "count": (
        *("headcount", "headcount_day", "rule", "conditions", "basis"),
        *("mode.public", "mode.sealed", "mode.anonymous"),
    ),
    "trustees": ("trustees", "quorum"),
    "members": (
        *("roll", "domains", "method.email", "method.invite", "method.openid"),
        *("issuer", "retention"),
    ),
}
_BOXES: Final = re.compile(r"(mode|method)\.[a-z]+|[a-z0-9-]+\.(operator|bound)")
"""Fields that a browser leaves out when they are not ticked."""
_CHOSEN: Final = {"basis", "roll", "cooling_off_unit"}
"""Fields of which one of a few values is chosen."""

_DECODER: Final = msgspec.json.Decoder(dict[str, str])
_SLUG_PART: Final = re.compile(r"[^a-z0-9]+")


# --- reading and writing


def parse_fields(data: bytes) -> Fields:
    """Read the fields of a draft. Raises FormatError."""
    try:
        return DEFAULTS | _DECODER.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise FormatError("draft: its fields are not JSON, each a text") from None


def format_fields(fields: Fields) -> bytes:
    """Write the fields of a draft, without those that belong to nothing. Raises FormatError if too long."""
    known = {name for section in sections_of(fields) for name in names_of(fields, section)}
    known |= {"edition", "slug", "texts"}
    data = msgspec.json.encode({name: fields[name] for name in sorted(fields) if name in known})
    if len(data) > LONGEST_FIELDS:
        raise FormatError(f"draft: longer than {LONGEST_FIELDS} bytes")
    return data


def ids_of(fields: Mapping[str, str], name: str) -> list[str]:
    """Return the ids that a list names, each once."""
    ids = dict.fromkeys(each for each in fields.get(name, "").split() if _IDS[name].fullmatch(each))
    return list(ids)[: LISTS[name]]


def is_chosen(name: str) -> bool:
    """Say whether a field is ticked, or chosen from a few: what it holds is no word that was typed."""
    return name in _CHOSEN or _BOXES.fullmatch(name) is not None


def first_text(fields: Mapping[str, str]) -> str:
    """Return the id of the text that counts."""
    return (ids_of(fields, "texts") or ["t1"])[0]


# --- sections


def sections_of(fields: Mapping[str, str]) -> list[str]:
    """Return the pages of a draft, in the order in which they are offered."""
    others = [f"translation-{text}" for text in ids_of(fields, "texts")[1:]]
    return [SECTIONS[0], *others, *SECTIONS[1:]]


def names_of(fields: Mapping[str, str], section: str) -> list[str]:
    """Return the names of the fields of a section, in the order of its page."""
    first = first_text(fields)
    if section.startswith("translation-"):
        text = section.removeprefix("translation-")
        return [f"{text}.{name}" for name in _TEXT] + _words_of(fields, text)
    if section == LANGUAGES:
        return ["texts"]
    names = list(_PLAIN[section])
    if section == "text":
        # A new edition has the name of the one before it.
        names += ["slug"] if fields.get("edition") == "1" else []
        names += [f"{first}.{name}" for name in _TEXT[:-1]] + _words_of(fields, first)
        names += [f"{addressee}.mail" for addressee in ids_of(fields, "addressees")]
    elif section == "count":
        names.append(f"{first}.headcount_source")
    elif section == "trustees":
        names += [f"{who}.{name}" for who in ids_of(fields, "trustees") for name in _TRUSTEE]
    return names


def _words_of(fields: Mapping[str, str], text: str) -> list[str]:
    """Return the names of the addressees and demands of a text."""
    names = [f"{text}.addressee.{each}" for each in ids_of(fields, "addressees")]
    return names + [f"{text}.demand.{each}" for each in ids_of(fields, "demands")]


def section_of(fields: Mapping[str, str], name: str) -> str:
    """Return the page on which a field is; the first for what is on none."""
    pages = sections_of(fields)
    return next((section for section in pages if name in names_of(fields, section)), pages[0])


def digest_of(fields: Mapping[str, str], section: str) -> str:
    """Return what stands for the content of a section: whoever saves it says what they had seen."""
    content = [(name, fields.get(name, "")) for name in sorted(names_of(fields, section))]
    return format_base64url(hashlib.sha256(msgspec.json.encode(content)).digest()[:18])


def typed_in(
    fields: Fields, section: str, typed: Mapping[str, str], lists: Iterable[str] = ()
) -> Fields:
    """Return the fields with those of a section as they were typed; others are left alone.

    `lists` are the lists of the section that are taken as well: those of whoever settled a conflict.
    Raises FormatError if one is too long.
    """
    changed = dict(fields)
    for name in lists:
        if name in typed and name in names_of(fields, section):
            changed[name] = " ".join(ids_of(typed, name))
    for name in names_of(changed, section):
        if name in LISTS:
            continue
        if name in typed:
            changed[name] = tidy(typed[name])
            if len(changed[name]) > LONGEST_FIELD:
                raise FormatError(f"a field is longer than {LONGEST_FIELD} characters")
        elif _BOXES.fullmatch(name):
            changed[name] = ""
    return changed


def tidy(text: str) -> str:
    """Bring what a browser sends into the form of the records: NFC, line ends of one character."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))


# --- lists: one more, one less, one place up or down


def add_item(fields: Fields, name: str) -> tuple[Fields, str]:
    """Add an empty item to a list; return its id. Raises ListFull."""
    ids = ids_of(fields, name)
    if len(ids) >= LISTS[name]:
        raise ListFull
    prefix = {"texts": "t", "demands": "demand-", "addressees": "a", "trustees": "k"}[name]
    number = len(ids) + 1
    while f"{prefix}{number}" in ids:
        number += 1
    item = f"{prefix}{number}"
    return _without(fields, name, item) | {name: " ".join([*ids, item])}, item


def remove_item(fields: Fields, name: str, item: str) -> Fields:
    """Take an item out of a list, with all that was typed for it; a text that counts stays."""
    ids = ids_of(fields, name)
    if name == "texts" and item == first_text(fields):
        return fields
    ids = [each for each in ids if each != item]
    return _without(fields, name, item) | {name: " ".join(ids)}


def _without(fields: Fields, name: str, item: str) -> Fields:
    """Leave out what was typed for an item."""
    ends = {"demands": f".demand.{item}", "addressees": f".addressee.{item}"}.get(name, "\n")
    begins = f"{item}." if name != "demands" else "\n"
    return {
        key: value
        for key, value in fields.items()
        if not key.startswith(begins) and not key.endswith(ends)
    }


def move_item(fields: Fields, name: str, item: str, by: int) -> Fields:
    """Move an item of a list one place up (-1) or down (1), if it can be moved."""
    ids = ids_of(fields, name)
    if item not in ids or not 0 <= ids.index(item) + by < len(ids):
        return fields
    place = ids.index(item)
    ids[place], ids[place + by] = ids[place + by], ids[place]
    return fields | {name: " ".join(ids)}


def suggest_slug(title: str) -> str:
    """Make the last part of the letter's address of its title; empty if nothing is left of it."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = _SLUG_PART.sub("-", plain).strip("-")
    return words if len(words) <= 40 else words[:41].rpartition("-")[0] or words[:40]
