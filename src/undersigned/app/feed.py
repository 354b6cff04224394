"""A letter as an Atom feed (RFC 4287): what has happened to it, each with an id that never changes.

Ids are tags (RFC 4151) of the log's host and the day on which the letter was opened. Whatever people
wrote is text, and characters that XML 1.0 cannot hold are replaced.
"""

import datetime as dt
import re
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape, quoteattr

from undersigned.app.timeline import Account, Event, EventKind
from undersigned.app.wording import SOURCE_LANGUAGE, make_environments, read_words
from undersigned.domain.as_of import format_time
from undersigned.domain.text import TextDocument

if TYPE_CHECKING:
    from jinja2 import Environment

MEDIA_TYPE: Final = "application/atom+xml"

MOST_ENTRIES: Final = 100
"""The newest ones; all of it is in the log."""

_STATES: Final = ("open", "released", "closed", "lapsed", "superseded")
"""The states that are told; that a letter is reached, its number tells, for the first time and not again."""

_KINDS: Final = (
    EventKind.NUMBER,
    EventKind.NOTICE,
    EventKind.ANSWER,
    EventKind.GUARANTEE,
    EventKind.GUARANTEE_WITHDRAWN,
)

_NOT_IN_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What is no Char of XML 1.0, section 2.2."""

_REPLACEMENT: Final = "\ufffd"


def choose_told(events: Iterable[Event]) -> list[Event]:
    """Return which of a letter's events its feed tells, the newest first."""
    told = [
        event
        for event in events
        if event.kind in _KINDS or (event.kind is EventKind.STATE and event.word in _STATES)
    ]
    return told[-MOST_ENTRIES:][::-1]


def format_feed(account: Account, text: TextDocument, lang: str, base: str, host: str) -> bytes:
    """Write the feed of a letter in a language of the interface, where people reach the site at `base`."""
    environments = _environments()
    lang = lang if lang in environments else SOURCE_LANGUAGE
    letter, page = account.page.letter, account.page
    day = dt.datetime.fromtimestamp(page.opened_at, dt.UTC).strftime("%Y-%m-%d")
    tag = f"tag:{host},{day}:letters/{letter.letter_id.hex()}"
    url = f"{base}/letters/{letter.slug}@{letter.edition}"
    told = choose_told(account.events)
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang={_attribute(lang)}>',
        f"<id>{_text(f'{tag}/{lang}')}</id>",
        f"<title xml:lang={_attribute(text.lang)}>{_text(text.title)}</title>",
        f"<updated>{format_time(max(it.at for it in told))}</updated>",
        f"<author><name>{_text(host)}</name></author>",
        f'<link rel="self" type="{MEDIA_TYPE}" href={_attribute(f"{url}/feed.atom?lang={lang}")}/>',
        f'<link rel="alternate" type="text/html" href={_attribute(url)}/>',
    ]
    written = page.texts[0].lang
    for it in told:
        lines += _entry(it, environments[lang], tag, url, written)
    return "\n".join([*lines, "</feed>", ""]).encode()


def _entry(it: Event, environment: "Environment", tag: str, url: str, written: str) -> list[str]:
    """Return the lines of an entry; what people wrote is in its own language, or in `written`."""
    template = environment.get_template("feed_words.txt")
    words = read_words(template.make_module({"it": it, "kind": it.kind.value}))
    title, said = words["title"], words["said"]
    lines = [
        "<entry>",
        f"<id>{_text(f'{tag}/{it.key}')}</id>",
        f"<title>{_text(title)}</title>",
        f"<updated>{format_time(it.at)}</updated>",
        f'<link rel="alternate" type="text/html" href={_attribute(url + (it.place or ""))}/>',
    ]
    if it.text is not None:
        lang = _attribute(it.lang or written)
        lines.append(f'<content type="text" xml:lang={lang}>{_text(it.text)}</content>')
    else:
        lines.append(f'<content type="text">{_text(said or title)}</content>')
    return [*lines, "</entry>"]


def _text(text: str) -> str:
    return escape(_NOT_IN_XML.sub(_REPLACEMENT, text))


def _attribute(text: str) -> str:
    return quoteattr(_NOT_IN_XML.sub(_REPLACEMENT, text))


@cache
def _environments() -> dict[str, "Environment"]:
    return make_environments("typst")
