"""What has happened to a letter since it was opened, as those who follow it are told: the newest first.

Each has a key that never changes: a record is named by its place in the log, a number that was reached by
the number. What is told follows from the log and the documents beside it; a text that was taken down is
gone here, too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from undersigned.app.answers import read_answers, records_of
from undersigned.app.letters import Letters
from undersigned.app.reading import HistoryRow, LetterPage, read_history, read_page
from undersigned.app.site import Site
from undersigned.domain.letter import Letter

MOST_HAPPENINGS = 100
"""The newest ones; all of it is in the log."""


class What(StrEnum):
    """The kinds of what happens."""

    OPENED = "opened"
    NUMBER = "number"
    RULE = "rule"
    NEWS = "news"
    CORRECTION = "correction"
    HEADCOUNT = "headcount"
    ANSWER = "answer"
    RELEASED = "released"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Happening:
    """One of them. `n` is the number that was reached, or the new headcount.

    `standing` is how many stood then, `state` the letter's if it has ended; `answers` are pairs of a
    demand and its new state; `text` is in the letter's first language, None if there is none.
    """

    key: str
    what: What
    at: int
    n: int = 0
    standing: int | None = None
    state: str = ""
    answers: tuple[tuple[str, str], ...] = ()
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Happenings:
    """A letter with what has happened to it, the newest first."""

    page: LetterPage
    told: tuple[Happening, ...]


def list_happenings(site: Site, letters: Letters, name: str) -> Happenings:
    """Return what has happened to `slug` or `slug@edition`. Raises UnknownLetter."""
    with site.collector.read() as connection:
        row = letters.get_row(connection, name)
        page = read_page(connection, letters, row)
        history = read_history(connection, row.letter_id)
        answers = read_answers(connection, page.letter)
    told = [
        *_stages(page),
        *_numbers(page.letter, history),
        *_notices(page),
    ]
    for record in records_of(answers):
        texts = [answer.text for answer in record if answer.text]
        told.append(
            Happening(
                f"leaf/{record[0].leaf_index}",
                What.ANSWER,
                record[0].at,
                answers=tuple((answer.demand, answer.state.value) for answer in record),
                text="\n\n".join(texts) or None,
            )
        )
    told.sort(key=lambda it: (it.at, it.n), reverse=True)
    return Happenings(page, tuple(told[:MOST_HAPPENINGS]))


def _stages(page: LetterPage) -> Iterator[Happening]:
    yield Happening("opened", What.OPENED, page.opened_at)
    if page.stage.released_at is not None:
        yield Happening("released", What.RELEASED, page.stage.released_at)
    if page.ended_at is not None:
        state = page.stage.state.value
        yield Happening(f"ended/{state}", What.ENDED, page.ended_at, state=state)


def _numbers(letter: Letter, history: Sequence[HistoryRow]) -> Iterator[Happening]:
    """Yield the first epoch that reached each number which a condition or the rule names."""
    awaited = sorted({*letter.conditions, letter.rule}, reverse=True)
    for row in history:
        while awaited and row.counts.m >= awaited[-1]:
            number = awaited.pop()
            what = What.RULE if number == letter.rule else What.NUMBER
            yield Happening(
                f"number/{number}", what, row.at, n=number, standing=row.counts.standing
            )


def _notices(page: LetterPage) -> Iterator[Happening]:
    for notice in page.notices:
        yield Happening(
            f"leaf/{notice.leaf_index}",
            What(notice.kind),
            notice.at,
            n=notice.n or 0,
            text=notice.text,
        )
