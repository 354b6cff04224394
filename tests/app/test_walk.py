"""Random walks: members, clock, sequencer and trustee do what they like, and the log stays true.

After every stretch of a walk the site is mirrored and verified: all checks hold, every row of the
database is what the log's records give, exactly those seals are kept that may still be opened, and
every promise was kept, on the right side of every boundary.
"""

import random
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from tests.app.answered import PLACES
from tests.app.inspecting import verified
from tests.app.village import DAY, HOUR, START, Village, Villager, village_in

from undersigned.app.answering import Reply, give_answer, new_answer_link, record_answer
from undersigned.app.guaranteeing import ask_guarantee, give_guarantee, withdraw_guarantee
from undersigned.app.intake import Answer
from undersigned.app.taking import ChangeRequest, SignRequest
from undersigned.domain.letter import Letter, Mode, State
from undersigned.domain.record import (
    DemandState,
    EpochRecord,
    LetterRecord,
    OutcomeRecord,
    format_record,
)
from undersigned.errors import FormatError, Refused
from undersigned.tlog.merkle import leaf_hash
from undersigned.tlog.promise import parse_promise

STEPS = 260
STRETCH = 65
MEMBERS = 400

TERMS = (
    {
        "rule": 4,
        "cooling_off_s": 2 * HOUR,
        "floor": 3,
        "max_wait_s": 600,
        "conditions": "[2, 4, 6]",
    },
    {"rule": 6, "cooling_off_s": 0, "floor": 1, "max_wait_s": 300, "basis": "all"},
    {"rule": 3, "cooling_off_s": DAY, "floor": 5, "max_wait_s": HOUR, "conditions": "[3, 9, 30]"},
    {"rule": 2, "cooling_off_s": HOUR, "modes": '["public"]', "conditions": "[]", "period_s": 300},
    {"rule": 30, "cooling_off_s": HOUR, "floor": 2, "modes": '["public", "sealed"]'},
)


@dataclass(frozen=True, slots=True)
class Promised:
    """What was promised: of which letter, when, and until when (UTC seconds)."""

    letter: Letter
    at: int
    by: int


