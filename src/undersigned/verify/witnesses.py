"""The cosignatures of witnesses under the checkpoint (check 2).

C2SP tlog-policy and tlog-cosignature. Without a quorum of witnesses nobody can tell by one look whether
others are shown the same log.
"""

import datetime as dt
from typing import Final

from undersigned.errors import VerificationError
from undersigned.tlog.note import SignedNote
from undersigned.tlog.policy import Policy, find_cosignatures, printable
from undersigned.verify.context import CLOCK_SLACK_S
from undersigned.verify.report import Findings

_LAST_YEAR: Final = int(dt.datetime(9999, 1, 1, tzinfo=dt.UTC).timestamp())


def check_witnesses(
    findings: Findings, note: SignedNote, policy: Policy | None, now: int | None
) -> None:
    """Check that the witnesses under a checkpoint are a quorum of the policy, if one is given.

    A cosignature that lies in the future of `now` (UTC seconds) does not count.
    """
    if policy is None:
        findings.not_asked(2, "No witness policy was given.")
        return
    try:
        found = find_cosignatures(policy, note)
    except VerificationError as error:
        findings.false(2, f"A cosignature under the checkpoint does not hold: {error.detail}")
        return
    cosigned = {}
    for witness, time in found.items():
        if now is not None and time > now + CLOCK_SLACK_S:
            findings.note(
                2, f"{printable(witness)} cosigned in the future, {_time(time)}: not counted."
            )
        else:
            cosigned[witness] = time
            findings.note(2, f"{printable(witness)} cosigned, {_time(time)}.")
    if policy.quorum is None:
        findings.note(2, "The policy asks for no witness (quorum none).")
        return
    missing = [
        printable(witness.name)
        for witness in policy.members_of(policy.quorum)
        if witness.name not in cosigned
    ]
    if not policy.is_met(cosigned):
        findings.false(
            2,
            f"The quorum {printable(policy.quorum)!r} of the policy has not cosigned:"
            f" {', '.join(missing)} missing.",
        )
    elif missing:
        findings.note(2, f"Not needed for the quorum, and not there: {', '.join(missing)}.")


def _time(seconds: int) -> str:
    if seconds >= _LAST_YEAR:
        return f"{seconds} seconds after 1970"
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
