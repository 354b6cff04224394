"""Guarantees: asked for by the organiser, confirmed by a link, withdrawn for all to see."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from tests.app.answered import PLACES, open_three
from tests.app.inspecting import verified
from tests.app.village import DAY, HOUR, START, Village

from undersigned.app.guaranteeing import (
    ASKED,
    DECLINED,
    GIVEN,
    LINK_DAYS,
    WITHDRAWN,
    Terms,
    ask_guarantee,
    cancel_offer,
    decline_guarantee,
    get_offer,
    give_guarantee,
    list_offers,
    record_withdrawal,
    renew_link,
    withdraw_guarantee,
)
from undersigned.app.guarantees import ShownGuarantee, list_guarantees
from undersigned.app.log import Batch, find_published
from undersigned.crypto.ed25519 import verify_ed25519
from undersigned.domain.letter import Letter
from undersigned.domain.record import GuaranteeRecord, GuaranteeState, signed_bytes
from undersigned.errors import (
    FormatError,
    GuaranteeDecided,
    GuaranteeExists,
    UnknownGuarantee,
    UnknownLink,
)
from undersigned.store import letters as letter_store


@pytest.fixture
def letter(village: Village) -> Letter:
    """The letter that is guaranteed for."""
    return open_three(village)


def _ask(village: Village, terms: Terms = PLACES) -> str:
    return ask_guarantee(village.site, village.letters, "mill", terms)


def _give(village: Village, token: str) -> str:
    return give_guarantee(village.site, village.letters, token)


def _shown(village: Village) -> tuple[ShownGuarantee, ...]:
    return list_guarantees(village.site, village.letters, "mill")


def _states(village: Village) -> list[str]:
    return [offer.state for offer in list_offers(village.site, village.letters, "mill")]


def test_what_is_confirmed_is_a_record_and_a_document(village: Village, letter: Letter) -> None:
    """Exactly what was asked for, with the domain that confirmed it, and the world sees it at once."""
    token = _ask(village)
    assert _shown(village) == ()
    offer = get_offer(village.site, village.letters, token)
    assert (offer.terms.terms, offer.domain) == (PLACES.terms, "works.example")
    _give(village, token)
    record = village.records()[-1]
    assert isinstance(record, GuaranteeRecord)
    verify_ed25519(letter.organiser_key, signed_bytes(record), record.sig)
    assert (record.state, record.cap, record.expires) == (GuaranteeState.GIVEN, 2, None)
    (shown,) = _shown(village)
    assert shown.words == PLACES.words()
    assert shown.words is not None
    assert shown.words.domain == "works.example"
    assert shown.holds(village.clock.now())
    published = find_published(village.site)
    assert published is not None
    assert published.size == len(village.records())
    assert verified(village)[1] == []


def test_a_guarantee_is_withdrawn_by_another_link(village: Village, letter: Letter) -> None:
    """The one that confirmed is used up; what was given stays to be seen, and who may give it again."""
    token = _ask(village)
    withdrawal = _give(village, token)
    with pytest.raises(UnknownLink):
        get_offer(village.site, village.letters, token)
    village.later(HOUR)
    withdraw_guarantee(village.site, village.letters, withdrawal)
    (shown,) = _shown(village)
    assert (shown.at, shown.withdrawn_at) == (START, START + HOUR)
    assert not shown.holds(village.clock.now())
    with pytest.raises(GuaranteeDecided):
        withdraw_guarantee(village.site, village.letters, withdrawal)
    assert _states(village) == [WITHDRAWN]
    _give(village, _ask(village))
    assert [each.withdrawn_at for each in _shown(village)] == [None, START + HOUR]
    assert verified(village)[1] == []


def test_a_guarantee_is_given_once(village: Village, letter: Letter) -> None:
    """A second one with the same words waits until the first is withdrawn; with others it is another."""
    first, second = _ask(village), _ask(village)
    other = _ask(village, replace(PLACES, terms="A bed for everyone who signs."))
    _give(village, first)
    with pytest.raises(GuaranteeExists):
        _give(village, second)
    _give(village, other)
    assert len(_shown(village)) == 2
    assert verified(village)[1] == []


def test_fifty_at_once_give_once(village: Village, letter: Letter) -> None:
    """A link that is used twice in the same moment gives one guarantee."""
    token = _ask(village)

    def give(_: int) -> bool:
        try:
            _give(village, token)
        except UnknownLink:
            return False
        return True

    with ThreadPoolExecutor(10) as threads:
        assert sum(threads.map(give, range(50))) == 1
    assert len(_shown(village)) == 1


def test_a_guarantee_expires_in_sight(village: Village, letter: Letter) -> None:
    """It is shown as over; it cannot be given after its time."""
    terms = replace(PLACES, expires=START + DAY)
    late = _ask(village, replace(terms, terms="Soup."))
    _give(village, _ask(village, terms))
    village.clock.advance_to(START + DAY - 1)
    assert _shown(village)[0].holds(village.clock.now())
    village.clock.advance_to(START + DAY)
    assert not _shown(village)[0].holds(village.clock.now())
    with pytest.raises(FormatError, match="over already"):
        _give(village, late)
    assert verified(village)[1] == []


def test_who_declines_gives_nothing(village: Village, letter: Letter) -> None:
    """No record, and no second thought by the same link; the organiser can forget it."""
    token, before = _ask(village), village.records()
    decline_guarantee(village.site, token)
    with pytest.raises(GuaranteeDecided):
        _give(village, token)
    with pytest.raises(GuaranteeDecided):
        decline_guarantee(village.site, token)
    (offer,) = list_offers(village.site, village.letters, "mill")
    assert offer.state == DECLINED
    with pytest.raises(GuaranteeDecided):
        renew_link(village.site, village.letters, "mill", offer.offer)
    cancel_offer(village.site, village.letters, "mill", offer.offer)
    assert _states(village) == []
    assert village.records() == before


def test_the_organiser_makes_new_links(village: Village, letter: Letter) -> None:
    """To confirm while it is asked for, to withdraw once it is given; older ones are good no longer."""
    first = _ask(village)
    (offer,) = list_offers(village.site, village.letters, "mill")
    second = renew_link(village.site, village.letters, "mill", offer.offer)
    with pytest.raises(UnknownLink):
        _give(village, first)
    withdrawal = _give(village, second)
    third = renew_link(village.site, village.letters, "mill", offer.offer)
    with pytest.raises(UnknownLink):
        withdraw_guarantee(village.site, village.letters, withdrawal)
    with pytest.raises(GuaranteeDecided):
        cancel_offer(village.site, village.letters, "mill", offer.offer)
    withdraw_guarantee(village.site, village.letters, third)
    assert _states(village) == [WITHDRAWN]
    open_three(village, "bridge")
    with pytest.raises(UnknownGuarantee):
        renew_link(village.site, village.letters, "bridge", offer.offer)


def test_the_organiser_records_a_withdrawal(village: Village, letter: Letter) -> None:
    """A guarantor without the link can still take it back; of what is not given nothing is."""
    _give(village, _ask(village))
    leaf = _shown(village)[0].leaf_index
    record_withdrawal(village.site, village.letters, "mill", leaf)
    assert _shown(village)[0].withdrawn_at is not None
    assert _states(village) == [WITHDRAWN]
    with pytest.raises(GuaranteeDecided):
        record_withdrawal(village.site, village.letters, "mill", leaf)
    for wrong in (leaf + 1, 0, 99):
        with pytest.raises(UnknownGuarantee):
            record_withdrawal(village.site, village.letters, "mill", wrong)
    assert verified(village)[1] == []


def test_a_link_to_confirm_is_too_old_in_the_end(village: Village, letter: Letter) -> None:
    """After ninety days; one to withdraw is not."""
    token, other = _ask(village), _ask(village, replace(PLACES, terms="Soup."))
    withdrawal = _give(village, other)
    village.clock.advance_to(START + LINK_DAYS * DAY)
    with pytest.raises(UnknownLink):
        _give(village, token)
    withdraw_guarantee(village.site, village.letters, withdrawal)
    assert sorted(_states(village)) == [ASKED, WITHDRAWN]


@pytest.mark.parametrize(
    "changed",
    [
        {"guarantor": " "},
        {"guarantor": "The\nworks"},
        {"address": "works"},
        {"terms": ""},
        {"terms": "x" * 5_001},
        {"lang": "English"},
        {"cap": 0},
        {"cap": 10_000_001},
        {"expires": START},
    ],
)
def test_what_cannot_be_guaranteed_is_not_asked_for(
    village: Village, letter: Letter, changed: dict[str, Any]
) -> None:
    """What is wrong with it is said before anybody is asked."""
    with pytest.raises(FormatError):
        _ask(village, replace(PLACES, **changed))
    assert _states(village) == []


def test_words_that_were_taken_down(village: Village, letter: Letter) -> None:
    """The guarantee stays, its bounds with it."""
    _give(village, _ask(village))
    with village.site.collector.write() as connection:
        letter_store.delete_document(connection, _shown(village)[0].document)
    (shown,) = _shown(village)
    assert (shown.words, shown.cap) == (None, 2)


def test_a_crash_before_the_commit_leaves_no_guarantee(
    village: Village, letter: Letter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The link is as good as before; used again, it gives."""
    token, before = _ask(village), village.records()

    def die(_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(Batch, "write", die)
        with pytest.raises(RuntimeError):
            _give(village, token)
    assert village.records() == before
    assert _states(village) == [ASKED]
    _give(village, token)
    assert _states(village) == [GIVEN]
