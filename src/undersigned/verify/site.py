"""What the site shows, compared with what the log gives at the same size (check 12).

The pages were fetched before the checkpoint, so every size on them lies in the tree. Names have no size:
they may be those of any moment between the numbers and the checkpoint.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from undersigned.domain.canonical import format_canonical, hash_bytes
from undersigned.domain.letter import Letter, State
from undersigned.domain.record import format_record
from undersigned.domain.stage import Stage, next_boundary
from undersigned.errors import FormatError
from undersigned.verify.answer_pages import AnswerPages
from undersigned.verify.context import Context
from undersigned.verify.letter import VOID, LetterReplay
from undersigned.verify.log import Head
from undersigned.verify.moment import Moment
from undersigned.verify.names import NameReader, hash_words
from undersigned.verify.pages import (
    CountsPage,
    HistoryRow,
    LetterPage,
    LetterPages,
    NamesPage,
    ShownName,
)
from undersigned.verify.pages import Pages as SitePages
from undersigned.verify.shown import Shown
from undersigned.verify.signatures import Signature

LEAST_SLACK_S = 10
"""A change may be this late even where epochs are shorter: the site may have been starting."""

MOST_NAMES = 50_000_000
"""Names on a page of which nobody can say yet how many there may be."""

MORE_NAMES = 1_000
"""Names that are read although the log has no signature for them; each is a lie."""

_FIGURES = ("m", "standing", "waiting", "anonymous", "withdrawn", "invalidated", "erased")


def compare_site(context: Context, head: Head, pages: SitePages) -> None:
    """Compare `site.json` with the log that was verified."""
    if pages.site is None:
        return
    if pages.site.origin != context.origin:
        context.findings.false(
            12, f"site.json is of the log {pages.site.origin!r}, not {context.origin!r}."
        )
    if head.vkey is not None and pages.site.log_vkey != head.vkey:
        context.findings.false(12, "site.json shows another log key than the one verified with.")


def compare_letters(
    context: Context, replays: Sequence[LetterReplay], pages: SitePages, *, is_complete: bool
) -> None:
    """Compare which letters there are; `is_complete` says that the whole log could be read."""
    known = {replay.letter.letter_id: replay for replay in replays}
    for letter_id in pages.letters.keys() - known.keys():
        sentence = f"The site shows a letter {letter_id.hex()} that is not in the log."
        if is_complete:
            context.findings.false(12, sentence)
        else:
            context.findings.unchecked(12, sentence)
    for letter_id in known.keys() - pages.letters.keys():
        replay = known[letter_id]
        is_newer = pages.time is not None and (replay.opened_at or 0) >= pages.time - LEAST_SLACK_S
        if not is_newer:
            context.findings.unchecked(
                12, f"{replay.label.capitalize()}: the mirror holds none of its pages."
            )


@dataclass(frozen=True, slots=True)
class PageComparison:
    """Compares the pages of one letter with its replay.

    `unpublished_from` is the size of the tree where the site says that it has more, and waits for its
    witnesses; None where it has not said so. `time` is the site's clock before the pages were read.
    """

    context: Context
    replay: LetterReplay
    pages: LetterPages
    reader: NameReader
    unpublished_from: int | None = None
    time: int | None = None

    def compare(self) -> None:
        """Compare numbers, state, history, names, answers and guarantees."""
        if self.pages.counts is not None:
            self._compare_counts("counts", self.pages.counts)
        if self.pages.letter is not None:
            self._compare_letter(self.pages.letter)
        if self.pages.history is not None:
            self._compare_history(self.pages.history)
        if self.pages.names is not None and self.replay.shown is not None:
            self._compare_names(self.pages.names, self.replay.shown)
        answers = AnswerPages(
            self.context,
            self.replay,
            self.pages.names_from() or 0,
            self.unpublished_from,
            self.time,
            self._false,
            self._unpublished,
        )
        if self.pages.responses is not None:
            answers.compare_responses(self.pages.responses)
        if self.pages.guarantees is not None:
            answers.compare_guarantees(self.pages.guarantees)

    def _false(self, sentence: str) -> None:
        self.context.findings.false(12, f"{self.replay.label.capitalize()}: {sentence}.")

    def _unpublished(self, what: str) -> None:
        self.context.findings.unchecked(
            12,
            f"{self.replay.label.capitalize()}: {what} is of records that are not published yet; the"
            " site says that it waits for its witnesses.",
        )

    def _find_moment(self, size: int, what: str) -> Moment | None:
        moment = self.replay.moments.get(size)
        if self.unpublished_from is not None and size > self.unpublished_from:
            self._unpublished(what)
            return None
        if moment is None or size <= self.replay.index + 2:
            self._false(f"{what} is of size {size}, at which the log does not have it")
            return None
        return moment

    # --- numbers

    def _compare_counts(self, what: str, page: CountsPage) -> None:
        moment = self._find_moment(page.size, what)
        if moment is None:
            return
        self._compare_figures(f"{what} at size {page.size}", page, moment)
        if page.headcount != moment.headcount:
            self._false(f"{what} shows headcount {page.headcount}, it is {moment.headcount}")
        if page.at not in moment.ats:
            self._false(f"{what} shows the time {page.at}, the log gives {max(moment.ats)}")

    def _compare_figures(self, what: str, page: CountsPage | HistoryRow, moment: Moment) -> None:
        wrong = [
            f"{name} {getattr(page, name)} (the log gives {getattr(moment.figures, name)})"
            for name in _FIGURES
            if getattr(page, name) != getattr(moment.figures, name)
        ]
        if wrong:
            self._false(f"{what} shows {', '.join(wrong)}")

    def _compare_history(self, rows: Sequence[HistoryRow]) -> None:
        if [row.n for row in rows] != list(range(1, len(rows) + 1)):
            self._false("the history does not have one row for each epoch, in order")
        for row in rows:
            moment = self._find_moment(row.size, f"the history of epoch {row.n}")
            if moment is None:
                continue
            if (row.n, row.at) != (moment.epoch, moment.epoch_at):
                self._false(
                    f"the history has epoch {row.n} at {row.at} for size {row.size}, the log has"
                    f" epoch {moment.epoch} at {moment.epoch_at}"
                )
            self._compare_figures(f"the history of epoch {row.n}", row, moment)
        counts = self.pages.counts
        counted = None if counts is None else self.replay.moments.get(counts.size)
        if counted is not None and len(rows) < counted.epoch:
            self._false(f"the history has {len(rows)} epochs, and there are {counted.epoch}")

    # --- the letter's page

    def _compare_letter(self, page: LetterPage) -> None:
        letter = self.replay.letter
        if (page.letter_id, page.slug, page.edition) != (
            letter.letter_id.hex(),
            letter.slug,
            letter.edition,
        ):
            self._false("its page is that of another letter or edition")
        self._compare_documents(page)
        if not _is_seal_claim(page.seals, letter):
            self._false(f"its page says that names are sealed by {page.seals!r}")
        self._compare_counts("the page", page.counts)
        moment = self.replay.moments.get(page.counts.size)
        if moment is not None:
            self._compare_stage(page, moment)

    def _compare_documents(self, page: LetterPage) -> None:
        try:
            is_record = format_canonical(page.record) == format_record(self.replay.record)
            hashes = [hash_bytes(format_canonical(text)) for text in page.texts]
        except (FormatError, RecursionError):
            self._false("its page holds no canonical record and texts")
            return
        if not is_record:
            self._false("the record on its page is not the one in the log")
        if hashes != [text.hash for text in self.replay.letter.texts]:
            self._false("the texts on its page are not those that were signed")

    def _compare_stage(self, page: LetterPage, moment: Moment) -> None:
        stated = {
            "state": (page.state, moment.state),
            "wave": (page.wave, moment.wave),
            "opened_at": (page.opened_at, moment.opened_at),
            "roll_n": (page.roll_n, moment.roll_n),
        }
        for member, (shown, computed) in stated.items():
            if shown != computed:
                self._false(f"its page shows {member} {shown}, the log gives {computed}")
        if page.released_at not in {None, moment.released_at}:
            self._false(f"its page says that it was released at {page.released_at}; it was not")
        if page.reached_at is not None and page.reached_at not in moment.reached_at:
            self._false(f"its page says that it was reached at {page.reached_at}; it was not")

    # --- names

    def _compare_names(self, page: NamesPage, shown: Shown) -> None:
        """Compare the names row by row; of each signature that was met a mark is kept."""
        met = bytearray(len(self.replay.signatures))
        number, latest, is_ordered = 0, -1, True
        try:
            for name in page.rows(self._most_names()):
                is_ordered = is_ordered and name.leaf > latest
                latest = name.leaf
                signature = self.replay.signatures.find_near(name.leaf, number)
                if signature is not None:
                    number = signature.number + 1
                    met[signature.number] = True
                self._compare_name(name, signature, shown)
        except FormatError as error:
            self.context.findings.false(12, f"{page.path}: {error.detail}.")
            return
        if not is_ordered:
            self._false("the names are not in the order of their leaves, each once")
        if self.replay.stage is None or self.replay.stage.state not in VOID:
            for number, digest in enumerate(self.replay.signatures.listed()):
                if digest is None or met[number] or digest != shown.find_first(number):
                    continue
                leaf = self.replay.signatures.get(number).leaf
                self._false(f"the name at leaf {leaf} is public, and the site does not show it")

    def _most_names(self) -> int:
        """Return how many names are read: more than are signed, for what is wrong with the first of them."""
        if self.unpublished_from is not None:
            return MOST_NAMES
        return len(self.replay.signatures) + MORE_NAMES

    def _compare_name(self, name: ShownName, signature: Signature | None, shown: Shown) -> None:
        hashes = set() if signature is None else shown.find_all(signature)
        if self.unpublished_from is not None and name.leaf >= self.unpublished_from:
            self._unpublished(f"the name at leaf {name.leaf}")
        elif signature is None or not hashes:
            self._false(f"the site shows a name at leaf {name.leaf}, where the log has none public")
        else:
            found = (self.reader.find_words(signature, digest) for digest in sorted(hashes))
            signed = [words for words in found if words is not None]
            words = hash_words(name.name, name.role, name.verified, name.statement)
            if signed and words not in signed:
                # Without any readable document check 11 has said so already.
                self._false(f"the site shows another name at leaf {name.leaf} than was signed")


def _is_seal_claim(seals: str | None, letter: Letter) -> bool:
    """Tell whether a page says rightly who can open names: "trustees" if the operator alone cannot."""
    if not letter.trustees:
        return seals is None
    held = sum(trustee.operator for trustee in letter.trustees)
    return seals == ("operator" if held >= letter.quorum else "trustees")


def check_overdue(
    context: Context, replay: LetterReplay, time: int | None, *, is_waiting: bool = False
) -> None:
    """Check that no change of state was overdue at the site's own time (check 10).

    `is_waiting`: the site says that newer records wait for its witnesses, so that it may be in these.
    """
    stage = replay.stage
    if time is None or stage is None:
        return
    slack = max(replay.letter.epoch.period_s, LEAST_SLACK_S)
    due = find_due(replay, stage)
    if due is not None and time > due + slack:
        report = context.findings.unchecked if is_waiting else context.findings.false
        report(
            10,
            f"{replay.label.capitalize()}: it is still {stage.state} at {time}, and its state had to"
            f" change at {due}."
            + (" The site says that newer records wait for its witnesses." if is_waiting else ""),
        )


def find_due(replay: LetterReplay, stage: Stage) -> int | None:
    """Return when a letter's state changes next if nobody does anything, UTC seconds."""
    if replay.due is not None:
        return replay.due.at
    boundary = next_boundary(replay.letter, stage)
    if boundary is None or stage.state is State.CLOSED:
        return None
    return max(boundary, stage.at)
