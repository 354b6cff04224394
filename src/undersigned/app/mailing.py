"""What mails say: templates in `app/mails`, in the languages of the catalogues, as text and as HTML.

A template `<kind>.txt` begins with the subject, on a line of its own; `<kind>.html` says the same as the
rest. A neutral mail, which a work mailbox may show to others, is written in every language at once: its
recipient has chosen none.
"""

import json
import re
import secrets
import textwrap
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from undersigned.app.wording import SOURCE_LANGUAGE, make_environments
from undersigned.store import outbox
from undersigned.store.database import Connection, DatabaseRole
from undersigned.store.outbox import MailRow

if TYPE_CHECKING:
    from jinja2 import Environment

WIDTH: Final = 78
"""Characters of a line of text, unless a word is longer: RFC 5322, section 2.1.1."""

_BETWEEN: Final = "\n---\n\n"


class MailKind(StrEnum):
    """What a mail is about: the name of its templates."""

    CODE = "code"
    TURN = "turn"
    ANSWER_LINK = "answer-link"
    GUARANTEE_LINK = "guarantee-link"
    WITHDRAWAL_LINK = "withdrawal-link"
    NEWS = "news"
    DELIVERY = "delivery"


NEUTRAL: Final = frozenset({MailKind.CODE, MailKind.TURN})

MOST_TRIES: Final[dict[MailKind, int]] = {
    # A code is good for 15 minutes; the eighth try is at 635 s, the seventh at 315 s, after the five
    # minutes that a server which does not know us (greylisting) may let us wait.
    MailKind.CODE: 8,
    # A trustee is told once, and for a day: a server of mail may be down for long.
    MailKind.TURN: 15,
    # Nor are links written a second time unless an organiser does it.
    MailKind.ANSWER_LINK: 15,
    MailKind.GUARANTEE_LINK: 15,
    MailKind.WITHDRAWAL_LINK: 15,
    # Nobody waits for it: a day, as a trustee's.
    MailKind.NEWS: 15,
    # An addressee's mailbox may be full, or its server away, over a long week-end: three days.
    MailKind.DELIVERY: 19,
}


@dataclass(frozen=True, slots=True)
class Composed:
    """A mail that is to be sent; `lang` is None for one in every language."""

    kind: MailKind
    lang: str | None
    subject: str
    text: str
    html: str


def compose(kind: MailKind, lang: str | None = None, **values: object) -> Composed:
    """Write a mail in a language, the source's if there is no catalogue of it; a neutral one in all.

    `values` are what its templates name.
    """
    environments = _environments()
    if kind in NEUTRAL:
        lang, tags = None, list(environments)
    else:
        lang = lang if lang in environments else SOURCE_LANGUAGE
        tags = [lang]
    texts = [_text_of(environments[tag], kind, values) for tag in tags]
    subject = texts[0][0]
    parts = [(tag, _render(environments[tag], f"{kind}.html", values)) for tag in tags]
    html = _render(
        environments[tags[0]], "page.html", {"subject": subject, "lang": tags[0], "parts": parts}
    )
    return Composed(kind, lang, subject, _BETWEEN.join(text for _, text in texts), html)


def add_mail(
    connection: Connection,
    role: DatabaseRole,
    recipient: str,
    composed: Composed,
    *,
    at: int,
    ref: bytes | None = None,
    headers: dict[str, str] | None = None,
    attachment: bytes | None = None,
) -> bytes:
    """Put a mail into the outbox of one of the two; return its id (16 random bytes).

    `ref` is the id of the letter that it is about, and with whose personal data it goes. `headers` are of
    `mail.message.OWN_HEADERS`, `attachment` is the hash of a PDF among the collector's documents.
    """
    mail = secrets.token_bytes(16)
    row = MailRow(
        mail=mail,
        recipient=recipient,
        subject=composed.subject,
        body=composed.text,
        html=composed.html,
        lang=composed.lang,
        headers=json.dumps(headers or {}),
        attachment=attachment,
        kind=composed.kind.value,
        ref=ref,
        tries=0,
        next_at=at,
    )
    outbox.add_mail(connection, row, role)
    return mail


def _text_of(environment: "Environment", kind: MailKind, values: dict[str, Any]) -> tuple[str, str]:
    """Return subject and text; a line of the template is a line, or several if it is too long."""
    subject, _, rest = _render(environment, f"{kind}.txt", values).partition("\n")
    lines = [_wrap(line) for line in rest.strip().split("\n")]
    return " ".join(subject.split()), re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


def _wrap(line: str) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    return textwrap.fill(
        line,
        WIDTH,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _render(environment: "Environment", template: str, values: dict[str, Any]) -> str:
    return environment.get_template(template).render(**values)


@cache
def _environments() -> dict[str, "Environment"]:
    """Return an environment for each language, the source's first."""
    return make_environments("mails")
