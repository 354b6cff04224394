"""Which of several texts a reader is shown first."""

from collections.abc import Sequence
from typing import Protocol, TypeVar


class HasLang(Protocol):
    """A text in some language."""

    @property
    def lang(self) -> str:
        """Its tag (BCP 47)."""


T = TypeVar("T", bound=HasLang)


def choose_text(texts: Sequence[T], asked: str | None, tag: str) -> T:
    """Choose the text in the language that was asked for, else that of the page, else the first."""
    for text in texts:
        if text.lang == asked:
            return text
    for text in texts:
        if text.lang.partition("-")[0] == tag:
            return text
    return texts[0]