@dataclass
class Walk:
    """One walk. `story` is what is read when it ends in a ditch."""

    village: Village
    chance: random.Random
    letters: list[Letter] = field(default_factory=list)
    signed: list[Villager] = field(default_factory=list)
    promised: dict[bytes, Promised] = field(default_factory=dict)
    requests: list[tuple[SignRequest | ChangeRequest, Answer]] = field(default_factory=list)
    story: list[str] = field(default_factory=list)
    outages: list[tuple[int, int]] = field(default_factory=list)
    refused: int = 0

    def open(self) -> None:
        """Open a letter, or the next edition of one, if it may be."""
        terms: dict[str, Any] = dict(self.chance.choice(TERMS))
        closes_s = self.village.now + self.chance.choice((HOUR, 8 * HOUR, 3 * DAY))
        before = self.chance.choice(self.letters) if self.letters else None
        if before is not None and self.chance.random() < 0.5:
            slug, edition = before.slug, before.edition + 1
        else:
            slug, edition = f"letter-{len(self.letters)}", 1
        letter = self.village.open(
            slug, members=MEMBERS, closes_s=closes_s, edition=edition, **terms
        )
        self.letters.append(letter)

    def _letter(self) -> Letter:
        """Choose one, mostly of those that have not ended."""
        now = self.village.clock.now()
        current = [letter for letter in self.letters if now < letter.closes]
        if not current or self.chance.random() < 0.1:
            return self.chance.choice(self.letters)
        return self.chance.choice(current)

    def _signer(self) -> Villager:
        """Choose one who has signed, mostly of those whose letter has not ended."""
        letter = self._letter()
        theirs = [each for each in self.signed if each.letter is letter]
        return self.chance.choice(theirs or self.signed)

    def _terms(self, letter: Letter) -> tuple[Mode, int | None]:
        mode = self.chance.choice(letter.modes)
        wants = mode is not Mode.PUBLIC and letter.conditions and self.chance.random() < 0.5
        return mode, self.chance.choice(letter.conditions) if wants else None

    # --- what members do

    def _send(self, letter: Letter, request: SignRequest | ChangeRequest) -> None:
        at = self.village.clock.now()
        self._answered(letter, at, request, self.village.submit(request))

    def _answered(
        self,
        letter: Letter,
        at: int,
        request: SignRequest | ChangeRequest,
        future: "Future[Answer]",
    ) -> None:
        answer = future.result(120)
        if not answer.created:
            # A second withdrawal is the first one again.
            return
        self.requests.append((request, answer))
        promise = parse_promise(answer.promise.encode(), self.village.site.keys.promise.verifier)
        assert promise.leaf_hash == leaf_hash(format_record(request.record))
        self.promised[promise.leaf_hash] = Promised(letter, at, promise.by)

    def sign(self) -> None:
        """Sign, with a condition or without."""
        letter = self._letter()
        villager = self.village.villager(letter)
        self._send(letter, villager.sign_request(*self._terms(letter)))
        self.signed.append(villager)

    def rush(self) -> None:
        """Several sign at once, so that one batch takes them."""
        letter = self._letter()
        villagers = [self.village.villager(letter) for _ in range(self.chance.randint(2, 7))]
        requests = [each.sign_request(*self._terms(letter)) for each in villagers]
        at = self.village.clock.now()
        futures = [self.village.submit(each) for each in requests]
        wait(futures)
        for villager, request, future in zip(villagers, requests, futures, strict=True):
            self._answered(letter, at, request, future)
            self.signed.append(villager)

    def sign_garbage(self) -> None:
        """Sign with a seal that no trustee can open, or in which there is another's name."""
        letter = self._letter()
        if not letter.is_sealed:
            return
        villager = self.village.villager(letter)
        other = self.chance.choice(self.signed).document() if self.signed else b"{}"
        content = self.chance.choice((b"not a name", other))
        blob = villager.hide(Mode.SEALED, content) or b""
        if self.chance.random() < 0.4:
            blob = blob[:1] + b"\1" + self.chance.randbytes(len(blob) - 2)
        self._send(letter, villager.sign_request(Mode.SEALED, None, blob))
        self.signed.append(villager)

    def take_token(self) -> None:
        """Take a token and do not sign."""
        self.village.villager(self._letter())

    def amend(self) -> None:
        """Amend: other terms and a new name, or only another condition without the blob."""
        villager = self._signer()
        mode, condition = self._terms(villager.letter)
        name = villager.name if mode is villager.mode and self.chance.random() < 0.5 else None
        request = villager.amend_request(mode, condition, name=name)
        self._send(villager.letter, request)
        villager.seq += 1
        villager.mode, villager.condition, villager.name = mode, condition, request.record.name  # type: ignore[union-attr]

    def withdraw(self) -> None:
        """Withdraw."""
        villager = self._signer()
        self._send(villager.letter, villager.withdraw_request())

    def repeat(self) -> None:
        """Send what was taken before once more: the same promise comes back."""
        request, answer = self.chance.choice(self.requests)
        again = self.village.take(request)
        assert not again.created
        assert again.promise == answer.promise

    # --- what is answered and guaranteed

    def answer(self) -> None:
        """The addressee answers by a link, or the organiser tells an answer."""
        letter = self._letter()
        name = f"{letter.slug}@{letter.edition}"
        site, letters = self.village.site, self.village.letters
        reply = Reply("wheel", self.chance.choice(list(DemandState)), None)
        if self.chance.random() < 0.5:
            record_answer(site, letters, name, [reply], "Hearsay.", "en")
        else:
            token = new_answer_link(site, letters, name, 1, "miller@mill.example")
            give_answer(site, letters, token, [reply], "en")

    def guarantee(self) -> None:
        """Somebody guarantees something, and perhaps withdraws it."""
        letter = self._letter()
        name = f"{letter.slug}@{letter.edition}"
        site, letters = self.village.site, self.village.letters
        terms = replace(PLACES, terms=f"Bed {self.chance.randint(1, 3)}.")
        withdrawal = give_guarantee(site, letters, ask_guarantee(site, letters, name, terms))
        if self.chance.random() < 0.5:
            withdraw_guarantee(site, letters, withdrawal)

    # --- what the site does

    def tick(self) -> None:
        """Let a little time pass, with the sequencer at work."""
        for _ in range(self.chance.randint(1, 4)):
            self.village.later(self.chance.choice((1, 10, 61, 140)))

    def wait(self) -> None:
        """Let a longer time pass, with the sequencer at work."""
        for _ in range(self.chance.randint(5, 40)):
            self.village.later(self.chance.choice((90, 150)))

    def outage(self) -> None:
        """Let time pass while nobody sequences; members go on."""
        start = self.village.clock.now()
        self.village.clock.advance_to(start + self.chance.choice((1, 700, 3 * HOUR, DAY)))
        self.outages.append((start, self.village.clock.now()))

    def to_boundary(self) -> None:
        """Go to the second before a boundary; some act in it, and some after it."""
        boundaries = [letter.closes for letter in self.letters]
        for letter in self.letters:
            stage = self.village.stage(letter)
            if stage.state is State.REACHED:
                boundaries.append(stage.at + letter.cooling_off_s)
        now = self.village.clock.now()
        ahead = [boundary for boundary in boundaries if now < boundary <= now + DAY]
        if not ahead:
            return
        start, boundary = now, min(ahead)
        self.village.clock.advance_to(boundary - 1)
        self.village.sequence()
        self.outages.append((start, boundary))
        self._some_act()
        self.village.clock.advance_to(boundary + self.chance.choice((0, 1, 500)))
        self.outages.append((boundary, self.village.clock.now()))
        self._some_act()

    def _some_act(self) -> None:
        for _ in range(self.chance.randint(0, 4)):
            self._try(self.chance.choice((self.sign, self.sign, self.withdraw, self.amend)))

    def sequence(self) -> None:
        """Let the sequencer look."""
        self.village.sequence()

    def open_waves(self) -> None:
        """Let the operator open what is due."""
        self.village.open_waves()

    def restart(self) -> None:
        """End the process, and begin another."""
        self.village.restart()

    # --- the walk

    def _try(self, step: Callable[[], None]) -> None:
        if not self.signed and step in (self.amend, self.withdraw, self.repeat):
            return
        self.story.append(f"{self.village.now:>7} {step.__name__}")
        try:
            step()
        except (Refused, FormatError) as error:
            # The letter may have ended, the member may have withdrawn: that is for other tests.
            self.refused += 1
            self.story.append(f"        refused: {type(error).__name__}")

    def stroll(self, steps: int) -> None:
        """Take so many steps."""
        choices = {
            self.sign: 22,
            self.rush: 8,
            self.sign_garbage: 4,
            self.take_token: 3,
            self.amend: 9,
            self.withdraw: 8,
            self.repeat: 3,
            self.tick: 12,
            self.wait: 4,
            self.outage: 3,
            self.to_boundary: 4,
            self.sequence: 12,
            self.open_waves: 9,
            self.open: 4,
            self.restart: 2,
            self.answer: 3,
            self.guarantee: 3,
        }
        for _ in range(steps):
            self._try(self.chance.choices(list(choices), list(choices.values()))[0])

    def find_broken_promises(self) -> list[str]:
        """Check every promise against the log: kept, in time, and on the right side of boundaries."""
        places = {leaf_hash(entry): i for i, entry in enumerate(self.village.entries())}
        marks = [_Marks(letter, self.village) for letter in self.letters]
        of = {each.letter.letter_id: each for each in marks}
        doubts = []
        for digest, promised in self.promised.items():
            mark, place = of[promised.letter.letter_id], places.get(digest)
            if place is None:
                # Its time may not have come, or nobody has sequenced since.
                if promised.by <= self.village.clock.now() and not self._is_excused(promised):
                    doubts.append(f"{digest.hex()} is not in the log, and was promised")
                continue
            late_s = mark.epoch_at(place) - promised.by
            if late_s > 0 and not self._is_excused(promised):
                doubts.append(f"{digest.hex()} came {late_s} seconds late")
            doubts += mark.find_wrong_side(place, promised)
        return doubts

    def _is_excused(self, promised: Promised) -> bool:
        """Say whether nobody was there to keep a promise, in the window in which it was due."""
        window = promised.letter.window_s
        return any(
            start <= promised.by and end >= promised.by - window for start, end in self.outages
        )


