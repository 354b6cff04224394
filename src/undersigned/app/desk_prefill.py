"""From a draft back to the fields of the desk: for a new edition, or a letter file that is taken over."""

from collections.abc import Iterable, Mapping

from undersigned.app.draft import Draft, DraftIssuer, DraftTrustee
from undersigned.app.draft_fields import DEFAULTS, Fields
from undersigned.app.typed import LAST_MOMENT, write_duration, write_moment
from undersigned.domain.letter import Letter, Method, Mode, TextDocument
from undersigned.encoding import format_base64url


def draft_of(
    letter: Letter,
    texts: tuple[TextDocument, ...],
    trustee_mails: Mapping[int, str],
    addressee_mails: Mapping[int, str],
) -> Draft:
    """Return the draft that an open letter would have been made from; mails by number, from 1."""
    return Draft(
        slug=letter.slug,
        edition=letter.edition,
        deadline=letter.deadline,
        closes=letter.closes,
        headcount=letter.headcount,
        headcount_as_of=letter.headcount_as_of,
        rule=letter.rule,
        cooling_off_s=letter.cooling_off_s,
        basis=letter.basis,
        modes=letter.modes,
        conditions=letter.conditions,
        epoch=letter.epoch,
        roll=letter.roll,
        methods=letter.methods,
        retention_days=letter.retention_days,
        texts=texts,
        trustees=tuple(
            DraftTrustee(
                trustee.name,
                None if trustee.operator else (trustee.seal_key, trustee.sign_key),
                trustee_mails.get(number),
            )
            for number, trustee in enumerate(letter.trustees, 1)
        ),
        quorum=letter.quorum or None,
        issuer=None
        if letter.issuer_url is None
        else DraftIssuer(letter.issuer_url, letter.token_key, letter.attestation_key),
        addressee_mails=tuple(
            addressee_mails.get(number) for number in range(1, len(texts[0].addressees) + 1)
        ),
        domains=letter.domains,
    )


def fields_of(draft: Draft) -> Fields:
    """Write a draft into the fields of the desk; what is read from them is this draft again."""
    closes_day, closes_time = _moment_fields(draft.closes)
    deadline_day, deadline_time = _moment_fields(draft.deadline)
    cooling_off, unit = write_duration(draft.cooling_off_s)
    fields = {
        **DEFAULTS,
        "slug": draft.slug,
        "edition": str(draft.edition),
        "zone": "UTC",
        "closes_day": closes_day,
        "closes_time": closes_time,
        "deadline_day": deadline_day,
        "deadline_time": deadline_time,
        "cooling_off": cooling_off,
        "cooling_off_unit": unit,
        "period": str(draft.epoch.period_s),
        "floor": str(draft.epoch.floor),
        "max_wait": str(draft.epoch.max_wait_s),
        "headcount": str(draft.headcount),
        "headcount_day": draft.headcount_as_of,
        "rule": str(draft.rule),
        "conditions": ", ".join(map(str, draft.conditions)),
        "basis": draft.basis.value,
        "quorum": "" if draft.quorum is None else str(draft.quorum),
        "roll": draft.roll.value,
        "domains": "\n".join(draft.domains),
        "issuer": "" if draft.issuer is None else _issuer_lines(draft.issuer),
        "retention": str(draft.retention_days),
        **{f"mode.{mode.value}": _tick(mode in draft.modes) for mode in Mode},
        **{f"method.{method.value}": _tick(method in draft.methods) for method in Method},
    }
    return fields | _text_fields(draft) | _trustee_fields(draft.trustees)


def _moment_fields(at: int | None) -> tuple[str, str]:
    """Write a time as day and time; a day that no calendar has, as none."""
    if at is None or at > LAST_MOMENT:
        return "", DEFAULTS["closes_time"]
    return write_moment(at, "UTC")


def _tick(is_ticked: bool) -> str:
    return "on" if is_ticked else ""


def _text_fields(draft: Draft) -> Fields:
    most = max(len(text.addressees) for text in draft.texts)
    addressees = [f"a{number}" for number in range(1, most + 1)]
    fields = {
        "texts": " ".join(f"t{number}" for number in range(1, len(draft.texts) + 1)),
        "demands": " ".join(demand.id for demand in draft.texts[0].demands),
        "addressees": " ".join(addressees),
    }
    for number, text in enumerate(draft.texts, 1):
        for name in ("lang", "title", "text", "consequence", "headcount_source"):
            fields[f"t{number}.{name}"] = getattr(text, name)
        for addressee, words in zip(addressees, text.addressees, strict=False):
            fields[f"t{number}.addressee.{addressee}"] = words
        for demand in text.demands:
            fields[f"t{number}.demand.{demand.id}"] = demand.text
    for addressee, mail in zip(addressees, draft.addressee_mails, strict=False):
        fields[f"{addressee}.mail"] = mail or ""
    return fields


def _trustee_fields(trustees: Iterable[DraftTrustee]) -> Fields:
    fields: Fields = {}
    for number, trustee in enumerate(trustees, 1):
        who = f"k{number}"
        fields[f"{who}.name"] = trustee.name
        fields[f"{who}.mail"] = trustee.mail or ""
        fields[f"{who}.operator"] = _tick(trustee.keys is None)
        fields[f"{who}.keys"] = "" if trustee.keys is None else _key_lines(trustee.keys)
    return fields | {"trustees": " ".join(f"k{i}" for i, _ in enumerate(trustees, 1))}


def _key_lines(keys: tuple[bytes, bytes]) -> str:
    seal_key, sign_key = map(format_base64url, keys)
    return f'seal_key = "{seal_key}"\nsign_key = "{sign_key}"'


def _issuer_lines(issuer: DraftIssuer) -> str:
    return "\n".join(
        (
            "[issuer]",
            f'url = "{issuer.url}"',
            f'token_key = "{format_base64url(issuer.token_key)}"',
            f'attestation_key = "{format_base64url(issuer.attestation_key)}"',
        )
    )
