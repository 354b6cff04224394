"""`undersigned mirror` and `undersigned verify`: check a count without trusting the site."""

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from undersigned.cli import exit_codes, output
from undersigned.cli.options import Key, PolicyFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from undersigned.crypto.timestamp import Roots
    from undersigned.domain.as_of import AsOf
    from undersigned.mirror import MirrorSummary
    from undersigned.tlog.policy import Policy
    from undersigned.verify import LetterFigures, Report, State


def mirror(
    url: Annotated[str, typer.Argument(metavar="URL", help="The site, or any page of it.")],
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A new folder, or an older mirror.")
    ],
) -> None:
    """Copy a site into a folder: its log, its documents, what it shows."""
    summary = make_mirror(url, folder)
    output.facts(
        (
            ("mirror", str(folder)),
            ("entries", str(summary.size)),
            ("letters", str(summary.letters)),
            ("documents", str(summary.documents)),
        )
    )
    output.next_step(f"undersigned verify {folder}")


def verify(
    target: Annotated[
        str, typer.Argument(metavar="DIR|URL", help="A mirror; an address is mirrored first.")
    ],
    key: Key = None,
    policy: PolicyFile = None,
    state: Annotated[
        Path | None,
        typer.Option(
            "--state", metavar="FILE", help="Where the last tree seen is kept, to be compared with."
        ),
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option("--into", metavar="DIR", help="With a URL: keep the mirror in this folder."),
    ] = None,
    timestamp_roots: Annotated[
        Path | None,
        typer.Option(
            "--timestamp-roots",
            metavar="FILE",
            help="Certificates (PEM) that timestamps have to lead to.",
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            metavar="N",
            min=1,
            max=256,
            help="Processes that verify [default: as many as cores, where the log is large].",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Recompute every count. Exit code 0: all holds, 1: something is false, 2: it could not be checked."""
    from undersigned.cli.files import read_policy, read_roots

    asked = _Asked(key, read_policy(policy), state, read_roots(timestamp_roots), jobs, json)
    with mirrored(target, into) as folder:
        raise typer.Exit(_verify(folder, asked))


@contextmanager
def mirrored(target: str, into: Path | None) -> "Iterator[Path]":
    """Give the folder of a mirror: the one that is named, or one made of a site, in `into` to stay."""
    import tempfile

    if "://" not in target:
        if into is not None:
            output.note("--into is for addresses; the mirror stays where it is")
        yield Path(target)
    elif into is not None:
        make_mirror(target, into)
        yield into
    else:
        with tempfile.TemporaryDirectory(prefix="undersigned-") as temporary:
            make_mirror(target, Path(temporary))
            yield Path(temporary)


def make_mirror(url: str, folder: Path) -> "MirrorSummary":
    """Mirror a site into a folder, and say what a reader should know of it."""
    from undersigned.mirror import mirror_site

    with output.progress(f"mirroring {url}") as step:
        summary = mirror_site(
            url, folder, on_progress=lambda done, of: step(f"{done} of {of} files")
        )
    for warning in summary.warnings:
        output.note(warning)
    if summary.missing:
        output.note(f"{summary.missing} documents are named by the log and not served any more")
    return summary


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a verification is held against, and how it is printed."""

    key: str | None
    policy: "Policy | None"
    state: Path | None
    roots: "Roots"
    jobs: int | None
    json: bool

    @property
    def knows_log(self) -> bool:
        """Say whether the log's key is known from elsewhere."""
        return knows_log(self.key, self.policy)


def knows_log(key: str | None, policy: "Policy | None") -> bool:
    """Say whether the log's key is known from elsewhere than the mirror."""
    return key is not None or (policy is not None and bool(policy.logs))


def log_rows(report: "Report") -> "list[tuple[str, str]]":
    """Return which log a report is of, and which of its trees; nothing where that was not found out."""
    if report.root is None:
        return []
    return [
        ("log", report.origin or ""),
        ("key", report.vkey or ""),
        ("tree", f"size {report.size}, root {report.root.hex()}"),
    ]


def note_unknown_log() -> None:
    """Say that nobody else's word stands behind the key."""
    output.note("the log's key is the mirror's own; --key compares it with another's")


def _verify(folder: Path, asked: _Asked) -> int:
    from undersigned.verify import load_state, save_state

    state = asked.state
    report = verify_folder(
        folder,
        key=asked.key,
        policy=asked.policy,
        state=None if state is None else load_state(state),
        roots=asked.roots,
        jobs=asked.jobs,
    )
    _print(report, json=asked.json)
    if state is not None and not save_state(state, report):
        output.note(f"{state} was left as it was: not all holds")
    _conclude(report, asked)
    return report.exit_code


def verify_folder(
    folder: Path,
    *,
    key: str | None = None,
    policy: "Policy | None" = None,
    state: "State | None" = None,
    roots: "Roots" = (),
    as_of: "AsOf | None" = None,
    jobs: int | None = None,
) -> "Report":
    """Verify a mirrored folder by this machine's clock. Raises StoreError if there is none.

    A large log is verified by `jobs` processes, by default as many as there are cores.
    """
    import os
    import time

    from undersigned.errors import StoreError
    from undersigned.verify import Crew, verify_mirror

    if not folder.is_dir():
        raise StoreError(f"{folder} is not a folder")
    crew = Crew(os.cpu_count() or 1) if jobs is None else Crew(jobs, least_entries=0)
    with crew, output.progress("verifying") as step:
        return verify_mirror(
            folder,
            pinned_vkey=key,
            policy=policy,
            state=state,
            now=int(time.time()),
            timestamp_roots=roots,
            as_of=as_of,
            on_progress=lambda read, of: step(f"{read} of {of} entries"),
            crew=crew,
        )


def _print(report: "Report", *, json: bool) -> None:
    from undersigned.verify import format_report

    if json:
        output.say(format_report(report).rstrip("\n"))
        return
    if rows := log_rows(report):
        output.facts(rows)
    for check in report.checks:
        output.say(f"{check.number:2}. {check.status.value + ':':10} {check.title}")
        for sentence in check.evidence:
            output.say(f"    - {sentence}")
    for letter in report.letters:
        output.facts(
            (
                ("letter", f"{letter.slug}@{letter.edition}: {letter.title}"),
                ("letter id", letter.letter_id),
                ("state", letter.state),
                ("standing", f"{letter.standing} of {letter.headcount}"),
                ("of which anonymous", str(letter.anonymous)),
                ("waiting for others", str(letter.waiting)),
                ("counted by the rule", str(letter.m)),
                ("withdrawn", str(letter.withdrawn)),
                ("invalidated", str(letter.invalidated)),
                ("erased", str(letter.erased)),
                *_existed(letter),
            )
        )


def _existed(letter: "LetterFigures") -> "Iterator[tuple[str, str]]":
    """Give who says outside that this letter existed, and when; of trees only the newest."""
    from undersigned.verify.timestamps import format_moment

    newest = max((stamp.leaf for stamp in letter.timestamps if stamp.size is not None), default=-1)
    for stamp in letter.timestamps:
        what = (
            "this text existed" if stamp.size is None else f"the first {stamp.size} entries existed"
        )
        if stamp.size is None or stamp.leaf == newest:
            chain = "" if stamp.chain else " (whose certificate it is was not checked)"
            yield what, f"{format_moment(stamp.at)}, says {stamp.authority}{chain}"


def _conclude(report: "Report", asked: _Asked) -> None:
    state = asked.state
    match report.exit_code:
        case exit_codes.DONE:
            if not asked.knows_log:
                note_unknown_log()
            if state is None:
                output.next_step(
                    "--state FILE remembers this tree, so that a later one is compared"
                )
            else:
                output.next_step(f"the same command again, any day: {state} remembers this tree")
        case exit_codes.NO:
            numbers = ", ".join(str(number) for number in report.false_numbers)
            output.problem(
                f"false: {numbers}", "keep this mirror: it is the evidence, and show it to others"
            )
        case _:
            output.problem(
                "not everything could be checked", "mirror the site again, then verify again"
            )
