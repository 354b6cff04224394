"""The languages of the interface: which one a reader wants, its catalogue, its numbers and dates.

Catalogues are `.po` files, read when the site starts. English is the language of the source.
"""

import datetime as dt
import io
import re
from dataclasses import dataclass
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Final

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from starlette.requests import Request

LOCALE_FOLDER: Final = Path(__file__).parents[2] / "locale"

LONGEST_ACCEPT: Final = 500
"""Characters of an Accept-Language header that are read: browsers send a tenth of that."""

_RANGE = re.compile(
    r"\s*([A-Za-z]{1,8}|\*)(?:-[A-Za-z0-9-]{1,40})?\s*(?:;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?))?\s*"
)


@dataclass(frozen=True, slots=True)
class Language:
    """A language of the interface."""

    tag: str
    own_name: str
    locale: Locale
    translations: NullTranslations

    def number(self, value: int) -> str:
        """Write a number as people of this language do."""
        return format_decimal(value, locale=self.locale)

    def time(self, at: int) -> str:
        """Write a time (UTC seconds) in words, with its zone."""
        moment = dt.datetime.fromtimestamp(at, dt.UTC)
        return format_datetime(moment, "long", tzinfo=dt.UTC, locale=self.locale)

    def day(self, day: str) -> str:
        """Write a day (`YYYY-MM-DD`) in words."""
        return format_date(dt.date.fromisoformat(day), "long", locale=self.locale)

    def language_name(self, tag: str, *, own: bool = False) -> str:
        """Return what a language is called here, or (`own`) by those who speak it."""
        try:
            locale = Locale.parse(tag, sep="-")
        except (UnknownLocaleError, ValueError):
            return tag
        return locale.get_display_name(locale if own else self.locale) or tag


def _read_translations(tag: str) -> NullTranslations:
    path = LOCALE_FOLDER / tag / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as file:
        catalog = read_po(file, locale=tag)
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return GNUTranslations(compiled)


def read_languages() -> dict[str, Language]:
    """Return the languages by tag; the first is the one of the source."""
    return {
        # Day before month and a 24-hour clock, which is what the other half of the world reads.
        "en": Language("en", "English", Locale("en", "GB"), NullTranslations()),
        "id": Language("id", "Bahasa Indonesia", Locale("id"), _read_translations("id")),
    }


def choose_language(request: Request, languages: dict[str, Language]) -> Language:
    """Choose by `?lang=`, else by Accept-Language (RFC 9110, section 12.5.4), else the first."""
    asked = request.query_params.get("lang")
    if asked in languages:
        return languages[asked]
    header = request.headers.get("accept-language", "")[:LONGEST_ACCEPT]
    for tag in _wanted(header):
        if tag in languages:
            return languages[tag]
    return next(iter(languages.values()))


def _wanted(header: str) -> list[str]:
    """Return the primary tags of a header, the dearest first."""
    weighed = []
    for part in header.split(","):
        match = _RANGE.fullmatch(part)
        if match is not None:
            weight = float(match[2]) if match[2] else 1.0
            if weight > 0:
                weighed.append((weight, match[1].lower()))
    return [tag for _, tag in sorted(weighed, key=lambda pair: -pair[0])]
