"""What organisers do to signatures: invalidated with a reason, erased, and counted as before and after."""

import pytest
from tests.app.inspecting import figures, verified
from tests.app.village import DAY, HOUR, Village, Villager

from undersigned.app import reading
from undersigned.app.meaning import Criteria, Selection, select_signatures
from undersigned.app.moderating import (
    MOST_PER_TRANSACTION,
    Invalidated,
    erase_name,
    invalidate,
)
from undersigned.app.names import get_names, get_signature
from undersigned.domain.explanation import parse_explanation
from undersigned.domain.letter import Mode, State
from undersigned.domain.name import Verified
from undersigned.domain.reasons import EraseReason, InvalidateReason
from undersigned.domain.record import (
    EpochRecord,
    EraseRecord,
    InvalidateRecord,
    OutcomeRecord,
)
from undersigned.errors import (
    AlreadyWithdrawn,
    AmendmentOutOfTurn,
    FormatError,
    NothingToErase,
    NothingToInvalidate,
    UnknownDocument,
    UnknownLeaf,
    UnknownLetter,
)

WHY = "Nobody of that name was ever a member.\nThe list on the door says so."


def select(village: Village, criteria: Criteria, name: str = "mill") -> Selection:
    """Find who is meant."""
    return select_signatures(village.site, village.letters, name, criteria)


def strike(village: Village, selection: Selection) -> Invalidated:
    """Invalidate who was selected."""
    return invalidate(village.site, village.letters, selection, InvalidateReason.IMPERSONATION, WHY)


def leaf(village: Village, villager: Villager) -> int:
    """Return the place of a signature in the log."""
    return village.row(villager).leaf_index


def strike_one(village: Village, villager: Villager) -> Invalidated:
    """Invalidate one signature."""
    return strike(village, select(village, Criteria(leaves=frozenset({leaf(village, villager)}))))


def erase(village: Village, villager: Villager) -> None:
    """Erase one name."""
    erase_name(village.site, village.letters, "mill", leaf(village, villager), EraseReason.ASKED)


def names_of(village: Village) -> list[str]:
    """Return the names that the site shows."""
    names = get_names(village.site, village.letters, "mill", query="", number=1).names
    return [each.name for each in names]


# --- one


def test_a_public_signature_is_invalidated(village: Village) -> None:
    """It no longer counts, its name is struck, and the record tells why to everybody."""
    letter = village.open(rule=9)
    fake, honest = village.members(letter, 2, Mode.PUBLIC)
    village.later(2)
    assert strike_one(village, fake) == Invalidated(1, (), ())
    assert village.row(fake).status == "invalidated"
    (record,) = (each for each in village.records(letter) if isinstance(each, InvalidateRecord))
    assert (record.leaf, record.reason) == (
        leaf(village, fake),
        InvalidateReason.IMPERSONATION,
    )
    assert parse_explanation(reading.get_document(village.site, record.text)) == WHY
    assert names_of(village) == [honest.attestation.name]
    numbers = figures(village, letter)
    assert (numbers["m"], numbers["invalidated"], numbers["withdrawn"]) == (1, 1, 0)
    assert verified(village)[1] == []


def test_it_is_over_for_its_signer(village: Village) -> None:
    """An invalidated signature can be neither withdrawn nor amended, nor invalidated again."""
    letter = village.open(rule=9)
    fake = village.member(letter, Mode.PUBLIC)
    village.later(2)
    strike_one(village, fake)
    with pytest.raises(AlreadyWithdrawn, match="has ended"):
        village.withdraw(fake)
    with pytest.raises(AlreadyWithdrawn, match="has ended"):
        village.amend(fake, Mode.ANONYMOUS)
    with pytest.raises(NothingToInvalidate, match="has ended already"):
        strike_one(village, fake)
    assert verified(village)[1] == []


@pytest.mark.parametrize("mode", [Mode.SEALED, Mode.ANONYMOUS])
def test_nobody_without_a_name_is_singled_out(village: Village, mode: Mode) -> None:
    """A sealed or anonymous signature fits no criterion, and is refused by its place."""
    letter = village.open(rule=9)
    hidden = village.member(letter, mode)
    village.later(2)
    with pytest.raises(NothingToInvalidate, match="shows no name"):
        strike_one(village, hidden)
    for criteria in (
        Criteria(first=0),
        Criteria(name="Villager"),
        Criteria(verified=Verified.EMAIL),
    ):
        with pytest.raises(NothingToInvalidate):
            select(village, criteria)
    assert village.row(hidden).status == "live"


