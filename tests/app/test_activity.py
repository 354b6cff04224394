"""The trail: every act has its row before it is done; the row says how it ended."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.app.desks import Room, claim

from undersigned.app.activity import PAGE, _checked, acting, get_activity
from undersigned.domain.act import Act
from undersigned.errors import LastOwner, StoreError


def test_an_act_is_written_before_it_is_done(room: Room) -> None:
    """Within it stands `begun`, and after it `done`."""
    with acting(room.desk, None, Act.INVITE, "a-letter", 7):
        assert room.acts() == [("invite", "begun")]
    assert room.acts() == [("invite", "done")]
    ((row, name),) = get_activity(room.desk, 1).acts
    assert (row.letter, row.detail, name) == ("a-letter", "7", None)


def test_how_an_act_ended(room: Room) -> None:
    """What a rule refuses is `refused`; after any other failure nobody knows: it stays `begun`."""
    with pytest.raises(LastOwner), acting(room.desk, None, Act.CHANGE_ROLE):
        raise LastOwner
    for failure in (StoreError, KeyboardInterrupt, ZeroDivisionError):
        with pytest.raises(failure), acting(room.desk, None, Act.REVOKE_ACCOUNT):
            raise failure
    states = [state for _, state in room.acts()]
    assert states == ["refused", "begun", "begun", "begun"]


def test_pages_of_the_trail(room: Room) -> None:
    """The newest first, each once; a page beyond the last is the last."""
    person = claim(room.desk)
    for number in range(PAGE):
        with acting(room.desk, person.account, Act.INVITE, detail=number):
            pass
    first, second = get_activity(room.desk, 1), get_activity(room.desk, 2)
    assert (first.pages, first.number, len(first.acts)) == (2, 1, PAGE)
    assert [row.detail for row, _ in first.acts] == [str(n) for n in reversed(range(PAGE))]
    assert [row.act for row, _ in second.acts] == ["claim", "make-link"]
    assert [name for _, name in second.acts] == [person.account.name, None]
    assert get_activity(room.desk, 10**6) == second


@given(st.text(max_size=60))
def test_a_detail_is_a_word(text: str) -> None:
    """No address and no name of several words can become one."""
    try:
        kept = _checked(text)
    except ValueError:
        return
    assert kept == text
    assert len(text) <= 40
    assert not set(text) - set("abcdefghijklmnopqrstuvwxyz0123456789-")
