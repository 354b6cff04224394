"""Recovery: a restored back-up and a mirror give the database that was lost, but for what no mirror has."""

import secrets
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.app.answered import MET, PLACES, link_of
from tests.app.inspecting import verified
from tests.app.test_moderating import leaf, select
from tests.app.village import DAY, HOUR, Village, village_in

from undersigned.app.answering import give_answer, record_answer
from undersigned.app.exporting import export_log
from undersigned.app.guaranteeing import ask_guarantee, give_guarantee, withdraw_guarantee
from undersigned.app.issuing import TokenRequest, issue_token
from undersigned.app.letters import Letters
from undersigned.app.log import find_published
from undersigned.app.meaning import Criteria
from undersigned.app.moderating import erase_name, invalidate
from undersigned.app.noticing import post_notice
from undersigned.app.recovering import Recovery, recover
from undersigned.app.replaying import Replaying
from undersigned.app.sequencing import sequence
from undersigned.app.site import WholeSite, open_site
from undersigned.domain.letter import Letter, Mode, State
from undersigned.domain.name import Verified
from undersigned.domain.reasons import EraseReason, InvalidateReason, NoticeKind
from undersigned.errors import AlreadyIssued, RolledBack, StoreError, VerificationError
from undersigned.store import issuances
from undersigned.store.collector_schema import collector

DERIVED = (
    "entry",
    "leaf",
    "tile",
    "letter",
    "document",
    "spent",
    "change",
    "issued",
    "signature",
    "shown_name",
    "history",
    "remark",
    "notice",
    "response",
    "guarantee",
    "wave",
    "share",
)
"""Tables that the log and its documents give again, but for the ends of promises."""

Steps = list[Callable[[], Any]]


class Story:
    """A village whose life is told in steps, so that it can be backed up before each of them."""

    def __init__(self, village: Village) -> None:
        self.village = village
        self.mill: Letter | None = None

    def steps(self) -> Steps:
        """Everything that a log can hold today, by and by."""
        village = self.village

        def begin() -> None:
            self.mill = village.open()

        def sign() -> None:
            assert self.mill is not None
            self.public = village.members(self.mill, 3, Mode.PUBLIC)
            self.sealed = village.members(self.mill, 4)
            self.anonymous = village.member(self.mill, Mode.ANONYMOUS, 2)
            village.garbage(self.mill)
            village.villager(self.mill)
            village.later(2)

        def change() -> None:
            village.amend(self.public[0], Mode.SEALED, 2)
            village.amend(self.sealed[0], Mode.PUBLIC)
            village.withdraw(self.sealed[1])
            village.amend(self.anonymous, Mode.ANONYMOUS)
            village.later(2)

        def remark() -> None:
            criteria = Criteria(leaves=frozenset({leaf(village, self.public[1])}))
            selection = select(village, criteria)
            why = InvalidateReason.IMPERSONATION
            invalidate(village.site, village.letters, selection, why, "Nobody of that name.")
            erased = leaf(village, self.public[2])
            erase_name(village.site, village.letters, "mill", erased, EraseReason.ASKED)
            post_notice(village.site, village.letters, "mill", NoticeKind.NEWS, "News.")
            post_notice(village.site, village.letters, "mill", NoticeKind.HEADCOUNT, "More.", 250)

            answer()

        def answer() -> None:
            site, letters = village.site, village.letters
            asked = ask_guarantee(site, letters, "mill", PLACES)
            withdrawal = give_guarantee(site, letters, asked)
            give_answer(site, letters, link_of(village), [MET], "en")
            withdraw_guarantee(site, letters, withdrawal)
            record_answer(site, letters, "mill", [MET], "On the door.", "en")

        def second() -> None:
            self.weir = village.open("weir", modes='["public"]', conditions="[]")
            village.members(self.weir, 4, Mode.PUBLIC)
            village.later(2)

        def freeze() -> None:
            village.later(HOUR)
            assert village.state(self.weir) is State.RELEASED

        def release() -> None:
            village.open_waves()
            assert self.mill is not None
            assert village.state(self.mill) is State.RELEASED

        def go_on() -> None:
            assert self.mill is not None
            village.withdraw(self.sealed[2])
            village.members(self.mill, 2)
            village.later(HOUR)
            village.later(DAY)
            village.open_waves()

        def supersede() -> None:
            third = village.open("dam", rule=9)
            village.member(third)
            village.later(2)
            village.open("dam", edition=2, rule=9)

        def end() -> None:
            village.later(11 * DAY)
            village.open_waves()

        return [begin, sign, change, remark, second, freeze, release, go_on, supersede, end]


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    """A village with nothing in it yet."""
    with village_in(tmp_path / "data") as village:
        yield Story(village)


