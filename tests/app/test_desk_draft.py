"""The fields of the desk and the draft they say: nothing lost on the way, everything wrong named."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.app.drafts import DAY, KEYS, MILL, START, drafts, issuer_lines, lines_of

from undersigned.app.desk_advice import advise_on, section_of_advice
from undersigned.app.desk_draft import read_fields
from undersigned.app.desk_prefill import fields_of
from undersigned.app.draft import Draft, find_problems
from undersigned.app.draft_fields import (
    DEFAULTS,
    SECTIONS,
    Fields,
    format_fields,
    names_of,
    parse_fields,
    section_of,
    sections_of,
)
from undersigned.domain.advice import Advice
from undersigned.domain.letter import Basis, EpochTerms, Method, Mode, RollKind


def problems_of(**changes: str) -> dict[str, str]:
    """Return what is wrong with the mill's letter after some changes: the rule of each field."""
    fields = MILL | {name.replace("__", "."): text for name, text in changes.items()}
    return {problem.field: problem.rule for problem in read_fields(fields).problems}


@given(drafts())
@settings(max_examples=60, deadline=None)
def test_a_draft_comes_back_from_its_fields(draft: Draft) -> None:
    """Written into fields, kept as they are kept, read again: the same letter, and nothing wrong."""
    assert find_problems(draft) == []
    reading = read_fields(parse_fields(format_fields(fields_of(draft))))
    assert reading.problems == ()
    assert reading.draft == draft


def test_what_was_typed_is_understood() -> None:
    """Shares of the headcount, times of a zone, durations with their unit."""
    draft = read_fields(MILL | {"rule": "60,5 %", "conditions": "50; 20,100 10 %"}).draft
    assert draft is not None
    assert (draft.headcount, draft.rule, draft.conditions) == (200, 121, (20, 50, 100))
    assert (draft.closes, draft.deadline) == (1_803_898_800, None)
    assert draft.cooling_off_s == DAY
    assert draft.epoch == EpochTerms(60, 8, 600)
    assert (draft.basis, draft.modes) == (Basis.NAMED, tuple(Mode))
    assert (draft.roll, draft.methods) == (RollKind.LIST, (Method.EMAIL, Method.INVITE))
    assert (draft.trustees, draft.quorum, draft.issuer) == ((), None, None)
    assert draft.addressee_mails == (None,)


def test_an_empty_draft_says_what_is_missing() -> None:
    """Each once, in the order of the pages; nothing is called wrong before something was typed."""
    problems = read_fields(DEFAULTS).problems
    assert [problem.field for problem in problems] == [
        "t1.lang",
        "t1.title",
        "t1.text",
        "t1.addressee.a1",
        "t1.demand.demand-1",
        "slug",
        "closes_day",
        "headcount",
        "headcount_day",
        "rule",
    ]
    assert all(problem.is_missing for problem in problems)


