"""Mails to members who asked for them: each thing once, at most six, and a link that ends them."""

import dataclasses
import re
from typing import Any

import pytest
import sqlalchemy as sa
from tests.app.test_purging import CLOSES, RETENTION, follow
from tests.app.village import DAY, HOUR, Village

from undersigned.app.mailing import MailKind, compose
from undersigned.app.news import LetterNews
from undersigned.app.telling_members import (
    MOST_MAILS,
    Told,
    find_told,
    subscribe,
    tell_members,
    unsubscribe,
)
from undersigned.domain.letter import Letter, Mode, State
from undersigned.errors import StoreError
from undersigned.store import subscriptions as subscription_store
from undersigned.store.issuer_schema import subscription
from undersigned.store.outbox import MailRow, list_due_mails

URL = "https://letters.example"
OPEN = LetterNews(State.OPEN, 0, None, None, None)


def mails(village: Village) -> list[MailRow]:
    """Return the mails that wait."""
    with village.site.issuer.database.read() as connection:
        return list_due_mails(connection, village.clock.now(), 1_000)


def link_in(mail: MailRow) -> str:
    """Return what the link of a mail ends with."""
    found = re.search(rf"{URL}/mails/([\w-]{{22}})", mail.body)
    assert found is not None
    return found[1]


def wishes(village: Village) -> int:
    """Count the wishes for mail."""
    with village.site.issuer.database.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(subscription)).scalar_one()


def opened(village: Village, wishing: int = 2, **terms: Any) -> Letter:
    """Open a letter; so many members want mails, the first in English, the others in Indonesian."""
    letter = village.open(**terms)
    for number in range(wishing):
        member = village.idle(letter)
        subscribe(village.site.issuer, letter, member, "en" if number == 0 else "id")
    return letter


def tell(village: Village, letter: Letter, news: LetterNews) -> int:
    """Tell members what is new."""
    return tell_members(village.site.issuer, URL, letter, news)


def test_a_letter_goes_its_way(village: Village) -> None:
    """Members hear of it as it is followed; each thing once, in the language that they chose."""
    letter = opened(village, rule=4)
    following = follow(village)
    subjects = []
    for _ in range(4):
        village.member(letter, Mode.SEALED)
        village.later(1)
        following.step()
        following.step()
        subjects.append(len(mails(village)))
    assert subjects == [2, 4, 6, 8]
    village.later(HOUR)
    village.open_waves()
    following.step()
    following.step()
    assert village.state(letter) is State.RELEASED
    bodies = [mail.body for mail in mails(village)]
    assert len(bodies) == 10
    for words in (
        "A quarter of",
        "Half of",
        "Three quarters of",
        "For some time",
        "It is out",
    ):
        assert len([body for body in bodies if words in body]) == 1
    assert len([body for body in bodies if "Seperempat" in body]) == 1


def test_a_mail_names_neither_letter_nor_cause(village: Village) -> None:
    """Nor the member; it has the headers of RFC 8058, and the same link in text and HTML."""
    letter = opened(village)
    assert tell(village, letter, dataclasses.replace(OPEN, m=3)) == 2
    for mail in mails(village):
        said = f"{mail.subject}\n{mail.body}\n{mail.html}"
        for word in ("mill", "Mend", "Villager", letter.letter_id.hex()[:8]):
            assert word not in said
        link = link_in(mail)
        assert f'href="{URL}/mails/{link}"' in mail.html
        assert f'"List-Unsubscribe": "<{URL}/mails/{link}>"' in mail.headers
        assert '"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"' in mail.headers
        assert mail.ref == letter.letter_id


def test_only_the_last_of_several_things_is_told(village: Village) -> None:
    """Whoever was away for a day gets one mail and not four."""
    letter = opened(village, rule=4)
    assert tell(village, letter, dataclasses.replace(OPEN, m=3)) == 2
    assert all("Three quarters" in each.body or "Tiga" in each.body for each in mails(village))
    assert tell(village, letter, dataclasses.replace(OPEN, m=2)) == 0
    assert tell(village, letter, dataclasses.replace(OPEN, m=1)) == 0


def test_a_letter_that_falls_back_is_told_once(village: Village) -> None:
    """Reached, open again and reached again is one mail."""
    letter = opened(village, rule=4)
    reached = dataclasses.replace(OPEN, state=State.REACHED, m=4, reached_at=5)
    assert tell(village, letter, reached) == 2
    assert tell(village, letter, dataclasses.replace(OPEN, m=3)) == 0
    assert tell(village, letter, reached) == 0


