"""The work before a mail, as the Python signer does it."""

import base64
import json
from pathlib import Path
from typing import Any

import altcha
import pytest

from undersigned.crypto.keys import ChallengeKey
from undersigned.errors import FormatError
from undersigned.signer.work import solve

(VECTOR,) = json.loads((Path(__file__).parents[1] / "vectors" / "work.json").read_text())


def _changed(**parameters: Any) -> bytes:
    changed = VECTOR["challenge"]["parameters"] | parameters
    return json.dumps(VECTOR["challenge"] | {"parameters": changed}).encode()


def test_a_challenge_is_solved() -> None:
    """With the solution that the browser finds, too; the key that made it says that it is right."""
    work = solve(json.dumps(VECTOR["challenge"]).encode())
    assert json.loads(base64.b64decode(work)) == {
        "challenge": VECTOR["challenge"],
        "solution": VECTOR["solution"],
    }
    key = ChallengeKey(bytes.fromhex(VECTOR["key"]))
    assert key.is_solved(altcha.Payload.from_base64(work))
    assert not ChallengeKey.generate().is_solved(altcha.Payload.from_base64(work))


@pytest.mark.parametrize(
    "challenge",
    [
        b"",
        b"[]",
        b"{}",
        _changed(algorithm="ARGON2ID"),
        _changed(salt="xyz"),
        _changed(salt="a" * 400),
        _changed(cost=10**6),
        _changed(cost=0),
        _changed(keyLength=64),
        _changed(keyPrefix=""),
        _changed(data={"most": 2**40}),
        _changed(data={}),
        _changed(cost=1_000, data={"most": 10**6}),
    ],
)
def test_what_is_no_challenge_or_costs_too_much_is_not_begun(challenge: bytes) -> None:
    """A site cannot keep a member's machine busy for longer than the work is meant to take."""
    with pytest.raises(FormatError):
        solve(challenge)