WRONG: list[tuple[dict[str, str], str, str]] = [
    ({"slug": "The Mill"}, "slug", "slug"),
    ({"t1__lang": "English"}, "t1.lang", "texts.lang"),
    ({"t1__title": "x" * 201}, "t1.title", "texts.title"),
    ({"t1__title": "two\nlines"}, "t1.title", "texts.title"),
    ({"t1__text": "x" * 100_001}, "t1.text", "texts.text"),
    ({"t1__text": "a\x07b"}, "t1.text", "texts.text"),
    ({"t1__text": "\U0001f600" * 80_000}, "t1.text", "texts.document"),
    ({"t1__addressee__a1": "a\nb"}, "t1.addressee.a1", "texts.addressees"),
    ({"t1__demand__demand-1": "x" * 2_001}, "t1.demand.demand-1", "texts.demands"),
    ({"t1__consequence": "x" * 5_001}, "t1.consequence", "texts.consequence"),
    ({"t1__headcount_source": "x" * 501}, "t1.headcount_source", "texts.headcount_source"),
    ({"addressees": ""}, "addressees", "missing"),
    ({"demands": ""}, "demands", "missing"),
    ({"a1__mail": "miller"}, "a1.mail", "mail"),
    ({"zone": "Mars/Olympus"}, "closes_day", "zone"),
    ({"closes_time": "noon"}, "closes_day", "time"),
    ({"closes_day": "tomorrow"}, "closes_day", "day"),
    ({"closes_day": "2027-02-30"}, "closes_day", "day"),
    ({"closes_day": "2027-03-28", "closes_time": "02:30"}, "closes_day", "skipped"),
    ({"deadline_day": "0001-01-01"}, "deadline_day", "day"),
    ({"cooling_off": "a while"}, "cooling_off", "number"),
    ({"cooling_off_unit": "moons"}, "cooling_off", "unit"),
    ({"cooling_off": "31", "cooling_off_unit": "days"}, "cooling_off", "cooling_off_s"),
    ({"period": "0"}, "period", "epoch.period_s"),
    ({"floor": "1001"}, "floor", "epoch.floor"),
    ({"max_wait": "59"}, "max_wait", "epoch.max_wait_s"),
    ({"headcount": "many"}, "headcount", "number"),
    ({"headcount": "0"}, "headcount", "headcount.n"),
    ({"headcount": "10000001"}, "headcount", "headcount.n"),
    ({"headcount_day": "1.2.2026"}, "headcount_day", "day"),
    ({"rule": "-5"}, "rule", "number"),
    ({"rule": "201"}, "rule", "rule"),
    ({"rule": "101 %"}, "rule", "rule"),
    ({"conditions": "one, two"}, "conditions", "number"),
    ({"conditions": "1"}, "conditions", "conditions"),
    ({"conditions": " ".join(map(str, range(2, 19)))}, "conditions", "conditions"),
    ({"mode__sealed": "", "mode__anonymous": ""}, "conditions", "conditions"),
    (
        {"mode__public": "", "mode__sealed": "", "mode__anonymous": ""},
        "mode.public",
        "modes",
    ),
    ({"basis": "some"}, "basis", "choice"),
    ({"roll": "all"}, "roll", "choice"),
    ({"method__email": "", "method__invite": ""}, "method.email", "methods"),
    ({"roll": "invites"}, "method.email", "methods"),
    ({"issuer": "https://firm.example"}, "issuer", "issuer.lines"),
    ({"issuer": "[" * 5_000}, "issuer", "issuer.lines"),
    ({"issuer": "issuer = 5"}, "issuer", "issuer.lines"),
    ({"issuer": issuer_lines("https://Firm.example")}, "issuer", "issuer.url"),
    ({"domains": "staff.example"}, "domains", "domains"),
    ({"roll": "domain", "method__invite": ""}, "domains", "domains"),
    ({"roll": "domain", "method__invite": "", "domains": "no domain"}, "domains", "domains"),
    ({"roll": "domain", "domains": "staff.example"}, "method.email", "methods"),
    ({"retention": "3651"}, "retention", "retention_days"),
    ({"quorum": "2"}, "quorum", "quorum"),
    ({"trustees": "k1", "quorum": "1"}, "k1.keys", "missing"),
    ({"trustees": "k1", "quorum": "1", "k1__keys": "key"}, "k1.keys", "trustees.keys"),
    ({"trustees": "k1", "quorum": "1", "k1__keys": "trustees = 5"}, "k1.keys", "trustees.keys"),
    ({"trustees": "k1", "quorum": "1", "k1__keys": 'seal_key = "A"'}, "k1.keys", "trustees.keys"),
    ({"trustees": "k1", "k1__operator": "on"}, "quorum", "quorum"),
    (
        {"trustees": "k1 k2", "quorum": "1", "k1__operator": "on", "k2__operator": "on"},
        "k2.keys",
        "trustees.twice",
    ),
    (
        {"trustees": "k1", "quorum": "1", "k1__operator": "on", "k1__mail": "ann"},
        "k1.mail",
        "mail",
    ),
]
"""What may be typed wrong into the mill's letter; the field that it is told of, and the rule."""


@pytest.mark.parametrize(("changes", "field", "rule"), WRONG)
def test_what_is_wrong_is_told_of_its_field(changes: dict[str, str], field: str, rule: str) -> None:
    """Of that field alone, and on a page that has it."""
    assert problems_of(**changes) == {field: rule}
    fields = MILL | {name.replace("__", "."): text for name, text in changes.items()}
    assert field in names_of(fields, section_of(fields, field))


def test_everything_wrong_is_told_at_once() -> None:
    """A field that cannot be read hides no other, and what is judged by it waits."""
    found = problems_of(slug="The Mill", headcount="many", rule="60 %", closes_day="", period="0")
    assert found == {
        "slug": "slug",
        "headcount": "number",
        "rule": "share-of-unknown",
        "closes_day": "missing",
        "period": "epoch.period_s",
    }


def test_a_share_of_nobody_waits_for_the_headcount() -> None:
    """A percentage of a number that is not there yet."""
    assert problems_of(headcount="", rule="60 %", conditions="10 %") == {
        "headcount": "missing",
        "rule": "share-of-unknown",
        "conditions": "share-of-unknown",
    }


def test_domains_are_read_as_people_write_them() -> None:
    """One in each line, with an @ or without, in any case and order."""
    fields = MILL | {
        "roll": "domain",
        "method.invite": "",
        "domains": "@Staff.Example\n\na.example",
    }
    assert read_fields(fields).likely.domains == ("a.example", "staff.example")


