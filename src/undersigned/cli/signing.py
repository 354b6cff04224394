"""One member signs one letter on the terminal, from the text to the receipt.

The order is that of `signer.attempt`: words first, then membership, then the record. Each step is in the
attempt file before the next request leaves; the same command goes on where it was interrupted.
"""

import dataclasses
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from undersigned.cli import output
from undersigned.cli.crowd import check_words, conclude_token, normal_words, tell_crowd
from undersigned.cli.files import check_new, save_secret
from undersigned.cli.http import open_client
from undersigned.cli.letter_page import print_text
from undersigned.cli.letter_summary import format_time
from undersigned.cli.proving_membership import Means, prove
from undersigned.domain.letter import Letter, Mode, RollKind
from undersigned.domain.name import initials
from undersigned.errors import (
    ConditionNotOffered,
    ModeNotOffered,
    ProofPending,
    Refused,
    StoreError,
    Unreachable,
)
from undersigned.signer.attempt import Attempt
from undersigned.signer.attempt_state import Blinded, Chosen, Held
from undersigned.signer.enrolment import ShownAs
from undersigned.signer.letter_view import API, LetterView, get_letter
from undersigned.signer.receipt import Receipt, format_receipt
from undersigned.signer.receipt_report import verify_receipt
from undersigned.signer.signing import enrol, sign, wait_for_proof

NOBODY: Final = "anonymous"
"""What a roll without names is told for a signature that shows none: the issuer learns no name."""

