"""The languages of the interface and of mails: their catalogues, their numbers and dates.

Catalogues are `.po` files, read when they are first needed. English is the language of the source. A partial
catalogue has some of the sentences; those that it lacks come in English, and say so (`PartialTranslations`).
"""

import datetime as dt
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from gettext import NullTranslations
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.dates import format_date, format_skeleton, format_time, format_timedelta
from babel.numbers import format_decimal, format_percent

from undersigned.errors import FormatError

LOCALE_FOLDER: Final = Path(__file__).parent / "locale"

Unit: TypeAlias = Literal["year", "day", "hour", "minute"]

_DAY: Final = 86_400
_UNITS: Final[tuple[tuple[Unit, int], ...]] = (
    ("year", 365 * _DAY),
    ("day", _DAY),
    ("hour", 3600),
    ("minute", 60),
)
_NEVER_LARGER: Final = 10**9
"""Babel turns to a larger unit from this many on: 45 days stay days."""

OWN_NAMES: Final = {"en": "English", "id": "Bahasa Indonesia"}
"""What speakers call the languages of the interface; the tables of Unicode have only "Indonesia"."""

_PO_LINE: Final = re.compile(r'#.*|(?:(msgid|msgstr) )?"((?:[^"\\]|\\[nt"\\])*)"|')
_PO_ESCAPE: Final = re.compile(r"\\(.)")

Direction: TypeAlias = Literal["ltr", "rtl"]

