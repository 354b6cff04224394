"""Honest stories that the tests of the verifier begin from; each is made once, and drafts are copies."""

import functools

from tests.simulator import DAY, SimulatedSite

from undersigned.domain.letter import EpochTerms, Method, Mode, RollKind
from undersigned.domain.record import DemandState, GuaranteeState


@functools.cache
def unsealed() -> SimulatedSite:
    """A public letter: no seals, no conditions, reached and released, and an invalidation."""
    site = SimulatedSite()
    letter = site.open(
        modes=(Mode.PUBLIC,), conditions=(), trustees=0, epoch=EpochTerms(1, 1, 1), rule=3
    )
    letter.sign_many(2, Mode.PUBLIC)
    letter.epoch()
    fake = letter.sign(Mode.PUBLIC)
    letter.sign_many(2, Mode.PUBLIC)
    letter.epoch()
    letter.invalidate(fake)
    letter.advance(3_600)
    letter.sign(Mode.PUBLIC)
    letter.epoch()
    letter.advance(10 * DAY)
    return site


@functools.cache
def sealed() -> SimulatedSite:
    """A sealed letter with conditions: amended, withdrawn, released, and a second wave."""
    site = SimulatedSite()
    letter = site.open()
    leaver = letter.sign(Mode.SEALED)
    letter.sign_many(2, Mode.SEALED, 4)
    letter.sign(Mode.SEALED, 12)
    changer = letter.sign(Mode.SEALED)
    letter.epoch()
    letter.withdraw(leaver)
    letter.amend(changer, Mode.PUBLIC)
    letter.sign(Mode.ANONYMOUS)
    letter.epoch()
    letter.sign_many(2, Mode.SEALED)
    letter.sign(Mode.SEALED, 4)
    letter.epoch()
    letter.notice()
    letter.advance(3_600)
    letter.open_wave()
    late = letter.sign(Mode.SEALED)
    letter.sign(Mode.SEALED, 7)
    letter.epoch()
    letter.withdraw(next(each for each in letter.members if each.is_opened))
    letter.epoch()
    letter.advance(DAY)
    letter.open_wave()
    letter.erase(late)
    letter.epoch()
    return site


@functools.cache
def frozen() -> SimulatedSite:
    """A sealed letter, frozen, that waits for its opening; two of three trustees hold the quorum."""
    site = SimulatedSite()
    letter = site.open(trustees=3)
    letter.sign_many(5, Mode.SEALED)
    letter.sign(Mode.SEALED, 12)
    letter.epoch()
    letter.advance(3_600)
    return site


@functools.cache
def reached() -> SimulatedSite:
    """A letter in its cooling-off."""
    site = SimulatedSite()
    letter = site.open()
    letter.sign_many(5, Mode.SEALED)
    letter.sign(Mode.PUBLIC)
    letter.epoch()
    letter.advance(600)
    return site


@functools.cache
def quorum() -> SimulatedSite:
    """Two of three trustees open a wave in which one seal is garbage; the rule still holds."""
    site = SimulatedSite()
    letter = site.open(trustees=3)
    letter.sign_many(6, Mode.SEALED)
    letter.sign_garbage()
    letter.sign(Mode.SEALED, 12)
    letter.epoch()
    letter.advance(3_600)
    letter.withdraw(letter.members[0])
    letter.sign(Mode.SEALED)
    letter.epoch()
    letter.open_wave()
    return site


@functools.cache
def failed() -> SimulatedSite:
    """An opening that leaves too few: only the bad are struck, open again, and lapsed at the end."""
    site = SimulatedSite()
    letter = site.open()
    letter.sign_many(3, Mode.SEALED)
    letter.sign_garbage()
    letter.sign_garbage()
    letter.epoch()
    letter.advance(3_600)
    letter.open_wave()
    letter.sign(Mode.PUBLIC)
    letter.epoch()
    letter.advance(10 * DAY)
    return site


@functools.cache
def refilled() -> SimulatedSite:
    """A failed opening after which others have filled the place of the bad: reached at once again."""
    site = SimulatedSite()
    letter = site.open()
    letter.sign_many(3, Mode.SEALED)
    letter.sign_garbage()
    letter.sign_garbage()
    letter.epoch()
    letter.advance(3_600)
    letter.sign_many(3, Mode.SEALED)
    letter.epoch()
    letter.open_wave()
    letter.advance(3_600)
    letter.open_wave()
    return site