MEANING: Final = {
    Mode.PUBLIC: "your name is shown at once",
    Mode.SEALED: "your name is encrypted, and opened with the others when the rule is met",
    Mode.ANONYMOUS: "you are counted, and no name is ever shown",
}


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a member said on the command line; None was not said."""

    url: str
    mode: Mode | None
    when: int | None
    invite: str | None = dataclasses.field(repr=False)
    email: str | None = dataclasses.field(repr=False)
    openid: bool
    initials: bool | None
    name: str | None = dataclasses.field(repr=False)
    role: str | None = dataclasses.field(repr=False)
    no_role: bool
    statement: str | None = dataclasses.field(repr=False)
    receipt: Path | None
    words: str | None = dataclasses.field(repr=False)
    token_only: bool
    attempt: Path | None
    wait_s: int
    pinned_vkey: str | None
    yes: bool


class Stand(NamedTuple):
    """How a member wants to stand: openly or not, from how many on, with which words."""

    mode: Mode
    condition: int | None
    statement: str | None


def sign_letter(wishes: Wishes) -> None:
    """Sign a letter, asking for what was not said, and write the receipt.

    Raises Refused, Unreachable, VerificationError, StoreError, FormatError; after any of them the same
    command goes on where it stopped.
    """
    if not wishes.yes and not output.is_interactive():
        output.needs("--yes")
    with open_client() as client:
        view = get_letter(client, wishes.url, pinned_vkey=wishes.pinned_vkey)
    stem = f"{view.letter.slug}-{view.letter.edition}"
    path = wishes.receipt or Path(f"{stem}.receipt.json")
    check_new(path, "a receipt")
    attempt_path = wishes.attempt or Path(f"{stem}.attempt")
    check_words(view.letter, attempt_path, wishes.words)
    try:
        attempt = _prepare(view, attempt_path, wishes)
        if wishes.token_only:
            conclude_token(attempt, attempt_path, wishes.url)
            return
        # Another connection than the one that got the token: together they would name the signature.
        with open_client() as client:
            receipt = sign(
                client, attempt, keep=lambda kept: save_secret(path, format_receipt(kept))
            )
    except Unreachable as error:
        error.add_note(f"run the same command again: {attempt_path} holds what was begun")
        raise
    _conclude(view, receipt, path, wishes.wait_s)


def _prepare(view: LetterView, path: Path, wishes: Wishes) -> Attempt:
    """Go on with the attempt in a file, or begin one, until its record can be sent."""
    attempt = _find_attempt(view, path)
    if attempt is not None and isinstance(attempt.state, Chosen):
        return attempt
    if output.is_interactive():
        print_text(view.letter, view.texts[0])
    stand = None if wishes.token_only else _choose_stand(view.letter, wishes)
    if attempt is None:
        check_new(path, "an attempt")
        attempt = Attempt.start(view, path, words=normal_words(wishes.words))
    mode = wishes.mode if stand is None else stand.mode
    _get_token(view, attempt, wishes, mode)
    with open_client() as client:
        tell_crowd(client, view, mode)
    if stand is None:
        return attempt
    _review(view.letter, attempt, wishes, stand)
    attempt.choose(stand.mode, stand.condition, stand.statement)
    return attempt


def _find_attempt(view: LetterView, path: Path) -> Attempt | None:
    """Return the attempt in a file. Raises StoreError if it is one for another letter."""
    if not path.exists():
        return None
    attempt = Attempt.resume(path)
    if attempt.head.letter.letter_id != view.letter.letter_id:
        raise StoreError(f"{path} holds an attempt to sign another letter")
    output.note(f"going on with {path}")
    return attempt


# --- how to stand


def _choose_stand(letter: Letter, wishes: Wishes) -> Stand:
    mode = _choose_mode(letter, wishes)
    condition = _choose_condition(letter, wishes, mode)
    return Stand(mode, condition, _choose_statement(wishes, mode))


def _choose_mode(letter: Letter, wishes: Wishes) -> Mode:
    if wishes.mode is not None:
        if wishes.mode not in letter.modes:
            raise ModeNotOffered
        return wishes.mode
    if len(letter.modes) == 1:
        return letter.modes[0]
    if output.is_interactive():
        for mode in letter.modes:
            output.say(f"{mode}: {MEANING[mode]}")
    return Mode(output.choose("how do you want to sign?", letter.modes, "--mode"))


def _choose_condition(letter: Letter, wishes: Wishes, mode: Mode) -> int | None:
    if mode is Mode.PUBLIC:
        if wishes.when:
            raise ConditionNotOffered("A public signature stands at once, without a condition.")
        return None
    if wishes.when is not None:
        if wishes.when and wishes.when not in letter.conditions:
            raise ConditionNotOffered
        return wishes.when or None
    if not letter.conditions or not output.is_interactive():
        return None
    numbers = [str(number) for number in letter.conditions]
    answer = output.choose(
        "count me in now, or once so many of us stand?", ["now", *numbers], "--when"
    )
    return None if answer == "now" else int(answer)


def _choose_statement(wishes: Wishes, mode: Mode) -> str | None:
    if wishes.statement is not None or mode is Mode.ANONYMOUS or not output.is_interactive():
        return wishes.statement or None
    return (
        output.ask("a statement beside your name (empty: none)", "--statement", default="") or None
    )


# --- membership


def _get_token(view: LetterView, attempt: Attempt, wishes: Wishes, mode: Mode | None) -> None:
    if not isinstance(attempt.state, Blinded):
        return
    is_said = wishes.invite is not None or wishes.email is not None
    with open_client() as client:
        if attempt.state.asked is not None and not is_said:
            # The answer was lost: the same request brings the same token.
            enrol(client, attempt)
            return
        _confirm_words(attempt, wishes)
        shown_as = _choose_shown(view.letter, wishes, mode)
        means = Means(wishes.invite, wishes.email, wishes.openid)
        prove(client, view, attempt, means, shown_as)


def _confirm_words(attempt: Attempt, wishes: Wishes) -> None:
    """Show the twelve words and ask for two of them: whoever has only read them has not kept them."""
    if wishes.yes or wishes.words is not None or not output.is_interactive():
        return
    words = attempt.words.split()
    output.say("these 12 words withdraw or change your signature; write them down, on paper:")
    output.say()
    for row in range(0, len(words), 4):
        numbered = enumerate(words[row : row + 4], row + 1)
        output.say("  ".join(f"{number:2}. {word:10}" for number, word in numbered))
    output.say()
    for place in sorted(secrets.SystemRandom().sample(range(len(words)), 2)):
        while output.ask(f"word {place + 1}", "--yes").lower() != words[place]:
            output.note("that is another word")


def _choose_shown(letter: Letter, wishes: Wishes, mode: Mode | None) -> ShownAs | None:
    """Return how the member is to be shown; None is the roll's full name and role."""
    if mode is Mode.ANONYMOUS:
        return None if letter.roll is RollKind.LIST else ShownAs(NOBODY, None)
    by_initials = _wants_initials(wishes)
    if letter.roll is RollKind.LIST and not by_initials:
        return ShownAs(None, None) if wishes.no_role else None
    name = wishes.name or output.ask("your name" + _as_the_roll(letter), "--name")
    role = None if wishes.no_role else wishes.role
    if role is None and not wishes.no_role and output.is_interactive():
        question = f"your role{_as_the_roll(letter)} (empty: none)"
        role = output.ask(question, "--role", default="") or None
    return ShownAs(initials(name) if by_initials else name, role)


