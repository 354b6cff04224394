"""Amending a signature on the terminal: looked up in the log first, so that what is kept is what is there."""

from dataclasses import dataclass, field

import typer

from undersigned.cli import exit_codes, output
from undersigned.cli.held import find_held
from undersigned.cli.http import open_client
from undersigned.cli.letter_summary import format_time
from undersigned.cli.signing import NOBODY
from undersigned.domain.kinds import MOST_AMENDMENTS
from undersigned.domain.letter import Letter, Mode, RollKind
from undersigned.errors import (
    AlreadyWithdrawn,
    ConditionNotOffered,
    FormatError,
    ModeNotOffered,
    NameNotAttested,
    Refused,
    UnknownSignature,
)
from undersigned.signer.amending import Held, amend, key_of
from undersigned.signer.letter_view import LetterHead
from undersigned.signer.receipt import Receipt
from undersigned.signer.trace import Trace, find_trace


@dataclass(frozen=True, slots=True)
class Wish:
    """What a member said is to be different; None was not said, `when` 0 is now."""

    mode: Mode | None
    when: int | None
    statement: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Stand:
    """How a signature is to stand; `kept` is the hash of a name that stays as it is."""

    mode: Mode
    condition: int | None
    statement: str | None = field(repr=False)
    kept: bytes | None


def amend_signature(
    target: str,
    words: str | None,
    wish: Wish,
    site: str | None,
    pinned_vkey: str | None,
    *,
    yes: bool,
) -> None:
    """Amend by a receipt's file, or by a letter's address and the words.

    Raises UnknownSignature, AlreadyWithdrawn, AmendmentOutOfTurn, LetterNotOpen, ModeNotOffered,
    ConditionNotOffered, Refused if nothing would change; Unreachable, VerificationError, FormatError.
    """
    if not yes and not output.is_interactive():
        output.needs("--yes")
    with open_client() as client:
        head, held = find_held(client, target, words, site, pinned_vkey)
        with output.progress("reading the log"):
            trace = find_trace(client, head, key_of(head, held).public_key)
        current = _current(trace, held, wish)
        stand = choose_stand(head.letter, current, _asked(head.letter, current, wish))
        _check_name(head.letter, held, stand)
        _review(head, current, stand, yes=yes)
        promised = amend(
            client,
            head,
            held,
            mode=stand.mode,
            condition=stand.condition,
            statement=stand.statement,
            kept=stand.kept,
        )
    output.facts(
        (
            ("letter", f"{head.letter.slug}@{head.letter.edition}"),
            ("amended in the log by", format_time(promised.promise.by)),
        )
    )
    output.next_step("after that time the page My signature shows how it stands")


def _current(trace: Trace | None, held: Held, wish: Wish) -> Trace | None:
    """Return how a signature stands; one that is not in the log yet is known by its receipt alone.

    Whoever has only words may make it anonymous unseen: then it is None.
    """
    if trace is not None:
        if trace.end is not None:
            raise AlreadyWithdrawn(f"This signature has ended: it was {trace.end}.")
        return trace
    if isinstance(held, Receipt):
        record = held.record
        output.note("the signature is not in the log yet; the amendment waits with it")
        return Trace(None, record.mode, record.condition, record.name, 0, None, 0)
    if wish.mode is Mode.ANONYMOUS:
        return None
    error = UnknownSignature("These words have no signature in the log.")
    error.add_note("if you have signed just now, run the command again after the next epoch")
    raise error


def _asked(letter: Letter, current: Trace | None, wish: Wish) -> Wish:
    """Ask for what is to be different, if nothing was said."""
    if current is None or wish != Wish(None, None, None):
        return wish
    if not output.is_interactive():
        output.needs("--mode, --when or --statement")
    modes = ", ".join(letter.modes)
    mode = Mode(_word(f"how do you want to stand? ({modes})", letter.modes, current.mode))
    if mode is Mode.PUBLIC or not letter.conditions:
        return Wish(mode, None, None)
    numbers = [str(number) for number in letter.conditions]
    default = "now" if current.condition is None else str(current.condition)
    question = f"count me in now, or once so many of us stand? (now, {', '.join(numbers)})"
    answer = _word(question, ["now", *numbers], default)
    return Wish(mode, 0 if answer == "now" else int(answer), None)


