"""`undersigned check`: whether what somebody said of a count is true, by the log and nothing else."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from undersigned.cli import output
from undersigned.cli.options import Key, PolicyFile

if TYPE_CHECKING:
    from undersigned.domain.as_of import AsOf
    from undersigned.verify.judging import Verdict

_PAGE: Final = re.compile(r"/letters/([^/?#]+)(?:/at/([0-9]{1,16}))?")
"""The page of a letter in an address, and that of a letter as of a size."""


def check(
    claim: Annotated[
        str,
        typer.Argument(
            metavar="CLAIM", help="'650 of 770', '<500', '>=700', '~650', '700+' or '72%'."
        ),
    ],
    target: Annotated[
        str,
        typer.Argument(
            metavar="DIR|URL", help="A mirror, or the address of a letter: it is mirrored first."
        ),
    ],
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar="WHEN",
            help="A time as in 2023-11-20T16:12Z, or the size of a tree [default: that of the address,"
            " or the newest].",
        ),
    ] = None,
    letter: Annotated[
        str | None,
        typer.Option(
            "--letter",
            metavar="NAME",
            help="Which letter [default: that of the address, or the only one].",
        ),
    ] = None,
    key: Key = None,
    policy: PolicyFile = None,
    into: Annotated[
        Path | None,
        typer.Option("--into", metavar="DIR", help="With a URL: keep the mirror in this folder."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Say whether a claim about a count is true. Exit code 0: true, 1: false, 2: unprovable."""
    from undersigned.app.letter_name import parse_letter_name
    from undersigned.cli.checking import knows_log, mirrored, note_unknown_log, verify_folder
    from undersigned.cli.files import read_policy
    from undersigned.domain.as_of import AtSize, parse_as_of
    from undersigned.domain.canonical import GREATEST
    from undersigned.domain.claim import parse_claim
    from undersigned.verify.judging import judge_claim

    asked = parse_claim(claim)
    page = _PAGE.search(target) if "://" in target else None
    when: str | None = page[2] if page and at is None else at
    as_of = None if when is None else parse_as_of(when)
    name: str | None = page[1] if page and letter is None else letter
    slug, edition = (None, None) if name is None else parse_letter_name(name)
    trusted = read_policy(policy)

    with mirrored(target, into) as folder:
        report = verify_folder(folder, key=key, policy=trusted, as_of=as_of or AtSize(GREATEST))
    newest = AtSize(report.size or 0)
    verdict = judge_claim(report, asked, as_of or newest, slug, edition)
    _print(verdict, as_of, json=json)
    if not knows_log(key, trusted):
        note_unknown_log()
    raise typer.Exit(verdict.exit_code)


def _print(verdict: "Verdict", as_of: "AsOf | None", *, json: bool) -> None:
    import json as writer

    if json:
        output.say(writer.dumps(verdict.to_json(), ensure_ascii=False, indent=2))
    else:
        output.facts([(name, value) for name, value in _rows(verdict, as_of) if value])
    if verdict.reason is not None:
        output.problem(f"unprovable: {verdict.reason}")
    if verdict.report.check(12).status == "false":
        output.note("the site shows other numbers or names than its own log gives: see verify")


def _rows(verdict: "Verdict", as_of: "AsOf | None") -> list[tuple[str, str]]:
    from undersigned.cli.checking import log_rows
    from undersigned.cli.letter_summary import format_share
    from undersigned.domain.as_of import AtSize, AtTime, format_time
    from undersigned.domain.claim import format_claim

    rows = [("answer", verdict.truth.value), ("claim", format_claim(verdict.claim))]
    match as_of:
        case AtTime(at):
            rows.append(("asked for", format_time(at)))
        case AtSize(size):
            rows.append(("asked for", f"the first {size} entries"))
        case None:
            rows.append(("asked for", "the newest"))
    letter, step, report = verdict.letter, verdict.step, verdict.report
    if letter is not None:
        rows.append(("letter", f"{letter.slug}@{letter.edition}: {letter.title}"))
    if letter is not None and step is not None:
        share = format_share(step.standing, step.headcount)
        rows += [
            ("standing", f"{step.standing} of {step.headcount} ({share})"),
            ("waiting for others", str(step.waiting)),
            ("since", f"{format_time(step.at)}, epoch {step.epochs}, entries {step.size}"),
            ("until", "" if letter.until is None else format_time(letter.until)),
        ]
    return rows + log_rows(report)