def _wants_initials(wishes: Wishes) -> bool:
    if wishes.initials is None and output.is_interactive() and not wishes.yes:
        return (
            output.choose("show your full name or initials?", ("full", "initials"), "--as")
            != "full"
        )
    return bool(wishes.initials)


def _as_the_roll(letter: Letter) -> str:
    return ", as the roll has it" if letter.roll is RollKind.LIST else ", as it is to be shown"


# --- the last look, and the receipt


def _review(letter: Letter, attempt: Attempt, wishes: Wishes, stand: Stand) -> None:
    """Show what is about to be signed, and ask. Exits with 1 if the member does not want it."""
    if wishes.yes:
        return
    rows = [
        ("letter", f"{letter.slug}@{letter.edition}"),
        ("how", f"{stand.mode}: {MEANING[stand.mode]}"),
        ("counted", "now" if stand.condition is None else f"once {stand.condition} of us stand"),
    ]
    if stand.mode is not Mode.ANONYMOUS and isinstance(attempt.state, Held):
        attestation = attempt.state.attestation
        shown = (
            attestation.name
            if attestation.role is None
            else (f"{attestation.name}, {attestation.role}")
        )
        rows += [("shown as", shown), ("statement", stand.statement or "none")]
    if output.is_interactive():
        output.facts(rows, title="your signature")
    if not output.confirm("sign?"):
        refusal = Refused("Nothing was signed.")
        refusal.add_note(f"run the command again to go on; {attempt.path} holds what was begun")
        raise refusal


def _conclude(view: LetterView, receipt: Receipt, path: Path, wait_s: int) -> None:
    report = verify_receipt(receipt)
    output.facts(
        (
            ("letter", f"{view.letter.slug}@{view.letter.edition}"),
            ("in the log by", format_time(report.promised_by)),
            ("receipt", str(path)),
        )
    )
    output.note("the receipt holds the 12 words: whoever reads it can withdraw the signature")
    if wait_s and _complete(view, receipt, path, wait_s):
        output.next_step(f"undersigned receipt verify {path}")
        return
    root = view.base.removesuffix(API)
    output.next_step(f"after that time: undersigned receipt complete {path} --site {root}")


def _complete(view: LetterView, receipt: Receipt, path: Path, wait_s: int) -> bool:
    """Wait for the proof and put it into the receipt; say whether it came in time."""
    root = view.base.removesuffix(API)
    try:
        with open_client(root) as client, output.progress("waiting for the proof"):
            complete = wait_for_proof(client, receipt, wait_s)
    except ProofPending:
        output.note("the record is not in the log yet; the promise holds")
        return False
    save_secret(path, format_receipt(complete))
    return True