@functools.cache
def superseded() -> SimulatedSite:
    """An edition that gives way to the next, beside a letter of another name."""
    site = SimulatedSite()
    first = site.open()
    other = site.open(slug="another")
    first.sign_many(2, Mode.SEALED)
    first.sign(Mode.PUBLIC)
    other.sign(Mode.ANONYMOUS)
    first.epoch()
    other.epoch()
    second = first.lapse_into()
    second.sign_many(3, Mode.PUBLIC)
    second.epoch()
    return site


@functools.cache
def fallen() -> SimulatedSite:
    """Reached, fallen below the rule by a withdrawal, reached again, and closed after the last wave."""
    site = SimulatedSite()
    letter = site.open()
    letter.sign_many(5, Mode.SEALED)
    letter.epoch()
    letter.withdraw(letter.members[0])
    letter.epoch()
    letter.sign(Mode.SEALED)
    letter.epoch()
    letter.advance(3_600)
    letter.open_wave()
    letter.sign(Mode.SEALED)
    letter.epoch()
    letter.advance(10 * DAY)
    letter.open_wave()
    return site


@functools.cache
def recounted() -> SimulatedSite:
    """A letter whose headcount was wrong, and wrong again; what is shown follows, the rule does not."""
    site = SimulatedSite()
    letter = site.open(modes=(Mode.PUBLIC,), conditions=(), trustees=0)
    letter.sign_many(2, Mode.PUBLIC)
    letter.epoch()
    letter.notice(44)
    letter.notice()
    letter.sign(Mode.PUBLIC)
    letter.epoch()
    letter.notice(43)
    return site


@functools.cache
def answered() -> SimulatedSite:
    """A letter that is answered twice, under which a guarantee is given, withdrawn and given again."""
    site = SimulatedSite()
    letter = site.open(modes=(Mode.PUBLIC,), conditions=(), trustees=0, rule=2)
    letter.guarantee()
    letter.sign_many(2, Mode.PUBLIC)
    letter.epoch()
    letter.respond(DemandState.REFUSED, "A notice on the door, 3 May.")
    letter.guarantee(GuaranteeState.WITHDRAWN)
    letter.sign(Mode.PUBLIC)
    letter.epoch()
    letter.respond(DemandState.MET)
    letter.guarantee()
    letter.advance(3_600)
    return site


@functools.cache
def stamped() -> SimulatedSite:
    """Two letters stamped by an authority outside, and the log on two days, once across full tiles."""
    site = SimulatedSite()
    letter = site.open(modes=(Mode.PUBLIC,), conditions=(), trustees=0)
    letter.stamp()
    letter.stamp_tree()
    letter.sign_many(2, Mode.PUBLIC)
    letter.epoch()
    other = site.open(slug="another")
    other.stamp(site.now + 20)
    for _ in range(260):
        letter.notice()
    site.now += DAY
    letter.sign(Mode.PUBLIC)
    letter.epoch()
    other.stamp_tree()
    letter.notice()
    return site


@functools.cache
def long() -> SimulatedSite:
    """A log of more than two full bundles, made long by notices."""
    site = SimulatedSite()
    letter = site.open()
    letter.sign_many(3, Mode.PUBLIC)
    letter.epoch()
    for _ in range(600):
        letter.notice()
    letter.sign(Mode.ANONYMOUS)
    letter.epoch()
    return site


@functools.cache
def regrown() -> SimulatedSite:
    """Members are blocked and added while the letter is open, reached, frozen and released."""
    site = SimulatedSite()
    letter = site.open(rule=6)
    letter.sign_many(5)
    letter.epoch()
    letter.change_roll(-25)  # nobody is left but those who have signed
    letter.change_roll(+1)
    letter.sign()
    letter.epoch()
    letter.change_roll(+3)
    letter.advance(3_600)
    letter.change_roll(-1)
    letter.open_wave()
    letter.sign(Mode.PUBLIC)
    letter.epoch()
    letter.change_roll(+2)
    letter.change_roll(-2)
    letter.change_roll(+2)
    return site


@functools.cache
def domain() -> SimulatedSite:
    """Everybody with an address at one of two domains may sign, and they are more than were counted."""
    site = SimulatedSite()
    letter = site.open(
        roll=RollKind.DOMAIN,
        domains=("mill.example", "xn--mhle-0ra.example"),
        methods=(Method.EMAIL,),
        headcount=4,
        rule=3,
        conditions=(2, 4),
    )
    letter.sign_many(5)
    letter.sign(Mode.PUBLIC)
    letter.epoch()
    letter.advance(3_600)
    letter.open_wave()
    return site


HONEST = {
    story.__name__: story
    for story in (
        unsealed,
        sealed,
        frozen,
        reached,
        quorum,
        failed,
        refilled,
        superseded,
        fallen,
        recounted,
        answered,
        stamped,
        regrown,
        domain,
        long,
    )
}
