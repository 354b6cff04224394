"""Names that k of n trustees open together: who is awaited, who lies, what is struck, who is first."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.app.five import KEYS, Bench, altered
from tests.app.inspecting import verified
from tests.app.village import DAY, HOUR, Village

from undersigned.app.opening import Operator, open_due_waves, take_opening
from undersigned.app.proposing import add_ack, propose_letter
from undersigned.app.trustees import Blobs, get_progress
from undersigned.crypto.keys import TrusteeKey
from undersigned.domain.letter import Mode, State
from undersigned.domain.opening import (
    BadLeaf,
    OpenedLeaf,
    OpeningFile,
    Refusal,
    format_opening,
    refusal_bytes,
)
from undersigned.domain.record import OpeningRecord, signed_bytes
from undersigned.domain.shares import Shares
from undersigned.errors import (
    FormatError,
    OpeningOutdated,
    UnknownLeaf,
    VerificationError,
    WaveNotDue,
    WaveOpened,
)
from undersigned.store import outbox
from undersigned.store import waves as wave_store
from undersigned.trustee.acking import make_ack
from undersigned.trustee.opening import Altered, Opening


@pytest.fixture
def bench(village: Village, tmp_path: Path) -> Bench:
    """A letter with the rule 3 whose names five trustees keep, three of whom have to act."""
    return Bench.open(village, tmp_path / "copies")


def opening_of(bench: Bench, number: int) -> Opening:
    """Combine, and have something to send."""
    opening = bench.combine(number).opening
    assert opening is not None
    return opening


def test_three_of_five_open_the_names(bench: Bench) -> None:
    """Two are awaited for, and do not matter; what was exchanged is forgotten."""
    villagers = bench.village.members(bench.letter, 4)
    bench.freeze()
    assert bench.village.state(bench.letter) is State.FROZEN
    view = bench.village.view(bench.letter)
    assert get_progress(bench.village.site, view, 1).awaited == (1, 2, 3, 4, 5)
    assert bench.send(1)
    assert not bench.send(1)
    bench.send(4)
    assert get_progress(bench.village.site, view, 1).awaited == (2, 3, 5)
    opening = opening_of(bench, 5)
    assert bench.submit(opening)
    assert bench.village.state(bench.letter) is State.RELEASED
    assert bench.names() == {each.attestation.name for each in villagers}
    with bench.village.site.collector.read() as connection:
        assert wave_store.list_shares(connection, bench.letter.letter_id, 1) == []
    assert verified(bench.village)[1] == []


def test_later_names_are_opened_by_others_a_day_later(bench: Bench) -> None:
    """Another three do it; shares of the first wave are of no use, and nobody is opened twice."""
    early = bench.village.members(bench.letter, 3)
    bench.freeze()
    first = bench.shares(1)
    for number in (1, 2):
        bench.send(number)
    assert bench.submit(opening_of(bench, 3))
    late = bench.village.members(bench.letter, 2)
    leaver = bench.village.member(bench.letter)
    bench.village.sequence()
    bench.village.later(DAY)
    assert bench.village.state(bench.letter) is State.RELEASED
    view = bench.village.view(bench.letter)
    assert get_progress(bench.village.site, view, 2).awaited == (1, 2, 3, 4, 5)
    with pytest.raises((WaveNotDue, WaveOpened, VerificationError)):
        bench.send(1, first)
    bench.village.withdraw(leaver)
    for number in (3, 4):
        bench.send(number)
    bench.village.later(1)
    opening = opening_of(bench, 5)
    assert bench.submit(opening)
    assert {leaf.index for leaf in opening.file.leaves} == {bench.leaf(each) for each in late}
    assert bench.names() == {each.attestation.name for each in (*early, *late)}
    assert verified(bench.village)[1] == []


def test_two_of_five_open_nothing(bench: Bench) -> None:
    """Whoever combines is told for which names more are needed."""
    villagers = bench.village.members(bench.letter, 3)
    bench.freeze()
    bench.send(2)
    combined = bench.combine(3)
    assert combined.opening is None
    assert set(combined.open_leaves) == {bench.leaf(each) for each in villagers}
    assert bench.names() == set()


def test_an_altered_share_is_reported_and_does_not_matter(bench: Bench) -> None:
    """While three good ones remain: the trustee and the leaf are named."""
    villagers = bench.village.members(bench.letter, 3)
    bench.freeze()
    first = bench.leaf(villagers[0])
    bench.send(1, altered(bench.shares(1), lambda share: bytes(32) + share[32:], first))
    bench.send(2)
    combined = bench.combine(3)
    assert combined.opening is None
    assert combined.open_leaves == (first,)
    assert combined.altered == (Altered(1, first),)
    bench.send(4)
    combined = bench.combine(3)
    assert combined.altered == (Altered(1, first),)
    assert combined.opening is not None
    assert bench.submit(combined.opening)
    assert len(bench.names()) == 3
    assert verified(bench.village)[1] == []


def test_garbage_is_struck_and_the_others_are_opened(bench: Bench) -> None:
    """Three refuse it in writing; the file says so, and the verifier holds them to it."""
    villagers = bench.village.members(bench.letter, 3)
    bad = [bench.spoiled(range(1, 6)), bench.village.garbage(bench.letter)]
    bench.freeze()
    bench.send(1)
    bench.send(2)
    opening = opening_of(bench, 3)
    assert [each.by for each in opening.file.refusals] == [1, 2, 3]
    assert bench.submit(opening)
    assert bench.names() == {each.attestation.name for each in villagers}
    assert [bench.village.row(each).status for each in bad] == ["unopenable"] * 2
    assert verified(bench.village)[1] == []


def test_garbage_that_made_up_the_number_returns_the_letter_to_open(bench: Bench) -> None:
    """Only the bad are struck, nobody is exposed; and a later wave opens the rest."""
    good = bench.village.members(bench.letter, 2)
    bad = bench.spoiled(range(1, 6))
    bench.freeze()
    bench.send(1)
    bench.send(2)
    opening = opening_of(bench, 4)
    assert not opening.holds
    assert bench.submit(opening)
    assert bench.village.state(bench.letter) is State.OPEN
    assert bench.village.row(bad).status == "unopenable"
    assert bench.names() == set()
    third = bench.village.member(bench.letter)
    bench.freeze()
    bench.send(5)
    bench.send(2)
    assert bench.submit(opening_of(bench, 1))
    assert bench.village.outcomes(bench.letter)[-1].wave == 2
    assert bench.names() == {each.attestation.name for each in (*good, third)}
    assert verified(bench.village)[1] == []


def test_a_seal_that_two_can_open_waits_for_the_others(bench: Bench) -> None:
    """With two good and two refused nobody can say; the fifth decides it, whichever way."""
    bench.village.members(bench.letter, 3)
    bad = bench.spoiled((3, 4, 5))
    bench.freeze()
    for number in (1, 2, 3):
        bench.send(number)
    combined = bench.combine(4)
    assert combined.opening is None
    assert combined.open_leaves == (bench.leaf(bad),)
    bench.send(5)
    assert bench.submit(opening_of(bench, 4))
    assert bench.village.row(bad).status == "unopenable"
    assert verified(bench.village)[1] == []


def test_a_seal_that_three_can_open_opens(bench: Bench) -> None:
    """Garbage for two of the five is not garbage."""
    bench.village.members(bench.letter, 2)
    odd = bench.spoiled((1, 2))
    bench.freeze()
    for number in (1, 3, 4):
        bench.send(number)
    opening = opening_of(bench, 5)
    assert opening.file.refusals == ()
    assert bench.submit(opening)
    assert odd.attestation.name in bench.names()
    assert verified(bench.village)[1] == []


def test_who_withdrew_is_not_opened(bench: Bench) -> None:
    """Also after the first trustees have sent their shares; an opening that is older is refused."""
    villagers = bench.village.members(bench.letter, 4)
    bench.freeze()
    bench.send(1)
    bench.send(2)
    early = opening_of(bench, 3)
    bench.village.withdraw(villagers[0])
    bench.village.later(1)
    with pytest.raises(OpeningOutdated):
        bench.submit(early)
    assert bench.submit(opening_of(bench, 3))
    assert villagers[0].attestation.name not in bench.names()
    assert len(bench.names()) == 3
    assert verified(bench.village)[1] == []


def test_the_first_opening_stands(bench: Bench) -> None:
    """The same again is answered alike; another one, also a valid one, is told that it is late."""
    bench.village.members(bench.letter, 3)
    bench.freeze()
    for number in (1, 2, 3):
        bench.send(number)
    first, second = opening_of(bench, 4), opening_of(bench, 5)
    assert bench.submit(first)
    assert not bench.submit(first)
    with pytest.raises(WaveOpened):
        bench.submit(second)
    with pytest.raises(WaveOpened):
        bench.send(5, replace(shares_of_wave(bench), sender=5, wave=1))
    with pytest.raises(WaveNotDue):
        get_progress(bench.village.site, bench.village.view(bench.letter), 2)


def shares_of_wave(bench: Bench) -> Shares:
    """Return shares of nothing."""
    return Shares(bench.letter.letter_id, 1, 1, 1, (), None)


# --- openings that lie


def resigned(
    record: OpeningRecord, file: OpeningFile, key: TrusteeKey
) -> tuple[OpeningRecord, bytes]:
    """Return a record that says what a file holds, signed."""
    content = format_opening(file)
    bad = sum(isinstance(leaf, BadLeaf) for leaf in file.leaves)
    fresh = replace(
        record,
        file=hashlib.sha256(content).digest(),
        opened=len(file.leaves) - bad,
        bad=bad,
    )
    return replace(fresh, sig=key.sign(signed_bytes(fresh))), content


NONE = (None,) * 5


def _strike_all(opening: Opening) -> OpeningFile:
    leaves = tuple(BadLeaf(leaf.index, NONE) for leaf in opening.file.leaves)
    return replace(opening.file, leaves=leaves)


def _strike_with_own_refusal(opening: Opening) -> OpeningFile:
    file = _strike_all(opening)
    leaves = tuple(leaf.index for leaf in file.leaves)
    message = words_of_refusal(opening, 3, leaves)
    return replace(file, refusals=(Refusal(3, leaves, KEYS[2].sign(message)),))


def _strike_with_forged_refusals(opening: Opening) -> OpeningFile:
    file = _strike_all(opening)
    leaves = tuple(leaf.index for leaf in file.leaves)
    forged = tuple(
        Refusal(i, leaves, KEYS[2].sign(words_of_refusal(opening, i, leaves))) for i in (1, 2, 3)
    )
    return replace(file, refusals=forged)


def words_of_refusal(opening: Opening, by: int, leaves: tuple[int, ...]) -> bytes:
    """Return what trustee `by` would sign to refuse."""
    return refusal_bytes(opening.file.letter_id, opening.file.wave, by, leaves)


LIES: dict[str, Callable[[Opening], OpeningFile]] = {
    "a name left out": lambda o: replace(o.file, leaves=o.file.leaves[1:]),
    "a name that was not in the wave": lambda o: replace(
        o.file, leaves=(OpenedLeaf(3, bytes(32)), *o.file.leaves)
    ),
    "a wrong key": lambda o: replace(
        o.file, leaves=(OpenedLeaf(o.file.leaves[0].index, bytes(32)), *o.file.leaves[1:])
    ),
    "all struck, without a word why": _strike_all,
    "all struck, on one trustee's word": _strike_with_own_refusal,
    "all struck, on words that were forged": _strike_with_forged_refusals,
    "a size before the wave": lambda o: replace(o.file, size=o.file.leaves[-1].index + 1),
    "a size beyond the log": lambda o: replace(o.file, size=o.file.size + 1),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_the_site_takes_no_opening_that_lies(
    bench: Bench, lie: Callable[[Opening], OpeningFile]
) -> None:
    """It is judged with the verifier's own code, before it is in the log; and a good one is taken then."""
    bench.village.members(bench.letter, 4)
    bench.freeze()
    bench.send(1)
    bench.send(2)
    opening = opening_of(bench, 3)
    record, content = resigned(opening.record, lie(opening), KEYS[2])
    entries = bench.village.entries()
    view = bench.village.view(bench.letter)
    with pytest.raises((VerificationError, FormatError)):
        take_opening(bench.village.site, view, record, content)
    with pytest.raises(VerificationError):
        take_opening(
            bench.village.site, view, replace(opening.record, sig=bytes(64)), opening.content
        )
    assert bench.village.entries() == entries
    assert bench.names() == set()
    assert bench.submit(opening)


