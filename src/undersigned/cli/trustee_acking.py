"""`undersigned trustee ack`: what a trustee is asked to stand for, and the answer."""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import msgspec
import typer

from undersigned.cli import output
from undersigned.errors import FormatError

if TYPE_CHECKING:
    from undersigned.crypto.keys import TrusteeKey
    from undersigned.domain.proposal import Proposal

_ADDRESS: Final = re.compile(
    r"(https?://[^/?#]+(?:/[^?#]*)?)/proposals/([0-9a-f]{64})/?(?:[?#].*)?"
)


def acknowledge(url: str, load: Callable[[], "TrusteeKey"], *, yes: bool) -> None:
    """Show a proposed letter, check it against the trustee's key, ask, and send the ack."""
    from undersigned.cli.http import open_client
    from undersigned.domain.canonical import LetterId
    from undersigned.encoding import format_base64url
    from undersigned.signer.exchange import fetch, submit
    from undersigned.trustee.acking import make_ack, read_proposal

    base, letter_id = _locate(url)
    if not yes and not output.is_interactive():
        output.needs("--yes")
    key = load()
    with open_client() as client:
        address = f"{base}/api/v1/proposals/{letter_id}"
        proposal = read_proposal(fetch(client, address).body, LetterId(bytes.fromhex(letter_id)))
        number, sig = make_ack(proposal, key)
        _show(proposal, number)
        if not yes and not output.confirm("acknowledge it?"):
            output.note("nothing was sent")
            raise typer.Exit(output.NO)
        ack = {"by": number, "sig": format_base64url(sig), "roll": None}
        awaited = _read_awaited(submit(client, f"{address}/acks", ack).body)
    output.say(f"acknowledged as trustee {number} of {len(proposal.letter.trustees)}")
    others = ", ".join(_title(by) for by in awaited)
    output.note(f"awaited now: {others}" if others else "the organiser can open the letter now")
    output.next_step("keep the key file; you are told when it is your turn to open")


def _locate(url: str) -> tuple[str, str]:
    """Return the site's address and the id of the letter. Raises FormatError."""
    match = _ADDRESS.fullmatch(url)
    if match is None:
        error = FormatError("that is not the address of a proposal")
        error.add_note("it ends with /proposals/ and 64 letters and digits")
        raise error
    return match[1].rstrip("/"), match[2]


def _show(proposal: "Proposal", number: int) -> None:
    from undersigned.cli.letter_page import print_text
    from undersigned.cli.letter_summary import terms_of

    letter = proposal.letter
    output.facts(
        (
            *terms_of(letter),
            ("you are", f"trustee {number}, shown as {letter.trustees[number - 1].name}"),
        ),
        title="what this letter fixes, for good",
    )
    for text in proposal.texts:
        print_text(letter, text)


class _Awaited(msgspec.Struct):
    awaited: list[int | str]


def _read_awaited(body: bytes) -> list[int | str]:
    try:
        return msgspec.json.decode(body, type=_Awaited).awaited
    except msgspec.MsgspecError:
        raise FormatError("the site's answer is not one to an ack") from None


def _title(by: int | str) -> str:
    return "the issuer" if by == "issuer" else f"trustee {by}"
