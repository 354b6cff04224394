"""An invite code, handed over in person: nothing is sent, and no mailbox shows anything."""

from dataclasses import dataclass, field
from typing import ClassVar

from undersigned.app.issuer import Issuer
from undersigned.app.rolls import code_hash
from undersigned.domain.letter import Letter, Method
from undersigned.domain.roll import parse_invite_code
from undersigned.errors import FormatError, ProofRejected
from undersigned.store import members as member_store
from undersigned.store.members import MemberRow


@dataclass(frozen=True, slots=True)
class InviteProof:
    """An invite code as somebody wrote it."""

    method: ClassVar = Method.INVITE

    code: str = field(repr=False)

    def find_member(self, issuer: Issuer, letter: Letter) -> MemberRow:
        """Return the entry that this is a code of. Raises ProofRejected."""
        try:
            digest = code_hash(parse_invite_code(self.code))
        except FormatError:
            raise ProofRejected from None
        with issuer.database.read() as connection:
            commit = member_store.find_invited(connection, letter.slug, digest)
            member = commit and member_store.find_member_by_commit(connection, letter.slug, commit)
        if not member:
            raise ProofRejected
        return member
