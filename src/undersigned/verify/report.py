"""What the verifier says: twelve numbered checks with their evidence, and the figures of each letter.

The numbers are part of the interface: people cite them, and other verifiers use the same.
"""

import dataclasses
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from undersigned.verify.steps import LetterAsOf

MOST_SENTENCES: Final = 100
"""Evidence that is kept for one check; a log that is all wrong needs no sentence for each record."""

TITLES: Final = {
    1: "The checkpoint is signed by the log's key, for this log",
    2: "Enough witnesses have cosigned the checkpoint",
    3: "Every entry is in the tree whose root was signed, and the tiles agree",
    4: "The log begins with all that it held when it was verified before",
    5: "Every record is well formed, of a known kind, and signed by the right key",
    6: "Every letter was accepted before its first signature, and its documents are unchanged",
    7: "Every signature has a token of this letter, and no token is used twice",
    8: "In every epoch there are no more signatures than tokens, and no more tokens than members",
    9: "Signatures are changed and ended only by the rules, and every decrease has its reason",
    10: "Every stated outcome is what the records give, at its time, and none is missing",
    11: "Names are attested, bound to their signatures, and opened only in their turn",
    12: "The numbers, names and answers that the site shows are what the log gives",
}


class Status(StrEnum):
    """How a check came out."""

    HOLDS = "holds"
    FALSE = "false"
    UNCHECKED = "unchecked"
    NOT_ASKED = "not asked"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its number, what it asserts, how it came out, and the sentences that show it."""

    number: int
    title: str
    status: Status
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TimestampFigures:
    """A timestamp that holds: its notice's leaf, when, who says so, and what existed then.

    `size` is that of the tree that was stamped; None: the letter's record was. `chain` says whether the
    authority's certificate was followed up to a trusted root.
    """

    leaf: int
    at: int
    authority: str
    size: int | None
    chain: bool


@dataclass(frozen=True, slots=True)
class LetterFigures:
    """What the records of one letter give at the end of the log."""

    letter_id: str
    slug: str
    edition: int
    title: str
    state: str
    m: int
    standing: int
    waiting: int
    anonymous: int
    withdrawn: int
    invalidated: int
    erased: int
    headcount: int
    timestamps: tuple[TimestampFigures, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a verification: of which tree, the checks 1 to 12, the letters.

    `asked` is every letter as of what was asked, if anything was. `time` is the latest that the mirror
    knows of, by the log and the site's own clock.
    """

    origin: str | None
    vkey: str | None
    size: int | None
    root: bytes | None
    checks: tuple[Check, ...]
    letters: tuple[LetterFigures, ...]
    asked: tuple[LetterAsOf, ...] = ()
    time: int | None = None

    @property
    def exit_code(self) -> int:
        """0: all hold. 1: something is false. 2: something could not be checked."""
        found = {check.status for check in self.checks}
        if Status.FALSE in found:
            return 1
        return 2 if Status.UNCHECKED in found else 0

    def check(self, number: int) -> Check:
        """Return the check with this number, 1 to 12."""
        return self.checks[number - 1]

    @property
    def false_numbers(self) -> tuple[int, ...]:
        """The numbers of the checks that are false, ascending."""
        return tuple(check.number for check in self.checks if check.status is Status.FALSE)

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain JSON values."""
        return {
            "origin": self.origin,
            "vkey": self.vkey,
            "size": self.size,
            "root": None if self.root is None else self.root.hex(),
            "exit_code": self.exit_code,
            "checks": [dataclasses.asdict(check) for check in self.checks],
            "letters": [dataclasses.asdict(letter) for letter in self.letters],
        }


def format_report(report: Report) -> str:
    """Write a report as JSON text, with a final line feed."""
    return json.dumps(report.to_json(), ensure_ascii=False, indent=2) + "\n"


class Findings:
    """Collects sentences while the checks run; a check without a bad one holds."""

    __slots__ = ("_bad", "_notes", "_skipped", "_unchecked")

    def __init__(self) -> None:
        self._bad: dict[int, list[str]] = {}
        self._unchecked: dict[int, list[str]] = {}
        self._notes: dict[int, list[str]] = {}
        self._skipped: set[int] = set()

    def false(self, number: int, sentence: str) -> None:
        """Record what shows that a check is false."""
        _append(self._bad.setdefault(number, []), sentence)

    def unchecked(self, number: int, sentence: str) -> None:
        """Record why a check, or a part of it, could not be made."""
        _append(self._unchecked.setdefault(number, []), sentence)

    def note(self, number: int, sentence: str) -> None:
        """Record what a reader should know although nothing is wrong."""
        _append(self._notes.setdefault(number, []), sentence)

    def not_asked(self, number: int, sentence: str) -> None:
        """Record that nobody asked for a check."""
        self._skipped.add(number)
        self.note(number, sentence)

    def close(self) -> tuple[Check, ...]:
        """Return the checks 1 to 12."""
        return tuple(self._check(number, title) for number, title in TITLES.items())

    def _check(self, number: int, title: str) -> Check:
        bad, unchecked = self._bad.get(number, []), self._unchecked.get(number, [])
        evidence = (*bad, *unchecked, *self._notes.get(number, []))
        if bad:
            status = Status.FALSE
        elif unchecked:
            status = Status.UNCHECKED
        else:
            status = Status.NOT_ASKED if number in self._skipped else Status.HOLDS
        return Check(number, title, status, evidence)


def _append(sentences: list[str], sentence: str) -> None:
    if len(sentences) < MOST_SENTENCES:
        sentences.append(sentence)
    elif len(sentences) == MOST_SENTENCES:
        sentences.append("There is more of this kind; it is not listed.")
