"""The work that goes before a code, done as a member's program does it."""

import json

from undersigned.app.issuer import Issuer
from undersigned.app.methods.work import make_challenge
from undersigned.domain.letter import Letter
from undersigned.signer.work import solve


def work_for(issuer: Issuer, letter: Letter) -> str:
    """Return a new challenge of a letter, solved."""
    return solve(json.dumps(make_challenge(issuer, letter)).encode())