# --- the operator as one of them


@pytest.fixture
def mixed(village: Village, tmp_path: Path) -> Bench:
    """A letter of which the operator is the fifth trustee."""
    return Bench.open(village, tmp_path / "copies", trustees=(*KEYS[:4], None))


def test_the_operator_takes_part_like_any_other(mixed: Bench) -> None:
    """It sends its shares at once, once, and combines when it is the third."""
    mixed.village.members(mixed.letter, 3)
    mixed.freeze()
    site, letters, operator = mixed.village.site, mixed.village.letters, Operator()
    assert open_due_waves(site, letters, operator) == 0
    view = mixed.village.view(mixed.letter)
    sent = get_progress(site, view, 1)
    assert [line.number for line in sent.files] == [5]
    assert open_due_waves(site, letters, operator) == 0
    assert get_progress(site, view, 1) == sent
    mixed.send(2)
    assert open_due_waves(site, letters, operator) == 0
    mixed.send(4, altered(mixed.shares(4), lambda _: bytes(33)))
    assert open_due_waves(site, letters, operator) == 0
    mixed.send(1)
    assert open_due_waves(site, letters, operator) == 1
    assert mixed.village.state(mixed.letter) is State.RELEASED
    assert len(mixed.names()) == 3
    assert verified(mixed.village)[1] == []