def test_leaves_that_are_no_signature(village: Village) -> None:
    """Another letter's, another kind of record, and beyond the log."""
    letter, other = village.open(rule=9), village.open("barn", rule=9)
    stranger = village.member(other, Mode.PUBLIC)
    village.member(letter, Mode.PUBLIC)
    village.later(2)
    for wrong in (leaf(village, stranger), 0, 10**9):
        with pytest.raises(UnknownLeaf):
            select(village, Criteria(leaves=frozenset({wrong})))
        with pytest.raises(UnknownLeaf):
            erase_name(village.site, village.letters, "mill", wrong, EraseReason.COURT)
    with pytest.raises(UnknownLetter):
        select(village, Criteria(first=0), "none")


# --- many


def test_criteria_all_have_to_fit(village: Village) -> None:
    """Words in names and roles without case and accents, statements, places; and both of two."""
    letter = village.open(rule=50)
    people = village.members(letter, 4, Mode.PUBLIC)
    speaker = village.villager(letter)
    document = speaker.document("Buy my café, CHEAP")
    village.take(speaker.sign_request(Mode.PUBLIC, blob=document))
    village.later(2)
    leaves = sorted(leaf(village, each) for each in people)

    def found(criteria: Criteria) -> list[int]:
        return [each.row.leaf_index for each in select(village, criteria).meant]

    assert found(Criteria(statement="cheap CAFE")) == [leaf(village, speaker)]
    number = people[2].attestation.name.removeprefix("Villager ")
    alike = sorted(
        leaf(village, each) for each in [*people, speaker] if number in each.attestation.name
    )
    assert found(Criteria(name=f"VILLÁGER {number}")) == alike
    assert found(Criteria(role=f"{number} role")) == alike
    assert found(Criteria(first=leaves[1], last=leaves[2], name="villager")) == [
        each for each in sorted([*leaves, leaf(village, speaker)]) if leaves[1] <= each <= leaves[2]
    ]
    assert len(found(Criteria(verified=Verified.EMAIL))) == 5
    for nobody in (
        Criteria(verified=Verified.INVITE),
        Criteria(name="villager", role="villager"),
        Criteria(wave=1),
        Criteria(statement="cheaper"),
    ):
        with pytest.raises(NothingToInvalidate):
            select(village, nobody)


def test_criteria_that_say_nothing() -> None:
    """None at all, and words that are none, would mean everybody."""
    with pytest.raises(FormatError, match="nothing says"):
        Criteria()
    for text in ("", " \n", "\u0301"):
        with pytest.raises(FormatError, match="without a word"):
            Criteria(name=text, first=3)


def test_a_preview_writes_nothing(village: Village) -> None:
    """It says who, how many, and what becomes of the count; the log is as it was."""
    letter = village.open(rule=3)
    people = village.members(letter, 4, Mode.PUBLIC)
    village.later(2)
    before = village.entries()
    selection = select(village, Criteria(first=0))
    assert [each.row.leaf_index for each in selection.meant] == sorted(
        leaf(village, each) for each in people
    )
    assert {each.shown.name for each in selection.meant if each.shown} == {
        each.attestation.name for each in people
    }
    assert (selection.m, selection.m_after, selection.falls_below) == (4, 0, True)
    one = select(village, Criteria(leaves=frozenset({leaf(village, people[0])})))
    assert (one.m, one.m_after, one.falls_below) == (4, 3, False)
    assert village.entries() == before


