"""A sign-on: whose entry it proves, for how long, and what two at once get. The provider is a stand-in."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
import sqlalchemy as sa
import structlog
from tests.app.village import Village

from undersigned.app.desk_opening import find_site_problems
from undersigned.app.draft import find_problems
from undersigned.app.methods.by_openid import (
    PROVED_FOR_S,
    OpenIdProof,
    SignOn,
    offer_sign_on,
    seal_code,
)
from undersigned.app.methods.proof import prove_membership
from undersigned.domain.letter import Letter
from undersigned.domain.name import Verified
from undersigned.errors import (
    Busy,
    FormatError,
    LoginRejected,
    NoMember,
    ProofRejected,
    Refused,
    Unreachable,
    VerificationError,
)
from undersigned.provider.asking import Provider
from undersigned.provider.terms import ProviderTerms
from undersigned.store.issuer_schema import login, roll_entry
from undersigned.store.members import MemberRow

MEMBER = "mill3@staff.example"
TERMS = ProviderTerms("https://accounts.example.org", "us", None, "Accounts")
REDIRECT = "https://letters.example/openid/return"


class StandIn(Provider):
    """Says what a test wants of each code, once, as providers do."""

    def __init__(self, said: dict[str, str | Exception]) -> None:
        super().__init__(TERMS)
        self.said = said
        self.asked: list[str] = []
        self.wait_s = 0.0
        self._turn = threading.Lock()

    def identify(self, code: str, verifier: str, nonce: str, redirect: str) -> str:
        """Return the address of a code."""
        assert (verifier, nonce, redirect) == ("v" * 43, "n" * 43, REDIRECT)
        time.sleep(self.wait_s)
        with self._turn:
            is_first = code not in self.asked
            self.asked.append(code)
        said = self.said[code]
        if isinstance(said, Exception):
            raise said
        if not is_first:
            raise LoginRejected
        return said


@pytest.fixture
def letter(village: Village) -> Letter:
    """An open letter with 20 members who may sign on."""
    return open_letter(village)


def open_letter(village: Village, **terms: Any) -> Letter:
    """Open a letter whose members may sign on; the site has a provider."""
    values = {"methods": '["email", "openid"]'} | terms
    draft = village.write_file(**values, signs_on=True)
    assert [each.member for each in find_problems(draft)] == ["methods"]
    return village.open_draft(draft)


def prove(village: Village, letter: Letter, provider: StandIn | None, code: str) -> MemberRow:
    """Prove membership with a code that was handed on for the letter."""
    return bring(village, letter, provider, seal_code(village.site.issuer, letter, code))


def bring(village: Village, letter: Letter, provider: StandIn | None, sealed: str) -> MemberRow:
    """Prove membership with a code as it was handed on."""
    sign_on = None if provider is None else SignOn(provider, REDIRECT)
    proof = OpenIdProof(sign_on, sealed, "v" * 43, "n" * 43)
    proven = prove_membership(village.site.issuer, letter, proof)
    assert proven.verified is Verified.OPENID
    return proven.member


def test_a_verified_address_proves_its_entry(village: Village, letter: Letter) -> None:
    """However the account writes it."""
    provider = StandIn({"one": MEMBER, "two": f" {MEMBER.upper()} "})
    for code in ("one", "two"):
        assert prove(village, letter, provider, code).address == MEMBER


def test_what_was_proved_is_remembered(village: Village, letter: Letter) -> None:
    """For a quarter of an hour, to the second; the provider is asked once."""
    provider = StandIn({"one": MEMBER})
    first = prove(village, letter, provider, "one")
    village.later(PROVED_FOR_S - 1)
    assert prove(village, letter, provider, "one") == first
    assert provider.asked == ["one"]
    village.later(1)
    with pytest.raises(LoginRejected):
        prove(village, letter, provider, "one")


def test_two_at_once_get_the_same(village: Village, letter: Letter) -> None:
    """A request that was sent again while the first is still on its way is answered like it."""
    provider = StandIn({"one": MEMBER})
    provider.wait_s = 0.2
    with ThreadPoolExecutor(8) as pool:
        members = list(pool.map(lambda _: prove(village, letter, provider, "one"), range(8)))
    assert {member.address for member in members} == {MEMBER}
    assert provider.asked == ["one"]


def test_whoever_is_not_on_the_roll_leaves_nothing(village: Village, letter: Letter) -> None:
    """Nor what is no address, nor who is blocked."""
    with village.site.issuer.database.write() as connection:
        connection.execute(
            sa.update(roll_entry).where(roll_entry.c.address == MEMBER).values(blocked=1)
        )
    provider = StandIn({"one": "stranger@staff.example", "two": "no address", "three": MEMBER})
    for code in provider.said:
        with pytest.raises(NoMember):
            prove(village, letter, provider, code)
    with village.site.issuer.database.read() as connection:
        assert connection.execute(sa.select(login)).all() == []


def test_who_is_blocked_meanwhile_is_refused(village: Village, letter: Letter) -> None:
    """Also with what was proved before."""
    provider = StandIn({"one": MEMBER})
    prove(village, letter, provider, "one")
    with village.site.issuer.database.write() as connection:
        connection.execute(
            sa.update(roll_entry).where(roll_entry.c.address == MEMBER).values(blocked=1)
        )
    with pytest.raises(NoMember):
        prove(village, letter, provider, "one")


def test_what_was_proved_is_for_one_letter(village: Village, letter: Letter) -> None:
    """The next edition has the same roll, and asks again."""
    provider = StandIn({"one": MEMBER})
    prove(village, letter, provider, "one")
    second = open_letter(village, edition=2)
    with pytest.raises(LoginRejected):
        prove(village, second, provider, "one")


def test_a_code_that_was_handed_on_for_one_letter_is_of_no_use_at_another(
    village: Village, letter: Letter
) -> None:
    """Whoever serves the page of the one has the code; the provider is not asked, and it stays good."""
    provider, other = StandIn({"one": MEMBER}), open_letter(village, slug="forge")
    sealed = seal_code(village.site.issuer, letter, "one")
    with pytest.raises(LoginRejected):
        bring(village, other, provider, sealed)
    for changed in (f"{sealed[:-4]}AAAA", "A" * 39):
        with pytest.raises(LoginRejected):
            bring(village, letter, provider, changed)
    assert provider.asked == []
    assert bring(village, letter, provider, sealed).address == MEMBER


@pytest.mark.parametrize("code", ["", "c" * 4_097, "line\nend", "ä"])
def test_what_is_no_code_is_not_handed_on(village: Village, letter: Letter, code: str) -> None:
    """The longest that is one comes back whole."""
    issuer = village.site.issuer
    with pytest.raises(FormatError):
        seal_code(issuer, letter, code)
    longest = "~" * 4_096
    sealed = seal_code(issuer, letter, longest)
    assert issuer.challenge_key().open_code(sealed, letter.letter_id) == longest
    assert OpenIdProof(None, sealed, "v" * 43, "n" * 43).code == sealed


def test_a_draft_of_the_desk_is_told_that_there_is_no_provider(village: Village) -> None:
    """Until the site is served with one."""
    draft = village.write_file(methods='["email", "openid"]', signs_on=True)
    rules = [problem.rule for problem in find_site_problems(village.site, draft)]
    assert rules == ["no-provider"]
    village.site.issuer.signs_on = True
    assert find_site_problems(village.site, draft) == []


@pytest.mark.parametrize("error", [Unreachable, VerificationError, FormatError])
def test_a_provider_in_trouble_is_told_as_busy(
    village: Village, letter: Letter, error: type[Exception]
) -> None:
    """And the same code may be brought again: it was not the member's fault."""
    provider = StandIn({"one": error("It says nonsense.")})
    with pytest.raises(Busy):
        prove(village, letter, provider, "one")
    provider.said["one"], provider.asked = MEMBER, []
    assert prove(village, letter, provider, "one").address == MEMBER


