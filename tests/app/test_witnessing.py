"""Publishing with witnesses: quorums, who is slow or down, guards, and every crash in between."""

import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.app.village import HOST, START
from tests.witness.served import TIME, Served, policy_of, witness_served

from undersigned.app import log as log_module
from undersigned.app import witnessing
from undersigned.app.halting import Halting
from undersigned.app.intake import Intake
from undersigned.app.letters import Letters
from undersigned.app.log import (
    Batch,
    find_cosigners,
    find_published,
    find_published_note,
    is_cosigned,
    is_published,
    publish,
    wants_publishing,
)
from undersigned.app.running import RunningSite
from undersigned.app.sequencing import sequence
from undersigned.app.site import Site, make_site, open_site
from undersigned.app.witnessing import Witnesses
from undersigned.crypto.note_key import format_vkey
from undersigned.errors import LogForked, StoreError, WitnessAhead
from undersigned.mail import OutboxMailer
from undersigned.store import log as log_store
from undersigned.tlog.checkpoint import parse_any_checkpoint_body
from undersigned.tlog.note import parse_note
from undersigned.witness import asking


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A new site with an empty log."""
    made = make_site(tmp_path / "data", HOST, own_clock=START)
    yield made
    made.close()


@pytest.fixture
def three(site: Site, tmp_path: Path) -> Iterator[list[Served]]:
    """Three witnesses that know the site's log."""
    vkey = format_vkey(site.keys.log.verifier)
    with ExitStack() as stack:
        yield [
            stack.enter_context(witness_served(tmp_path / name, name, vkey))
            for name in ("ada", "ben", "cho")
        ]


@pytest.fixture
def short_timeouts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for a slow witness for three seconds; the others are there in far less."""
    monkeypatch.setattr(witnessing, "TIMEOUT_S", 3.0)
    monkeypatch.setattr(asking, "TIMEOUT_S", 3.0)


def append(site: Site, count: int = 1, word: str = "entry") -> int:
    """Append so many entries and publish nothing; return the size of the log."""
    with site.collector.write() as connection:
        batch = Batch(connection, site)
        for _ in range(count):
            batch.add_entry(f"{word} {batch.next_index}".encode())
        batch.write()
        return batch.next_index


def published_size(site: Site) -> int | None:
    """Return the size that the world sees."""
    seen = find_published(site)
    return None if seen is None else seen.size


def size_at(served: Served, site: Site) -> int | None:
    """Return the size that a witness has cosigned."""
    import hashlib

    note = served.witness.find_checkpoint(hashlib.sha256(site.origin.encode()).hexdigest())
    return None if note is None else parse_any_checkpoint_body(parse_note(note).text).size


class HandClock:
    """Seconds that are told by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def witnessed(site: Site, three: list[Served], quorum: int) -> HandClock:
    """Give a site its witnesses; return the clock of their pauses."""
    clock = HandClock()
    if site.witnesses is not None:
        site.witnesses.close()
    site.witnesses = Witnesses(policy_of(three, quorum), clock)
    return clock


# --- quorums


def test_all_cosign(site: Site, three: list[Served]) -> None:
    """The published note has the log's signature first, then those of the witnesses."""
    witnessed(site, three, 3)
    for size in (1, 2, 300):
        append(site, size - (published_size(site) or 0))
        assert publish(site) == find_published(site)
        assert published_size(site) == size
        assert find_cosigners(site) == {"ada": TIME, "ben": TIME, "cho": TIME}
        assert is_published(site)
        assert not wants_publishing(site)
    note = find_published_note(site)
    assert note is not None
    assert [line.name for line in parse_note(note).signatures] == [
        site.origin,
        "ada.example/w",
        "ben.example/w",
        "cho.example/w",
    ]


def test_nothing_newer_is_published_without_the_quorum(site: Site, three: list[Served]) -> None:
    """One of three is down: two are enough; two are down: the world sees the older log until one is back."""
    clock = witnessed(site, three, 2)
    assert site.witnesses is not None
    append(site)
    three[0].is_down = True
    publish(site)
    assert published_size(site) == 1
    assert set(find_cosigners(site)) == {"ben", "cho"}
    three[1].is_down = True
    append(site)
    for _ in range(2):
        seen = publish(site)
        assert seen is not None
        assert seen.size == published_size(site) == 1
        assert site.witnesses.is_waiting
        assert wants_publishing(site)
    # Where there is no quorum without them nobody is left alone.
    three[1].is_down = False
    publish(site)
    assert published_size(site) == 2
    assert not site.witnesses.is_waiting
    # The third adds its cosignature to the same checkpoint when it is back, and asked again.
    three[0].is_down = False
    clock.now += 100
    assert wants_publishing(site)
    publish(site)
    assert set(find_cosigners(site)) == {"ada", "ben", "cho"}


def test_a_quorum_may_come_together_in_rounds(site: Site, three: list[Served]) -> None:
    """Who has cosigned this tree is not needed again; what is published names both."""
    witnessed(site, three, 2)
    append(site)
    three[0].is_down = three[1].is_down = True
    assert publish(site) is None
    asked = three[2].asked
    three[2].is_down, three[0].is_down = True, False
    publish(site)
    assert set(find_cosigners(site)) == {"ada", "cho"}
    assert three[2].asked == asked


