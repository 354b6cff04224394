"""A letter as its readers see it, from a site's own folder or over the network, in plain text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from undersigned.app.site import Site
from undersigned.cli import output
from undersigned.cli.letter_summary import format_bundle, format_share, format_time
from undersigned.domain.canonical import decode_json
from undersigned.domain.letter import Letter, TextDocument


class Counts(msgspec.Struct, frozen=True):
    """The numbers of a letter, as the site shows them (formats §7)."""

    m: int
    standing: int
    waiting: int
    anonymous: int
    withdrawn: int
    invalidated: int
    erased: int
    headcount: int
    size: int
    at: int


class Notice(msgspec.Struct, frozen=True):
    """A notice of the letter, as the site shows it; `n` is a new headcount."""

    kind: str
    at: int
    n: int | None
    text: str | None


class Stamp(msgspec.Struct, frozen=True):
    """When the letter's record existed, and who says so."""

    at: int
    authority: str


class _LetterAnswer(msgspec.Struct):
    """What a reader needs of the site's answer beside the letter that was verified."""

    state: str
    roll_n: int
    counts: Counts
    notices: tuple[Notice, ...] = ()
    timestamps: tuple[Stamp, ...] = ()


_ANSWER: Final = msgspec.json.Decoder(_LetterAnswer)


@dataclass(frozen=True, slots=True)
class Page:
    """A letter, its texts, its state, the size of its roll, its numbers, and what was told since."""

    letter: Letter
    texts: tuple[TextDocument, ...]
    state: str
    roll_n: int
    counts: Counts
    notices: tuple[Notice, ...]
    timestamps: tuple[Stamp, ...]


def read_page(site: Site, name: str) -> Page:
    """Read a letter of a site's own. Raises UnknownLetter, StoreError."""
    from undersigned.app.letters import Letters
    from undersigned.app.reading import get_page

    page = get_page(site, Letters(site), name)
    numbers = page.numbers
    counts = Counts(
        **msgspec.structs.asdict(numbers.counts),
        headcount=numbers.headcount,
        size=numbers.size,
        at=numbers.at,
    )
    return Page(
        page.letter,
        page.texts,
        page.stage.state.value,
        page.roll_n,
        counts,
        tuple(Notice(each.kind, each.at, each.n, each.text) for each in page.notices),
        tuple(Stamp(each.at, each.authority) for each in page.timestamps),
    )


def fetch_page(url: str) -> Page:
    """Fetch a letter and verify what it says of itself; its numbers are the site's own claim.

    Raises UnknownLetter, Unreachable, FormatError, VerificationError.
    """
    from undersigned.cli.http import open_client
    from undersigned.signer.exchange import fetch
    from undersigned.signer.letter_view import get_letter

    with open_client() as client:
        view = get_letter(client, url)
        answer = decode_json(_ANSWER, fetch(client, view.address).body, "letter")
    return Page(
        view.letter,
        view.texts,
        answer.state,
        answer.roll_n,
        answer.counts,
        answer.notices,
        answer.timestamps,
    )


def print_page(page: Page) -> None:
    """Print a letter: its numbers, then its text."""
    output.facts(_facts_of(page))
    print_text(page.letter, page.texts[0])
    print_notices(page.notices)
    if len(page.texts) > 1:
        output.note("also in: " + ", ".join(text.lang for text in page.texts[1:]))


def _facts_of(page: Page) -> Sequence[tuple[str, str]]:
    letter, counts = page.letter, page.counts
    share = format_share(counts.standing, counts.headcount)
    deadline = "none" if letter.deadline is None else format_time(letter.deadline)
    return (
        ("letter", f"{letter.slug}@{letter.edition}"),
        ("letter id", letter.letter_id.hex()),
        ("state", page.state),
        ("standing", f"{counts.standing} of {counts.headcount} ({share})"),
        ("of which anonymous", str(counts.anonymous)),
        ("waiting for others", str(counts.waiting)),
        ("counted by the rule", f"{counts.m} of {letter.rule}"),
        ("withdrawn", str(counts.withdrawn)),
        ("invalidated", str(counts.invalidated)),
        ("erased", str(counts.erased)),
        ("on the roll", str(page.roll_n)),
        ("headcount as of", _day_of(page)),
        ("numbers of", f"{format_time(counts.at)}, log size {counts.size}"),
        ("deadline", deadline),
        ("closes", format_time(letter.closes)),
        ("ways to sign", ", ".join(letter.modes)),
        ("conditions", ", ".join(str(number) for number in letter.conditions) or "none"),
        ("script", format_bundle(letter)),
        *(
            ("text existed", f"{format_time(stamp.at)}, says {stamp.authority}")
            for stamp in page.timestamps
        ),
    )


def _day_of(page: Page) -> str:
    """Say of when the headcount is: of the letter, or of the newest notice that has one."""
    for notice in page.notices:
        if notice.n is not None:
            return f"{format_time(notice.at)}, by a notice"
    return page.letter.headcount_as_of


def print_notices(notices: Sequence[Notice]) -> None:
    """Print what was told since the letter was opened, the newest first."""
    for notice in notices:
        title = notice.kind if notice.n is None else f"{notice.kind}: {notice.n}"
        words = "(the words were taken down)" if notice.text is None else notice.text.strip()
        output.say(f"{format_time(notice.at)}, {title}\n\n{words}\n")


def print_text(letter: Letter, text: TextDocument) -> None:
    """Print what is asked for, of whom, and what follows otherwise."""
    lines = ["", text.title, "", f"To: {'; '.join(text.addressees)}", "", text.text.strip(), ""]
    lines += [f"{number}. {demand.text}" for number, demand in enumerate(text.demands, 1)]
    if letter.deadline is not None:
        lines += ["", f"By {format_time(letter.deadline)}."]
    lines += ["", text.consequence.strip(), ""]
    output.say("\n".join(lines))
