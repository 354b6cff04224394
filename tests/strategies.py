"""Hypothesis strategies for letters, records and names, shared by every area's tests."""

import hashlib
import unicodedata
from typing import Any, TypeVar

from hypothesis import strategies as st

from undersigned.domain.guarantee import Guarantee
from undersigned.domain.letter import (
    Basis,
    DemandText,
    EpochTerms,
    Letter,
    LetterId,
    Method,
    Mode,
    RollKind,
    State,
    TextDocument,
    TextRef,
    TrusteeTerms,
)
from undersigned.domain.name import Attestation, NameDocument, Verified
from undersigned.domain.opening import BadLeaf, OpenedLeaf, OpeningFile, Refusal
from undersigned.domain.record import (
    Ack,
    AmendRecord,
    DemandAnswer,
    DemandState,
    EpochRecord,
    EraseReason,
    EraseRecord,
    GuaranteeRecord,
    GuaranteeState,
    InvalidateReason,
    InvalidateRecord,
    IssuedRecord,
    LetterRecord,
    NoticeKind,
    NoticeRecord,
    OpeningRecord,
    OutcomeRecord,
    Record,
    ResponseRecord,
    ResponseSource,
    RollReason,
    RollRecord,
    SignRecord,
    WithdrawRecord,
)
from undersigned.domain.response import Answerer, DemandReply, Response
from undersigned.domain.timestamp import Timestamp

T = TypeVar("T")

GREATEST = 2**53 - 1

naturals = st.integers(0, GREATEST)
times = st.integers(0, 4_102_444_800)


def octets(size: int) -> st.SearchStrategy[bytes]:
    """Give byte strings of one size, grown from a few random bytes: quick even for long keys."""
    return st.binary(max_size=4).map(lambda seed: hashlib.shake_256(seed).digest(size))


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def lines(longest: int, *, least: int = 0) -> st.SearchStrategy[str]:
    """Give strings of one line: NFC, without control characters."""
    characters = st.characters(exclude_categories=("Cs", "Cc"))
    text = st.text(characters, min_size=least, max_size=min(longest, 12)).map(_nfc)
    return text.filter(lambda text: least <= len(text) <= longest)


def passages(longest: int, *, least: int = 0) -> st.SearchStrategy[str]:
    """Give strings that may have several lines."""
    characters = st.one_of(st.characters(exclude_categories=("Cs", "Cc")), st.just("\n"))
    text = st.text(characters, min_size=least, max_size=min(longest, 20)).map(_nfc)
    return text.filter(lambda text: least <= len(text) <= longest)


def _some_of(values: type[T], *, least: int = 1) -> st.SearchStrategy[tuple[T, ...]]:
    every = list(values)  # type: ignore[call-overload]
    chosen = st.sets(st.sampled_from(every), min_size=least)
    return chosen.map(lambda some: tuple(value for value in every if value in some))


letter_ids = octets(32).map(LetterId)
slugs = st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}", fullmatch=True)
langs = st.sampled_from(["en", "id", "de", "zh-Hant-TW", "pt-BR", "ace", "sr-Latn"])
demand_ids = st.from_regex(r"[a-z0-9-]{1,12}", fullmatch=True)
trustees = st.builds(TrusteeTerms, lines(40), st.booleans(), octets(1216), octets(32))
text_refs = st.lists(langs, min_size=1, max_size=4, unique=True).flatmap(
    lambda some: st.tuples(*(st.builds(TextRef, st.just(lang), octets(32)) for lang in some))
)


domains = st.lists(
    st.from_regex(r"[a-z0-9]{1,5}(-[a-z0-9]{1,5})?\.(xn--)?[a-z0-9]{2,6}", fullmatch=True),
    min_size=1,
    max_size=4,
    unique=True,
).map(lambda some: tuple(sorted(some)))


@st.composite
def epoch_terms(draw: st.DrawFn) -> EpochTerms:
    """Give epoch terms within the bounds of §3.1."""
    period_s = draw(st.integers(1, 3_600))
    return EpochTerms(period_s, draw(st.integers(1, 1_000)), draw(st.integers(period_s, 86_400)))