def test_a_provider_in_trouble_is_reported_once(village: Village, letter: Letter) -> None:
    """A line for each sign-on would say when members came; after it is over, the next one counts."""
    sign_on = SignOn(StandIn({"one": Unreachable("It is away."), "two": MEMBER}), REDIRECT)

    def bring_code(code: str) -> None:
        sealed = seal_code(village.site.issuer, letter, code)
        prove_membership(
            village.site.issuer, letter, OpenIdProof(sign_on, sealed, "v" * 43, "n" * 43)
        )

    with structlog.testing.capture_logs() as lines:
        for code in ("one", "one", "two", "one", "one"):
            with suppress(Busy):
                bring_code(code)
    told = [line.get("error", line["event"]) for line in lines]
    assert told == ["Unreachable", "works again", "Unreachable"]
    assert lines[1]["untold"] == 1
    assert {line["activity"] for line in lines} == {"asking the sign-on provider"}


def test_without_a_provider_nothing_is_proved(village: Village, letter: Letter) -> None:
    """Nor for a letter that does not take sign-ons; and none is offered."""
    with pytest.raises(LoginRejected):
        prove(village, letter, None, "one")
    with pytest.raises(Refused):
        offer_sign_on(village.site.issuer, letter, None)
    other = village.open("forge")
    with pytest.raises(ProofRejected):
        prove(village, other, StandIn({"one": MEMBER}), "one")
    with pytest.raises(Refused):
        offer_sign_on(village.site.issuer, other, SignOn(StandIn({}), REDIRECT))
