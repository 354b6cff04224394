"""`undersigned trustee open`: a trustee's part in a wave, told while it is done, and what came of it."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from undersigned.cli import exit_codes, output

if TYPE_CHECKING:
    from undersigned.crypto.keys import TrusteeKey
    from undersigned.domain.letter import Letter
    from undersigned.trustee.taking_part import Round
    from undersigned.trustee.visiting import Visit
    from undersigned.trustee.waiting import Knowledge

POLL_S: Final = 5.0
"""Seconds between two rounds of somebody who waits for the others."""


@dataclass(frozen=True, slots=True)
class Part:
    """What a trustee said: the letter, the key's file, and what is known from elsewhere."""

    url: str
    key_file: Path
    pinned_vkey: str | None
    policy: Path | None
    state: Path | None
    into: Path | None
    wait_s: int


def open_names(part: Part, load: Callable[[], "TrusteeKey"]) -> int:
    """Do a trustee's part, again and again for as long as it may wait; return the exit code."""
    from undersigned.cli.http import open_client
    from undersigned.signer.letter_view import API, get_letter
    from undersigned.trustee.acking import find_number
    from undersigned.trustee.visiting import Visit

    key = load()
    end = time.monotonic() + part.wait_s
    with open_client() as client, _folder(part.into) as folder:
        view = get_letter(client, part.url, pinned_vkey=part.pinned_vkey)
        number = find_number(view.letter, key)
        visit = Visit(client, view.base.removesuffix(API), view.letter, key, number)
        state = part.state or part.key_file.with_name(
            f"{part.key_file.name}.{view.site.origin.partition('/')[0]}.state"
        )
        output.note(f"you are trustee {number} of {len(view.letter.trustees)}")
        told: set[str] = set()
        was_due = False
        while True:
            done = _round(visit, folder, part, state)
            _tell(view.letter, done, told)
            if _is_over(done, was_due=was_due) or time.monotonic() >= end:
                return _conclude(view.letter, done, part)
            was_due = was_due or done.wave is not None
            time.sleep(0 if done.is_overtaken else min(POLL_S, max(0.0, end - time.monotonic())))


@contextmanager
def _folder(into: Path | None) -> Iterator[Path]:
    if into is not None:
        into.mkdir(parents=True, exist_ok=True)
        yield into
        return
    with tempfile.TemporaryDirectory(prefix="undersigned-") as temporary:
        yield Path(temporary)


def _round(visit: "Visit", folder: Path, part: Part, state: Path) -> "Round":
    from undersigned.trustee.taking_part import take_part
    from undersigned.verify.state import keep_state, load_state

    known = _knowledge(part)
    with output.progress("your turn") as step:
        done = take_part(visit, folder, replace(known, state=load_state(state)), step)
        if done.is_overtaken:
            done = take_part(visit, folder, replace(known, state=load_state(state)), step)
    keep_state(state, done.log.state)
    return done


def _knowledge(part: Part) -> "Knowledge":
    from undersigned.cli.files import read_policy
    from undersigned.trustee.waiting import Knowledge

    return Knowledge(part.pinned_vkey, read_policy(part.policy), None, int(time.time()))


def _is_over(done: "Round", *, was_due: bool) -> bool:
    """Say whether there is nothing to wait for: the wave is open, or there will be none."""
    from undersigned.domain.stage import ENDED

    return done.opening is not None or (done.wave is None and (was_due or done.state in ENDED))


def _tell(letter: "Letter", done: "Round", told: set[str]) -> None:
    """Say what the trustees should know of one another, each thing once."""
    lines = [
        f"trustee {trustee} ({letter.trustees[trustee - 1].name}) sent a share of leaf {leaf} that is "
        "not the signer's; tell the others"
        for trustee, leaf in done.altered
    ]
    lines += [
        f"the share file of trustee {trustee} ({letter.trustees[trustee - 1].name}) cannot be read"
        for trustee in done.unreadable
    ]
    for line in lines:
        if line not in told:
            told.add(line)
            output.note(line)


def _conclude(letter: "Letter", done: "Round", part: Part) -> int:
    state = "unknown" if done.state is None else done.state.value
    if done.wave is None:
        output.facts((("letter", f"{letter.slug}@{letter.edition}"), ("state", state)))
        output.note("no names of this letter wait to be opened")
        return exit_codes.DONE if state in ("released", "closed") else exit_codes.NO
    rows = [("letter", f"{letter.slug}@{letter.edition}"), ("wave", str(done.wave))]
    if done.is_overtaken:
        output.facts(rows)
        output.note("the log went on, or the site keeps back a sealed name: run the command again")
        return exit_codes.NO
    if done.opening is not None:
        record, holds = done.opening.record, done.opening.holds
        rows += [
            ("opened", str(record.opened)),
            ("struck as unopenable", str(record.bad)),
            ("the rule", "holds" if holds else "does not hold: the letter is open again"),
        ]
        output.facts(rows)
        if not done.is_first:
            output.note("the same opening was in the log already")
        output.next_step(f"undersigned verify {part.url} checks the whole count")
        return exit_codes.DONE
    names = [f"{i} {letter.trustees[i - 1].name}" for i in done.awaited]
    there = len(letter.trustees) - len(done.awaited)
    rows += [("share files", f"{there}, needed {letter.quorum}"), ("awaited", "; ".join(names))]
    output.facts(rows)
    if done.open_leaves:
        leaves = ", ".join(map(str, done.open_leaves[:10]))
        output.note(
            f"further trustees are needed for {len(done.open_leaves)} names (leaves {leaves})"
        )
    output.note("your part is done; the names open when enough of the others have done theirs")
    output.next_step("the same command again, at any time, or with --wait SECONDS")
    return exit_codes.DONE