def _word(question: str, words: "list[str] | tuple[Mode, ...]", default: str) -> str:
    while True:
        answer = output.ask(question, "--mode", default=default)
        if answer in words:
            return answer
        output.note("please type one of: " + ", ".join(words))


def choose_stand(letter: Letter, current: Trace | None, wish: Wish) -> Stand:
    """Make mode, condition and name whole: what was not said stays, where it can.

    A name stays as it is while its mode does and no other statement is said. Raises ModeNotOffered,
    ConditionNotOffered, FormatError; Refused if nothing would change.
    """
    mode = wish.mode if current is None or wish.mode is not None else current.mode
    if mode not in letter.modes:
        raise ModeNotOffered
    condition = _choose_condition(letter, mode, current, wish)
    if mode is Mode.ANONYMOUS and wish.statement:
        raise FormatError("An anonymous signature has no statement.")
    if mode is not Mode.ANONYMOUS and not _keeps_name(mode, current, wish):
        return Stand(mode, condition, wish.statement or None, None)
    if current is not None and (mode, condition) == (current.mode, current.condition):
        raise Refused("That is how the signature stands already; nothing was sent.")
    kept = None if current is None or mode is Mode.ANONYMOUS else current.name
    return Stand(mode, condition, None, kept)


def _choose_condition(letter: Letter, mode: Mode, current: Trace | None, wish: Wish) -> int | None:
    if mode is Mode.PUBLIC:
        if wish.when:
            raise ConditionNotOffered("A public signature stands at once, without a condition.")
        return None
    if wish.when is None:
        return None if current is None else current.condition
    if wish.when and wish.when not in letter.conditions:
        raise ConditionNotOffered
    return wish.when or None


def _keeps_name(mode: Mode, current: Trace | None, wish: Wish) -> bool:
    return current is not None and mode is current.mode and wish.statement is None


def _check_name(letter: Letter, held: Held, stand: Stand) -> None:
    """Check that a name that is to be written can be. Raises FormatError, NameNotAttested."""
    if stand.mode is Mode.ANONYMOUS or stand.kept is not None:
        return
    if not isinstance(held, Receipt):
        error = FormatError("The words alone change the condition, or make anonymous.")
        error.add_note("a name takes what is in the receipt: give its file in place of the address")
        raise error
    if letter.roll is not RollKind.LIST and held.attestation.name == NOBODY:
        raise NameNotAttested("The receipt holds no name: you signed without one.")


def _review(head: LetterHead, current: Trace | None, stand: Stand, *, yes: bool) -> None:
    """Show what will be different, and ask. Exits with 1 if the member does not want it."""
    if current is not None and current.mode is Mode.PUBLIC and stand.mode is not Mode.PUBLIC:
        output.note(
            "your name was public: who has seen or copied it keeps it, and its document stays"
        )
    if yes:
        return
    letter = head.letter
    name = "as it is" if stand.kept is not None else "written anew, as the receipt has it"
    rows = [
        ("letter", f"{letter.slug}@{letter.edition}"),
        ("how", str(stand.mode)),
        ("counted", "now" if stand.condition is None else f"once {stand.condition} of us stand"),
        ("name", "none" if stand.mode is Mode.ANONYMOUS else name),
    ]
    if stand.kept is None and stand.mode is not Mode.ANONYMOUS:
        rows.append(("statement", stand.statement or "none"))
    if current is not None:
        rows.append(("changes left after this", str(MOST_AMENDMENTS - 1 - current.amended)))
    output.facts(rows, title="your signature from then on")
    if not output.confirm("amend it?"):
        output.note("nothing was changed")
        raise typer.Exit(exit_codes.NO)
