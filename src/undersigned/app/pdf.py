"""A letter as a PDF: its text, its demands, the count, the names and how all of it is checked.

The same letter at the same size of the log is the same bytes; it is dated with the newest of its records.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from undersigned.app.answers import Answer, Answers, read_answers
from undersigned.app.letters import Letters
from undersigned.app.log import find_published
from undersigned.app.marked import parse_marked
from undersigned.app.qr import format_qr
from undersigned.app.reading import LetterPage, get_page
from undersigned.app.site import Site
from undersigned.app.typesetting import typeset
from undersigned.app.wording import SOURCE_LANGUAGE, make_environments, read_words
from undersigned.domain.letter import Mode
from undersigned.domain.name import Verified
from undersigned.domain.reasons import NoticeKind
from undersigned.domain.text import TextDocument
from undersigned.encoding import format_base64
from undersigned.errors import NotReleased, StoreError
from undersigned.store import letters as letter_store
from undersigned.store import notices as notice_store
from undersigned.store import signatures as signature_store
from undersigned.store.database import Connection
from undersigned.store.signatures import ShownName
from undersigned.store.tallies import read_tallies
from undersigned.tlog.checkpoint import Checkpoint

if TYPE_CHECKING:
    from jinja2 import Environment

MOST_PRINTED: Final = 10_000
"""Names in one document: some 60 pages; the letter's page has them all."""


@dataclass(frozen=True, slots=True)
class Printed:
    """What a letter's PDF is made of; `names` are the first, `found` is how many there are."""

    page: LetterPage
    text: TextDocument
    names: Sequence[ShownName]
    found: int
    answers: Answers
    checkpoint: Checkpoint
    url: str

    @property
    def base(self) -> str:
        """Return where people reach the site."""
        return self.url.rpartition("/letters/")[0]

    @property
    def commands(self) -> tuple[str, str]:
        """Return the commands that check it."""
        return f"undersigned mirror {self.base} mirror", "undersigned verify mirror"


def read_printed(site: Site, letters: Letters, name: str, url: str, text: str | None) -> Printed:
    """Read what the PDF of a letter shows now; `url` is where people reach the site.

    `text` is the language of the letter's text, its first by default. Raises UnknownLetter; StoreError
    while nothing of the log is published.
    """
    page = get_page(site, letters, name)
    with site.collector.read() as connection:
        letter_id = page.letter.letter_id
        names = signature_store.list_shown_names(
            connection, letter_id, after=-1, limit=MOST_PRINTED
        )
        found = read_tallies(connection, letter_id).shown(Mode.PUBLIC.value)
        answers = read_answers(connection, page.letter)
    checkpoint = find_published(site)
    if checkpoint is None:
        raise StoreError("the log has not been published yet")
    shown = next((each for each in page.texts if each.lang == text), page.texts[0])
    address = f"{url}/letters/{page.letter.slug}@{page.letter.edition}"
    return Printed(page, shown, tuple(names), found, answers, checkpoint, address)


def make_letter_pdf(printed: Printed, lang: str, *, fonts: Path | None = None) -> bytes:
    """Return the PDF of a letter; `lang` is the language of all but the letter itself.

    Raises StoreError.
    """
    environments = _environments()
    lang = lang if lang in environments else SOURCE_LANGUAGE
    words = _words(environments[lang], printed)
    return typeset("letter", _data(printed, lang, words), printed.page.numbers.at, fonts=fonts)


def find_pdf(connection: Connection, letter_id: bytes) -> tuple[bytes, bytes] | None:
    """Return hash and bytes of the newest PDF of a letter that is still there."""
    rows = notice_store.list_notices(connection, letter_id, [NoticeKind.PDF.value], 1)
    for row in rows:
        content = letter_store.find_document(connection, row.document)
        if content is not None:
            return row.document, content
    return None


def get_pdf(site: Site, letters: Letters, name: str) -> tuple[bytes, bytes]:
    """Return hash and bytes of the PDF of a released letter. Raises UnknownLetter, NotReleased."""
    with site.collector.read() as connection:
        found = find_pdf(connection, letters.get_row(connection, name).letter_id)
    if found is None:
        raise NotReleased
    return found


def has_pdf(site: Site, letter_id: bytes) -> bool:
    """Say whether a letter has a PDF, made when it was released."""
    with site.collector.read() as connection:
        return find_pdf(connection, letter_id) is not None


@cache
def _environments() -> dict[str, "Environment"]:
    return make_environments("typst")


def _words(environment: "Environment", printed: Printed) -> dict[str, str]:
    """Return the words of the document in a language, by name."""
    page, letter = printed.page, printed.page.letter
    notice = page.new_headcount
    module = environment.get_template("letter_words.txt").make_module(
        {
            "due": letter.deadline,
            "counts": page.numbers.counts,
            "headcount": page.numbers.headcount,
            "as_of": letter.headcount_as_of,
            "headcount_at": 0 if notice is None else notice.at,
            "rule_n": letter.rule,
            "state": page.stage.state.value,
            "names_found": printed.found,
            "names_shown": len(printed.names),
            "numbers_at": page.numbers.at,
        }
    )
    words = read_words(module)
    return words | {"headcount": words["members" if notice is None else "as_noticed"]}


def _data(printed: Printed, lang: str, words: dict[str, str]) -> dict[str, Any]:
    page, letter, text = printed.page, printed.page.letter, printed.text
    name = f"{letter.slug}@{letter.edition}"
    verified = [_verified_word(words, each.verified) for each in printed.names]
    usual = Counter(verified).most_common(1)[0][0] if verified else ""
    return {
        "lang": lang,
        "words": words,
        "title": text.title,
        "author": words["undersigned"],
        "keywords": [name],
        "name": name,
        "text_lang": _primary(text.lang) or lang,
        "addressees": list(text.addressees),
        "text": parse_marked(text.text),
        "demands": [
            {"text": demand.text, "answer": _answer(words, printed.answers.of(demand.id).newest)}
            for demand in text.demands
        ],
        "consequence": text.consequence,
        "headcount_source": None if page.new_headcount else text.headcount_source,
        "usual": usual,
        "names": [
            [each.name, each.role or "", "" if word == usual else word]
            for each, word in zip(printed.names, verified, strict=True)
        ],
        "commands": "\n".join(printed.commands),
        "url": printed.url,
        "letter_id": letter.letter_id.hex(),
        "checkpoint": [
            printed.checkpoint.origin,
            str(printed.checkpoint.size),
            format_base64(printed.checkpoint.root),
        ],
        "qr": format_qr(printed.url),
    }


def _answer(words: dict[str, str], answer: Answer | None) -> dict[str, str] | None:
    """Return what was answered to a demand, by whom."""
    if answer is None:
        return None
    by_link = words["answered"].replace("{domain}", answer.domain or "?")
    source = by_link if answer.told_by is None else words["told"].replace("{by}", answer.told_by)
    return {"state": words[answer.state.value], "text": answer.text or "", "source": source}


def _primary(tag: str) -> str | None:
    """Return the language of a tag (BCP 47) where it is a code of ISO 639, as typst takes it."""
    primary = tag.partition("-")[0].lower()
    return primary if len(primary) in (2, 3) else None


def _verified_word(words: dict[str, str], verified: str) -> str:
    own = Verified.SELF_DECLARED.value
    return words["own" if verified == own else verified]