def back_up(village: Village, folder: Path) -> None:
    """Copy the whole folder, as it is on disk."""
    village.site.collector.tidy()
    village.site.issuer.database.tidy()
    shutil.copytree(village.site.folder, folder)


def mirror(village: Village, folder: Path) -> Path:
    """Copy what anyone can fetch."""
    folder.mkdir()
    export_log(village.site, folder)
    return folder


def rows_of(site: WholeSite, table: str) -> set[tuple[Any, ...]]:
    """Return the rows of a table, without the ends of promises, which were the intake's."""
    columns = [column.name for column in collector.tables[table].columns if column.name != "by"]
    with sqlite3.connect(site.folder / "collector.db") as connection:
        found = connection.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall()  # noqa: S608
    connection.close()
    return set(found)


def restored(folder: Path, source: Path) -> tuple[WholeSite, Recovery]:
    """Open a restored folder and bring it forward."""
    site = open_site(folder)
    return site, recover(site, source)


@pytest.mark.parametrize("back_up_before", [0, 1, 3, 4, 6, 7, 8, 10])
def test_every_back_up_comes_forward(story: Story, tmp_path: Path, back_up_before: int) -> None:
    """Wherever it was made: tables, documents and log are those that were lost, and all of it holds."""
    village = story.village
    for number, step in enumerate(story.steps()):
        if number == back_up_before:
            back_up(village, tmp_path / "restored")
        step()
    if back_up_before == 10:
        back_up(village, tmp_path / "restored")
    source = mirror(village, tmp_path / "mirror")
    site, recovery = restored(tmp_path / "restored", source)
    assert recovery.size == len(village.entries())
    assert recovery.is_published
    for table in DERIVED:
        assert rows_of(site, table) == rows_of(village.site, table), table
    assert find_published(site) == find_published(village.site)
    # Opened or ended by now: no seal is missing that anybody will ask for.
    assert recovery.lost_seals == {}
    # It goes on as the same log.
    assert sequence(site, Letters(site)) == 0
    site.close()


def test_what_no_mirror_has(story: Story, tmp_path: Path) -> None:
    """Sealed names are lost and counted; with their members' amendments the wave is opened after all."""
    village = story.village
    letter = village.open()
    kept = village.member(letter)
    village.later(2)
    back_up(village, tmp_path / "restored")
    lost = village.members(letter, 2)
    village.later(2)
    waiting = village.villager(letter)
    source = mirror(village, tmp_path / "mirror")
    village.take(waiting.sign_request(Mode.SEALED))
    village.intake.stop()
    village.site.close()
    village.site, recovery = restored(tmp_path / "restored", source)
    assert recovery.lost_seals == {"mill@1": 2}
    village.letters = Letters(village.site)
    village.restart()
    for villager in lost:
        village.amend(villager, Mode.SEALED)
    village.amend(kept, Mode.SEALED, 2)
    village.later(2)
    village.later(HOUR)
    village.open_waves()
    assert village.state(letter) is State.RELEASED
    assert verified(village)[1] == []


def test_nobody_gets_a_second_token(story: Story, tmp_path: Path) -> None:
    """The log says who has one. The message of then gets the token of then, another one nothing."""
    village = story.village
    letter = village.open()
    back_up(village, tmp_path / "restored")
    villager = village.villager(letter)
    village.member(letter)
    village.later(2)
    source = mirror(village, tmp_path / "mirror")
    with village.site.issuer.database.read() as connection:
        given = issuances.find_issuance(connection, letter.letter_id, villager.row.commit)
    assert given is not None
    village.intake.stop()
    village.site.close()
    village.site, recovery = restored(tmp_path / "restored", source)
    assert recovery.issued == 2
    village.restart()

    def ask(request: TokenRequest) -> None:
        issue_token(
            village.site.issuer,
            village.collector,
            letter,
            villager.row,
            Verified.EMAIL,
            request,
        )

    with pytest.raises(AlreadyIssued):
        ask(TokenRequest(secrets.token_bytes(255).rjust(256, b"\0"), bytes(32), None))
    with village.site.issuer.database.read() as connection:
        row = issuances.find_issuance(connection, letter.letter_id, villager.row.commit)
    assert row is not None
    assert (row.blinded_hash, row.c) == (given.blinded_hash, b"")


