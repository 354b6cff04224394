"""Claims: how they are written, and when they are true."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersigned.domain.claim import Claim, Relation, format_claim, parse_claim
from undersigned.errors import FormatError

CLAIMS = st.builds(
    Claim,
    relation=st.sampled_from(Relation),
    number=st.integers(0, 9_999_999),
    decimals=st.sampled_from((None, 0, 1, 2)),
    headcount=st.none() | st.integers(1, 10_000_000),
)


@given(claim=CLAIMS)
def test_a_claim_is_read_as_it_is_written(claim: Claim) -> None:
    """In its one form."""
    assert parse_claim(format_claim(claim)) == claim


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("650 of 770", "650 of 770"),
        (" >= 700 ", ">=700"),
        ("≥700", ">=700"),
        ("≤ 700", "<=700"),
        ("≈650", "~650"),
        ("700+", ">=700"),
        ("700+ of 770", ">=700 of 770"),
        ("72 %", "72%"),
        ("65.60% of 770", "65.60% of 770"),
        (">90%", ">90%"),
    ],
)
def test_the_ways_in_which_people_write(text: str, written: str) -> None:
    """Spaces and signs of print mean the same."""
    assert format_claim(parse_claim(text)) == written


@pytest.mark.parametrize(
    "text",
    [
        *("", "many", "-5", "1,234", "1.234", "007", "6 5 0", "650 of", "650 of 0", "650of770"),
        *(
            "~700+",
            "=650",
            "650.5",
            "72.123%",
            "%",
            "٦٥٠",
            "65" * 40,
            "650\n651",
            "1e3",
            "100000000",
        ),
    ],
)
def test_what_is_no_claim(text: str) -> None:
    """Is refused with a sentence that says how one is written."""
    with pytest.raises(FormatError):
        parse_claim(text)


@given(text=st.text(max_size=80) | st.from_regex(r"[<>=~]*[0-9.,%+ of]{0,20}", fullmatch=True))
def test_any_text_is_a_claim_or_refused(text: str) -> None:
    """Nothing else happens."""
    try:
        claim = parse_claim(text)
    except FormatError:
        return
    assert parse_claim(format_claim(claim)) == claim


@given(claim=CLAIMS, standing=st.integers(0, 10_000_000), headcount=st.integers(1, 10_000_000))
def test_a_claim_holds_by_the_rules_of_fractions(
    claim: Claim, standing: int, headcount: int
) -> None:
    """Compared with exact arithmetic, written another way."""
    if claim.decimals is None:
        actual, claimed = Fraction(standing), Fraction(claim.number)
    else:
        actual = Fraction(standing * 100, headcount)
        claimed = Fraction(claim.number, 10**claim.decimals)
        if claim.relation is Relation.EXACTLY:
            unit = Fraction(1, 10**claim.decimals)
            actual = (actual / unit + Fraction(1, 2)).__floor__() * unit
    expected = {
        Relation.EXACTLY: actual == claimed,
        Relation.BELOW: actual < claimed,
        Relation.AT_MOST: actual <= claimed,
        Relation.ABOVE: actual > claimed,
        Relation.AT_LEAST: actual >= claimed,
        Relation.ABOUT: abs(actual - claimed) <= claimed / 100,
    }[claim.relation]
    named = claim.headcount in (None, headcount)
    assert claim.holds(standing, headcount) == (expected and named)


@pytest.mark.parametrize(
    ("text", "standing", "is_true"),
    [
        ("650 of 770", 650, True),
        ("650 of 771", 650, False),
        ("~650", 643, False),
        ("~650", 644, True),
        ("~650", 656, True),
        ("~650", 657, False),
        ("~0", 0, True),
        ("~0", 1, False),
        ("72%", 505, False),
        ("66%", 505, True),
        ("65.6%", 505, True),
        ("65.58%", 505, True),
        ("50%", 385, True),
        (">50%", 385, False),
        (">=50%", 385, True),
    ],
)
def test_at_the_edges(text: str, standing: int, is_true: bool) -> None:
    """Of a headcount of 770."""
    assert parse_claim(text).holds(standing, 770) is is_true