def test_the_operator_alone_opens_nothing(mixed: Bench) -> None:
    """The whole disk, its key on it, and one trustee more are two of three."""
    mixed.village.members(mixed.letter, 3)
    mixed.freeze()
    mixed.village.open_waves()
    mixed.send(1)
    assert mixed.village.open_waves() == 0
    assert mixed.names() == set()


# --- blobs


def test_only_names_whose_turn_it_is_are_given_out(bench: Bench) -> None:
    """Not before the freezing, not those who wait, withdrew or came later, nor public ones."""
    village = bench.village
    villagers = village.members(bench.letter, 4)
    public = village.member(bench.letter, Mode.PUBLIC)
    waiting = village.member(bench.letter, Mode.SEALED, 6)
    village.sequence()
    blobs, view = Blobs(village.site), village.view(bench.letter)
    with pytest.raises((WaveNotDue, WaveOpened)):
        blobs.get(view, bench.leaf(villagers[0]))
    bench.freeze()
    village.withdraw(villagers[3])
    late = village.member(bench.letter)
    village.later(1)
    for villager in villagers[:3]:
        assert blobs.get(view, bench.leaf(villager)) == villager.blob
    for villager in (villagers[3], public, waiting, late):
        with pytest.raises(UnknownLeaf):
            blobs.get(view, bench.leaf(villager))
    with pytest.raises(UnknownLeaf):
        blobs.get(view, 0)


# --- told


def test_trustees_are_told_once_for_each_wave(village: Village) -> None:
    """By a mail that names neither the letter nor the cause, in both languages."""
    village.write_file(trustees=(None, KEYS[0]), quorum=1)
    text = village.letter_file.read_text()
    village.letter_file.write_text(text + 'mail = "Ann@Firm.example"\n')
    draft = village.draft()
    proposal = propose_letter(village.site, draft)
    add_ack(village.site, proposal.letter_id, *make_ack(proposal, KEYS[0]), None)
    letter = village.open_draft(draft)
    village.members(letter, 3)
    village.sequence()

    def mails() -> list[outbox.MailRow]:
        with village.site.collector.read() as connection:
            return outbox.list_due_mails(connection, village.clock.now(), 10, "collector")

    assert mails() == []
    village.later(HOUR)
    village.later(1)
    (mail,) = mails()
    assert mail.recipient == "ann@firm.example"
    assert letter.letter_id.hex()[:8] in mail.body
    for word in (letter.slug, "mill", "letter", "surat", village.site.host):
        assert word not in mail.subject + mail.body
    assert "Sekarang giliran Anda" in mail.body
    village.open_waves()
    village.later(25 * HOUR)
    village.later(1)
    assert len(mails()) == 1