def test_nobody_is_asked_for(site: Site, three: list[Served]) -> None:
    """`quorum none`: whoever answers cosigns, and nobody keeps the log back."""
    witnessed(site, three, 0)
    for served in three:
        served.is_down = True
    append(site)
    publish(site)
    assert published_size(site) == 1
    assert find_cosigners(site) == {}
    three[1].is_down = False
    append(site)
    clock = witnessed(site, three, 0)
    publish(site)
    assert set(find_cosigners(site)) == {"ben"}
    clock.now += 1


@pytest.mark.usefixtures("short_timeouts")
def test_a_slow_witness_is_left_alone(site: Site, three: list[Served]) -> None:
    """It is waited for once, and then for nothing until its pause, which doubles, is over."""
    clock = witnessed(site, three, 2)
    three[0].is_slow = True
    append(site)
    asked, started = three[0].asked + 1, time.monotonic()
    publish(site)
    assert time.monotonic() - started < 20
    assert published_size(site) == 1
    assert three[0].asked == asked
    for _ in range(3):
        append(site)
        publish(site)
    assert published_size(site) == 4
    assert three[0].asked == asked
    clock.now += witnessing.FIRST_PAUSE_S
    append(site)
    publish(site)
    assert three[0].asked == asked + 1
    clock.now += witnessing.FIRST_PAUSE_S
    append(site)
    publish(site)
    assert three[0].asked == asked + 1, "the second pause is longer"


def test_what_is_public_stays_public(site: Site, three: list[Served]) -> None:
    """After a restart a cosignature that was shown is kept, also if its witness is down now."""
    witnessed(site, three, 2)
    append(site)
    publish(site)
    three[0].is_down = True
    witnessed(site, three, 2)
    publish(site, at_start=True)
    assert set(find_cosigners(site)) == {"ada", "ben", "cho"}


def test_sequencing_goes_on_without_witnesses(site: Site, three: list[Served]) -> None:
    """Epochs do not wait for a quorum; the loop of publishing does."""
    witnessed(site, three, 3)
    three[0].is_slow = True
    append(site)
    asked = [each.asked for each in three]
    sequence(site, Letters(site))
    assert [each.asked for each in three] == asked
    assert published_size(site) is None


# --- who publishes


def test_a_process_without_the_policy_leaves_publishing_to_the_other(
    site: Site, three: list[Served]
) -> None:
    """Once witnesses have cosigned, a command that knows no policy does not undo it."""
    append(site)
    publish(site)
    assert published_size(site) == 1
    witnessed(site, three, 3)
    append(site)
    publish(site)
    policy, site.witnesses = site.witnesses, None
    append(site)
    seen = publish(site)
    assert seen is not None
    assert seen.size == 2
    assert published_size(site) == 2
    site.witnesses = policy
    publish(site)
    assert published_size(site) == 3


def test_a_site_that_has_lost_its_policy_does_not_start(
    site: Site, three: list[Served], tmp_path: Path
) -> None:
    """It says which setting is missing; `quorum none` is how to go on without."""
    witnessed(site, three, 3)
    assert site.witnesses is not None
    append(site)
    publish(site)
    site.witnesses.close()
    site.witnesses = None
    running = RunningSite(site, OutboxMailer(tmp_path, "a@b.example"))
    with pytest.raises(StoreError, match="no policy names them") as caught:
        running.start()
    running.desk.close()
    assert "UNDERSIGNED_WITNESS_POLICY" in caught.value.__notes__[0]
    site.witnesses = Witnesses(policy_of([], 0))
    publish(site, at_start=True)
    note = find_published_note(site)
    assert note is not None
    assert not is_cosigned(note)


# --- guards


def copy_of(site: Site, folder: Path) -> Site:
    """Copy the whole folder of a site, as a back-up does, and open the copy."""
    site.collector.tidy()
    shutil.copytree(site.folder, folder)
    return open_site(folder)


def test_a_restored_folder_is_refused(site: Site, three: list[Served], tmp_path: Path) -> None:
    """Database and published checkpoint are both older: only the witnesses can tell, and one is enough."""
    witnessed(site, three, 3)
    append(site)
    publish(site)
    restored = copy_of(site, tmp_path / "restored")
    append(site)
    publish(site)
    three[0].is_down = three[1].is_down = True
    witnessed(restored, three, 1)
    with pytest.raises(WitnessAhead, match=r"with 2 records .* has 1: it is older"):
        publish(restored, at_start=True)
    with pytest.raises(WitnessAhead):
        publish(restored)
    restored.close()


def test_a_copy_that_went_its_own_way_is_refused(
    site: Site, three: list[Served], tmp_path: Path
) -> None:
    """A second server with the same key: the first that the witnesses cosign stays the log."""
    witnessed(site, three, 3)
    append(site)
    publish(site)
    copy = copy_of(site, tmp_path / "copy")
    append(site, word="mine")
    publish(site)
    witnessed(copy, three, 3)
    append(copy, word="yours")
    with pytest.raises(LogForked, match="another server uses a copy"):
        publish(copy)
    assert published_size(copy) == 1
    append(copy)
    with pytest.raises(LogForked):
        publish(copy)
    copy.close()