def test_what_is_true_of_a_letter(village: Village) -> None:
    """In the order in which it comes; nothing of one that lapsed or was superseded."""
    letter = dataclasses.replace(opened(village, rule=4), deadline=100)
    released = LetterNews(State.RELEASED, 9, 5, 6, None)
    closed = dataclasses.replace(released, state=State.CLOSED, ended_at=50, is_answered=True)
    assert find_told(letter, OPEN, 0) == []
    assert find_told(letter, released, 99)[-1] is Told.RELEASED
    assert find_told(letter, closed, 99)[-1] is Told.ANSWERED
    assert find_told(letter, closed, 100) == list(Told)
    for state in (State.LAPSED, State.SUPERSEDED):
        assert find_told(letter, dataclasses.replace(closed, state=state), 100) == []


def test_nobody_gets_more_than_six(village: Village) -> None:
    """Whatever else there is to tell."""
    letter = dataclasses.replace(opened(village, 1, rule=8), deadline=1)
    news = [dataclasses.replace(OPEN, m=m) for m in (2, 4, 6)]
    news.append(dataclasses.replace(OPEN, state=State.REACHED, reached_at=5))
    news.append(LetterNews(State.RELEASED, 9, 5, 6, None, is_answered=False))
    with_deadline = dataclasses.replace(letter, deadline=None)
    assert [tell(village, with_deadline, each) for each in news] == [1] * 5
    answered = dataclasses.replace(news[-1], is_answered=True)
    assert tell(village, with_deadline, answered) == 1
    assert tell(village, letter, answered) == 0
    assert len(mails(village)) == MOST_MAILS


def test_a_link_ends_the_mails_of_one_member(village: Village) -> None:
    """The same in each of that member's mails; what is no link, or an old one, ends nothing."""
    letter = opened(village)
    tell(village, letter, dataclasses.replace(OPEN, m=1))
    first, second = mails(village)
    tell(village, letter, dataclasses.replace(OPEN, m=2))
    assert {link_in(mail) for mail in mails(village)} == {link_in(first), link_in(second)}
    for wrong in ("", "x", "é", "A" * 22, link_in(first)[:-1], f"{link_in(first)}A"):
        unsubscribe(village.site.issuer, wrong)
    assert wishes(village) == 2
    for _ in range(2):
        unsubscribe(village.site.issuer, link_in(first))
    assert wishes(village) == 1
    assert tell(village, letter, dataclasses.replace(OPEN, m=3, reached_at=4)) == 1


def test_a_crash_tells_all_or_nobody(village: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mails and that they were written are one transaction: the next step tells, once."""
    letter = opened(village, 3)

    def die(*_: object, **__: object) -> None:
        raise StoreError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(subscription_store, "count_sent", die)
        with pytest.raises(StoreError):
            tell(village, letter, dataclasses.replace(OPEN, m=1))
    assert mails(village) == []
    village.restart()
    assert tell(village, letter, dataclasses.replace(OPEN, m=1)) == 3
    village.restart()
    assert tell(village, letter, dataclasses.replace(OPEN, m=1)) == 0
    assert len(mails(village)) == 3


def test_who_cannot_be_written_to(village: Village) -> None:
    """No address, or blocked: no mail, and no error."""
    letter = opened(village, 1)
    nameless = dataclasses.replace(village.idle(letter), address=None)
    subscribe(village.site.issuer, letter, nameless, "en")
    assert wishes(village) == 1
    subscribe(village.site.issuer, letter, village.idle(letter), "xx")
    assert tell(village, letter, dataclasses.replace(OPEN, m=1)) == 2
    assert [mail.lang for mail in mails(village)] == ["en", "en"]


def test_wishes_go_with_the_personal_data(village: Village) -> None:
    """And the mails that did not get out."""
    letter = opened(village)
    tell(village, letter, dataclasses.replace(OPEN, m=1))
    village.at(CLOSES + RETENTION + DAY)
    follow(village).step()
    assert wishes(village) == 0
    assert mails(village) == []


def test_the_kinds_have_words() -> None:
    """Every thing that is told has a sentence of its own."""
    texts = {compose(MailKind.NEWS, "en", told=told.value, link="x", most=6).text for told in Told}
    assert len(texts) == len(Told)
