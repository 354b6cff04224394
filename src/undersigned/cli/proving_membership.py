"""Proving membership at a terminal: by an invite code, a code from a mail, or a sign-on in a browser."""

from dataclasses import dataclass, field
from typing import Final

import httpx2

from undersigned.cli import output
from undersigned.domain.letter import Letter, Method
from undersigned.errors import ProofRejected, Refused
from undersigned.signer.attempt import Attempt
from undersigned.signer.enrolment import EmailProof, InviteProof, Proof, ShownAs, ask_for_code
from undersigned.signer.letter_view import LetterView
from undersigned.signer.signing import enrol

MOST_CODES: Final = 3
"""How often a mistyped code may be typed again: the site counts five, and this may be run twice."""

SAFEST_FIRST: Final = (Method.INVITE, Method.OPENID, Method.EMAIL)


@dataclass(frozen=True, slots=True)
class Means:
    """What a member said of it beforehand: an invite code, an address, or that they sign on."""

    invite: str | None = field(repr=False)
    email: str | None = field(repr=False)
    openid: bool


def prove(
    client: httpx2.Client,
    view: LetterView,
    attempt: Attempt,
    means: Means,
    shown_as: ShownAs | None,
) -> None:
    """Prove membership and get the token; a mistyped code may be typed again."""
    method = _choose_method(view.letter, means)
    if method is Method.OPENID:
        enrol(client, attempt, _sign_on(client, view), shown_as)
        return
    enrolment = _ask_for_code(client, view, means) if method is Method.EMAIL else None
    for tries_left in range(MOST_CODES - 1, -1, -1):
        try:
            enrol(client, attempt, _ask_proof(enrolment, means), shown_as)
        except ProofRejected as error:
            if not tries_left or not output.is_interactive() or means.invite is not None:
                raise
            output.note(error.detail)
        else:
            return


def _choose_method(letter: Letter, means: Means) -> Method:
    if means.invite is not None:
        return Method.INVITE
    if means.email is not None:
        return Method.EMAIL
    if means.openid:
        return Method.OPENID
    methods = [method for method in SAFEST_FIRST if method in letter.methods]
    if len(methods) == 1:
        return methods[0]
    option = "--invite, --openid or --email"
    return Method(output.choose("how do you prove membership?", methods, option))


def _ask_for_code(client: httpx2.Client, view: LetterView, means: Means) -> bytes:
    if not output.is_interactive():
        raise Refused("A code by mail is typed by hand, on a terminal.")
    address = means.email or output.ask("your address on the roll", "--email")
    enrolment = ask_for_code(client, view, address)
    output.note("if this address is on the roll, a code is on its way to it")
    return enrolment


def _ask_proof(enrolment: bytes | None, means: Means) -> Proof:
    if enrolment is None:
        return InviteProof(means.invite or output.ask("your invite code", "--invite"))
    return EmailProof(enrolment, output.ask("the code from the mail", "--invite"))


def _sign_on(client: httpx2.Client, view: LetterView) -> Proof:
    """Let the member sign on in a browser, and read where it ended."""
    from undersigned.signer.sign_on import begin_sign_on, finish_sign_on

    if not output.is_interactive():
        raise Refused("A sign-on needs a browser, and a terminal to give its end to.")
    begun = begin_sign_on(client, view)
    output.note(
        f"an account of your work shows your employer that you sign on with {begun.provider}"
    )
    output.note("open this address in a browser, and sign on:")
    output.say(begun.address)
    return finish_sign_on(
        begun, output.ask("the address of the page at which the browser ended", "--openid")
    )
