"""Advice to whoever writes a letter: choices that the formats allow and that may harm its signers.

Pure: what was chosen goes in, what is to be said comes out, the gravest first. A choice that was not
made yet is None, and nothing is said of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from undersigned.domain.letter import MOST_CONDITIONS
from undersigned.domain.terms import Basis, Method, Mode, RollKind

FEW_PEOPLE: Final = 20
"""Of fewer people than that it can often be guessed who signed: by what they know, or by who is left."""

SMALL_CROWD: Final = 8
"""Fewer names than that which come out together hide nobody."""

EXPOSING_SHARE: Final = 90
"""Percent: with more of all than that, the names that are missing are a list as well."""

HIGH_SHARE: Final = 66
"""Percent: few letters get more of a group than two thirds."""

LOW_SHARE: Final = 5
"""Percent: whoever is among the first twentieth is known by name before anyone else dares."""

FEW_PER_NUMBER: Final = 10
"""People for each number offered: a number that hardly anyone else takes says who took it."""

SHORTEST_LIFE: Final = 86_400
LONGEST_LIFE: Final = 366 * 86_400
LONGEST_RETENTION: Final = 366
OLDEST_HEADCOUNT: Final = 183


class Advice(StrEnum):
    """What is to be said; the pages have the sentences."""

    TRUSTEE_OF_ADDRESSEE = "trustee-of-addressee"
    OPERATOR_ALONE = "operator-alone"
    ONE_TRUSTEE_OPENS = "one-trustee-opens"
    ALL_TRUSTEES_NEEDED = "all-trustees-needed"
    HEADCOUNT_FEW = "headcount-few"
    RULE_EXPOSES_REST = "rule-exposes-rest"
    RULE_HIGH = "rule-high"
    RULE_LOW = "rule-low"
    RULE_SMALL_CROWD = "rule-small-crowd"
    ONLY_PUBLIC = "only-public"
    ANONYMOUS_COUNT = "anonymous-count"
    CONDITIONS_MISSING = "conditions-missing"
    CONDITIONS_LOW = "conditions-low"
    CONDITIONS_MANY = "conditions-many"
    CONDITIONS_EXPOSE_REST = "conditions-expose-rest"
    CONDITIONS_ABOVE_RULE = "conditions-above-rule"
    NO_COOLING_OFF = "no-cooling-off"
    DEADLINE_PASSED = "deadline-passed"
    DEADLINE_BEFORE_RELEASE = "deadline-before-release"
    CLOSES_SOON = "closes-soon"
    CLOSES_LATE = "closes-late"
    FLOOR_LOW = "floor-low"
    MAIL_OF_ADDRESSEE = "mail-of-addressee"
    ONLY_MAIL = "only-mail"
    WORK_ACCOUNT = "work-account"
    OWN_WORDS = "own-words"
    HEADCOUNT_OLD = "headcount-old"
    HEADCOUNT_UNSOURCED = "headcount-unsourced"
    RETENTION_LONG = "retention-long"
    NO_ADDRESS = "no-address"
    NO_CONSEQUENCE = "no-consequence"


@dataclass(frozen=True, slots=True)
class TrusteeChoice:
    """A trustee: whether the operator holds the key, whether it is bound to an addressee, its mail."""

    operator: bool
    bound: bool
    mail: str | None


@dataclass(frozen=True, slots=True)
class Choices:
    """What was chosen so far. Times are UTC seconds; `headcount_age` is in days."""

    now: int
    headcount: int | None = None
    headcount_age: int | None = None
    headcount_sourced: bool = True
    rule: int | None = None
    conditions: tuple[int, ...] = ()
    modes: tuple[Mode, ...] = ()
    basis: Basis | None = None
    cooling_off_s: int | None = None
    deadline: int | None = None
    closes: int | None = None
    floor: int | None = None
    trustees: tuple[TrusteeChoice, ...] = ()
    quorum: int | None = None
    roll: RollKind | None = None
    methods: tuple[Method, ...] = ()
    domains: tuple[str, ...] = ()
    addressee_mails: tuple[str, ...] = ()
    retention_days: int | None = None
    consequence: bool = True


def advise(choices: Choices) -> tuple[Advice, ...]:
    """Return what is to be said of the choices, the gravest first, each once."""
    said = {
        *_on_trustees(choices),
        *_on_numbers(choices),
        *_on_conditions(choices),
        *_on_times(choices),
        *_on_membership(choices),
        *_on_words(choices),
    }
    return tuple(advice for advice in Advice if advice in said)


def domain_of(address: str) -> str:
    """Return what stands after the @ of an address."""
    return address.rpartition("@")[2]


def is_within(domain: str, of: str) -> bool:
    """Say whether a domain is another one or below it."""
    return domain == of or domain.endswith(f".{of}")


def _share(part: int, choices: Choices) -> float:
    return 100 * part / choices.headcount if choices.headcount else 0


def _on_trustees(choices: Choices) -> Iterator[Advice]:
    if Mode.SEALED not in choices.modes:
        return
    trustees, bound_to = choices.trustees, {domain_of(mail) for mail in choices.addressee_mails}
    if any(trustee.bound or _is_guessed(trustee, bound_to) for trustee in trustees):
        yield Advice.TRUSTEE_OF_ADDRESSEE
    if all(trustee.operator for trustee in trustees):
        yield Advice.OPERATOR_ALONE
        return
    quorum = choices.quorum
    if quorum == 1:
        yield Advice.ONE_TRUSTEE_OPENS
    elif quorum == len(trustees):
        yield Advice.ALL_TRUSTEES_NEEDED


def _is_guessed(trustee: TrusteeChoice, domains: set[str]) -> bool:
    """Guess from the mail domain that a trustee works for an addressee."""
    if trustee.mail is None:
        return False
    own = domain_of(trustee.mail)
    return any(is_within(own, domain) or is_within(domain, own) for domain in domains)


def _on_numbers(choices: Choices) -> Iterator[Advice]:
    if choices.headcount is not None and choices.headcount < FEW_PEOPLE:
        yield Advice.HEADCOUNT_FEW
    if choices.modes == (Mode.PUBLIC,):
        yield Advice.ONLY_PUBLIC
    if choices.basis is Basis.ALL and Mode.ANONYMOUS in choices.modes:
        yield Advice.ANONYMOUS_COUNT
    if choices.rule is None or choices.headcount is None:
        return
    share = _share(choices.rule, choices)
    if share > EXPOSING_SHARE:
        yield Advice.RULE_EXPOSES_REST
    elif share > HIGH_SHARE:
        yield Advice.RULE_HIGH
    if Mode.SEALED in choices.modes:
        if choices.rule < SMALL_CROWD:
            yield Advice.RULE_SMALL_CROWD
        elif share < LOW_SHARE:
            yield Advice.RULE_LOW


def _on_conditions(choices: Choices) -> Iterator[Advice]:
    numbers = choices.conditions
    if not numbers:
        if choices.modes and choices.modes != (Mode.PUBLIC,):
            yield Advice.CONDITIONS_MISSING
        return
    if min(numbers) < SMALL_CROWD:
        yield Advice.CONDITIONS_LOW
    if choices.headcount is not None:
        if len(numbers) * FEW_PER_NUMBER > choices.headcount:
            yield Advice.CONDITIONS_MANY
        if _share(max(numbers), choices) > EXPOSING_SHARE:
            yield Advice.CONDITIONS_EXPOSE_REST
    if choices.rule is not None and max(numbers) > choices.rule:
        yield Advice.CONDITIONS_ABOVE_RULE


def _on_times(choices: Choices) -> Iterator[Advice]:
    cooling_off = choices.cooling_off_s
    if cooling_off == 0 and Mode.SEALED in choices.modes:
        yield Advice.NO_COOLING_OFF
    if choices.deadline is not None:
        if choices.deadline <= choices.now:
            yield Advice.DEADLINE_PASSED
        elif choices.closes is not None and choices.deadline < choices.closes + (cooling_off or 0):
            yield Advice.DEADLINE_BEFORE_RELEASE
    if choices.closes is not None:
        # What has passed already is no advice: such a letter cannot be opened.
        left = choices.closes - choices.now
        if 0 < left < SHORTEST_LIFE + (cooling_off or 0):
            yield Advice.CLOSES_SOON
        if left > LONGEST_LIFE:
            yield Advice.CLOSES_LATE
    if choices.floor is not None and choices.floor < SMALL_CROWD:
        yield Advice.FLOOR_LOW


def _on_membership(choices: Choices) -> Iterator[Advice]:
    mails = {domain_of(mail) for mail in choices.addressee_mails}
    if any(is_within(domain, mail) for domain in choices.domains for mail in mails):
        yield Advice.MAIL_OF_ADDRESSEE
    if choices.methods == (Method.EMAIL,):
        yield Advice.ONLY_MAIL
    if Method.OPENID in choices.methods:
        yield Advice.WORK_ACCOUNT
    if choices.roll is RollKind.DOMAIN:
        yield Advice.OWN_WORDS
    if choices.retention_days is not None and choices.retention_days > LONGEST_RETENTION:
        yield Advice.RETENTION_LONG


def _on_words(choices: Choices) -> Iterator[Advice]:
    if choices.headcount_age is not None and choices.headcount_age > OLDEST_HEADCOUNT:
        yield Advice.HEADCOUNT_OLD
    if not choices.headcount_sourced:
        yield Advice.HEADCOUNT_UNSOURCED
    if not choices.addressee_mails:
        yield Advice.NO_ADDRESS
    if not choices.consequence:
        yield Advice.NO_CONSEQUENCE


# --- numbers to offer

FEWEST_SUGGESTED: Final = 3
PEOPLE_PER_SUGGESTION: Final = 50
"""Finer steps for larger groups: people take one of few numbers, and are many at each."""


def suggest_conditions(headcount: int, rule: int | None) -> tuple[int, ...]:
    """Suggest numbers to offer to a group of this size, at most 16, ascending, round where they are large.

    Nothing is advised against any of them: none is under `SMALL_CROWD`, none above the rule or two
    thirds of all. There are none for a group in which every number would single somebody out.
    """
    most = min(headcount * HIGH_SHARE // 100, headcount if rule is None else rule)
    if headcount < FEW_PEOPLE or most < SMALL_CROWD:
        return ()
    wanted = max(FEWEST_SUGGESTED, headcount // PEOPLE_PER_SUGGESTION)
    wanted = min(wanted, MOST_CONDITIONS, headcount // FEW_PER_NUMBER)
    least = min(most, max(SMALL_CROWD, headcount * LOW_SHARE // 100))
    steps = max(1, wanted - 1)
    spread = {_rounded(least + (most - least) * step // steps) for step in range(steps)}
    return (*sorted(number for number in spread if SMALL_CROWD <= number < most), most)


def _rounded(number: int) -> int:
    """Round to what people remember: 47 is 45, 123 is 120, 467 is 470, 912 is 900. Small ones stay."""
    if number < FEW_PEOPLE:
        return number
    unit, grown, factor = 5, 20, 2
    while number >= unit * grown:
        unit, grown, factor = unit * factor, 70 - grown, 7 - factor
    return (number + unit // 2) // unit * unit
