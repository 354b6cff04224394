"""A draft: a letter as its organiser wrote it, and what the letter's own rules have against it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from undersigned.crypto.hpke import parse_seal_key
from undersigned.domain.letter import (
    MOST_HEADCOUNT,
    Basis,
    EpochTerms,
    Letter,
    LetterId,
    Method,
    Mode,
    RollKind,
    TextDocument,
    TextRef,
    TrusteeTerms,
)
from undersigned.errors import FormatError

OPERATOR = "the operator of this site"
"""The name of the trustee that a site has by itself: pages then say "kept by the operator"."""


NO_PROVIDER = "there is no sign-on provider: set UNDERSIGNED_OPENID_ISSUER, also where it is served"


@dataclass(frozen=True, slots=True)
class DraftTrustee:
    """A trustee as the letter file names it: its keys, or None for those of the site's operator.

    `mail` is where the site tells the trustee that it is its turn; it goes into no record.
    """

    name: str
    keys: tuple[bytes, bytes] | None
    mail: str | None


@dataclass(frozen=True, slots=True)
class DraftIssuer:
    """An issuer elsewhere: its address and the keys that it made for this letter."""

    url: str
    token_key: bytes
    attestation_key: bytes


@dataclass(frozen=True, slots=True)
class Draft:
    """A letter as its organiser wrote it: all of it that does not come from the site.

    `addressee_mails` is where the addressees of the first text get the letter, in their order; it goes
    into no record.
    """

    slug: str
    edition: int
    deadline: int | None
    closes: int
    headcount: int
    headcount_as_of: str
    rule: int
    cooling_off_s: int
    basis: Basis
    modes: tuple[Mode, ...]
    conditions: tuple[int, ...]
    epoch: EpochTerms
    roll: RollKind
    methods: tuple[Method, ...]
    retention_days: int
    texts: tuple[TextDocument, ...]
    trustees: tuple[DraftTrustee, ...] = ()
    quorum: int | None = None
    issuer: DraftIssuer | None = None
    addressee_mails: tuple[str | None, ...] = ()
    domains: tuple[str, ...] = ()

    @property
    def needs_others(self) -> bool:
        """Say whether somebody elsewhere has to acknowledge it before it can be opened."""
        return self.issuer is not None or any(trustee.keys for trustee in self.trustees)

    def trustee_terms(self, seal_key: bytes, sign_key: bytes) -> tuple[TrusteeTerms, ...]:
        """Return the trustees of the letter; the keys are those of the site's operator."""
        own = (seal_key, sign_key)
        named = self.trustees
        if not named and Mode.SEALED in self.modes:
            named = (DraftTrustee(OPERATOR, None, None),)
        return tuple(
            TrusteeTerms(trustee.name, trustee.keys is None, *(trustee.keys or own))
            for trustee in named
        )


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a draft, and how the letter file says it.

    `member` is what it is about, as the letter's own rules call it (`rule`, `headcount.n`); `index` is
    which of its texts, trustees or addressees it is about, from 0.
    """

    member: str
    sentence: str
    index: int | None = None


def find_problems(draft: Draft, *, signs_on: bool = False) -> list[Problem]:
    """Return all that is wrong with a draft, on a site that has a sign-on provider or, by default, none."""
    if not draft.texts:
        return [Problem("texts", "a letter needs a text: [[texts]]")]
    return [
        *_other_demands(draft),
        *_unusable(draft, signs_on=signs_on),
        *_trustee_problems(draft),
        *_addressee_problems(draft),
        *_out_of_bounds(draft),
    ]


def _other_demands(draft: Draft) -> Iterator[Problem]:
    first, *others = ([demand.id for demand in text.demands] for text in draft.texts)
    for i, ids in enumerate(others, 1):
        if ids != first:
            where = f"[[texts]] {draft.texts[i].lang}"
            sentence = f"{where}: its demands are not those of the first text"
            yield Problem("texts.demands", sentence, i)


def _unusable(draft: Draft, *, signs_on: bool) -> Iterator[Problem]:
    """Yield what the formats know and this site cannot do: nobody could sign such a letter here."""
    # An issuer elsewhere says for itself whether members can sign on there.
    if Method.OPENID in draft.methods and draft.issuer is None and not signs_on:
        yield Problem("methods", f"`methods` has openid, and {NO_PROVIDER}")
    if draft.roll is RollKind.DOMAIN and Method.INVITE in draft.methods:
        yield Problem("methods", "`methods` has invite, and the roll of a domain has no codes")
    for method in (Method.EMAIL, Method.OPENID):
        if draft.roll is RollKind.INVITES and method in draft.methods:
            sentence = f"`methods` has {method}, and a roll of invites has no addresses"
            yield Problem("methods", sentence)


def _trustee_problems(draft: Draft) -> Iterator[Problem]:
    """Yield what the letter's own rules do not see of its trustees: nobody could open such seals."""
    if draft.trustees and Mode.SEALED not in draft.modes:
        yield Problem(
            "trustees",
            "[[trustees]]: there is nothing for them to open, since `modes` has no sealed",
        )
    elif draft.trustees and draft.quorum is None:
        yield Problem(
            "quorum", "`quorum` is missing: how many of the trustees have to act together"
        )
    elif draft.quorum is not None and not 1 <= draft.quorum <= max(1, len(draft.trustees)):
        most = max(1, len(draft.trustees))
        yield Problem("quorum", f"`quorum` must be from 1 to the number of trustees, {most}")
    held = [trustee.keys for trustee in draft.trustees]
    for i, keys in enumerate(held):
        # Told once, of the second one.
        if held[:i].count(keys) == 1:
            who = "the operator is" if keys is None else "the same keys are"
            sentence = f"[[trustees]]: {who} there twice, and would be one trustee with two votes"
            yield Problem("trustees.twice", sentence, i)
    for i, trustee in enumerate(draft.trustees):
        try:
            if trustee.keys is not None:
                parse_seal_key(trustee.keys[0])
        except FormatError as error:
            sentence = f"[[trustees]] {trustee.name}: {error.detail.removesuffix('.')}"
            yield Problem("trustees.seal_key", sentence, i)


