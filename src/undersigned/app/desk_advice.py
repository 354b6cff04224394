"""What was chosen on the desk so far, as the advice of the domain is given on it."""

import datetime as dt

from undersigned.app.desk_draft import Reading
from undersigned.app.draft_fields import Fields, first_text, ids_of
from undersigned.domain.advice import Advice, Choices, TrusteeChoice, advise

SECTION_OF_ADVICE = {
    Advice.TRUSTEE_OF_ADDRESSEE: "trustees",
    Advice.OPERATOR_ALONE: "trustees",
    Advice.ONE_TRUSTEE_OPENS: "trustees",
    Advice.ALL_TRUSTEES_NEEDED: "trustees",
    Advice.NO_COOLING_OFF: "dates",
    Advice.DEADLINE_PASSED: "dates",
    Advice.DEADLINE_BEFORE_RELEASE: "dates",
    Advice.CLOSES_SOON: "dates",
    Advice.CLOSES_LATE: "dates",
    Advice.FLOOR_LOW: "dates",
    Advice.MAIL_OF_ADDRESSEE: "members",
    Advice.ONLY_MAIL: "members",
    Advice.WORK_ACCOUNT: "members",
    Advice.OWN_WORDS: "members",
    Advice.RETENTION_LONG: "members",
    Advice.NO_ADDRESS: "text",
    Advice.NO_CONSEQUENCE: "text",
}
"""The page of the wizard on which a choice is made; the others are about numbers, on `count`."""


def section_of_advice(advice: Advice) -> str:
    """Return the page on which the choice is made that is advised against."""
    return SECTION_OF_ADVICE.get(advice, "count")


def advise_on(fields: Fields, reading: Reading, now: int) -> tuple[Advice, ...]:
    """Return the advice on a draft, of which much may be missing yet."""
    return advise(_choices_of(fields, reading, now))


def _choices_of(fields: Fields, reading: Reading, now: int) -> Choices:
    values, likely, first = reading.values, reading.likely, first_text(fields)
    day = values.get("headcount_day")
    wrong = {problem.field for problem in reading.problems}
    return Choices(
        now=now,
        headcount=values.get("headcount"),
        headcount_age=None if day is None else _days_since(day, now),
        headcount_sourced=bool(fields.get(f"{first}.headcount_source", "").strip()),
        rule=values.get("rule"),
        conditions=() if "conditions" in wrong else likely.conditions,
        modes=likely.modes,
        basis=likely.basis,
        cooling_off_s=values.get("cooling_off"),
        deadline=likely.deadline,
        closes=values.get("closes_day"),
        floor=values.get("floor"),
        trustees=tuple(
            TrusteeChoice(
                operator=trustee.keys is None and f"{who}.keys" not in wrong,
                bound=bool(fields.get(f"{who}.bound", "")),
                mail=trustee.mail,
            )
            for who, trustee in zip(ids_of(fields, "trustees"), likely.trustees, strict=True)
        ),
        quorum=likely.quorum,
        roll=likely.roll,
        methods=likely.methods,
        domains=likely.domains,
        addressee_mails=tuple(mail for mail in likely.addressee_mails if mail is not None),
        retention_days=values.get("retention"),
        consequence=bool(fields.get(f"{first}.consequence", "").strip()),
    )


def _days_since(day: str, now: int) -> int:
    today = dt.datetime.fromtimestamp(now, dt.UTC).date()
    return (today - dt.date.fromisoformat(day)).days
