"""What trustees and issuers must not send, and letter files that name them wrongly."""

import json
from collections.abc import Callable
from typing import Any

from tests.e2e.bad_requests import Case
from tests.e2e.world import API, World

from undersigned.encoding import format_base64url
from undersigned.trustee.acking import make_ack


def _get(path: str) -> Callable[[World], str]:
    return lambda world: world.send("GET", path)


def _ack(**changed: Any) -> Callable[[World], str]:
    """Send the ack of trustee 1 with other members."""

    def run(world: World) -> str:
        number, sig = make_ack(world.proposal, world.trustee)
        ack = {"by": number, "sig": format_base64url(sig), "roll": None} | changed
        return world.send("POST", f"{_address(world)}/acks", ack)

    return run


def _raw(body: str) -> Callable[[World], str]:
    return lambda world: world.send("POST", f"{_address(world)}/acks", body)


def _address(world: World) -> str:
    return f"{API}/proposals/{world.proposal.letter_id.hex()}"


def _to_another(world: World) -> str:
    number, sig = make_ack(world.proposal, world.trustee)
    ack = {"by": number, "sig": format_base64url(sig), "roll": None}
    return world.send("POST", f"{API}/proposals/{world.letter.letter_id.hex()}/acks", ack)


def _roll(world: World) -> str:
    """Send a roll that is one, from a trustee."""
    letter = format_base64url(world.proposal.letter_id)
    members = {"v": 1, "t": "roll", "letter": letter, "n": 1, "hash": None, "reason": "opened"}
    return _ack(roll=members | {"sig": "A" * 86})(world)


PROPOSALS = (
    Case("an id that nobody has", _get(f"{API}/proposals/{'0' * 64}")),
    Case("an id in upper case", _get(f"{API}/proposals/{'A' * 64}")),
    Case("half an id", _get(f"{API}/proposals/{'0' * 32}")),
    Case("the page of an id that nobody has", _get(f"/proposals/{'0' * 64}")),
    Case("an ack for another letter", _to_another),
    Case("an ack in the name of the issuer", _ack(by="issuer")),
    Case("an ack in the name of another trustee", _ack(by=2)),
    Case("an ack of a trustee whom the letter does not have", _ack(by=4)),
    Case("an ack of trustee 0", _ack(by=0)),
    Case("an ack of trustee 17", _ack(by=17)),
    Case("an ack of a trustee in quotes", _ack(by="1")),
    Case("an ack of true", _ack(by=True)),
    Case("an ack of zeros", _ack(sig="A" * 86)),
    Case("an ack that is too short", _ack(sig="A" * 85)),
    Case("an ack with bits to spare", _ack(sig="A" * 85 + "B")),
    Case("an ack with an unknown member", _ack(more=1)),
    Case("a roll from a trustee", _roll),
    Case("a roll that is no record", _ack(roll={"v": 1})),
    Case("a roll that is a list", _ack(roll=[])),
    Case("a roll nested 5,000 deep", _raw('{"by":1,"roll":' + '{"a":' * 5_000)),
    Case("an ack without a roll or null", _raw(json.dumps({"by": 1, "sig": "A" * 86}))),
    Case("no ack", _raw("")),
)