_RIGHT_TO_LEFT: Final = frozenset(
    {"Adlm", "Arab", "Aran", "Hebr", "Mand", "Mend", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa", "Yezi"}
)
"""Scripts that are written from right to left and that a living language uses (ISO 15924, UAX 9)."""

_MARK: Final = secrets.token_hex(8)
OTHER: Final = f"\ue000{_MARK}"
"""Begins a sentence that is not in the page's language, but in that of the source."""

OTHER_END: Final = f"\ue001{_MARK}"
OWN: Final = f"\ue002{_MARK}"
"""Stands in a sentence that is in the page's language. The marks hold chance: nobody can write them."""


def direction_of(tag: str) -> Direction:
    """Return which way a language (BCP 47) is written: by its script, or by the one that is likely."""
    language, *rest = tag.split("-")
    script = next((part.title() for part in rest if len(part) == 4 and part.isalpha()), None)
    region = next((part.upper() for part in rest if len(part) == 2 and part.isalpha()), None)
    likely = get_global("likely_subtags")
    for known in (f"{language}_{region}", language):
        if script is None and known in likely:
            script = likely[known].split("_")[1]
    return "rtl" if script in _RIGHT_TO_LEFT else "ltr"


@dataclass(frozen=True, slots=True)
class Language:
    """A language of the interface."""

    tag: str
    own_name: str
    locale: Locale
    translations: NullTranslations
    is_complete: bool = True

    @property
    def direction(self) -> Direction:
        """Which way it is written."""
        return direction_of(self.tag)

    @property
    def locale_tag(self) -> str:
        """The tag (BCP 47) by which a browser writes numbers and times as they are written here."""
        tag = str(self.locale).replace("_", "-")
        # Browsers follow the habit of the region, where that is other digits; here they are 0 to 9.
        return tag if self.direction == "ltr" else f"{tag}-u-nu-latn"

    def number(self, value: int) -> str:
        """Write a number as people of this language do."""
        return format_decimal(value, locale=self.locale)

    def share(self, part: int, whole: int) -> str:
        """Write a part of a whole in percent; 100 % only if it is all of it."""
        per_mille = (part * 2000 + whole) // (2 * whole)
        if part < whole:
            per_mille = min(per_mille, 999)
        return format_percent(Decimal(per_mille) / 1000, "#,##0.#%", locale=self.locale)

    def time(self, at: int) -> str:
        """Write a time (UTC seconds) in words, to the minute, with its zone."""
        moment = dt.datetime.fromtimestamp(at, dt.UTC)
        day = format_date(moment, "long", locale=self.locale)
        return f"{day}, {format_time(moment, 'short', locale=self.locale)} UTC"

    def time_in(self, at: int, zone: str) -> str:
        """Write a time (UTC seconds) in words, in a time zone, which is named."""
        moment = dt.datetime.fromtimestamp(at, ZoneInfo(zone))
        day = format_date(moment, "full", locale=self.locale)
        time = format_time(moment, "short", tzinfo=moment.tzinfo, locale=self.locale)
        return f"{day}, {time} {zone}"

    def short_time(self, at: int) -> str:
        """Write a time (UTC seconds) in figures, as the line of a table."""
        moment = dt.datetime.fromtimestamp(at, dt.UTC)
        day = format_skeleton("yMMMd", moment, locale=self.locale)
        return f"{day}, {format_time(moment, 'short', locale=self.locale)}"

    def tick(self, at: int, span: int) -> str:
        """Write a time (UTC seconds) as short as can be: the hour within two days, else the day."""
        moment = dt.datetime.fromtimestamp(at, dt.UTC)
        if span <= 2 * _DAY:
            return format_time(moment, "short", locale=self.locale)
        return format_skeleton("MMMd", moment, locale=self.locale)

    def distance(self, at: int, now: int) -> str:
        """Say how far a time is, as "in 3 days" or "2 hours ago", in whole units that have passed."""
        seconds = abs(at - now)
        unit, size = next(
            ((unit, size) for unit, size in _UNITS if seconds >= 2 * size), _UNITS[-1]
        )
        whole = dt.timedelta(seconds=max(1, seconds // size) * size)
        return format_timedelta(
            whole if at >= now else -whole,
            granularity=unit,
            threshold=_NEVER_LARGER,
            add_direction=True,
            locale=self.locale,
        )

    def day(self, day: str) -> str:
        """Write a day (`YYYY-MM-DD`) in words."""
        return format_date(dt.date.fromisoformat(day), "long", locale=self.locale)

    def language_name(self, tag: str, *, own: bool = False) -> str:
        """Return what a language is called here, or (`own`) by those who speak it."""
        try:
            locale = Locale.parse(tag, sep="-")
        except (UnknownLocaleError, ValueError):
            return tag
        if own and tag in OWN_NAMES:
            return OWN_NAMES[tag]
        return locale.get_display_name(locale if own else self.locale) or tag

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return what templates write numbers, times and names of languages with."""
        return {
            "number": self.number,
            "time": self.time,
            "time_in": self.time_in,
            "day": self.day,
            "moment_short": self.short_time,
            "share": self.share,
            "tick": self.tick,
            "distance": self.distance,
            "language_name": self.language_name,
            "direction": direction_of,
        }


class Catalogue(NullTranslations):
    """The sentences of a `.po` file: each `msgid` is one, and its `msgstr` not empty."""

    _sentences: dict[str, str]

    def _parse(self, fp: Any) -> None:
        """Read a file; the library calls it."""
        self._sentences = parse_catalogue(fp.read().decode())

    def gettext(self, message: str) -> str:
        """Return a sentence in this language, or as it is where it is not in the catalogue."""
        return self._sentences.get(message, message)


class PartialTranslations(Catalogue):
    """A catalogue that lacks sentences: what is its own bears a mark, and so does what is not."""

    def gettext(self, message: str) -> str:
        """Return a sentence in this language, else the sentence itself; marked."""
        said = super().gettext(message)
        # An empty catalogue answers with the message, too.
        return f"{OTHER}{message}{OTHER_END}" if said == message else f"{OWN}{said}"


def parse_catalogue(text: str) -> dict[str, str]:
    """Return the sentences of a `.po` file, and what they are in its language; its first entry is about it.

    It is read at each start, so of what such files may have there is only what ours have: comments, and
    entries of `msgid` and `msgstr`, over one line or several. Raises FormatError for anything else.
    """
    sentences: dict[str, str] = {}
    entry: dict[str, str] = {}
    field = ""
    for number, line in enumerate((*text.splitlines(), 'msgid ""'), 1):
        match = _PO_LINE.fullmatch(line)
        keyword, words = match.groups() if match else (None, None)
        if match is None or (words is not None and not (keyword or field)):
            raise FormatError(f"line {number} of a catalogue cannot be read")
        if keyword == "msgid":
            sentences[entry.get("msgid", "")] = entry.get("msgstr", "")
            entry = {}
        if words is not None:
            field = keyword or field
            said = _PO_ESCAPE.sub(_unescape, words) if "\\" in words else words
            entry[field] = entry.get(field, "") + said
    return {sentence: said for sentence, said in sentences.items() if sentence and said}


def _unescape(match: re.Match[str]) -> str:
    return {"n": "\n", "t": "\t"}.get(match[1], match[1])


_Kind = TypeVar("_Kind", bound=Catalogue)


def _read_translations(tag: str, kind: type[_Kind]) -> _Kind:
    with (LOCALE_FOLDER / tag / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return kind(file)


@cache
def read_languages() -> dict[str, Language]:
    """Return the languages whose catalogues are complete, by tag; the first is the one of the source."""
    return {
        # Day before month and a 24-hour clock, which is what the other half of the world reads.
        "en": Language("en", OWN_NAMES["en"], Locale("en", "GB"), NullTranslations()),
        "id": Language("id", OWN_NAMES["id"], Locale("id"), _read_translations("id", Catalogue)),
    }


@cache
def read_partial_languages() -> dict[str, Language]:
    """Return the languages that have some of the sentences, by tag.

    They are for reading a letter that is written in them: not for mails, nor for pages where one acts.
    """
    arabic = _read_translations("ar", PartialTranslations)
    return {"ar": Language("ar", "العربية", Locale("ar"), arabic, is_complete=False)}