@st.composite
def letters(draw: st.DrawFn, /, **fixed: Any) -> Letter:
    """Give letters that keep every bound of §3.1; `fixed` sets members of the letter."""
    modes = fixed.get("modes") or draw(_some_of(Mode))
    roll = fixed.get("roll") or draw(st.sampled_from(RollKind))
    headcount = fixed.get("headcount") or draw(st.integers(1, 10_000_000))
    keys = draw(st.lists(trustees, min_size=1, max_size=3)) if Mode.SEALED in modes else []
    edition = draw(st.integers(1, 5))
    numbers = st.lists(st.integers(2, headcount), max_size=4, unique=True).map(sorted)
    has_conditions = headcount > 1 and modes != (Mode.PUBLIC,)
    members: dict[str, Any] = {
        "slug": draw(slugs),
        "edition": edition,
        "supersedes": draw(letter_ids) if edition > 1 else None,
        "texts": draw(text_refs),
        "demands": tuple(draw(st.lists(demand_ids, min_size=1, max_size=3, unique=True))),
        "deadline": draw(st.none() | times),
        "closes": draw(times),
        "headcount": headcount,
        "headcount_as_of": draw(st.dates()).isoformat(),
        "rule": draw(st.integers(1, headcount)),
        "cooling_off_s": draw(st.integers(0, 2_592_000)),
        "basis": draw(st.sampled_from(Basis)),
        "modes": modes,
        "conditions": tuple(draw(numbers)) if has_conditions else (),
        "epoch": draw(epoch_terms()),
        "trustees": tuple(keys),
        "quorum": draw(st.integers(1, len(keys))) if keys else 0,
        "issuer_url": draw(st.none() | st.just("https://issuer.example")),
        "token_key": draw(octets(294)),
        "attestation_key": draw(octets(32)),
        "roll": roll,
        "domains": draw(domains) if roll is RollKind.DOMAIN else (),
        "methods": draw(_some_of(Method)),
        "organiser_key": draw(octets(32)),
        "promise_vkey": "example.org/log/promise+deadbeef+AfT5+/0=",
        "bundle": draw(st.none() | octets(32)),
        "retention_days": draw(st.integers(0, 3_650)),
    }
    return Letter(**(members | fixed))


@st.composite
def text_documents(draw: st.DrawFn) -> TextDocument:
    """Give text documents within their limits."""
    ids = draw(st.lists(demand_ids, min_size=1, max_size=3, unique=True))
    return TextDocument(
        lang=draw(langs),
        title=draw(lines(200)),
        text=draw(passages(100_000)),
        addressees=tuple(draw(st.lists(lines(40), min_size=1, max_size=3))),
        demands=tuple(DemandText(demand, draw(passages(2_000))) for demand in ids),
        consequence=draw(passages(5_000)),
        headcount_source=draw(passages(500)),
    )


@st.composite
def letter_records(draw: st.DrawFn) -> LetterRecord:
    """Give `letter` records with one ack for everybody who must give one."""
    letter = draw(letters())
    first = Ack("issuer", draw(octets(64)))
    rest = (Ack(i, draw(octets(64))) for i in range(1, len(letter.trustees) + 1))
    return LetterRecord(letter, (first, *rest), draw(octets(64)))


@st.composite
def notice_records(draw: st.DrawFn) -> NoticeRecord:
    """Give `notice` records; only those about the headcount have a number."""
    kind = draw(st.sampled_from(NoticeKind))
    number = draw(st.integers(1, 10_000_000)) if kind is NoticeKind.HEADCOUNT else None
    return NoticeRecord(
        draw(letter_ids), kind, draw(times), number, draw(octets(32)), draw(octets(64))
    )


