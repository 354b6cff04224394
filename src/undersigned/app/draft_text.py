"""What is wrong with the words of a letter in one language, whoever typed them where."""

from typing import Any, Literal, TypedDict

from undersigned.domain.text import DemandText, TextDocument, format_text
from undersigned.errors import FormatError


class Words(TypedDict):
    """The members of a text document, before any bound is checked."""

    lang: str
    title: str
    text: str
    addressees: tuple[str, ...]
    demands: tuple[DemandText, ...]
    consequence: str
    headcount_source: str


_SOUND: dict[str, Any] = {
    "lang": "en",
    "title": "-",
    "text": "-",
    "addressees": ("-",),
    "demands": (DemandText("a", "-"),),
    "consequence": "-",
    "headcount_source": "-",
}
"""What stands in for a member that is wrong, so that the others are looked at as well."""


def find_text_problems(words: Words) -> list[tuple[str, str]]:
    """Return all that is wrong with the words of a letter: the member, and what is wrong with it."""
    problems = [
        (name, f"its {name} is empty") for name in ("title", "text") if _is_empty(words, name)
    ]
    if any(not each.strip() for each in words["addressees"]):
        problems.append(("addressees", "one of its addressees is empty"))
    problems += [
        ("demands", f"its demand {demand.id} is empty")
        for demand in words["demands"]
        if not demand.text.strip()
    ]
    tried: dict[str, Any] = dict(words)
    while True:
        try:
            format_text(TextDocument(**tried))
        except FormatError as error:
            member = error.detail.partition(":")[0].partition(".")[0]
            problems.append((member, error.detail))
            if tried.get(member) == _SOUND.get(member):
                return problems
            tried[member] = _SOUND[member]
        else:
            return problems


def _is_empty(words: Words, name: Literal["title", "text"]) -> bool:
    return not words[name].strip()
