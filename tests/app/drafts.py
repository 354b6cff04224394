"""Drafts as organisers type them: a whole one, and any that Hypothesis thinks of."""

from typing import Any

from hypothesis import strategies as st
from tests.strategies import demand_ids, epoch_terms, langs, lines, passages, slugs

from undersigned.app.draft import Draft, DraftIssuer, DraftTrustee
from undersigned.app.draft_fields import DEFAULTS, Fields
from undersigned.crypto.keys import RecordSigner, TokenKey, TrusteeKey
from undersigned.domain.letter import Basis, Method, Mode, RollKind, TextDocument
from undersigned.domain.text import DemandText
from undersigned.encoding import format_base64url

START = 1_800_000_000
DAY = 86_400

MILL: Fields = {
    **DEFAULTS,
    "slug": "mill",
    "t1.lang": "en",
    "t1.title": "Mend the mill",
    "t1.text": "It stands *still*.",
    "t1.addressee.a1": "The miller",
    "t1.demand.demand-1": "The wheel turns again.",
    "t1.consequence": "Unless it is mended, we will grind by hand.",
    "t1.headcount_source": "The list on the door.",
    "closes_day": "2027-03-01",
    "zone": "Europe/Berlin",
    "headcount": "200",
    "headcount_day": "2026-12-01",
    "rule": "120",
    "conditions": "20, 50, 100",
}
"""A letter with nothing wrong, opened before it closes: `START` is in January 2027."""

KEYS = tuple(TrusteeKey(bytes([i]) * 32) for i in range(1, 4))
TOKEN_KEY = TokenKey.generate()


def lines_of(key: TrusteeKey, name: str = "Ann") -> str:
    """Return what a trustee sends."""
    seal_key, sign_key = format_base64url(key.seal_key), format_base64url(key.sign_key)
    return f'[[trustees]]\nname = "{name}"\nseal_key = "{seal_key}"\nsign_key = "{sign_key}"\n'


def issuer_lines(url: str = "https://firm.example") -> str:
    """Return what an issuer sends."""
    attestation = RecordSigner.generate().public_key
    return (
        f'[issuer]\nurl = "{url}"\ntoken_key = "{format_base64url(TOKEN_KEY.spki)}"\n'
        f'attestation_key = "{format_base64url(attestation)}"\n'
    )


def said(strategy: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Give texts that say something, without white space around them."""
    return strategy.map(str.strip).filter(bool)


@st.composite
def drafts(draw: st.DrawFn) -> Draft:
    """Give drafts with nothing wrong."""
    headcount = draw(st.integers(2, 10_000_000))
    modes = draw(st.sets(st.sampled_from(Mode), min_size=1))
    conditions = draw(st.sets(st.integers(2, headcount), max_size=16))
    trustees = draw(_trustees()) if Mode.SEALED in modes else ()
    roll = draw(st.sampled_from(RollKind))
    methods = {
        RollKind.LIST: {Method.INVITE} | draw(st.sets(st.just(Method.EMAIL))),
        RollKind.DOMAIN: {Method.EMAIL},
        RollKind.INVITES: {Method.INVITE},
    }[roll]
    domains = st.sets(st.sampled_from(["a.example", "b.example", "c.d.example"]), min_size=1)
    texts = draw(_texts())
    mails = draw(st.lists(st.sampled_from([None, "board@mill.example"]), max_size=3))
    count = len(texts[0].addressees)
    values: dict[str, Any] = {
        "slug": draw(slugs),
        "edition": draw(st.integers(1, 9)),
        "deadline": draw(st.none() | st.integers(0, 9_000_000_000)),
        "closes": draw(st.integers(0, 9_000_000_000)),
        "headcount": headcount,
        "headcount_as_of": draw(st.dates()).isoformat(),
        "rule": draw(st.integers(1, headcount)),
        "cooling_off_s": draw(st.integers(0, 2_592_000)),
        "basis": draw(st.sampled_from(Basis)),
        "modes": tuple(mode for mode in Mode if mode in modes),
        "conditions": () if modes == {Mode.PUBLIC} else tuple(sorted(conditions)),
        "epoch": draw(epoch_terms()),
        "roll": roll,
        "methods": tuple(method for method in Method if method in methods),
        "domains": tuple(sorted(draw(domains))) if roll is RollKind.DOMAIN else (),
        "retention_days": draw(st.integers(0, 3_650)),
        "texts": texts,
        "trustees": trustees,
        "quorum": draw(st.integers(1, len(trustees))) if trustees else None,
        "issuer": draw(st.none() | st.builds(_issuer, octets_seed)),
        "addressee_mails": tuple((mails + [None] * count)[:count]),
    }
    return Draft(**values)


octets_seed = st.integers(1, 255)


def _issuer(seed: int) -> DraftIssuer:
    return DraftIssuer("https://firm.example", TOKEN_KEY.spki, bytes([seed]) * 32)


@st.composite
def _trustees(draw: st.DrawFn) -> tuple[DraftTrustee, ...]:
    keys = draw(st.lists(st.sampled_from([None, *KEYS]), max_size=4, unique_by=id))
    mails = st.sampled_from([None, "ann@firm.example"])
    return tuple(
        DraftTrustee(
            draw(said(lines(40))),
            None if key is None else (key.seal_key, key.sign_key),
            draw(mails),
        )
        for key in keys
    )


@st.composite
def _texts(draw: st.DrawFn) -> tuple[TextDocument, ...]:
    ids = draw(st.lists(demand_ids, min_size=1, max_size=3, unique=True))
    tags = draw(st.lists(langs, min_size=1, max_size=3, unique=True))
    most = draw(st.integers(1, 3))
    counts = [most, *(draw(st.integers(1, most)) for _ in tags[1:])]
    return tuple(
        TextDocument(
            lang=tag,
            title=draw(said(lines(200))),
            text=draw(said(passages(1_000))),
            addressees=tuple(draw(said(lines(40))) for _ in range(count)),
            demands=tuple(DemandText(each, draw(said(passages(2_000)))) for each in ids),
            consequence=draw(passages(5_000)).strip(),
            headcount_source=draw(passages(500)).strip(),
        )
        for tag, count in zip(tags, counts, strict=True)
    )
