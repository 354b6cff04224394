"""Passkeys: what is taken, and everything that is not: WebAuthn Level 3, sections 7.1 and 7.2."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.app.desks import URL, Person, Room, claim, follow, invite, room_in, token_of
from tests.authenticator import PRESENT, VERIFIED, Authenticator

from undersigned.app import passkeys
from undersigned.app.accounts import (
    add_passkey,
    begin_adding,
    begin_joining,
    join,
    sign_in,
)
from undersigned.app.entering import get_link, make_claim, make_invitation
from undersigned.app.passkeys import (
    CHALLENGE_S,
    LONGEST_RESPONSE,
    MOST_CHALLENGES,
    begin_sign_in,
    finish_sign_in,
)
from undersigned.app.sessions import find_session
from undersigned.encoding import format_base64url, parse_base64url
from undersigned.errors import PasskeyRefused
from undersigned.store import accounts as account_store
from undersigned.store import links as link_store


@pytest.fixture
def person(room: Room) -> Person:
    """The owner of the desk."""
    return claim(room.desk)


def test_a_passkey_signs_in(room: Room, person: Person) -> None:
    """The account is found by the passkey; its count and its use are kept."""
    room.clock.at += 10
    cookie = sign_in(room.desk, person.device.get(begin_sign_in(room.desk)))
    session = find_session(room.desk, cookie)
    assert session is not None
    assert session.account == person.account
    with room.desk.database.read() as connection:
        (row,) = account_store.list_credentials(connection, person.account.id)
    assert (row.sign_count, row.used_at) == (1, room.clock.at)
    assert room.acts()[-1] == ("sign-in", "done")


def test_what_is_asked(room: Room, person: Person) -> None:
    """A verified user, a passkey that names its account; nothing of its make, and no list of accounts."""
    asked = begin_sign_in(room.desk)
    assert (asked["rpId"], asked["userVerification"]) == ("letters.example", "required")
    assert not asked.get("allowCredentials")
    link = get_link(room.desk, token_of(make_invitation(room.desk, person.account, "organiser")))
    made = begin_joining(room.desk, link, "Somebody")
    assert made["attestation"] == "none"
    assert made["authenticatorSelection"]["residentKey"] == "required"
    assert made["authenticatorSelection"]["userVerification"] == "required"
    assert made["user"]["name"] == "Somebody"
    assert begin_sign_in(room.desk)["challenge"] != asked["challenge"]


@pytest.mark.parametrize(
    ("changes", "flags"),
    [
        ({"origin": "https://letters.example.evil"}, PRESENT | VERIFIED),
        ({"origin": "https://sibling.letters.example"}, PRESENT | VERIFIED),
        ({"origin": "http://letters.example"}, PRESENT | VERIFIED),
        ({"type": "webauthn.create"}, PRESENT | VERIFIED),
        ({"crossOrigin": True}, PRESENT | VERIFIED),
        ({"challenge": format_base64url(bytes(32))}, PRESENT | VERIFIED),
        ({"challenge": ""}, PRESENT | VERIFIED),
        ({"challenge": 7}, PRESENT | VERIFIED),
        ({}, PRESENT),
        ({}, VERIFIED),
        ({}, 0),
    ],
)
def test_signing_in_is_refused(
    room: Room, person: Person, changes: dict[str, Any], flags: int
) -> None:
    """Another origin, another purpose, a frame of another site, a challenge of nobody, no verified user."""
    person.device.flags = flags
    with pytest.raises(PasskeyRefused):
        sign_in(room.desk, person.device.get(begin_sign_in(room.desk), **changes))
    person.device.flags = PRESENT | VERIFIED
    sign_in(room.desk, person.device.get(begin_sign_in(room.desk)))


@pytest.mark.parametrize(
    ("changes", "flags"),
    [
        ({"origin": "https://letters.example.evil"}, PRESENT | VERIFIED),
        ({"origin": "https://sibling.letters.example"}, PRESENT | VERIFIED),
        ({"type": "webauthn.get"}, PRESENT | VERIFIED),
        ({"crossOrigin": True}, PRESENT | VERIFIED),
        ({"challenge": format_base64url(bytes(32))}, PRESENT | VERIFIED),
        ({}, PRESENT),
        ({}, VERIFIED),
    ],
)
def test_joining_is_refused(room: Room, changes: dict[str, Any], flags: int) -> None:
    """For the same reasons; the link works afterwards, and no account is made."""
    link = get_link(room.desk, token_of(make_claim(room.desk)))
    device = Authenticator(URL, flags=flags)
    answer = device.create(begin_joining(room.desk, link, "Orla"), **changes)
    with pytest.raises(PasskeyRefused):
        join(room.desk, link, "Orla", answer)
    with room.desk.database.read() as connection:
        assert account_store.list_accounts(connection) == []
    device.flags = PRESENT | VERIFIED
    join(room.desk, link, "Orla", device.create(begin_joining(room.desk, link, "Orla")))


def test_an_answer_is_taken_once(room: Room, person: Person) -> None:
    """Neither a replay nor one that comes too late."""
    answer = person.device.get(begin_sign_in(room.desk))
    sign_in(room.desk, answer)
    with pytest.raises(PasskeyRefused):
        sign_in(room.desk, answer)
    late = person.device.get(begin_sign_in(room.desk))
    room.clock.at += CHALLENGE_S
    with pytest.raises(PasskeyRefused):
        sign_in(room.desk, late)


def test_a_challenge_is_for_one_purpose(room: Room, person: Person) -> None:
    """One of signing in makes no passkey, and one of a link is for that link."""
    made = person.device.create(
        begin_adding(room.desk, person.session)
        | {"challenge": begin_sign_in(room.desk)["challenge"]}
    )
    with pytest.raises(PasskeyRefused):
        add_passkey(room.desk, person.session, "x", made)
    other = invite(room.desk, person, "Somebody else")
    stolen = person.device.create(begin_adding(room.desk, person.session))
    with pytest.raises(PasskeyRefused):
        add_passkey(room.desk, other.session, "x", stolen)


def test_a_copied_authenticator_is_noticed(room: Room, person: Person) -> None:
    """Its count has to grow; one that never counts is let in."""
    sign_in(room.desk, person.device.get(begin_sign_in(room.desk)))
    person.device.used = 0
    with pytest.raises(PasskeyRefused):
        sign_in(room.desk, person.device.get(begin_sign_in(room.desk)))

    device = Authenticator(URL, counts=False)
    made = make_invitation(room.desk, person.account, "organiser")
    silent = follow(room.desk, token_of(made), "Silent", device)
    for _ in range(2):
        sign_in(room.desk, silent.device.get(begin_sign_in(room.desk)))


def test_a_signature_of_another_key_is_refused(room: Room, person: Person) -> None:
    """Nor does the handle of another account pass."""
    stranger = Authenticator(URL)
    other = invite(room.desk, person, "Somebody else")
    (id_,) = person.device.keys
    stranger.keys[id_] = next(iter(other.device.keys.values()))
    stranger.handles[id_] = person.device.handles[id_]
    with pytest.raises(PasskeyRefused):
        sign_in(room.desk, stranger.get(begin_sign_in(room.desk)))
    person.device.handles[id_] = next(iter(other.device.handles.values()))
    with pytest.raises(PasskeyRefused):
        sign_in(room.desk, person.device.get(begin_sign_in(room.desk)))


def test_challenges_do_not_pile_up(room: Room, person: Person) -> None:
    """Whoever asks for ever more pushes out the oldest; the newest can be answered."""
    with room.desk.database.write() as connection:
        for number in range(MOST_CHALLENGES + 3):
            row = link_store.ChallengeRow(
                number.to_bytes(32), "sign-in", None, None, room.clock.at + 1 + number
            )
            link_store.add_challenge(connection, row, now=room.clock.at, most=5)
    waiting = begin_sign_in(room.desk)
    with room.desk.database.write() as connection:
        for number in range(4):
            row = link_store.ChallengeRow(
                number.to_bytes(31), "sign-in", None, None, room.clock.at + 10**6
            )
            link_store.add_challenge(connection, row, now=room.clock.at, most=5)
    with pytest.raises(PasskeyRefused):
        finish_sign_in(room.desk, person.device.get(waiting))


def test_strangers_end_no_challenge_of_a_link_or_session(
    room: Room, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often they ask to sign in, whoever is joining or adding a passkey goes on."""
    monkeypatch.setattr(passkeys, "MOST_CHALLENGES", 2)
    device = Authenticator(URL)
    link = get_link(room.desk, token_of(make_invitation(room.desk, person.account, "organiser")))
    joining = begin_joining(room.desk, link, "Somebody")
    adding = begin_adding(room.desk, person.session)
    for _ in range(5):
        room.clock.at += 1
        waiting = begin_sign_in(room.desk)
    join(room.desk, link, "Somebody", device.create(joining))
    add_passkey(room.desk, person.session, "x", device.create(adding))
    sign_in(room.desk, person.device.get(waiting))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Room, Person]]:
    """A desk with its owner, for all examples."""
    with room_in(tmp_path_factory.mktemp("desk")) as room:
        yield room, claim(room.desk)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
