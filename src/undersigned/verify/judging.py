"""Whether a claim about a count is true, by a log that was verified: true, false, or unprovable.

Nothing that the site shows is believed: the numbers are those of the verifier's own replay. A claim is
unprovable where the log does not hold, does not reach, or where two answers are possible.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from undersigned.domain.as_of import AsOf, AtSize, AtTime, format_time
from undersigned.domain.claim import Claim, format_claim
from undersigned.verify.report import Report, Status
from undersigned.verify.steps import LetterAsOf, Step

_MAKE_COUNTS: Final = frozenset(range(1, 12))
"""The checks on which a count rests; the twelfth is of what the site shows, which nobody has to believe."""

_NEED_ALL: Final = _MAKE_COUNTS - {6, 10, 11}
"""Those that have to be made whole. A text that was taken down (6), a change of state that waits for its
witnesses (10) and names (11) change no number of the past."""


class Truth(StrEnum):
    """The three answers."""

    TRUE = "true"
    FALSE = "false"
    UNPROVABLE = "unprovable"


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer, why it can be none, and what the log gives: of which letter, its numbers then.

    `step` is None where nothing can be said; of several possible ones it is the last.
    """

    claim: Claim
    truth: Truth
    reason: str | None
    letter: LetterAsOf | None
    step: Step | None
    report: Report

    @property
    def exit_code(self) -> int:
        """0: true. 1: false. 2: unprovable."""
        return {Truth.TRUE: 0, Truth.FALSE: 1, Truth.UNPROVABLE: 2}[self.truth]

    def to_json(self) -> dict[str, Any]:
        """Return the verdict as plain JSON values."""
        letter, step, report = self.letter, self.step, self.report
        return {
            "claim": format_claim(self.claim),
            "answer": self.truth.value,
            "reason": self.reason,
            "exit_code": self.exit_code,
            "letter": None if letter is None else f"{letter.slug}@{letter.edition}",
            "letter_id": None if letter is None else letter.letter_id,
            "standing": None if step is None else step.standing,
            "waiting": None if step is None else step.waiting,
            "headcount": None if step is None else step.headcount,
            "epoch": None if step is None else step.epochs,
            "at": None if step is None else step.at,
            "until": None if letter is None or step is None else letter.until,
            "size": None if step is None else step.size,
            "log": report.origin,
            "key": report.vkey,
            "tree_size": report.size,
            "root": None if report.root is None else report.root.hex(),
            "false_checks": list(report.false_numbers),
        }


def judge_claim(
    report: Report, claim: Claim, as_of: AsOf, slug: str | None, edition: int | None = None
) -> Verdict:
    """Judge a claim about a letter by a report that was made with `as_of`.

    Without a slug the log's only letter is meant, without an edition the newest.
    """

    def unprovable(reason: str, letter: LetterAsOf | None = None) -> Verdict:
        return Verdict(claim, Truth.UNPROVABLE, reason, letter, None, report)

    doubt = _find_doubt(report)
    if doubt is not None:
        return unprovable(doubt)
    letter = _find_letter(report.asked, slug, edition)
    if isinstance(letter, str):
        return unprovable(letter)
    beyond = _find_beyond(report, as_of)
    if beyond is not None:
        return unprovable(beyond, letter)
    if not letter.steps:
        return unprovable(_before(report.asked, letter), letter)
    answers = {claim.holds(step.standing, step.headcount) for step in letter.steps}
    if len(answers) > 1:
        return unprovable(_between(letter.steps), letter)
    truth = Truth.TRUE if answers == {True} else Truth.FALSE
    return Verdict(claim, truth, None, letter, letter.steps[-1], report)


def _find_doubt(report: Report) -> str | None:
    """Say why the log proves no count at all, if it does not."""
    false = [number for number in report.false_numbers if number in _MAKE_COUNTS]
    if false:
        return f"The log does not hold: {_checks(false)} false. Verify it to see why."
    missing = [
        check.number
        for check in report.checks
        if check.status is Status.UNCHECKED and check.number in _NEED_ALL
    ]
    if missing:
        return f"Not all of the log could be checked: {_checks(missing)} not whole."
    return None


def _checks(numbers: Sequence[int]) -> str:
    names = ", ".join(str(number) for number in numbers)
    return f"check {names} is" if len(numbers) == 1 else f"checks {names} are"


def _find_letter(
    letters: Sequence[LetterAsOf], slug: str | None, edition: int | None
) -> LetterAsOf | str:
    """Return the letter that is meant, or a sentence that says why there is none."""
    slugs = sorted({letter.slug for letter in letters})
    if slug is None and len(slugs) > 1:
        return f"The log has several letters; say which one: {', '.join(slugs)}."
    meant = [
        letter
        for letter in letters
        if slug in (None, letter.slug) and edition in (None, letter.edition)
    ]
    if not meant:
        return "The log has no such letter."
    return max(meant, key=lambda letter: letter.edition)


def _find_beyond(report: Report, as_of: AsOf) -> str | None:
    """Say how far the log reaches, if it does not reach as far as was asked."""
    size, time = report.size or 0, report.time or 0
    match as_of:
        case AtSize(asked) if asked > size:
            return f"The log that was verified has {size} entries."
        case AtTime(at) if at > time:
            return f"The log that was verified reaches to {format_time(time)}."
        case _:
            return None


def _before(letters: Sequence[LetterAsOf], letter: LetterAsOf) -> str:
    sentence = "It was not open then."
    if letter.opened_at is not None:
        sentence = f"It was not open then: it opened at {format_time(letter.opened_at)}."
    earlier = [each for each in letters if each.slug == letter.slug and each.steps]
    if earlier:
        newest = max(earlier, key=lambda each: each.edition)
        sentence += f" The edition before is {newest.slug}@{newest.edition}."
    return sentence


def _between(steps: Sequence[Step]) -> str:
    numbers = sorted({step.standing for step in steps})
    return (
        f"The number may have been any of {', '.join(str(number) for number in numbers)}: something"
        " ended signatures or changed the headcount between two epochs, and the log does not say when."
    )