class _Marks:
    """Where the epochs and boundaries of one letter stand in the log."""

    def __init__(self, letter: Letter, village: Village) -> None:
        self.letter = letter
        records = list(enumerate(village.records()))
        mine = [(i, each) for i, each in records if each.letter_id == letter.letter_id]
        self._epochs = [(i, each) for i, each in mine if isinstance(each, EpochRecord)]
        self._outcomes = [(i, each) for i, each in mine if isinstance(each, OutcomeRecord)]
        assert any(isinstance(each, LetterRecord) for _, each in mine)

    def epoch_at(self, place: int) -> int:
        """Return the time of the epoch that a leaf stands in."""
        return max(((i, each.at) for i, each in self._epochs if i < place))[1]

    def find_wrong_side(self, place: int, promised: Promised) -> list[str]:
        """Say whether a leaf is before a boundary and was taken after it, or the other way round."""
        doubts = []
        for index, outcome in self._outcomes:
            boundary = self._boundary_of(outcome)
            if boundary is None:
                continue
            if promised.at < boundary and place > index:
                doubts.append(f"leaf {place} was taken before {outcome.state} and came after it")
            if promised.at >= boundary and place < index and outcome.state is State.FROZEN:
                doubts.append(f"leaf {place} was taken after {outcome.state} and came before it")
        return doubts

    def _boundary_of(self, outcome: OutcomeRecord) -> int | None:
        match outcome.state:
            case State.FROZEN if self.letter.cooling_off_s:
                return outcome.at
            case State.LAPSED | State.CLOSED:
                return self.letter.closes
            case _:
                return None


@pytest.mark.parametrize("seed", range(4))
def test_whatever_they_do_the_log_holds(tmp_path: Path, seed: int) -> None:
    """Hundreds of steps; see the top of this file for what is checked."""
    with village_in(tmp_path / "data") as village:
        walk = Walk(village, random.Random(seed))
        walk.open()
        walk.open()
        for _ in range(STEPS // STRETCH):
            walk.stroll(STRETCH)
            village.sequence()
            report, doubts = verified(village)
            doubts += walk.find_broken_promises()
            assert not doubts, "\n".join([*walk.story, f"seed {seed}, from {START}", *doubts])
            assert report.size is not None
        assert walk.refused < STEPS / 2
