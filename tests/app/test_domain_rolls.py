"""The roll of a mail domain: whoever proves an address there is a member, once."""

import secrets
from dataclasses import replace

import pytest
from tests.app.inspecting import verified
from tests.app.village import Village

from undersigned.app.invites import make_invites
from undersigned.app.issuing import ShownAs, TokenRequest, issue_token
from undersigned.app.own_collector import OwnRolls
from undersigned.app.roll_changes import block_address
from undersigned.app.rolls import find_or_make_member, import_roll, takes_address
from undersigned.domain.letter import Letter, Method, RollKind
from undersigned.domain.name import Verified
from undersigned.domain.record import IssuedRecord, RollRecord
from undersigned.errors import LetterRefused, NotOnRoll, RollNotEmpty
from undersigned.store.members import MemberRow


@pytest.fixture
def letter(village: Village) -> Letter:
    """A letter for whoever has an address at the mill, of whom 4 were counted."""
    draft = village.write_file("other", headcount=4, rule=3, conditions="[2, 4]")
    domains = ("mill.example", "xn--mhle-0ra.example")
    changed = replace(
        draft, slug="mill", roll=RollKind.DOMAIN, domains=domains, methods=(Method.EMAIL,)
    )
    return village.open_draft(changed)


def prove(village: Village, letter: Letter, address: str) -> MemberRow | None:
    """Return the entry of who has proved an address."""
    with village.site.issuer.database.write() as connection:
        return find_or_make_member(connection, letter, address)


def takes(village: Village, letter: Letter, address: str) -> bool:
    """Say whether an address would get a code."""
    with village.site.issuer.database.read() as connection:
        return takes_address(connection, letter, address)


def test_the_log_states_the_headcount(village: Village, letter: Letter) -> None:
    """And no hash: nobody has listed the members."""
    (record,) = (each for each in village.records() if isinstance(each, RollRecord))
    assert (record.n, record.hash) == (4, None)
    assert verified(village)[1] == []
    del letter


def test_one_mailbox_is_one_member(village: Village, letter: Letter) -> None:
    """However it is tagged; the entry is made when it is proved, and not before."""
    assert takes(village, letter, "ada+one@mill.example")
    first = prove(village, letter, "ada+one@mill.example")
    assert first is not None
    assert (first.address, first.name) == ("ada@mill.example", None)
    assert prove(village, letter, "ada@mill.example") == first
    assert prove(village, letter, "ada+two@mill.example") == first
    assert prove(village, letter, "a.da@mill.example") != first


@pytest.mark.parametrize(
    "address",
    ["ada@x.mill.example", "ada@mill.example.org", "ada@m\u00fchle.example", "ada@gmail.com"],
)
def test_another_domain_is_no_member(village: Village, letter: Letter, address: str) -> None:
    """Domains are compared to the byte."""
    assert not takes(village, letter, address)
    assert prove(village, letter, address) is None


def test_more_than_were_counted_may_sign(village: Village, letter: Letter) -> None:
    """The number of members is a claim; the verifier holds no token to it."""
    for i in range(6):
        row = prove(village, letter, f"m{i}@mill.example")
        assert row is not None
        blinded = b"\0" + secrets.token_bytes(255)
        asked = TokenRequest(blinded, secrets.token_bytes(32), ShownAs(f"Member {i}", None))
        issuer = village.site.issuer
        answer = issue_token(issuer, village.collector, letter, row, Verified.EMAIL, asked)
        assert answer.attestation.verified is Verified.SELF_DECLARED
    village.later(600)
    assert sum(isinstance(each, IssuedRecord) for each in village.records()) == 6
    assert verified(village)[1] == []


def test_somebody_is_blocked_before_they_come(village: Village, letter: Letter) -> None:
    """The log says nothing of it: its number is the headcount's."""
    own = OwnRolls(village.site)
    for address in ("ada+x@mill.example", "bea@mill.example"):
        change = block_address(village.site.issuer, lambda _: own, "mill", address)
        assert (change.changed, change.n) == (1, None)
    assert not takes(village, letter, "ada@mill.example")
    assert prove(village, letter, "ada+y@mill.example") is None
    with pytest.raises(NotOnRoll):
        block_address(village.site.issuer, lambda _: own, "mill", "ada@other.example")
    assert verified(village)[1] == []


def test_a_domain_has_no_codes(village: Village, letter: Letter) -> None:
    """Nor can a list become one."""
    own = OwnRolls(village.site)
    with pytest.raises(RollNotEmpty):
        make_invites(village.site.issuer, letter.slug, 2, lambda _: own)
    import_roll(village.site.issuer, "list", b"email,name\na@mill.example,Ada\n")
    draft = replace(village.draft(), slug="list", roll=RollKind.DOMAIN, domains=("mill.example",))
    with pytest.raises(LetterRefused, match="listed already"):
        village.open_draft(replace(draft, methods=(Method.EMAIL,)))
