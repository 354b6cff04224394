"""An invite code: whose entry it proves, and that a wrong one proves nothing."""

import pytest
from tests.app.village import Village

from undersigned.app.invites import make_invites
from undersigned.app.methods.by_invite import InviteProof
from undersigned.app.methods.proof import Proof, prove_membership
from undersigned.domain.letter import Letter
from undersigned.errors import ProofRejected
from undersigned.store.members import MemberRow


@pytest.fixture
def letter(village: Village) -> Letter:
    """An open letter with 20 members."""
    return village.open()


def _prove(village: Village, letter: Letter, proof: Proof) -> MemberRow:
    return prove_membership(village.site.issuer, letter, proof).member


def test_an_invite_code_proves_its_entry(village: Village, letter: Letter) -> None:
    """As often as it is shown, and as people write it."""
    invites = make_invites(village.site.issuer, "mill", None)
    for invite in invites[:2]:
        for typed in (invite.code, invite.code.lower(), invite.code.replace("-", " ")):
            member = _prove(village, letter, InviteProof(typed))
            assert (member.address, member.name) == (invite.address, invite.name)


def test_a_wrong_invite_code_proves_nothing(village: Village, letter: Letter) -> None:
    """One that nobody has, one of another letter, one that is none: all are wrong in the same way."""
    import_code = make_invites(village.site.issuer, "codes", 1)[0].code
    for typed in ("0123-4567-89AB-CDEF", import_code, "", "?" * 16, "A" * 500):
        with pytest.raises(ProofRejected) as caught:
            _prove(village, letter, InviteProof(typed))
        assert str(caught.value) == str(ProofRejected())


def test_a_way_that_the_letter_does_not_name_proves_nothing(village: Village) -> None:
    """Whatever the proof is."""
    letter = village.open(methods='["email"]')
    (invite, *_) = make_invites(village.site.issuer, "mill", None)
    with pytest.raises(ProofRejected, match="does not take"):
        _prove(village, letter, InviteProof(invite.code))