def test_many_go_in_transactions_of_their_own(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is published, and told of; together they are all."""
    assert MOST_PER_TRANSACTION >= 100
    monkeypatch.setattr("undersigned.app.moderating.MOST_PER_TRANSACTION", 3)
    letter = village.open(rule=9)
    village.members(letter, 7, Mode.PUBLIC)
    honest = village.member(letter, Mode.ANONYMOUS)
    village.later(2)
    told: list[int] = []
    selection = select(village, Criteria(name="villager"))
    done = invalidate(
        village.site, village.letters, selection, InvalidateReason.NOT_A_MEMBER, WHY, told.append
    )
    assert (done.number, told) == (7, [3, 3, 1])
    assert village.row(honest).status == "live"
    assert figures(village, letter)["invalidated"] == 7
    assert verified(village)[1] == []


def test_what_changed_since_the_preview_is_left_out(village: Village) -> None:
    """Who withdrew, was given another name, or has a change waiting is not struck unseen."""
    letter = village.open(rule=9)
    gone, renamed, leaving, fake = village.members(letter, 4, Mode.PUBLIC)
    village.later(2)
    selection = select(village, Criteria(name="villager"))
    village.withdraw(gone)
    village.take(renamed.amend_request(Mode.PUBLIC, blob=renamed.document("I am here.")))
    village.later(2)
    village.withdraw(leaving)
    done = strike(village, selection)
    assert done.number == 1
    assert set(done.changed) == {leaf(village, gone), leaf(village, renamed)}
    assert done.waiting == (leaf(village, leaving),)
    assert village.row(fake).status == "invalidated"
    village.later(2)
    assert village.row(leaving).status == "withdrawn"
    assert verified(village)[1] == []


# --- what follows


def test_a_letter_that_falls_below_its_rule_is_open_again(village: Village) -> None:
    """In the cooling-off, with the next epoch, although nobody else does anything."""
    letter = village.open(rule=3, period_s=60)
    fakes = village.members(letter, 3, Mode.PUBLIC)
    village.later(60)
    assert village.state(letter) is State.REACHED
    assert strike_one(village, fakes[0]).number == 1
    village.later(1)
    assert village.state(letter) is State.REACHED
    village.later(60)
    assert village.state(letter) is State.OPEN
    *_, epoch, outcome = village.records(letter)
    assert isinstance(epoch, EpochRecord)
    assert isinstance(outcome, OutcomeRecord)
    assert (outcome.m, outcome.at) == (2, epoch.at)
    assert village.later(600).sequence() == 0
    assert verified(village)[1] == []


def test_a_boundary_counts_without_them(village: Village) -> None:
    """A cooling-off that ends below the rule ends open, not frozen, though no epoch came between."""
    letter = village.open(rule=3, period_s=3_600, max_wait_s=3_600)
    fakes = village.members(letter, 3, Mode.PUBLIC)
    village.later(2 * HOUR)
    assert village.state(letter) is State.REACHED
    village.clock.advance_to(village.clock.now() + HOUR - 1)
    strike_one(village, fakes[0])
    village.later(1)
    assert village.states(letter) == [State.OPEN, State.REACHED, State.OPEN]
    assert verified(village)[1] == []


def test_a_release_is_final(village: Village) -> None:
    """An opened fake is struck; the letter stays released, below its rule, and the count says so."""
    letter = village.open(rule=3)
    fake, *_ = village.members(letter, 3, Mode.SEALED)
    village.later(2)
    village.later(HOUR + 1)
    village.open_waves()
    assert village.state(letter) is State.RELEASED
    place = leaf(village, fake)
    selection = select(village, Criteria(wave=1, first=place, last=place))
    assert [each.row.pk for each in selection.meant] == [fake.pk]
    with pytest.raises(NothingToInvalidate):
        select(village, Criteria(wave=2))
    strike(village, selection)
    village.later(60)
    assert village.state(letter) is State.RELEASED
    assert figures(village, letter)["m"] == 2
    assert fake.attestation.name not in names_of(village)
    assert verified(village)[1] == []


def test_a_public_fake_is_struck_while_names_are_opened(village: Village) -> None:
    """The opening was made from a log without the record: it is taken, and the count follows."""
    letter = village.open(rule=3)
    village.members(letter, 3, Mode.SEALED)
    fake = village.member(letter, Mode.PUBLIC)
    village.later(2)
    village.later(HOUR + 1)
    assert village.stage(letter).opening_due
    strike_one(village, fake)
    assert village.open_waves() == 1
    assert village.state(letter) is State.RELEASED
    assert figures(village, letter)["m"] == 3
    assert verified(village)[1] == []


# --- erasing


def test_a_public_name_is_erased(village: Village) -> None:
    """Its document is gone, with the one from before an amendment; the signature counts on."""
    letter = village.open(rule=2)
    tired, other = village.members(letter, 2, Mode.PUBLIC)
    village.later(2)
    first = tired.name
    document = tired.document("I said this once.")
    village.take(tired.amend_request(Mode.PUBLIC, blob=document))
    village.later(2)
    second = village.row(tired).name
    assert first is not None
    assert second is not None
    assert first != second
    erase(village, tired)
    (record,) = (each for each in village.records(letter) if isinstance(each, EraseRecord))
    assert (record.leaf, record.reason) == (leaf(village, tired), EraseReason.ASKED)
    for digest in (first, second):
        with pytest.raises(UnknownDocument):
            reading.get_document(village.site, digest)
    assert names_of(village) == [other.attestation.name]
    shown = get_signature(village.site, village.letters, "mill", leaf(village, tired))
    assert (shown.row.erased, shown.stands, shown.shown) == (True, True, None)
    numbers = figures(village, letter)
    assert (numbers["m"], numbers["erased"]) == (2, 1)
    report, doubts = verified(village)
    assert doubts == []
    assert "Letter 'mill': 1 name erased." in report.checks[10].evidence


def test_an_erased_name_does_not_come_back(village: Village) -> None:
    """Neither by an amendment; the member may still become anonymous, or withdraw."""
    letter = village.open(rule=9)
    tired, leaver = village.members(letter, 2, Mode.PUBLIC)
    village.later(2)
    erase(village, tired)
    erase(village, leaver)
    for request in (
        tired.amend_request(Mode.PUBLIC, blob=tired.document("Again.")),
        tired.amend_request(Mode.SEALED),
    ):
        with pytest.raises(AmendmentOutOfTurn, match="erased"):
            village.take(request)
    village.amend(tired, Mode.ANONYMOUS)
    village.withdraw(leaver)
    village.later(2)
    assert village.row(tired).mode == "anonymous"
    assert village.row(leaver).status == "withdrawn"
    with pytest.raises(NothingToErase):
        erase(village, tired)
    assert verified(village)[1] == []


def test_a_name_outlives_its_signature_until_it_is_erased(village: Village) -> None:
    """A withdrawn public name is still a document, which can be erased."""
    letter = village.open(rule=9)
    leaver = village.member(letter, Mode.PUBLIC)
    village.later(2)
    village.withdraw(leaver)
    with pytest.raises(NothingToErase, match="waits for its epoch"):
        erase(village, leaver)
    village.later(2)
    assert leaver.name is not None
    assert reading.get_document(village.site, leaver.name)
    erase(village, leaver)
    with pytest.raises(UnknownDocument):
        reading.get_document(village.site, leaver.name)
    assert verified(village)[1] == []


def test_nothing_to_erase(village: Village) -> None:
    """An anonymous signature has no name; a withdrawn seal is destroyed already."""
    letter = village.open(rule=9)
    nobody, leaver = village.member(letter, Mode.ANONYMOUS), village.member(letter, Mode.SEALED)
    village.later(2)
    village.withdraw(leaver)
    village.later(2)
    for each in (nobody, leaver):
        with pytest.raises(NothingToErase):
            erase(village, each)


def test_an_opened_name_is_erased(village: Village) -> None:
    """The blob is no document any more; the published key opens nothing."""
    letter = village.open(rule=3)
    tired, *_ = village.members(letter, 3, Mode.SEALED)
    village.later(2)
    village.later(HOUR + 1)
    village.open_waves()
    assert tired.name is not None
    assert reading.get_document(village.site, tired.name)
    erase(village, tired)
    with pytest.raises(UnknownDocument):
        reading.get_document(village.site, tired.name)
    assert tired.attestation.name not in names_of(village)
    assert figures(village, letter)["m"] == 3
    assert verified(village)[1] == []


def test_a_sealed_name_that_is_erased_is_never_opened(village: Village) -> None:
    """Erased before the freezing, or while the wave waits: it stands, unnamed, and is skipped."""
    letter = village.open(rule=3)
    early, later, *_ = village.members(letter, 5, Mode.SEALED)
    village.later(2)
    erase(village, early)
    village.later(HOUR + 1)
    assert village.stage(letter).opening_due
    erase(village, later)
    assert village.open_waves() == 1
    assert village.state(letter) is State.RELEASED
    for each in (early, later):
        assert not village.has_seal(each)
        assert not village.row(each).opened
    assert len(names_of(village)) == 3
    village.later(DAY + 1)
    assert village.stage(letter).wave == 1
    assert verified(village)[1] == []