def _addressee_problems(draft: Draft) -> Iterator[Problem]:
    most = len(draft.texts[0].addressees)
    if len(draft.addressee_mails) > most:
        sentence = (
            f"`addressees_mail` has more addresses than the first text has addressees, {most}"
        )
        yield Problem("addressees_mail", sentence)


_SOUND: dict[str, Callable[[Draft], Draft]] = {
    "slug": lambda draft: replace(draft, slug="a"),
    "edition": lambda draft: replace(draft, edition=1),
    "texts": lambda draft: replace(draft, texts=draft.texts[:1]),
    "texts.lang": lambda draft: replace(draft, texts=draft.texts[:1]),
    "deadline": lambda draft: replace(draft, deadline=None),
    "closes": lambda draft: replace(draft, closes=0),
    "headcount.n": lambda draft: replace(draft, headcount=MOST_HEADCOUNT),
    "headcount.as_of": lambda draft: replace(draft, headcount_as_of="2000-01-01"),
    "rule": lambda draft: replace(draft, rule=1),
    "cooling_off_s": lambda draft: replace(draft, cooling_off_s=0),
    "conditions": lambda draft: replace(draft, conditions=()),
    "epoch.period_s": lambda draft: replace(draft, epoch=replace(draft.epoch, period_s=1)),
    "epoch.floor": lambda draft: replace(draft, epoch=replace(draft.epoch, floor=1)),
    "epoch.max_wait_s": lambda draft: replace(draft, epoch=EpochTerms(1, 1, 1)),
    "modes": lambda draft: replace(draft, modes=tuple(Mode)),
    "methods": lambda draft: replace(draft, methods=(Method.EMAIL,)),
    "domains": lambda draft: replace(draft, roll=RollKind.LIST, domains=()),
    "retention_days": lambda draft: replace(draft, retention_days=0),
    "trustees": lambda draft: replace(draft, trustees=draft.trustees[:16]),
    "trustees.name": lambda draft: replace(draft, trustees=()),
    "issuer.url": lambda draft: replace(draft, issuer=None),
}
"""How to mend each member of a letter, so that what is wrong with the others can be seen as well."""


def _out_of_bounds(draft: Draft) -> Iterator[Problem]:
    """Yield what the letter's rules have against the members of a draft, each mended in its turn."""
    menders = dict(_SOUND)
    while (sentence := _find_first_problem(draft)) is not None:
        member = sentence.partition(":")[0]
        yield Problem(member, sentence)
        mend = menders.pop(member, None)
        if mend is None:
            return
        draft = mend(draft)


def _find_first_problem(draft: Draft) -> str | None:
    """Try a draft with keys of zeros."""
    trustees = draft.trustee_terms(bytes(1216), bytes(32)) if Mode.SEALED in draft.modes else ()
    try:
        letter_of(
            draft,
            tuple(TextRef(text.lang, bytes(32)) for text in draft.texts),
            supersedes=LetterId(bytes(32)) if draft.edition > 1 else None,
            trustees=trustees,
            quorum=len(trustees),
            token_key=b"\0",
            attestation_key=bytes(32),
            organiser_key=bytes(32),
            promise_vkey="check+00000000+AA==",
            bundle=None,
        )
    except FormatError as error:
        return error.detail
    return None


def letter_of(
    draft: Draft,
    texts: tuple[TextRef, ...],
    *,
    supersedes: LetterId | None,
    trustees: tuple[TrusteeTerms, ...],
    quorum: int,
    token_key: bytes,
    attestation_key: bytes,
    organiser_key: bytes,
    promise_vkey: str,
    bundle: bytes | None,
) -> Letter:
    """Return the letter of a draft on a site: with its keys, trustees and script. Raises FormatError."""
    return Letter(
        slug=draft.slug,
        edition=draft.edition,
        supersedes=supersedes,
        texts=texts,
        demands=tuple(demand.id for demand in draft.texts[0].demands),
        deadline=draft.deadline,
        closes=draft.closes,
        headcount=draft.headcount,
        headcount_as_of=draft.headcount_as_of,
        rule=draft.rule,
        cooling_off_s=draft.cooling_off_s,
        basis=draft.basis,
        modes=draft.modes,
        conditions=draft.conditions,
        epoch=draft.epoch,
        trustees=trustees,
        quorum=quorum,
        issuer_url=None if draft.issuer is None else draft.issuer.url,
        token_key=token_key,
        attestation_key=attestation_key,
        roll=draft.roll,
        methods=draft.methods,
        organiser_key=organiser_key,
        promise_vkey=promise_vkey,
        bundle=bundle,
        retention_days=draft.retention_days,
        domains=draft.domains,
    )
