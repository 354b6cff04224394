"""`undersigned letter`: a new letter file, its check, its opening, and a letter as readers see it."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from undersigned.cli import exit_codes, moderation, output
from undersigned.cli.options import Data, Origin, SiteUrl, Yes

if TYPE_CHECKING:
    from undersigned.domain.letter import Letter
    from undersigned.domain.proposal import Party

app = typer.Typer(
    rich_markup_mode=None,
    help="Write, check, propose, open and show letters; strike what is false.",
)


class NoticeWord(StrEnum):
    """The kinds of notices that are words."""

    HEADCOUNT = "headcount"
    NEWS = "news"
    CORRECTION = "correction"


FIXED = "what opening this letter fixes, for good"

LetterFile = Annotated[Path, typer.Argument(metavar="FILE", help="The letter file (TOML).")]


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder for the letter's files.")],
) -> None:
    """Write a letter file, a text and an example of a roll, to be edited."""
    import datetime as dt

    from undersigned.cli.letter_template import write_template

    letter = write_template(folder, dt.datetime.now().astimezone())
    output.say(str(letter))
    output.next_step(f"edit the files in {folder}, then: undersigned letter check {letter}")


@app.command()
def check(file: LetterFile) -> None:
    """Say what opening would fix, and all problems."""
    import time

    from undersigned.app.letter_file import read_draft
    from undersigned.cli.letter_summary import passed_times, summary_of
    from undersigned.cli.letter_template import find_placeholders
    from undersigned.cli.settings import signs_on

    draft = read_draft(file, signs_on=signs_on())
    output.facts(summary_of(draft), title=FIXED)
    for sentence in (*passed_times(draft, int(time.time())), *find_placeholders(draft)):
        output.note(sentence)
    # A later edition has the roll of the one before it.
    roll = "import its roll, then: " if draft.edition == 1 and draft.issuer is None else ""
    step = "propose" if draft.needs_others else "open"
    output.next_step(f"{roll}undersigned letter {step} {file}")


@app.command()
def propose(
    file: LetterFile, data: Data = None, origin: Origin = None, site: SiteUrl = None
) -> None:
    """Fix a letter with trustees or an issuer elsewhere, for them to acknowledge."""
    from undersigned.app.letter_file import read_draft
    from undersigned.app.proposing import propose_letter
    from undersigned.cli.letter_summary import summary_of
    from undersigned.cli.settings import data_folder, signs_on
    from undersigned.cli.site_folder import site_in
    from undersigned.web.static_files import find_bundle

    draft = read_draft(file, signs_on=signs_on())
    with site_in(data_folder(data), f"letter propose {file}", origin) as opened:
        proposal = propose_letter(opened, draft, find_bundle())
        base = (site or f"https://{opened.host}").rstrip("/")
    output.facts(summary_of(draft), title=FIXED)
    output.facts(
        (
            ("letter id", proposal.letter_id.hex()),
            ("proposal", f"{base}/proposals/{proposal.letter_id.hex()}"),
            (
                "awaited",
                ", ".join(_party(by, proposal.letter) for by in proposal.awaited) or "nobody",
            ),
        )
    )
    if proposal.awaited:
        output.next_step("send that address to those who are awaited; the site has to be served")
    output.next_step(f"when all have acknowledged: undersigned letter open {file}")


def _party(by: "Party", letter: "Letter") -> str:
    return "the issuer" if by == "issuer" else f"trustee {by} ({letter.trustees[by - 1].name})"


@app.command("open")
def open_(file: LetterFile, data: Data = None, origin: Origin = None, yes: Yes = False) -> None:
    """Open the letter, for good."""
    from undersigned.app.drafting import open_letter
    from undersigned.app.letter_file import read_draft
    from undersigned.cli.letter_summary import format_bundle, passed_times, summary_of
    from undersigned.cli.letter_template import find_placeholders
    from undersigned.cli.settings import data_folder, signs_on
    from undersigned.cli.site_folder import site_in
    from undersigned.web.static_files import find_bundle

    draft = read_draft(file, signs_on=signs_on())
    if not yes and not output.is_interactive():
        output.needs("--yes")
    folder = data_folder(data)
    with site_in(folder, f"letter open {file}", origin) as site:
        for sentence in (*passed_times(draft, site.clock.now()), *find_placeholders(draft)):
            output.note(sentence)
        if not yes:
            output.facts(summary_of(draft), title=FIXED)
            if not output.confirm("open it now?"):
                output.note("nothing was changed")
                raise typer.Exit(exit_codes.NO)
        letter = open_letter(site, draft, find_bundle())
        if letter.bundle is None:
            output.note("the signing page's script is not built; the letter logs no hash of it")
        output.facts(
            (
                ("letter", f"{letter.slug}@{letter.edition}"),
                ("letter id", letter.letter_id.hex()),
                ("script", format_bundle(letter)),
                ("log", site.origin),
            )
        )
    output.next_step(f"undersigned serve --data {folder}, if it is not served already")


@app.command()
def notice(
    letter: Annotated[
        str, typer.Argument(metavar="SLUG", help="A letter of this site: slug or slug@edition.")
    ],
    kind: Annotated[
        NoticeWord, typer.Option("--kind", help="What it is about: headcount, news or correction.")
    ],
    text: Annotated[
        Path, typer.Option("--text", metavar="FILE", help="What readers are told, as plain text.")
    ],
    n: Annotated[
        int | None,
        typer.Option("--n", metavar="N", min=1, help="The new headcount, with --kind headcount."),
    ] = None,
    data: Data = None,
    yes: Yes = False,
) -> None:
    """Tell readers something, for good: a new headcount, news or a correction."""
    from undersigned.app.letters import Letters
    from undersigned.app.noticing import post_notice
    from undersigned.cli.files import read_file
    from undersigned.cli.letter_summary import format_time
    from undersigned.cli.settings import data_folder
    from undersigned.cli.site_folder import site_in
    from undersigned.domain.canonical import LONGEST_DOCUMENT
    from undersigned.domain.notice import clean_notice
    from undersigned.domain.record import NoticeKind

    words = clean_notice(read_file(text, LONGEST_DOCUMENT))
    if not yes and not output.is_interactive():
        output.needs("--yes")
    with site_in(data_folder(data)) as site:
        if not yes and not output.confirm(f"post this notice to {letter} now, for good?"):
            output.note("nothing was changed")
            raise typer.Exit(exit_codes.NO)
        record = post_notice(site, Letters(site), letter, NoticeKind(kind.value), words, n)
    headcount = () if record.n is None else (("headcount", str(record.n)),)
    output.facts(
        (
            ("notice", record.kind.value),
            *headcount,
            ("posted", format_time(record.at)),
            ("document", record.document.hex()),
        )
    )
    output.next_step(f"undersigned letter show {letter}")


@app.command()
def show(
    letter: Annotated[
        str,
        typer.Argument(metavar="SLUG|URL", help="A letter of this site, or the address of any."),
    ],
    data: Data = None,
) -> None:
    """Print a letter, its state and its counts."""
    from undersigned.cli.letter_page import fetch_page, print_page, read_page
    from undersigned.cli.settings import data_folder
    from undersigned.cli.site_folder import site_in

    if "://" in letter:
        page = fetch_page(letter)
        print_page(page)
        output.next_step(
            f"undersigned sign {letter}, or check the count: undersigned verify {letter}"
        )
        return
    folder = data_folder(data)
    with site_in(folder) as site:
        print_page(read_page(site, letter))
    output.next_step(f"undersigned serve --data {folder} shows it to everybody")


app.command()(moderation.invalidate)
app.command()(moderation.erase)
