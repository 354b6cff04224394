"""Answers: by the addressee's own link, each demand once; or told by the organiser, with a source."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.app.answered import MET, PARTLY, REFUSED, link_of, open_three
from tests.app.inspecting import verified
from tests.app.village import DAY, START, Village

from undersigned.app import answering
from undersigned.app.answering import (
    LINK_DAYS,
    Reply,
    get_answer_link,
    give_answer,
    list_answer_links,
    new_answer_link,
    record_answer,
    revoke_answer_link,
)
from undersigned.app.answers import Answers, get_answers, records_of
from undersigned.app.log import Batch, find_published, publish_now
from undersigned.app.reading import get_document
from undersigned.crypto.ed25519 import verify_ed25519
from undersigned.domain.letter import Letter
from undersigned.domain.record import (
    DemandState,
    ResponseRecord,
    ResponseSource,
    signed_bytes,
)
from undersigned.domain.response import Answerer, parse_response
from undersigned.errors import AnsweredBefore, FormatError, UnknownLetter, UnknownLink
from undersigned.store import letters as letter_store
from undersigned.store.answers_schema import answer_link


@pytest.fixture
def letter(village: Village) -> Letter:
    """A letter of three demands."""
    return open_three(village)


def _give(village: Village, token: str, *replies: Reply) -> ResponseRecord:
    return give_answer(village.site, village.letters, token, replies, "en")


def _tell(village: Village, *replies: Reply, told_by: str = "On the door.") -> ResponseRecord:
    return record_answer(village.site, village.letters, "mill", replies, told_by, "en")


def _answers(village: Village) -> Answers:
    return get_answers(village.site, village.letters, "mill")


def test_an_answer_is_a_record_and_a_document(village: Village, letter: Letter) -> None:
    """The organiser's key has signed it, its words are served, and the world sees it at once."""
    record = _give(village, link_of(village), MET, PARTLY)
    assert village.records()[-1] == record
    verify_ed25519(letter.organiser_key, signed_bytes(record), record.sig)
    assert (record.source, record.at) == (ResponseSource.ADDRESSEE, START)
    document = parse_response(get_document(village.site, record.document))
    assert document.answerer == Answerer(1, "mill.example")
    published = find_published(village.site)
    assert published is not None
    assert published.size == len(village.records())
    assert verified(village)[1] == []


def test_two_of_three_demands_and_then_the_third(village: Village, letter: Letter) -> None:
    """The link stays good for what is left; the letter is answered when nothing is."""
    token = link_of(village)
    _give(village, token, MET, REFUSED)
    assert get_answer_link(village.site, village.letters, token).left == ("dam",)
    assert not _answers(village).is_answered
    _give(village, token, PARTLY)
    assert get_answer_link(village.site, village.letters, token).left == ()
    answers = _answers(village)
    assert answers.is_answered
    assert (answers.met, answers.is_met) == (1, False)
    newest = [demand.newest for demand in answers.demands]
    assert [(each.state, each.text) for each in newest if each is not None] == [
        (MET.state, MET.text),
        (PARTLY.state, None),
        (REFUSED.state, REFUSED.text),
    ]
    assert [len(record) for record in records_of(answers)] == [1, 2]


def test_a_demand_is_answered_once_with_a_link(village: Village, letter: Letter) -> None:
    """Whoever finds the mail later changes nothing; a new link can."""
    token = link_of(village)
    _give(village, token, MET)
    before = village.records()
    for replies in ([MET], [PARTLY, MET]):
        with pytest.raises(AnsweredBefore):
            _give(village, token, *replies)
    assert village.records() == before
    anew = link_of(village)
    with pytest.raises(UnknownLink):
        _give(village, token, PARTLY)
    _give(village, anew, Reply("wheel", DemandState.REFUSED, "It has stopped again."))
    wheel = _answers(village).of("wheel")
    assert [answer.state for answer in wheel.answers] == [DemandState.REFUSED, DemandState.MET]
    assert verified(village)[1] == []


def test_the_organiser_tells_an_answer_with_its_source(village: Village, letter: Letter) -> None:
    """It stands there as told, replaces what was said before, and leaves the link as it is."""
    token = link_of(village)
    _give(village, token, MET)
    record = _tell(village, Reply("wheel", DemandState.PARTLY, "On Sundays."), PARTLY)
    assert record.source is ResponseSource.ORGANISER
    newest = _answers(village).of("wheel").newest
    assert newest is not None
    assert (newest.told_by, newest.addressee, newest.domain) == ("On the door.", None, None)
    assert get_answer_link(village.site, village.letters, token).left == ("dam", "pay")
    assert verified(village)[1] == []


def test_only_the_hash_of_a_link_is_kept(village: Village, letter: Letter) -> None:
    """Neither token nor address is in the database; it shows the domain."""
    token = link_of(village, "Someone.Private@mill.example")
    assert len(token) == 43
    with village.site.collector.read() as connection:
        row = connection.execute(answer_link.select()).one()
    assert (row.domain, row.addressee) == ("mill.example", 1)
    village.site.collector.tidy()
    for path in village.site.folder.glob("collector.db*"):
        data = path.read_bytes().lower()
        assert token.lower().encode() not in data
        assert b"private" not in data


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "é" * 43, "A" * 100_000])
def test_a_link_that_nobody_made_is_unknown(village: Village, letter: Letter, token: str) -> None:
    """Whatever it is, it is told apart from no other."""
    link_of(village)
    with pytest.raises(UnknownLink):
        get_answer_link(village.site, village.letters, token)
    with pytest.raises(UnknownLink):
        _give(village, token, MET)


