"""What every way to prove membership has in common."""

from typing import ClassVar, NamedTuple, Protocol

from undersigned.app.issuer import Issuer
from undersigned.domain.letter import Letter, Method
from undersigned.domain.name import Verified
from undersigned.errors import ProofRejected
from undersigned.store.members import MemberRow


class Proof(Protocol):
    """What a member shows. It comes from outside, in its form and without anything being known of it."""

    method: ClassVar[Method]

    def find_member(self, issuer: Issuer, letter: Letter) -> MemberRow:
        """Return the entry of the roll that this proves; the same again for the same proof.

        Raises ProofRejected; Busy if it cannot be said now.
        """


class Proven(NamedTuple):
    """Whose membership was proved, and how."""

    member: MemberRow
    verified: Verified


def prove_membership(issuer: Issuer, letter: Letter, proof: Proof) -> Proven:
    """Return whose membership a proof proves. Raises ProofRejected, also for a method not of the letter."""
    if proof.method not in letter.methods:
        raise ProofRejected("This letter does not take that way of proving membership.")
    return Proven(proof.find_member(issuer, letter), Verified(proof.method.value))
