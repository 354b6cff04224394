"""Codes on cards: each is known by its mark, and one that was lost is void."""

import pytest
from tests.app.inspecting import verified
from tests.app.village import Village

from undersigned.app.invites import find_card, list_cards, make_invites, mark_of, void_card
from undersigned.app.own_collector import OwnRolls
from undersigned.app.rolls import code_hash, import_roll
from undersigned.domain.record import RollRecord
from undersigned.domain.roll import parse_invite_code
from undersigned.errors import NotOnRoll, RollFixed
from undersigned.store import members as member_store

ROLL = b"email,name\na@x.example,Ada\nb@x.example,Bea\n"


def test_a_card_is_known_by_its_mark(village: Village) -> None:
    """The mark is made of what the database has, and is no part of the code."""
    import_roll(village.site.issuer, "mill", ROLL)
    invites = make_invites(village.site.issuer, "mill", None)
    cards = list_cards(village.site.issuer, "mill")
    assert [(card.mark, card.name) for card in cards] == [(i.mark, i.name) for i in invites]
    for invite in invites:
        code = parse_invite_code(invite.code)
        assert invite.mark == mark_of(code_hash(code))
        assert len(invite.mark) == 7
        assert find_card(village.site.issuer, "mill", f" {invite.mark.lower()} ").name
    with pytest.raises(NotOnRoll):
        find_card(village.site.issuer, "mill", "0000000")


def test_a_card_of_a_list_is_voided(village: Village) -> None:
    """The member stays on the roll, and can have another."""
    import_roll(village.site.issuer, "mill", ROLL)
    issuer = village.site.issuer
    first, second = make_invites(issuer, "mill", None)
    assert void_card(issuer, None, "mill", first.mark).n is None
    with issuer.database.read() as connection:
        digest = code_hash(parse_invite_code(first.code))
        assert member_store.find_invited(connection, "mill", digest) is None
        assert len(member_store.list_commits(connection, "mill")) == 2
    (again,) = make_invites(issuer, "mill", None)
    assert again.name == first.name
    assert {card.mark for card in list_cards(issuer, "mill")} == {again.mark, second.mark}


def test_a_card_of_an_open_letter_is_voided(village: Village) -> None:
    """On a roll of codes alone that blocks its entry, and more codes are more members: the log says so."""
    issuer, own = village.site.issuer, OwnRolls(village.site)
    first, *_ = make_invites(issuer, "codes", 3)
    text = village.write_file("other").texts
    assert text
    letter_file = village.letter_file.read_text()
    letter_file = letter_file.replace('"other"', '"codes"').replace('"list"', '"invites"')
    village.letter_file.write_text(letter_file.replace('["email", "invite"]', '["invite"]'))
    village.open_draft(village.draft())
    with pytest.raises(RollFixed):
        make_invites(issuer, "codes", 2)
    assert len(make_invites(issuer, "codes", 2, lambda _: own)) == 2
    assert void_card(issuer, lambda _: own, "codes", first.mark).n == 4
    assert void_card(issuer, lambda _: own, "codes", first.mark).left == 1
    numbers = [each.n for each in village.records() if isinstance(each, RollRecord)]
    assert numbers == [3, 5, 4]
    assert verified(village)[1] == []
