"""Statements that are hidden with a reason: the pages leave them out, and nothing else changes."""

import pytest
from tests.app.village import Village, Villager

from undersigned.app.hiding import Hidden, get_hidden, hide_statement, show_statement
from undersigned.app.moderating import erase_name
from undersigned.app.names import get_names, get_signature
from undersigned.domain.letter import Letter, Mode
from undersigned.domain.reasons import EraseReason, HideReason
from undersigned.errors import FormatError, NothingToHide, UnknownLeaf, UnknownLetter

WORDS = "The miller's son told me so."
WHY = "It says something about the son, who has not been asked."


def speaker(village: Village, letter: Letter, words: str | None = WORDS) -> Villager:
    """Let a member sign in public and say something; it is in the log."""
    villager = village.villager(letter)
    village.take(villager.sign_request(Mode.PUBLIC, None, villager.document(words)))
    village.later(1)
    return villager


def hide(village: Village, leaf: int, name: str = "mill", text: str = WHY) -> None:
    """Hide a statement."""
    hide_statement(village.site, village.letters, name, leaf, HideReason.OTHERS, text)


def test_a_statement_is_hidden_and_shown_again(village: Village) -> None:
    """With its reason and time; the log does not grow, and the verifier finds nothing wrong."""
    letter = village.open()
    leaf = village.row(speaker(village, letter)).leaf_index
    size = len(village.entries())
    hide(village, leaf)
    expected = Hidden(HideReason.OTHERS, WHY, village.clock.now())
    assert get_signature(village.site, village.letters, "mill", leaf).hidden == expected
    page = get_names(village.site, village.letters, "mill", query="", number=1)
    assert page.hidden == {leaf: expected}
    assert len(village.entries()) == size
    show_statement(village.site, village.letters, "mill", leaf)
    assert get_signature(village.site, village.letters, "mill", leaf).hidden is None
    with pytest.raises(NothingToHide):
        show_statement(village.site, village.letters, "mill", leaf)


def test_a_reason_can_be_changed(village: Village) -> None:
    """The last one is shown."""
    leaf = village.row(speaker(village, village.open())).leaf_index
    hide(village, leaf)
    hide(village, leaf, text="Better words.")
    assert get_hidden(village.site, [leaf])[leaf].text == "Better words."


def test_what_cannot_be_hidden(village: Village) -> None:
    """No statement, no name, no signature, no letter, no reason: nothing is stored."""
    letter = village.open()
    silent = village.row(speaker(village, letter, None)).leaf_index
    sealed = village.member(letter, Mode.SEALED)
    village.later(1)
    leaf = village.row(speaker(village, letter)).leaf_index
    for wrong in (silent, village.row(sealed).leaf_index):
        with pytest.raises(NothingToHide):
            hide(village, wrong)
    with pytest.raises(UnknownLeaf):
        hide(village, 0)
    with pytest.raises(UnknownLetter):
        hide(village, leaf, "barn")
    with pytest.raises(FormatError):
        hide(village, leaf, text=" \n")
    assert get_hidden(village.site, [silent, leaf]) == {}


def test_another_letter_hides_nothing_here(village: Village) -> None:
    """A leaf belongs to one letter."""
    leaf = village.row(speaker(village, village.open())).leaf_index
    village.open("barn")
    with pytest.raises(UnknownLeaf):
        hide(village, leaf, "barn")
    hide(village, leaf)
    with pytest.raises(NothingToHide):
        show_statement(village.site, village.letters, "barn", leaf)


def test_new_words_are_not_hidden(village: Village) -> None:
    """Whoever amends with another statement is shown again: it was not the person that was hidden."""
    letter = village.open()
    villager = speaker(village, letter)
    leaf = village.row(villager).leaf_index
    hide(village, leaf)
    villager.seq = 0
    blob = villager.document("I think so myself.")
    village.take(villager.amend_request(Mode.PUBLIC, None, blob=blob))
    village.later(1)
    signature = get_signature(village.site, village.letters, "mill", leaf)
    assert signature.hidden is None
    assert signature.shown is not None
    assert signature.shown.statement == "I think so myself."


def test_an_erased_name_is_hidden_no_longer(village: Village) -> None:
    """What is gone needs no reason to be left out; the words about it go, too."""
    leaf = village.row(speaker(village, village.open())).leaf_index
    hide(village, leaf)
    erase_name(village.site, village.letters, "mill", leaf, EraseReason.ASKED)
    assert get_hidden(village.site, [leaf]) == {}
