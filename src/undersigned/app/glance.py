"""A letter at a glance: the few words that an embed, a card and the preview of a link say of it."""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from undersigned.app.reading import LetterPage
from undersigned.app.wording import SOURCE_LANGUAGE, make_environments, read_words
from undersigned.domain.stage import TAKES_AMENDMENTS
from undersigned.domain.text import TextDocument

if TYPE_CHECKING:
    from jinja2 import Environment


@dataclass(frozen=True, slots=True)
class Glance:
    """A letter with the words for it in `lang`, a language of the interface; `text` may have another."""

    page: LetterPage
    text: TextDocument
    lang: str
    words: dict[str, str]

    @property
    def name(self) -> str:
        """Return what the letter's addresses are made of."""
        return f"{self.page.letter.slug}@{self.page.letter.edition}"


def make_glance(page: LetterPage, text: TextDocument, lang: str) -> Glance:
    """Put a letter into words; a language that there is not becomes the first."""
    environments = _environments()
    lang = lang if lang in environments else SOURCE_LANGUAGE
    module = (
        environments[lang]
        .get_template("glance_words.txt")
        .make_module(
            {
                "counts": page.numbers.counts,
                "headcount": page.numbers.headcount,
                "rule_n": page.letter.rule,
                "state_of": page.stage.state.value,
                "takes_signatures": page.stage.state in TAKES_AMENDMENTS,
                "numbers_at": page.numbers.at,
            }
        )
    )
    return Glance(page, text, lang, read_words(module))


@cache
def _environments() -> dict[str, "Environment"]:
    return make_environments("typst")
