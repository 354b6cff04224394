"""A draft in a few lines: what its organiser is about to fix for good."""

import datetime as dt
import hashlib

from undersigned.app.draft import Draft
from undersigned.domain.letter import Letter, Mode, format_text

_HOUR_S = 3_600
_DAY_S = 86_400


def passed_times(draft: Draft, now: int) -> list[str]:
    """Say which times of a draft lie behind `now` (UTC seconds) already."""
    times = (("deadline", draft.deadline), ("closes", draft.closes))
    return [
        f"`{name}` has passed: {format_time(time)}"
        for name, time in times
        if time is not None and time <= now
    ]


def summary_of(draft: Draft) -> list[tuple[str, str]]:
    """Return what will be fixed, as names and values for people."""
    rows = [("letter", f"{draft.slug}, edition {draft.edition}")]
    for text in draft.texts:
        digest = hashlib.sha256(format_text(text)).hexdigest()
        rows += [
            (f"title ({text.lang})", text.title),
            (f"text ({text.lang})", f"{len(text.text.split())} words, SHA-256 {digest}"),
        ]
    first = draft.texts[0]
    rows += [("addressees", "; ".join(first.addressees))]
    rows += [(f"demand {demand.id}", demand.text) for demand in first.demands]
    rows += [("consequence", first.consequence.strip())]
    return [*rows, *_times(draft), *_numbers(draft), *_signing(draft)]


def _times(draft: Draft) -> list[tuple[str, str]]:
    deadline = "none" if draft.deadline is None else format_time(draft.deadline)
    return [("deadline", deadline), ("closes", format_time(draft.closes))]


def _numbers(draft: Draft) -> list[tuple[str, str]]:
    share = format_share(draft.rule, draft.headcount)
    counted = "public and sealed" if draft.basis.value == "named" else "all"
    return [
        ("headcount", f"{draft.headcount} on {draft.headcount_as_of}"),
        ("headcount source", draft.texts[0].headcount_source.strip()),
        ("rule", f"{draft.rule} of {draft.headcount} ({share}), counting {counted} signatures"),
        ("cooling-off", format_duration(draft.cooling_off_s)),
    ]


def _signing(draft: Draft) -> list[tuple[str, str]]:
    epoch = draft.epoch
    batches = (
        f"every {format_duration(epoch.period_s)}, {epoch.floor} at a time, "
        f"within {format_duration(epoch.max_wait_s)}"
    )
    return [
        ("ways to sign", ", ".join(draft.modes)),
        ("conditions", ", ".join(str(number) for number in draft.conditions) or "none"),
        ("names are kept by", "the operator" if Mode.SEALED in draft.modes else "nobody"),
        ("enters the log", batches),
        ("roll", f"{draft.roll}, proved by {' or '.join(draft.methods)}"),
        ("personal data is deleted", f"{draft.retention_days} days after the end"),
    ]


def format_bundle(letter: Letter) -> str:
    """Write the hash of the signing page's script, as `sha256sum` does, if the letter logs one."""
    return "none logged" if letter.bundle is None else f"SHA-256 {letter.bundle.hex()}"


def format_time(time: int) -> str:
    """Write UTC seconds as people read them."""
    return dt.datetime.fromtimestamp(time, dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def format_duration(seconds: int) -> str:
    """Write a duration in its greatest whole unit."""
    for size, name in ((_DAY_S, "day"), (_HOUR_S, "hour"), (60, "minute"), (1, "second")):
        if seconds >= size and seconds % size == 0:
            number = seconds // size
            return f"{number} {name}" if number == 1 else f"{number} {name}s"
    return "none"


def format_share(part: int, whole: int) -> str:
    """Write a share in percent with one decimal, rounded half up."""
    tenths = (2_000 * part + whole) // (2 * whole)
    return f"{tenths // 10}.{tenths % 10} %"
