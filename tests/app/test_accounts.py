"""Accounts: passkeys that are added, renamed, revoked; roles; and the last of each that stays."""

import pytest
from tests.app.desks import URL, Person, Room, claim, invite
from tests.authenticator import Authenticator

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
from undersigned.app.passkeys import begin_sign_in
from undersigned.app.sessions import find_session
from undersigned.errors import (
    FormatError,
    LastOwner,
    LastPasskey,
    NameTaken,
    PasskeyRefused,
    UnknownAccount,
    UnknownPasskey,
)


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
