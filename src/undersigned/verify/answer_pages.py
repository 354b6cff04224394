"""What the site shows of answers and guarantees, compared with the log (check 12); formats §3.4.

These pages state no size: they may be those of any moment between the numbers and the checkpoint. What was
in the log before the numbers has to be there, and nothing that is not in the log may be.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from undersigned.domain.guarantee import Guarantee, parse_guarantee
from undersigned.domain.reasons import DemandState, GuaranteeState
from undersigned.domain.record import GuaranteeRecord, ResponseRecord
from undersigned.domain.response import Response, parse_response
from undersigned.errors import FormatError
from undersigned.verify.context import Context
from undersigned.verify.letter import LetterReplay
from undersigned.verify.pages import ResponsesPage, ShownGuarantee, ShownResponse

LONGEST_MIRRORING_S: Final = 3_600
"""So long after the site's clock was read a page of it may have been read."""

S = TypeVar("S", ShownResponse, ShownGuarantee)
D = TypeVar("D", Response, Guarantee)


@dataclass(frozen=True, slots=True)
class AnswerPages:
    """Compares the two pages of one letter.

    `since` is the size of the tree from which on they were read, `unpublished_from` and `time` as
    `PageComparison` has them; `false` and `unpublished` report.
    """

    context: Context
    replay: LetterReplay
    since: int
    unpublished_from: int | None
    time: int | None
    false: Callable[[str], None]
    unpublished: Callable[[str], None]

    def compare_responses(self, page: ResponsesPage) -> None:
        """Compare every answer, then what the page says of all of them."""
        logged = self.replay.answers.responses
        shown = self._take_published(page.responses, "answer")
        self._compare_leaves(shown, logged, "answer")
        for each in shown:
            record = logged.get(each.leaf)
            if record is not None:
                self._compare_response(each, record)
        if len(shown) == len(page.responses):
            until = self._until(shown)
            self._compare_states(page, [logged[leaf] for leaf in logged if leaf < until])

    def compare_guarantees(self, page: Sequence[ShownGuarantee]) -> None:
        """Compare every guarantee, and whether it holds."""
        logged = {
            leaf: record
            for leaf, record in self.replay.answers.guarantees.items()
            if record.state is GuaranteeState.GIVEN
        }
        shown = self._take_published(page, "guarantee")
        self._compare_leaves(shown, logged, "guarantee")
        until = self._until(shown)
        for each in shown:
            record = logged.get(each.leaf)
            if record is not None:
                self._compare_guarantee(each, record)
                self._compare_end(each, record, until)

    # --- which there are

    def _take_published(self, shown: Sequence[S], what: str) -> list[S]:
        """Return those that can be in the tree that is known here."""
        published = []
        for each in shown:
            if self.unpublished_from is not None and each.leaf >= self.unpublished_from:
                self.unpublished(f"the {what} at leaf {each.leaf}")
            else:
                published.append(each)
        return published

    def _until(self, shown: Sequence[ShownResponse] | Sequence[ShownGuarantee]) -> int:
        """Return the least size of the tree when the page was read."""
        return max([self.since, *(each.leaf + 1 for each in shown)])

    def _compare_leaves(
        self,
        shown: Sequence[ShownResponse] | Sequence[ShownGuarantee],
        logged: Collection[int],
        what: str,
    ) -> None:
        leaves = [each.leaf for each in shown]
        if leaves != sorted(set(leaves), reverse=True):
            self.false(
                f"the {what}s are not in the order of their leaves, the newest first, each once"
            )
        for leaf in sorted(set(leaves) - set(logged)):
            self.false(f"the site shows {_a(what)} at leaf {leaf}, where the log has none")
        until = self._until(shown)
        for leaf in sorted(set(logged) - set(leaves)):
            if leaf < until:
                self.false(
                    f"the {what} at leaf {leaf} is in the log, and the site does not show it"
                )

    # --- answers

    def _compare_response(self, shown: ShownResponse, record: ResponseRecord) -> None:
        what = f"the answer at leaf {shown.leaf}"
        states = sorted((each.id, each.state) for each in shown.demands)
        if states != sorted((each.id, each.state.value) for each in record.demands):
            self.false(f"{what} is shown with other demands or states than were signed")
        stated = (shown.at, shown.source, shown.document)
        if stated != (record.at, record.source.value, record.document.hex()):
            self.false(f"{what} is shown with another time, source or document than were signed")
        document = self._find_words(record.document, parse_response, what, shown.lang)
        if document is not None and not _is_response(shown, document):
            self.false(f"{what} is shown in other words than were signed")

    def _compare_states(self, page: ResponsesPage, records: Sequence[ResponseRecord]) -> None:
        newest = {answer.id: answer.state for record in records for answer in record.demands}
        states = [newest.get(demand) for demand in self.replay.letter.demands]
        shown = [(each.id, each.state) for each in page.demands]
        if shown != list(zip(self.replay.letter.demands, states, strict=True)):
            self.false("the demands are not shown with the states of their newest answers")
        if page.answered != (None not in states):
            self.false("the site says of the letter what is not so: whether it is answered")
        if page.met != all(state is DemandState.MET for state in states):
            self.false("the site says of the letter what is not so: whether its demands are met")

    # --- guarantees

    def _compare_guarantee(self, shown: ShownGuarantee, record: GuaranteeRecord) -> None:
        what = f"the guarantee at leaf {shown.leaf}"
        stated = (shown.at, shown.cap, shown.expires, shown.document)
        if stated != (record.at, record.cap, record.expires, record.document.hex()):
            self.false(
                f"{what} is shown with another time, cap, expiry or document than were signed"
            )
        document = self._find_words(record.document, parse_guarantee, what, shown.lang)
        words = (shown.lang, shown.guarantor, shown.terms, shown.domain)
        if document is not None and words != (
            document.lang, document.guarantor, document.terms, document.domain,
        ):  # fmt: skip
            self.false(f"{what} is shown in other words than were signed")

    def _compare_end(self, shown: ShownGuarantee, record: GuaranteeRecord, until: int) -> None:
        what = f"the guarantee at leaf {shown.leaf}"
        ended = self._find_withdrawal(shown.leaf, record)
        ends = {None if ended is None else ended[1]}
        if ended is None or ended[0] >= until:
            ends.add(None)
        if shown.withdrawn_at not in ends:
            if self.unpublished_from is not None and ended is None:
                self.unpublished(f"the withdrawal of {what}")
                return
            self.false(f"{what} is shown as withdrawn at {shown.withdrawn_at}; the log differs")
        if shown.holds not in self._may_hold(shown):
            self.false(f"{what} is shown as if it {'held' if shown.holds else 'did not hold'}")

    def _find_withdrawal(self, leaf: int, given: GuaranteeRecord) -> tuple[int, int] | None:
        """Return leaf and time of the record that ends a guarantee."""
        for later, record in self.replay.answers.guarantees.items():
            is_same = later > leaf and record.document == given.document
            if is_same and record.state is GuaranteeState.WITHDRAWN:
                return later, record.at
        return None

    def _may_hold(self, shown: ShownGuarantee) -> set[bool]:
        if shown.withdrawn_at is not None:
            return {False}
        if shown.expires is None:
            return {True}
        if self.time is None:
            return {True, False}
        is_over_first = shown.expires <= self.time
        is_over_last = shown.expires <= self.time + LONGEST_MIRRORING_S
        return {not is_over_first, not is_over_last}

    # --- words

    def _find_words(
        self, digest: bytes, parse: Callable[[bytes], D], what: str, lang: str | None
    ) -> D | None:
        """Return the document to compare with, None if there is none; the page shows no words in no `lang`.

        A document that is not what it should be was reported by check 6.
        """
        data = self.context.peek_document(digest)
        if data is None:
            if lang is not None:
                self._unchecked(
                    f"the words of {what} cannot be compared: their document is missing"
                )
            return None
        if lang is None:
            # It may have been taken down since an older mirror of the same folder.
            self._unchecked(
                f"the words of {what} are in its document, and the site does not show them"
            )
            return None
        try:
            return parse(data)
        except FormatError:
            return None

    def _unchecked(self, sentence: str) -> None:
        self.context.findings.unchecked(12, f"{self.replay.label.capitalize()}: {sentence}.")


def _is_response(shown: ShownResponse, document: Response) -> bool:
    answerer = document.answerer
    said = None if answerer is None else (answerer.addressee, answerer.domain)
    by = None if shown.answerer is None else (shown.answerer.addressee, shown.answerer.domain)
    words = {each.id: each.text for each in shown.demands}
    return (shown.lang, by, shown.told_by, words) == (
        document.lang,
        said,
        document.told_by,
        {each.id: each.text for each in document.answers},
    )


def _a(what: str) -> str:
    return f"an {what}" if what[0] in "aeiou" else f"a {what}"