def test_a_link_ends(village: Village, letter: Letter) -> None:
    """So long after the letter has closed; revoked, or replaced, at once."""
    token = link_of(village)
    assert [
        each.addressee for each in list_answer_links(village.site, village.letters, "mill")
    ] == [1]
    village.clock.advance_to(letter.closes + LINK_DAYS * DAY - 1)
    get_answer_link(village.site, village.letters, token)
    village.clock.advance_to(letter.closes + LINK_DAYS * DAY)
    with pytest.raises(UnknownLink):
        _give(village, token, MET)
    assert list_answer_links(village.site, village.letters, "mill") == []
    late = link_of(village)
    _give(village, late, MET)
    revoke_answer_link(village.site, village.letters, "mill", 1)
    with pytest.raises(UnknownLink):
        _give(village, late, PARTLY)
    with pytest.raises(UnknownLink):
        revoke_answer_link(village.site, village.letters, "mill", 1)


def test_links_are_for_addressees_of_a_letter(village: Village, letter: Letter) -> None:
    """There must be such a letter, such a number, and an address."""
    for number, address in ((0, "a@b.example"), (2, "a@b.example"), (1, "nobody")):
        with pytest.raises(FormatError):
            new_answer_link(village.site, village.letters, "mill", number, address)
    with pytest.raises(UnknownLetter):
        new_answer_link(village.site, village.letters, "weir", 1, "a@b.example")


@pytest.mark.parametrize(
    "replies",
    [
        [],
        [MET, MET],
        [Reply("money", DemandState.MET, None)],
        [Reply("wheel", DemandState.MET, "x" * 2_001)],
        [Reply("wheel", DemandState.MET, " ")],
        [Reply("wheel", DemandState.MET, "a\x00b")],
    ],
)
def test_what_is_no_answer_leaves_nothing(
    village: Village, letter: Letter, replies: list[Reply]
) -> None:
    """What is wrong with it is said before anything is written."""
    token, before = link_of(village), village.records()
    with pytest.raises(FormatError):
        _give(village, token, *replies)
    with pytest.raises(FormatError):
        _tell(village, *replies)
    with pytest.raises(FormatError):
        _tell(village, MET, told_by=" ")
    assert village.records() == before
    assert get_answer_link(village.site, village.letters, token).left == letter.demands


def test_fifty_at_once_answer_once(village: Village, letter: Letter) -> None:
    """A link that is used twice in the same moment answers once."""
    token = link_of(village)

    def give(number: int) -> bool:
        try:
            _give(village, token, Reply("wheel", DemandState.MET, f"Answer {number}."))
        except AnsweredBefore:
            return False
        return True

    with ThreadPoolExecutor(10) as threads:
        given = list(threads.map(give, range(50)))
    assert sum(given) == 1
    assert len(_answers(village).of("wheel").answers) == 1


def test_an_answer_that_was_taken_down_says_so(village: Village, letter: Letter) -> None:
    """Its words are gone, its state stands."""
    record = _give(village, link_of(village), MET)
    with village.site.collector.write() as connection:
        letter_store.delete_document(connection, record.document)
    newest = _answers(village).of("wheel").newest
    assert newest is not None
    assert (newest.state, newest.text, newest.domain, newest.addressee) == (
        DemandState.MET,
        None,
        None,
        1,
    )


def test_a_crash_before_the_commit_leaves_no_answer(
    village: Village, letter: Letter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The link is as good as before; used again, it answers."""
    token, before = link_of(village), village.records()

    def die(_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(Batch, "write", die)
        with pytest.raises(RuntimeError):
            _give(village, token, MET)
    assert village.records() == before
    assert not _answers(village).is_begun
    _give(village, token, MET)
    assert _answers(village).met == 1


def test_a_crash_after_the_commit_leaves_an_answer(
    village: Village, letter: Letter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is published at the next start, and the link is used."""
    token, calls = link_of(village), []
    show = publish_now

    def die(site: object) -> None:
        calls.append(site)
        if len(calls) > 1:
            raise RuntimeError
        show(village.site)

    with monkeypatch.context() as patch:
        patch.setattr(answering, "publish_now", die)
        with pytest.raises(RuntimeError):
            _give(village, token, MET)
    village.restart()
    published = find_published(village.site)
    assert published is not None
    assert published.size == len(village.records()) == 4
    with pytest.raises(AnsweredBefore):
        _give(village, token, MET)


def test_answers_are_of_one_letter(village: Village, letter: Letter, tmp_path: Path) -> None:
    """Another letter has its own demands, links and answers."""
    open_three(village, "bridge")
    token = link_of(village)
    _give(village, token, MET)
    assert get_answers(village.site, village.letters, "bridge").states == ()
    assert list_answer_links(village.site, village.letters, "bridge") == []