modes = st.sampled_from(Mode)
conditions = st.none() | naturals
names = st.none() | octets(32)
sign_records = st.builds(
    SignRecord, letter_ids, octets(354), octets(32), modes, conditions, names, octets(64)
)
amend_records = st.builds(
    AmendRecord,
    letter_ids,
    octets(32),
    st.integers(1, 8),
    modes,
    conditions,
    names,
    octets(64),
)
outcome_records = st.builds(
    OutcomeRecord,
    letter_ids,
    st.sampled_from(State),
    naturals,
    times,
    naturals,
    naturals,
    naturals,
    octets(32),
)
response_records = st.builds(
    ResponseRecord,
    letter_ids,
    st.dictionaries(demand_ids, st.sampled_from(DemandState), min_size=1, max_size=3).map(
        lambda answers: tuple(DemandAnswer(demand, state) for demand, state in answers.items())
    ),
    times,
    octets(32),
    st.sampled_from(ResponseSource),
    octets(64),
)
small_records: st.SearchStrategy[Record] = st.one_of(
    sign_records,
    amend_records,
    outcome_records,
    response_records,
    notice_records(),
    st.sampled_from(RollReason).flatmap(
        lambda reason: st.builds(
            RollRecord,
            letter_ids,
            naturals,
            st.none() | octets(32),
            st.just(reason),
            octets(64),
            st.none() if reason is RollReason.OPENED else st.integers(1, 2**53 - 1),
        )
    ),
    st.builds(IssuedRecord, letter_ids, octets(32), octets(32), octets(64)),
    st.builds(EpochRecord, letter_ids, st.integers(1, GREATEST), times),
    st.builds(WithdrawRecord, letter_ids, octets(32), octets(64)),
    st.builds(
        InvalidateRecord,
        letter_ids,
        naturals,
        st.sampled_from(InvalidateReason),
        octets(32),
        octets(64),
    ),
    st.builds(EraseRecord, letter_ids, naturals, st.sampled_from(EraseReason), octets(64)),
    st.builds(
        OpeningRecord,
        letter_ids,
        st.integers(1, GREATEST),
        octets(32),
        naturals,
        naturals,
        st.integers(1, 16),
        octets(64),
    ),
    st.builds(
        GuaranteeRecord,
        letter_ids,
        st.sampled_from(GuaranteeState),
        times,
        st.none() | st.integers(1, GREATEST),
        st.none() | times,
        octets(32),
        octets(64),
    ),
)
records: st.SearchStrategy[Record] = st.one_of(small_records, letter_records())

attestations = st.builds(
    Attestation,
    letter_ids,
    lines(100, least=1),
    st.none() | lines(100, least=1),
    st.sampled_from(Verified),
    octets(32),
    octets(64),
)
name_documents = st.builds(
    NameDocument, attestations, octets(32), st.none() | passages(1_000, least=1)
)


@st.composite
def opening_files(draw: st.DrawFn) -> OpeningFile:
    """Give opening files; their leaves lie in the log that was verified."""
    size = draw(naturals)
    indexes = st.sets(st.integers(0, size - 1), max_size=5) if size else st.just(set[int]())
    shares = st.lists(st.none() | octets(33), min_size=1, max_size=4).map(tuple)
    leaves = tuple(
        OpenedLeaf(index, draw(octets(32))) if draw(st.booleans()) else BadLeaf(index, draw(shares))
        for index in sorted(draw(indexes))
    )
    wave = draw(st.integers(1, GREATEST))
    return OpeningFile(draw(letter_ids), wave, size, leaves, draw(refusals))


refused_leaves = st.sets(naturals, min_size=1, max_size=4).map(lambda leaves: tuple(sorted(leaves)))
refusals = st.lists(
    st.builds(Refusal, st.integers(1, 16), refused_leaves, octets(64)),
    max_size=3,
    unique_by=lambda refusal: refusal.by,
).map(lambda found: tuple(sorted(found, key=lambda refusal: refusal.by)))


@st.composite
def _timestamps(draw: st.DrawFn) -> Timestamp:
    record = draw(st.none() | octets(32))
    note = None if record is not None else draw(passages(200, least=1))
    return Timestamp(
        record, note, draw(lines(200, least=1)), draw(st.binary(min_size=1, max_size=300))
    )


timestamps = _timestamps()
"""Timestamp documents; their tokens are not ones."""

words = passages(2_000, least=1).filter(lambda text: bool(text.strip()))
mail_domains = st.sampled_from(["board.example", "staff.board.example", "xn--bcher-kva.example"])
answerers = st.builds(Answerer, st.integers(1, 50), mail_domains)


@st.composite
def _responses(draw: st.DrawFn) -> Response:
    ids = draw(st.lists(demand_ids, min_size=1, max_size=3, unique=True))
    answers = tuple(DemandReply(demand, draw(st.none() | words)) for demand in ids)
    answerer = draw(st.none() | answerers)
    return Response(draw(langs), answers, answerer, None if answerer else draw(words))


responses = _responses()
"""Response documents, of an addressee or told by the organiser."""

guarantees = st.builds(
    Guarantee,
    langs,
    lines(200, least=1).filter(lambda text: bool(text.strip())),
    words,
    mail_domains,
)
