"""Accounts: passkeys that are added, renamed, revoked; roles; and the last of each that stays."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.app.desks import URL, Person, Room, claim, follow, invite, token_of
from tests.authenticator import Authenticator

from undersigned.app import accounts
from undersigned.app.accounts import (
    LONGEST_NAME,
    MOST_PASSKEYS,
    add_passkey,
    begin_adding,
    change_role,
    check_name,
    get_accounts,
    get_own,
    rename,
    rename_passkey,
    revoke_account,
    revoke_passkey,
    sign_in,
)
from undersigned.app.desk import Desk
from undersigned.app.entering import (
    get_link,
    make_invitation,
    make_recovery,
    withdraw_invitation,
)
from undersigned.app.passkeys import begin_sign_in, finish_sign_in
from undersigned.app.sessions import IDLE_S, find_session, sign_out
from undersigned.errors import (
    FormatError,
    ForOwners,
    LastOwner,
    LastPasskey,
    NameTaken,
    NotSignedIn,
    PasskeyRefused,
    UnknownAccount,
    UnknownLink,
    UnknownPasskey,
)
from undersigned.store.accounts import CredentialRow


@pytest.fixture
def owner(room: Room) -> Person:
    """The owner of the desk."""
    return claim(room.desk)


def add(room: Room, person: Person, name: str) -> Authenticator:
    """Add a passkey on another device."""
    device = Authenticator(URL)
    room.clock.at += 1
    answer = device.create(begin_adding(room.desk, person.session))
    add_passkey(room.desk, person.session, name, answer)
    return device


def test_a_second_passkey_opens_the_same_account(room: Room, owner: Person) -> None:
    """Until it is revoked; its sessions end with it, the others go on."""
    device = add(room, owner, " Key on the ring ")
    cookie = sign_in(room.desk, device.get(begin_sign_in(room.desk)))
    session = find_session(room.desk, cookie)
    assert session is not None
    assert session.account == owner.account
    first, second = get_own(room.desk, owner.account).passkeys
    assert second.name == "Key on the ring"
    rename_passkey(room.desk, owner.account, second.credential, "Ring")
    assert get_own(room.desk, owner.account).passkeys[1].name == "Ring"
    revoke_passkey(room.desk, owner.account, second.credential)
    assert find_session(room.desk, cookie) is None
    assert find_session(room.desk, owner.cookie) is not None
    with pytest.raises(PasskeyRefused):
        sign_in(room.desk, device.get(begin_sign_in(room.desk)))
    with pytest.raises(LastPasskey):
        revoke_passkey(room.desk, owner.account, first.credential)
    assert room.acts()[-5:] == [
        ("add-passkey", "done"),
        ("sign-in", "done"),
        ("rename-passkey", "done"),
        ("revoke-passkey", "done"),
        ("revoke-passkey", "refused"),
    ]


def by_signing_out(room: Room, _: Person, other: Person) -> None:
    """End a session from itself."""
    sign_out(room.desk, other.session)


def by_revoking_its_passkey(room: Room, _: Person, other: Person) -> None:
    """End a session with the passkey that it began with; the account has another one."""
    add(room, other, "Second")
    (credential,) = other.device.keys
    revoke_passkey(room.desk, other.account, credential)


def by_revoking_the_account(room: Room, owner: Person, other: Person) -> None:
    """End a session with its account."""
    revoke_account(room.desk, owner.account, other.account.id)


def by_recovering_the_account(room: Room, _: Person, other: Person) -> None:
    """End a session by a link from the terminal."""
    follow(room.desk, token_of(make_recovery(room.desk, other.account.name)), "")


def by_waiting(room: Room, _: Person, __: Person) -> None:
    """Let a session end by itself, while its challenge can be answered still."""
    room.clock.at += 30


ENDS = (
    by_signing_out,
    by_revoking_its_passkey,
    by_revoking_the_account,
    by_recovering_the_account,
    by_waiting,
)


@pytest.mark.parametrize("end", ENDS)
def test_no_passkey_is_added_by_a_session_that_has_ended(
    room: Room, owner: Person, end: Callable[[Room, Person, Person], None]
) -> None:
    """Whoever is thrown out while a passkey is being added does not come back by it."""
    other = invite(room.desk, owner, "Somebody else")
    device = Authenticator(URL)
    room.clock.at += IDLE_S - 15
    answer = device.create(begin_adding(room.desk, other.session))
    end(room, owner, other)
    before = get_own(room.desk, other.account).passkeys
    with pytest.raises(NotSignedIn):
        add_passkey(room.desk, other.session, "Planted", answer)
    assert get_own(room.desk, other.account).passkeys == before
    assert room.acts()[-1] == ("add-passkey", "refused")
    with pytest.raises(PasskeyRefused):
        sign_in(room.desk, device.get(begin_sign_in(room.desk)))


def by_a_copy(room: Room, _: Person, other: Person) -> None:
    """Use a passkey by a copy of its authenticator, which has counted as far."""
    other.device.used -= 1
    sign_in(room.desk, other.device.get(begin_sign_in(room.desk)))


@pytest.mark.parametrize("end", [*ENDS[1:4], by_a_copy])
def test_nobody_signs_in_with_what_was_revoked_meanwhile(
    room: Room,
    owner: Person,
    monkeypatch: pytest.MonkeyPatch,
    end: Callable[[Room, Person, Person], None],
) -> None:
    """A passkey that was good when its answer was judged has to be good when the session begins."""
    other = invite(room.desk, owner, "Somebody else")

    def finish_and_end(desk: Desk, response: dict[str, Any]) -> CredentialRow:
        used = finish_sign_in(desk, response)
        monkeypatch.setattr(accounts, "finish_sign_in", finish_sign_in)
        end(room, owner, other)
        return used

    answer = other.device.get(begin_sign_in(room.desk))
    monkeypatch.setattr(accounts, "finish_sign_in", finish_and_end)
    with pytest.raises(PasskeyRefused):
        sign_in(room.desk, answer)
    own = get_own(room.desk, other.account)
    assert len(own.sessions) == (2 if end is by_a_copy else 1 if end is ENDS[3] else 0)


def test_passkeys_of_others_are_not_touched(room: Room, owner: Person) -> None:
    """Neither renamed nor revoked, whoever asks; names are checked."""
    other = invite(room.desk, owner, "Somebody else", "owner")
    (passkey,) = get_own(room.desk, other.account).passkeys
    for id_ in (passkey.credential, b"", bytes(32)):
        with pytest.raises(UnknownPasskey):
            rename_passkey(room.desk, owner.account, id_, "mine")
        with pytest.raises(UnknownPasskey):
            revoke_passkey(room.desk, owner.account, id_)
    assert get_own(room.desk, other.account).passkeys == (passkey,)
    with pytest.raises(FormatError):
        rename_passkey(room.desk, other.account, passkey.credential, " ")


def test_passkeys_have_a_bound(room: Room, owner: Person) -> None:
    """More than anybody has devices."""
    for number in range(MOST_PASSKEYS - 1):
        add(room, owner, f"Device {number}")
    with pytest.raises(PasskeyRefused, match="at most"):
        add(room, owner, "One too many")


def test_a_device_is_told_which_passkeys_there_are(room: Room, owner: Person) -> None:
    """So that it makes no second one of the same account."""
    asked = begin_adding(room.desk, owner.session)
    assert len(asked["excludeCredentials"]) == 1


def test_roles(room: Room, owner: Person) -> None:
    """They hold at once, for sessions that go on; the last owner stays one."""
    other = invite(room.desk, owner, "Somebody else")
    with pytest.raises(LastOwner):
        change_role(room.desk, owner.account, owner.account.id, "organiser")
    change_role(room.desk, owner.account, other.account.id, "owner")
    session = find_session(room.desk, other.cookie)
    assert session is not None
    assert session.account.is_owner
    change_role(room.desk, other.account, owner.account.id, "organiser")
    with pytest.raises(LastOwner):
        revoke_account(room.desk, other.account, other.account.id)
    for role in ("", "admin", "Owner"):
        with pytest.raises(FormatError):
            change_role(room.desk, other.account, owner.account.id, role)
    assert get_accounts(room.desk).owners == 1


def by_demoting(room: Room, owner: Person, other: Person) -> None:
    """Make an owner an organiser."""
    change_role(room.desk, owner.account, other.account.id, "organiser")


@pytest.mark.parametrize("end", [by_demoting, by_revoking_the_account, by_recovering_the_account])
def test_invitations_end_with_the_power_to_invite(
    room: Room, owner: Person, end: Callable[[Room, Person, Person], None]
) -> None:
    """And with a recovery: a thief of the passkey may have made them. Those of others stay."""
    other = invite(room.desk, owner, "Somebody else", "owner")
    theirs = token_of(make_invitation(room.desk, other.account, "owner"))
    mine = token_of(make_invitation(room.desk, owner.account, "organiser"))
    end(room, owner, other)
    with pytest.raises(UnknownLink):
        get_link(room.desk, theirs)
    get_link(room.desk, mine)


@pytest.mark.parametrize("end", [by_demoting, by_revoking_the_account])
def test_only_who_is_an_owner_still_decides(
    room: Room, owner: Person, end: Callable[[Room, Person, Person], None]
) -> None:
    """What was asked for as an owner is judged anew in the transaction that does it."""
    other = invite(room.desk, owner, "Somebody else", "owner")
    waiting = get_link(room.desk, token_of(make_invitation(room.desk, owner.account, "organiser")))
    before = get_accounts(room.desk)
    end(room, owner, other)
    attempts = (
        lambda: make_invitation(room.desk, other.account, "owner"),
        lambda: withdraw_invitation(room.desk, other.account, waiting.id),
        lambda: change_role(room.desk, other.account, other.account.id, "owner"),
        lambda: revoke_account(room.desk, other.account, owner.account.id),
    )
    for attempt in attempts:
        with pytest.raises(ForOwners):
            attempt()
    after = get_accounts(room.desk)
    assert after.invitations == before.invitations
    assert after.owners == before.owners - 1


def test_a_revoked_account_is_gone_but_for_its_name(room: Room, owner: Person) -> None:
    """Passkeys and sessions end; it is not revoked twice, and its name is not taken again."""
    other = invite(room.desk, owner, "Somebody else", "owner")
    revoke_account(room.desk, owner.account, other.account.id)
    assert find_session(room.desk, other.cookie) is None
    with pytest.raises(PasskeyRefused):
        sign_in(room.desk, other.device.get(begin_sign_in(room.desk)))
    with pytest.raises(UnknownAccount):
        revoke_account(room.desk, owner.account, other.account.id)
    with pytest.raises(UnknownAccount):
        change_role(room.desk, owner.account, other.account.id, "owner")
    with pytest.raises(LastOwner):
        revoke_account(room.desk, owner.account, owner.account.id)
    with pytest.raises(NameTaken):
        invite(room.desk, owner, "SOMEBODY else")
    rows = {row.name: row.revoked_at for row in get_accounts(room.desk).accounts}
    assert rows == {owner.account.name: None, "Somebody else": room.clock.at}


def test_an_account_is_renamed(room: Room, owner: Person) -> None:
    """To its own name in another spelling, too, and to none that another has."""
    invite(room.desk, owner, "Zoë")
    rename(room.desk, owner.account, "ORLA FENWICK")
    session = find_session(room.desk, owner.cookie)
    assert session is not None
    assert session.account.name == "ORLA FENWICK"
    with pytest.raises(NameTaken):
        rename(room.desk, owner.account, "zoe")
    with pytest.raises(FormatError):
        rename(room.desk, owner.account, "")


def test_names_have_one_form() -> None:
    """White space is one space; what cannot be seen is no name."""
    assert check_name(" a \t b\u0301 ") == "a b\u0301".replace("b\u0301", "b\u0301")
    assert check_name("Zoe\u0308") == "Zoë"
    assert check_name("x" * LONGEST_NAME)
    for text in ("", "x" * (LONGEST_NAME + 1), "\u200b\u202e", "a\x00"):
        with pytest.raises(FormatError):
            check_name(text)
