"""A whole verification: the twelve checks, in the order in which one needs the other."""

from collections.abc import Callable
from pathlib import Path

from undersigned.crypto.timestamp import Roots
from undersigned.domain.as_of import AsOf
from undersigned.domain.text import TextDocument
from undersigned.tlog.policy import Policy
from undersigned.verify.ahead import look_ahead
from undersigned.verify.context import Context
from undersigned.verify.crew import Crew
from undersigned.verify.folder import Folder
from undersigned.verify.letter import VOID, LetterReplay
from undersigned.verify.log import Head, LogReader, read_head
from undersigned.verify.names import NameReader, read_texts
from undersigned.verify.pages import Pages, read_pages
from undersigned.verify.replay import Replay
from undersigned.verify.report import Findings, LetterFigures, Report, TimestampFigures
from undersigned.verify.site import (
    PageComparison,
    check_overdue,
    compare_letters,
    compare_site,
    find_due,
)
from undersigned.verify.state import State
from undersigned.verify.steps import LetterAsOf
from undersigned.verify.vouching import Here
from undersigned.verify.witnesses import check_witnesses

_NEED_RECORDS = (5, 6, 7, 8, 9, 10, 11, 12)


def verify_mirror(
    folder: Path,
    *,
    pinned_vkey: str | None = None,
    policy: Policy | None = None,
    state: State | None = None,
    now: int | None = None,
    timestamp_roots: Roots = (),
    as_of: AsOf | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    crew: Crew | None = None,
) -> Report:
    """Verify a mirrored folder, offline; whatever is in it, the answer is a report.

    1. The checkpoint's signature and origin, under `pinned_vkey` (a C2SP vkey) if it is given, and by
    one of the logs of `policy` if it has any. 2. The policy's quorum of witnesses has cosigned it.
    3. The entries hash to the root, and the tiles agree. 4. The log continues `state`.
    5. to 10. Every record, letter by letter. 11. The names. 12. The site's pages.

    `now` is the verifier's own time (UTC seconds): nothing in the log may be later. `timestamp_roots`
    are the certificates that timestamps have to lead to, if there are any. With `as_of` the report says
    what every letter was then. `on_progress` is called with the number of entries read and of all.
    A `crew` of processes helps with a log that is large enough; the report is the same.
    """
    findings = Findings()
    files = Folder(folder)
    head = read_head(files, findings, pinned_vkey, policy)  # 1
    if head is None:
        if policy is None:
            findings.not_asked(2, "No witness policy was given.")
        else:
            findings.unchecked(2, "Without a checkpoint there is nothing to cosign.")
        for number in (3, 4, *_NEED_RECORDS):
            findings.unchecked(number, "Without a checkpoint nobody can say what is in the log.")
        return Report(None, None, None, None, findings.close(), ())
    check_witnesses(findings, head.note, policy, now)  # 2
    context = Context(files, findings, head.origin, now, timestamp_roots)
    pages = read_pages(files, findings)
    reader = LogReader(files, head, findings, state, on_progress)
    helpers = crew if crew is not None and crew.helps_with(head.checkpoint.size) else None
    replay = _replay(context, pages, reader, as_of, helpers)  # 3 to 10
    replay.timestamps.close(reader.find_root)
    letters = tuple(replay.letters.values())
    texts = [read_texts(context, letter) for letter in letters]
    compare_site(context, head, pages)
    unpublished_from = head.checkpoint.size if pages.is_waiting else None
    is_all = reader.is_complete and unpublished_from is None
    compare_letters(context, letters, pages, is_complete=is_all)
    for letter in letters:
        _check_letter(context, letter, pages, unpublished_from, helpers)  # 11, 12
    figures = tuple(
        _figures(letter, shown, replay.timestamps.of(letter.letter.letter_id))
        for letter, shown in zip(letters, texts, strict=True)
    )
    asked = tuple(
        _as_of(letter, shown) for letter, shown in zip(letters, texts, strict=True) if as_of
    )
    return _report(head, findings, figures, asked, _find_reach(letters, pages))


def _replay(
    context: Context, pages: Pages, reader: LogReader, as_of: AsOf | None, crew: Crew | None
) -> Replay:
    wanted = {letter_id: sorted(shown.sizes()) for letter_id, shown in pages.letters.items()}
    starts = {letter_id: shown.names_from() for letter_id, shown in pages.letters.items()}
    names_from = {letter_id: size for letter_id, size in starts.items() if size is not None}
    replay = Replay(context, wanted, names_from, as_of)
    size = 0
    here = Here(context.host)
    ahead = look_ahead(context.folder, reader.head.checkpoint.size, context.host, crew)
    for start, seen in reader.bundles(here.look_at, ahead):
        replay.read_bundle(start, seen)
        size = start + len(seen.kinds)
    replay.close(size)
    if not reader.is_complete:
        for number in _NEED_RECORDS:
            context.findings.unchecked(number, f"Only the first {size} entries could be read.")
    return replay


def _find_reach(letters: tuple[LetterReplay, ...], pages: Pages) -> int | None:
    """Return until when the log tells all that there was, UTC seconds; None if it tells of no time.

    Later than its records only by the word of a site that holds none back, and not past a change of
    state that was due and is not in the log yet.
    """
    reach = 0 if pages.is_waiting else pages.time or 0
    for letter in letters:
        due = None if letter.stage is None else find_due(letter, letter.stage)
        if due is not None and due <= reach:
            reach = due - 1
    return max([reach, *(letter.last_at for letter in letters)]) or None


def _check_letter(
    context: Context,
    letter: LetterReplay,
    pages: Pages,
    unpublished_from: int | None,
    crew: Crew | None,
) -> None:
    names = NameReader(context, letter)
    names.read_all(crew)
    check_overdue(context, letter, pages.time, is_waiting=pages.is_waiting)
    shown = pages.letters.get(letter.letter.letter_id)
    if shown is not None:
        PageComparison(context, letter, shown, names, unpublished_from, pages.time).compare()


def _figures(
    letter: LetterReplay,
    texts: tuple[TextDocument | None, ...],
    timestamps: tuple[TimestampFigures, ...],
) -> LetterFigures:
    state = None if letter.stage is None else letter.stage.state
    return LetterFigures(
        letter_id=letter.letter.letter_id.hex(),
        slug=letter.letter.slug,
        edition=letter.letter.edition,
        title=_title(letter, texts),
        state="draft" if state is None else state.value,
        headcount=letter.headcount,
        timestamps=timestamps,
        **letter.signatures.figures(is_void=state in VOID)._asdict(),
    )


def _as_of(letter: LetterReplay, texts: tuple[TextDocument | None, ...]) -> LetterAsOf:
    return LetterAsOf(
        letter_id=letter.letter.letter_id.hex(),
        slug=letter.letter.slug,
        edition=letter.letter.edition,
        title=_title(letter, texts),
        opened_at=letter.opened_at,
        steps=tuple(letter.steps.found),
        until=letter.steps.until,
    )


def _title(letter: LetterReplay, texts: tuple[TextDocument | None, ...]) -> str:
    return next((text.title for text in texts if text is not None), letter.letter.slug)


def _report(
    head: Head,
    findings: Findings,
    letters: tuple[LetterFigures, ...],
    asked: tuple[LetterAsOf, ...],
    time: int | None,
) -> Report:
    checkpoint = head.checkpoint
    return Report(
        head.origin,
        head.vkey,
        checkpoint.size,
        checkpoint.root,
        findings.close(),
        letters,
        asked,
        time,
    )
