"""Links of the desk: for what, how long, how often; and that to look at one changes nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.app.desks import URL, Room, claim, follow, invite, room_in, token_of
from tests.authenticator import Authenticator

from undersigned.app.accounts import begin_joining, join, revoke_account
from undersigned.app.desk import check_url, open_desk, open_known_desk
from undersigned.app.entering import (
    LIFETIME_S,
    LinkKind,
    get_link,
    is_claimed,
    make_claim,
    make_invitation,
    make_recovery,
    withdraw_invitation,
)
from undersigned.app.passkeys import begin_sign_in, finish_sign_in
from undersigned.app.sessions import find_session
from undersigned.encoding import format_base64url
from undersigned.errors import (
    FormatError,
    NameTaken,
    PasskeyRefused,
    UnknownAccount,
    UnknownLink,
)


def test_the_desk_is_claimed_once(room: Room) -> None:
    """Until then every start has a new link, and earlier ones are worth nothing; then there is none."""
    first, second = token_of(make_claim(room.desk)), token_of(make_claim(room.desk))
    assert not is_claimed(room.desk)
    with pytest.raises(UnknownLink):
        get_link(room.desk, first)
    person = follow(room.desk, second, "  Orla \n Fenwick ")
    assert (person.account.name, person.account.role) == ("Orla Fenwick", "owner")
    assert is_claimed(room.desk)
    assert make_claim(room.desk) is None
    with pytest.raises(UnknownLink):
        get_link(room.desk, second)
    assert room.acts() == [("make-link", "done"), ("make-link", "done"), ("claim", "done")]


def test_looking_at_a_link_changes_nothing(room: Room) -> None:
    """Scanners look at links; it works afterwards."""
    token = token_of(make_claim(room.desk))
    for _ in range(3):
        assert get_link(room.desk, token).kind is LinkKind.CLAIM
    follow(room.desk, token, "Orla")


@pytest.mark.parametrize("kind", list(LinkKind))
def test_links_are_good_for_a_while(room: Room, kind: LinkKind) -> None:
    """To the second."""
    if kind is LinkKind.CLAIM:
        token = token_of(make_claim(room.desk))
    else:
        person = claim(room.desk)
        is_invitation = kind is LinkKind.INVITATION
        token = token_of(
            make_invitation(room.desk, person.account, "owner")
            if is_invitation
            else make_recovery(room.desk, None)
        )
    room.clock.at += LIFETIME_S[kind] - 1
    assert get_link(room.desk, token).kind is kind
    room.clock.at += 1
    with pytest.raises(UnknownLink):
        get_link(room.desk, token)


def test_a_link_that_two_follow_is_used_once(room: Room) -> None:
    """The second has made a passkey before the first was taken, and is refused; nothing is half done."""
    owner = claim(room.desk)
    token = token_of(make_invitation(room.desk, owner.account, "organiser"))
    link, device = get_link(room.desk, token), Authenticator(URL)
    answer = device.create(begin_joining(room.desk, link, "The second"))
    follow(room.desk, token, "The first")
    with pytest.raises(UnknownLink):
        join(room.desk, link, "The second", answer)
    assert room.acts()[-1] == ("join", "refused")
    with pytest.raises(PasskeyRefused):
        finish_sign_in(room.desk, device.get(begin_sign_in(room.desk)))


def test_two_claims_make_one_owner(room: Room) -> None:
    """Also if both had the link open."""
    token = token_of(make_claim(room.desk))
    link, device = get_link(room.desk, token), Authenticator(URL)
    answer = device.create(begin_joining(room.desk, link, "Late"))
    follow(room.desk, token, "Early")
    with pytest.raises(UnknownLink):
        join(room.desk, link, "Late", answer)


def test_an_invitation_gives_its_role_and_no_other(room: Room) -> None:
    """It is taken back, and ends with the account that made it."""
    owner = claim(room.desk)
    assert invite(room.desk, owner, "Plain").account.role == "organiser"
    second = invite(room.desk, owner, "Second", "owner")
    assert second.account.role == "owner"
    with pytest.raises(FormatError):
        make_invitation(room.desk, owner.account, "admin")
    token = token_of(make_invitation(room.desk, owner.account, "owner"))
    withdraw_invitation(room.desk, second.account, get_link(room.desk, token).id)
    with pytest.raises(UnknownLink):
        get_link(room.desk, token)
    with pytest.raises(UnknownLink):
        withdraw_invitation(room.desk, owner.account, bytes(32))
    token = token_of(make_invitation(room.desk, second.account, "owner"))
    recovery = token_of(make_recovery(room.desk, "second"))
    with pytest.raises(UnknownLink):
        withdraw_invitation(room.desk, owner.account, get_link(room.desk, recovery).id)
    revoke_account(room.desk, owner.account, second.account.id)
    for ended in (token, recovery):
        with pytest.raises(UnknownLink):
            get_link(room.desk, ended)


def test_recovery_replaces_what_was_lost(room: Room) -> None:
    """Old passkeys and sessions are worth nothing; name, role and id stay."""
    person = claim(room.desk)
    again = follow(room.desk, token_of(make_recovery(room.desk, None)), "ignored")
    assert again.account == person.account
    assert find_session(room.desk, person.cookie) is None
    with pytest.raises(PasskeyRefused):
        finish_sign_in(room.desk, person.device.get(begin_sign_in(room.desk)))
    finish_sign_in(room.desk, again.device.get(begin_sign_in(room.desk)))
    assert room.acts()[-2:] == [("make-link", "done"), ("recover", "done")]


def test_recovery_asks_whose(room: Room) -> None:
    """By name, however it is written; without one only where there is a single owner."""
    with pytest.raises(UnknownAccount):
        make_recovery(room.desk, None)
    owner = claim(room.desk)
    invite(room.desk, owner, "Zoë Brandt")
    link = get_link(room.desk, token_of(make_recovery(room.desk, "zoe brandt")))
    assert link.account is not None
    assert link.account.name == "Zoë Brandt"
    with pytest.raises(UnknownAccount):
        make_recovery(room.desk, "Nobody")
    invite(room.desk, owner, "Another", "owner")
    with pytest.raises(UnknownAccount, match="several owners"):
        make_recovery(room.desk, None)


def test_names_are_taken_once(room: Room) -> None:
    """However they are written; a name that is none is said so before a passkey is made."""
    owner = claim(room.desk, "Zoë")
    link = get_link(room.desk, token_of(make_invitation(room.desk, owner.account, "owner")))
    for name in ("zoe", "ZOË ", " Zoe\u0308"):
        with pytest.raises(NameTaken):
            begin_joining(room.desk, link, name)
    for name in ("", "   ", "x" * 61, "a\u202eb", "a\x00b"):
        with pytest.raises(FormatError):
            begin_joining(room.desk, link, name)


@pytest.fixture(scope="module")
def unclaimed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """A desk for all examples, with a link that is good."""
    with room_in(tmp_path_factory.mktemp("desk")) as room:
        make_claim(room.desk)
        yield room


@settings(deadline=None)
@given(token=st.text(max_size=60) | st.binary(max_size=40).map(format_base64url))
def test_no_other_token_is_a_link(unclaimed: Room, token: str) -> None:
    """Whatever it is."""
    with pytest.raises(UnknownLink):
        get_link(unclaimed.desk, token)


def test_links_name_the_address_that_was_served(tmp_path: Path, room: Room) -> None:
    """The terminal knows no port: it takes the address of the last time."""
    known = open_known_desk(tmp_path, room.clock, "https://otherwise.example")
    assert known.url == URL
    known.close()
    moved = open_desk(tmp_path, room.clock, "http://localhost:8000")
    assert (moved.rp_id, moved.netloc) == ("localhost", "localhost:8000")
    moved.close()
    known = open_known_desk(tmp_path, room.clock, "https://otherwise.example")
    assert known.url == "http://localhost:8000"
    known.close()
    (tmp_path / "new").mkdir()
    new = open_known_desk(tmp_path / "new", room.clock, "https://otherwise.example")
    assert new.url == "https://otherwise.example"
    new.close()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "letters.example.org",
        "http://letters.example.org",
        "http://127.0.0.1:8000",
        "https://letters.example.org/",
        "https://letters.example.org/desk",
        "https://Letters.example.org",
        "https://letters.example.org:443",
        "http://localhost:80",
        "https://letters.example.org:99999999",
        "https://user@letters.example.org",
        "https://-a.example",
        "http://localhost.evil.example",
        "https://" + "a" * 300,
    ],
)
def test_addresses_that_no_passkey_is_bound_to(url: str) -> None:
    """The setting says so at once."""
    with pytest.raises(FormatError):
        check_url(url)


@pytest.mark.parametrize(
    "url", ["https://letters.example.org", "https://a.example:8443", "http://localhost:8000"]
)
def test_addresses_that_passkeys_are_bound_to(url: str) -> None:
    """As browsers write an origin."""
    check_url(url)