SHAPED = st.fixed_dictionaries(
    {},
    optional={
        "id": JSON,
        "rawId": JSON,
        "type": st.just("public-key") | JSON,
        "response": st.dictionaries(
            st.sampled_from(["clientDataJSON", "attestationObject", "signature", "userHandle"]),
            JSON,
        )
        | JSON,
    },
)


@settings(max_examples=60, deadline=None)
@given(response=SHAPED)
def test_garbage_is_refused(shared: tuple[Room, Person], response: dict[str, Any]) -> None:
    """With the one error, whatever it is."""
    with pytest.raises(PasskeyRefused):
        sign_in(shared[0].desk, response)


@settings(max_examples=40, deadline=None)
@given(
    name=st.sampled_from(["clientDataJSON", "authenticatorData", "signature"]),
    place=st.integers(0, 10**6),
)
def test_every_change_of_an_answer_is_refused(
    shared: tuple[Room, Person], name: str, place: int
) -> None:
    """A flipped bit in any part that is signed, or in the signature."""
    room, person = shared
    answer = person.device.get(begin_sign_in(room.desk))
    value = bytearray(parse_base64url(answer["response"][name]))
    place %= 8 * len(value)
    value[place // 8] ^= 1 << (place % 8)
    answer["response"][name] = format_base64url(bytes(value))
    with pytest.raises(PasskeyRefused):
        sign_in(room.desk, answer)


def test_an_answer_that_is_too_long_is_not_read(room: Room, person: Person) -> None:
    """Far beyond what any authenticator answers."""
    answer = person.device.get(begin_sign_in(room.desk))
    with pytest.raises(PasskeyRefused):
        sign_in(room.desk, answer | {"more": "x" * LONGEST_RESPONSE})