def check_stands_still(site: Site, error: type[StoreError], words: str | None = None) -> None:
    """Check that a site publishes, sequences and promises nothing, and says why."""
    with pytest.raises(error, match=words):
        publish(site)
    with pytest.raises(error, match=words):
        sequence(site, Letters(site))
    with pytest.raises(error, match=words):
        Intake(site, Letters(site)).submit(None)  # type: ignore[arg-type]


def test_a_site_that_is_shown_to_be_older_stops(
    site: Site, three: list[Served], tmp_path: Path
) -> None:
    """From then on nothing is sequenced, published or promised."""
    witnessed(site, three, 0)
    append(site)
    publish(site)
    restored = copy_of(site, tmp_path / "restored")
    append(site)
    publish(site)
    for served in three:
        served.is_down = True
    clock = witnessed(restored, three, 0)
    publish(restored, at_start=True)
    for served in three:
        served.is_down = False
    clock.now += 100
    check_stands_still(restored, WitnessAhead)
    restored.close()


def test_what_one_process_was_shown_halts_the_others(
    site: Site, three: list[Served], tmp_path: Path
) -> None:
    """They sequence, publish and promise nothing for as long as it runs."""
    witnessed(site, three, 3)
    append(site)
    publish(site)
    leading = copy_of(site, tmp_path / "copy")
    following = open_site(leading.folder)
    append(site, word="mine")
    publish(site)
    for each in (leading, following):
        witnessed(each, three, 3)
    append(leading, word="yours")
    with pytest.raises(LogForked):
        publish(leading)
    telling, hearing = (Halting(each, clock=HandClock()) for each in (leading, following))
    telling.step()
    hearing.step()
    for served in three:
        served.is_down = True
    check_stands_still(following, LogForked, "another server uses a copy")
    assert not is_anyone_due(following)
    # A start that finds nothing forgets it, and one who was shown it says it again.
    hearing.begin_anew()
    Halting(leading).step()
    Halting(following).step()
    with pytest.raises(LogForked):
        check(following)
    leading.close()
    hearing.begin_anew()
    Halting(following).step()
    check(following)
    following.close()


def is_anyone_due(site: Site) -> bool:
    """Say whether a witness would be asked."""
    assert site.witnesses is not None
    return site.witnesses.is_anyone_due(())


def check(site: Site) -> None:
    """Check that a site goes on."""
    assert site.witnesses is not None
    site.witnesses.check_not_halted()


def test_a_claim_without_proof_stops_a_start_only(
    site: Site, three: list[Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A witness that says it is ahead and shows nothing: who runs goes on, who starts is refused."""
    witnessed(site, three, 0)
    append(site)
    publish(site)

    def claim(*_: object) -> None:
        raise asking.Unwilling("it claims to have cosigned 9 records", is_ahead=True)

    monkeypatch.setattr(asking.WitnessClient, "ask", claim)
    append(site)
    publish(site)
    assert published_size(site) == 2
    witnessed(site, three, 0)
    with pytest.raises(WitnessAhead, match="the witness ada: it claims"):
        publish(site, at_start=True)


# --- crashes


class Crash(Exception):
    """The process dies here."""


@pytest.mark.parametrize(
    "step", ["tiles", "before asking", "answer lost", "before the file", "after"]
)
def test_wherever_it_dies_the_log_goes_on(
    site: Site, three: list[Served], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Not persisted, or persisted and the answer lost: after a restart the witnesses cosign the same log."""
    witnessed(site, three, 3)
    append(site, 255)
    publish(site)
    append(site, 2)
    gather, write = Witnesses.gather, log_module._write_file

    def dying_gather(self: Witnesses, *arguments: object, **options: object) -> object:
        if step == "before asking":
            raise Crash
        gathered = gather(self, *arguments, **options)  # type: ignore[arg-type]
        if step == "answer lost":
            raise Crash
        return gathered

    def dying_write(path: Path, data: bytes) -> None:
        is_checkpoint = path.name == "checkpoint"
        if (step == "tiles" and not is_checkpoint) or (step == "before the file" and is_checkpoint):
            raise Crash
        write(path, data)
        if step == "after" and is_checkpoint:
            raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(Witnesses, "gather", dying_gather)
        patch.setattr(log_module, "_write_file", dying_write)
        with pytest.raises(Crash):
            publish(site)
    assert published_size(site) == (257 if step == "after" else 255)
    assert size_at(three[0], site) == (255 if step in ("tiles", "before asking") else 257)
    witnessed(site, three, 3)
    publish(site, at_start=True)
    assert published_size(site) == 257
    append(site)
    publish(site)
    assert {size_at(served, site) for served in three} == {258}
    with site.collector.read() as connection:
        row = log_store.find_checkpoint(connection)
    assert row is not None
    assert (find_published_note(site) or b"").startswith(row.note.encode())