# --- several languages


TWO: Fields = {
    **MILL,
    "texts": "t1 t2",
    "t2.lang": "id",
    "t2.title": "Perbaiki kincir",
    "t2.text": "Kincir berhenti.",
    "t2.addressee.a1": "Pemilik",
    "t2.demand.demand-1": "Roda berputar lagi.",
}


def test_a_translation_has_the_same_demands() -> None:
    """Their ids are those of the letter, in its order; their words are its own."""
    draft = read_fields(TWO).draft
    assert draft is not None
    assert [text.lang for text in draft.texts] == ["en", "id"]
    assert [[demand.id for demand in text.demands] for text in draft.texts] == [["demand-1"]] * 2
    assert draft.texts[1].demands[0].text == "Roda berputar lagi."


@pytest.mark.parametrize(
    ("name", "text", "rule"),
    [
        ("t2.lang", "EN", "texts.lang"),
        ("t2.lang", "en", "texts.lang"),
        ("t2.lang", "", "missing"),
        ("t2.demand.demand-1", " ", "missing"),
        ("t2.addressee.a1", "", "missing"),
        ("t2.title", "", "missing"),
    ],
)
def test_a_translation_is_whole(name: str, text: str, rule: str) -> None:
    """What is missing of it is told on its own page; a language comes once."""
    fields = TWO | {name: text}
    (problem,) = read_fields(fields).problems
    assert (problem.field, problem.rule) == (name, rule)
    assert section_of(fields, name) == "translation-t2"


# --- trustees and issuer


def test_trustees_send_their_lines() -> None:
    """With the heading or without; the name is theirs unless the organiser wrote another."""
    bare = lines_of(KEYS[1]).split("\n", 2)[2]
    fields = MILL | {
        "trustees": "k1 k2 k3",
        "quorum": "2",
        "k1.keys": lines_of(KEYS[0], "Ann"),
        "k1.mail": "Ann@Firm.example",
        "k2.keys": bare,
        "k2.name": "Bea",
        "k3.operator": "on",
    }
    draft = read_fields(fields).draft
    assert draft is not None
    assert [(each.name, each.mail) for each in draft.trustees] == [
        ("Ann", "ann@firm.example"),
        ("Bea", None),
        ("the operator of this site", None),
    ]
    assert [each.keys for each in draft.trustees] == [
        (KEYS[0].seal_key, KEYS[0].sign_key),
        (KEYS[1].seal_key, KEYS[1].sign_key),
        None,
    ]


def test_an_issuer_sends_its_lines() -> None:
    """They name its address, and the keys that it made for this letter."""
    lines = issuer_lines()
    for text in (lines, lines.split("\n", 1)[1]):
        draft = read_fields(MILL | {"issuer": text}).draft
        assert draft is not None
        assert draft.issuer is not None
        assert draft.issuer.url == "https://firm.example"
        assert draft.needs_others


# --- advice


def test_advice_is_given_on_what_was_chosen() -> None:
    """Of an empty draft hardly any; of a whole one, by its numbers; each with its page."""
    empty = advise_on(DEFAULTS, read_fields(DEFAULTS), START)
    assert Advice.RULE_HIGH not in empty
    fields = MILL | {"rule": "95 %", "a1.mail": "board@mill.example"}
    fields |= {"trustees": "k1", "k1.keys": lines_of(KEYS[0]), "k1.mail": "ann@legal.mill.example"}
    found = advise_on(fields, read_fields(fields), START)
    assert Advice.RULE_EXPOSES_REST in found
    assert Advice.TRUSTEE_OF_ADDRESSEE in found
    assert Advice.NO_ADDRESS not in found
    assert {section_of_advice(advice) for advice in Advice} <= set(SECTIONS)


def test_of_a_trustee_without_a_key_the_operator_is_not_blamed() -> None:
    """Somebody is awaited there, who is not the operator."""
    fields = MILL | {"trustees": "k1"}
    assert Advice.OPERATOR_ALONE not in advise_on(fields, read_fields(fields), START)
    assert Advice.OPERATOR_ALONE in advise_on(MILL, read_fields(MILL), START)


@given(
    st.dictionaries(st.sampled_from(sorted({*MILL, "k1.keys", "trustees"})), st.text(max_size=9))
)
def test_whatever_is_typed_is_a_draft_or_problems(typed: Fields) -> None:
    """And advice; nothing else, and no error."""
    fields = parse_fields(format_fields(MILL | typed | {"edition": "1"}))
    reading = read_fields(fields)
    assert (reading.draft is None) is bool(reading.problems)
    on_pages = {name for section in sections_of(fields) for name in names_of(fields, section)}
    assert {problem.field for problem in reading.problems} <= on_pages
    advise_on(fields, reading, START)
