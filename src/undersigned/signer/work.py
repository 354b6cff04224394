"""The work that an issuer asks for before it sends a mail: a challenge of ALTCHA, version 2.

The challenge comes from outside: what it may cost is bounded before it is begun.
"""

from typing import Annotated, Any, Final, Literal

import altcha
import msgspec

from undersigned.domain.canonical import decode_json
from undersigned.errors import FormatError

MOST_WORK: Final = 20_000_000
"""Hashes that a challenge may cost at most: the greatest that an issuer of ours asks for is 80,000."""

LONGEST_S: Final = 60.0

_Hex = Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{2}){1,64}\Z")]


class _Data(msgspec.Struct):
    most: Annotated[int, msgspec.Meta(ge=1, le=MOST_WORK)]


class _Parameters(msgspec.Struct, rename="camel"):
    algorithm: Literal["SHA-256"]
    nonce: _Hex
    salt: _Hex
    cost: Annotated[int, msgspec.Meta(ge=1, le=1_000)]
    key_length: Annotated[int, msgspec.Meta(ge=16, le=32)]
    key_prefix: _Hex
    data: _Data


class _Challenge(msgspec.Struct):
    parameters: _Parameters
    signature: str


_CHALLENGE: Final = msgspec.json.Decoder(_Challenge)


def solve(challenge: bytes) -> str:
    """Solve a challenge (JSON); return it with its solution, as base64.

    Raises FormatError for what is none, or costs too much.
    """
    asked = decode_json(_CHALLENGE, challenge, "challenge").parameters
    if asked.cost * asked.data.most > MOST_WORK:
        raise FormatError("challenge: it costs too much")
    wire: dict[str, Any] = msgspec.json.decode(challenge)
    given = altcha.Challenge.from_dict(wire)
    solution = altcha.solve_challenge(given, timeout=LONGEST_S)
    if solution is None:
        raise FormatError("challenge: it was not solved in time")
    # Without the time that it took, which nobody needs to know.
    solution.time = None
    return altcha.Payload(given, solution).to_base64()
