"""What whoever acknowledges a proposal does over HTTP: find it, and send the ack."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from undersigned.cli import output
from undersigned.errors import FormatError

if TYPE_CHECKING:
    import httpx2

    from undersigned.domain.proposal import Party, Proposal
    from undersigned.domain.record import RollRecord

_ADDRESS: Final = re.compile(
    r"(https?://[^/?#]+(?:/[^?#]*)?)/proposals/([0-9a-f]{64})/?(?:[?#].*)?"
)


@dataclass(frozen=True, slots=True)
class Located:
    """A proposal's site (its address without a slash at the end), and the id of the letter in hex."""

    base: str
    letter_id: str

    @property
    def address(self) -> str:
        """Where the API has it."""
        return f"{self.base}/api/v1/proposals/{self.letter_id}"


def locate(url: str) -> Located:
    """Read the address of a proposal. Raises FormatError."""
    match = _ADDRESS.fullmatch(url)
    if match is None:
        error = FormatError("that is not the address of a proposal")
        error.add_note("it ends with /proposals/ and 64 letters and digits")
        raise error
    return Located(match[1].rstrip("/").removesuffix("/api/v1"), match[2])


def fetch_proposal(client: "httpx2.Client", located: Located) -> "Proposal":
    """Fetch a proposal and check that it is what its address names. Raises what the site refuses with."""
    from undersigned.domain.canonical import LetterId
    from undersigned.signer.exchange import fetch
    from undersigned.trustee.acking import read_proposal

    letter_id = LetterId(bytes.fromhex(located.letter_id))
    return read_proposal(fetch(client, located.address).body, letter_id)


def send_ack(
    client: "httpx2.Client",
    located: Located,
    by: "Party",
    sig: bytes,
    roll: "RollRecord | None" = None,
) -> None:
    """Send an ack, and say who is awaited then. Raises what the site refuses with."""
    from undersigned.domain.record import format_record
    from undersigned.encoding import format_base64url
    from undersigned.signer.exchange import submit

    record = None if roll is None else msgspec.json.decode(format_record(roll), type=dict[str, Any])
    ack = {"by": by, "sig": format_base64url(sig), "roll": record}
    awaited = _read_awaited(submit(client, f"{located.address}/acks", ack).body)
    others = ", ".join(_title(each) for each in awaited)
    output.note(f"awaited now: {others}" if others else "the organiser can open the letter now")


class _Awaited(msgspec.Struct):
    awaited: list[int | str]


def _read_awaited(body: bytes) -> list[int | str]:
    try:
        return msgspec.json.decode(body, type=_Awaited).awaited
    except msgspec.MsgspecError:
        raise FormatError("the site's answer is not one to an ack") from None


def _title(by: int | str) -> str:
    return "the issuer" if by == "issuer" else f"trustee {by}"
