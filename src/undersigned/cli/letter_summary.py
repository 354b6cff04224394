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
        ("names are kept by", _keepers(draft)),
        ("enters the log", batches),
        ("roll", f"{draft.roll}, proved by {' or '.join(draft.methods)}"),
        ("personal data is deleted", f"{draft.retention_days} days after the end"),
    ]


def _keepers(draft: Draft) -> str:
    if Mode.SEALED not in draft.modes:
        return "nobody"
    if not draft.trustees:
        return "the operator"
    names = (trustee.name for trustee in draft.trustees)
    return f"{draft.quorum} of {len(draft.trustees)}: {'; '.join(names)}"


def terms_of(letter: Letter) -> list[tuple[str, str]]:
    """Return what a letter fixes beside its texts, as names and values for people."""
    deadline = "none" if letter.deadline is None else format_time(letter.deadline)
    counted = "public and sealed" if letter.basis.value == "named" else "all"
    names = (
        f"{number} {trustee.name}{' (the operator)' if trustee.operator else ''}"
        for number, trustee in enumerate(letter.trustees, 1)
    )
    share = format_share(letter.rule, letter.headcount)
    rule = f"{letter.rule} of {letter.headcount} ({share}), counting {counted} signatures"
    return [
        ("letter", f"{letter.slug}@{letter.edition}"),
        ("letter id", letter.letter_id.hex()),
        ("deadline", deadline),
        ("closes", format_time(letter.closes)),
        ("headcount", f"{letter.headcount} on {letter.headcount_as_of}"),
        ("rule", rule),
        ("cooling-off", format_duration(letter.cooling_off_s)),
        ("ways to sign", ", ".join(letter.modes)),
        ("conditions", ", ".join(str(number) for number in letter.conditions) or "none"),
        ("trustees", "; ".join(names) or "none"),
        ("quorum", f"{letter.quorum} of {len(letter.trustees)}"),
        ("issuer", letter.issuer_url or "the site itself"),
        ("personal data is deleted", f"{letter.retention_days} days after the end"),
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
    """Write a share in percent with one decimal, rounded half up; 100 % only if it is all of it."""
    tenths = (2_000 * part + whole) // (2 * whole)
    if part < whole:
        tenths = min(tenths, 999)
    return f"{tenths // 10}.{tenths % 10} %"
