"""Invalidating signatures and erasing names on the terminal: who is meant is shown first."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from undersigned.app.letters import Letters
from undersigned.app.meaning import Criteria, Meant, Selection, select_signatures
from undersigned.app.moderating import erase_name, invalidate
from undersigned.app.names import Signature, get_signature
from undersigned.cli import exit_codes, output
from undersigned.cli.files import read_file
from undersigned.domain.explanation import format_explanation, parse_explanation
from undersigned.domain.letter import State
from undersigned.domain.reasons import EraseReason, InvalidateReason
from undersigned.errors import FormatError, NothingToInvalidate

if TYPE_CHECKING:
    from undersigned.app.site import Site

_LONGEST_FILE = 16 * 1024
"""Bytes: more than any explanation has."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where the public explanation is: said, or in a file."""

    text: str | None
    file: Path | None

    def read(self) -> str:
        """Return it, asking if it was not said. Raises FormatError, StoreError."""
        if self.text is not None and self.file is not None:
            raise FormatError("the explanation is either said with --text or in a --text-file")
        if self.file is not None:
            return parse_explanation(read_file(self.file, _LONGEST_FILE)).strip()
        text = self.text
        if text is None:
            text = output.ask("why, in a sentence that everybody can read", "--text")
        format_explanation(text)
        return text


def invalidate_signatures(
    site: "Site",
    slug: str,
    criteria: Criteria,
    reason: InvalidateReason,
    explanation: Explanation,
    *,
    preview: bool,
    yes: bool,
) -> None:
    """Show who is meant, ask, and invalidate them. Exits with 1 if not all, or nobody, was.

    Raises UnknownLetter, UnknownLeaf, NothingToInvalidate, FormatError, StoreError.
    """
    if not (preview or yes or output.is_interactive()):
        output.needs("--yes")
    why = None if preview or output.is_interactive() else explanation.read()
    letters = Letters(site)
    selection = select_signatures(site, letters, slug, criteria)
    _show(selection)
    if preview:
        return
    why = explanation.read() if why is None else why
    _confirm(f"invalidate {_signatures(len(selection.meant))}, for good?", yes=yes)
    with output.progress_bar("invalidating", len(selection.meant)) as advance:
        done = invalidate(site, letters, selection, reason, why, advance)
    output.facts((("invalidated", str(done.number)), ("reason", reason.value)))
    if done.changed:
        output.note(f"left out, since they have changed meanwhile: {_places(done.changed)}")
    if done.waiting:
        output.note(
            "left out, since a change of their signers waits for its epoch; run the command again"
            f" after that: {_places(done.waiting)}"
        )
    if not done.number:
        raise NothingToInvalidate("Nothing was invalidated.")
    name = f"{selection.letter.slug}@{selection.letter.edition}"
    output.next_step(f"undersigned letter show {name}, and tell those who read the letter why")


def erase_one(site: "Site", slug: str, leaf: int, reason: EraseReason, *, yes: bool) -> None:
    """Show whose name it is, ask, and erase it.

    Raises UnknownLetter, UnknownLeaf, NothingToErase, StoreError.
    """
    if not yes and not output.is_interactive():
        output.needs("--yes")
    letters = Letters(site)
    if not yes:
        _show_one(get_signature(site, letters, slug, leaf))
    _confirm("erase this name, for good? the signature counts on", yes=yes)
    erase_name(site, letters, slug, leaf, reason)
    output.facts((("erased", f"the name at leaf {leaf}"), ("reason", reason.value)))
    output.note("mirrors, search engines and readers may keep what they have seen")
    output.next_step(f"/letters/{slug}/names/{leaf} says that the name was erased")


def _show(selection: Selection) -> None:
    output.table(
        ("leaf", "name", "role", "verified", "statement"),
        [_cells_of(meant) for meant in selection.meant],
    )
    rule = selection.letter.rule
    output.facts(
        (
            ("meant", _signatures(len(selection.meant))),
            ("counted by the rule now", f"{selection.m} of {rule}"),
            ("and without them", f"{selection.m_after} of {rule}"),
        )
    )
    if not selection.falls_below:
        return
    if selection.state is State.REACHED:
        output.note("the letter falls below its rule: it is open again with the next epoch")
    elif selection.state is not State.OPEN:
        output.note("a release is final: the letter stays as it is, and its count says the rest")


def _cells_of(meant: Meant) -> tuple[str, ...]:
    shown, leaf = meant.shown, str(meant.row.leaf_index)
    if shown is None:
        return leaf, "(erased)", "", "", ""
    return leaf, shown.name, shown.role or "", shown.verified, shown.statement or ""


def _show_one(signature: Signature) -> None:
    shown, row = signature.shown, signature.row
    output.facts(
        (
            ("leaf", str(row.leaf_index)),
            ("name", f"({row.mode}, not shown)" if shown is None else shown.name),
            ("role", "none" if shown is None or shown.role is None else shown.role),
        )
    )


def _confirm(question: str, *, yes: bool) -> None:
    if not yes and not output.confirm(question):
        output.note("nothing was changed")
        raise typer.Exit(exit_codes.NO)


def _signatures(number: int) -> str:
    return "1 signature" if number == 1 else f"{number} signatures"


def _places(leaves: Sequence[int]) -> str:
    return ", ".join(str(leaf) for leaf in leaves)