def test_keys_that_are_newer_than_the_back_up(story: Story, tmp_path: Path) -> None:
    """A letter that was opened since is there; that nobody can get a token for it any more is said."""
    village = story.village
    village.open()
    back_up(village, tmp_path / "restored")
    village.open("weir")
    source = mirror(village, tmp_path / "mirror")
    site, recovery = restored(tmp_path / "restored", source)
    assert recovery.opened == ("weir@1",)
    assert recovery.keyless == ("weir@1",)
    site.close()


# --- what is refused


def test_a_mirror_that_is_older(story: Story, tmp_path: Path) -> None:
    """Older than the database, and older than what was published from this folder."""
    village = story.village
    village.open()
    old = mirror(village, tmp_path / "old")
    back_up(village, tmp_path / "restored")
    village.open("weir")
    with pytest.raises(VerificationError, match="check 4: The log had"):
        recover(village.site, old)
    log = tmp_path / "restored" / "log"
    shutil.rmtree(log)
    shutil.copytree(village.site.log_folder, log)
    site = open_site(tmp_path / "restored")
    with pytest.raises(RolledBack, match="take a newer mirror"):
        recover(site, old)
    site.close()


def test_a_mirror_of_another_history(story: Story, tmp_path: Path) -> None:
    """A copy that went its own way, and the log of another site under another key."""
    village = story.village
    village.open()
    back_up(village, tmp_path / "copy")
    back_up(village, tmp_path / "restored")
    village.open("weir")
    with village_in(tmp_path / "elsewhere") as stranger:
        stranger.open("weir")
        foreign = mirror(stranger, tmp_path / "foreign")
    source = mirror(village, tmp_path / "mirror")
    copy = open_site(tmp_path / "copy")
    other = Village(copy, tmp_path / "copy-texts")
    (tmp_path / "copy-texts").mkdir()
    shutil.copy(village.letter_file, tmp_path / "copy-texts")
    (tmp_path / "copy-texts" / "text.md").write_text("Another text.\n")
    other.open("dam")
    with pytest.raises(VerificationError, match="check 4"):
        recover(copy, source)
    with pytest.raises(VerificationError, match="check 1"):
        recover(copy, foreign)
    copy.close()


def test_a_damaged_mirror(story: Story, tmp_path: Path) -> None:
    """A changed entry, and a bundle that is missing: nothing is changed."""
    village = story.village
    village.open()
    back_up(village, tmp_path / "restored")
    village.open("weir")
    source = mirror(village, tmp_path / "mirror")
    (bundle,) = (source / "log" / "tile" / "entries").rglob("*.p/*")
    whole = bundle.read_bytes()
    site = open_site(tmp_path / "restored")
    before = {table: rows_of(site, table) for table in DERIVED}
    bundle.write_bytes(whole.replace(b"weir", b"weld"))
    with pytest.raises(VerificationError, match="check 3"):
        recover(site, source)
    bundle.unlink()
    with pytest.raises(VerificationError, match="check 3"):
        recover(site, source)
    assert {table: rows_of(site, table) for table in DERIVED} == before
    site.close()


def test_a_crash_half_way_changes_nothing(
    story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The replay is one transaction; done again it is done, and a second time it finds nothing to do."""
    village = story.village
    steps = story.steps()
    steps[0]()
    back_up(village, tmp_path / "restored")
    steps[1]()
    source = mirror(village, tmp_path / "mirror")
    site = open_site(tmp_path / "restored")
    before = {table: rows_of(site, table) for table in DERIVED}
    step = Replaying.step

    def die(self: Replaying, index: int) -> int:
        step(self, index)
        raise StoreError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Replaying, "step", die)
        with pytest.raises(StoreError, match="disk"):
            recover(site, source)
    assert {table: rows_of(site, table) for table in DERIVED} == before
    first = recover(site, source)
    assert first.size > first.old_size
    again = recover(site, source)
    assert again == replace(
        first, old_size=first.size, opened=(), issued=0, lost_seals=again.lost_seals
    )
    site.close()
