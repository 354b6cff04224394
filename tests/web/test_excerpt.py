"""Excerpts: a few words around those that were looked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersigned.domain.name import fold
from undersigned.web.pages.excerpt import AROUND, Excerpt, find_excerpt


@pytest.mark.parametrize(
    ("line", "word", "excerpt"),
    [
        ("The mill stands still.", "mill", Excerpt("The ", "mill", " stands still.")),
        ("Die Straße ist öffentlich.", "strasse", Excerpt("Die ", "Straße", " ist öffentlich.")),
        ("Die Straße ist öffentlich.", "offent", Excerpt("Die Straße ist ", "öffent", "lich.")),
        ("e\u0301te\u0301", "ete", Excerpt("", "e\u0301te\u0301", "")),
        ("طحّان القرية", "طحان", Excerpt("", "طحّان", " القرية")),
        ("## See *the* [plan](https://a.example/plan)", "plan", Excerpt("See the ", "plan", "")),
        ("> a `b` c", "b", Excerpt("a ", "b", " c")),
        ("nothing", "mill", None),
        ("", "mill", None),
    ],
)
def test_excerpts(line: str, word: str, excerpt: Excerpt | None) -> None:
    """The word as it is written, with what stands around it; marks of Markdown are left out."""
    assert find_excerpt([line], [word]) == excerpt


def test_long_lines_are_cut_at_words() -> None:
    """Some eighty characters on each side."""
    words = "word " * 100
    found = find_excerpt([f"{words}mill {words}"], ["mill"])
    assert found is not None
    assert (found.before[:5], found.after[-5:]) == ("…word", "word…")
    assert max(len(found.before), len(found.after)) <= AROUND + 1


@given(st.lists(st.text(max_size=60), max_size=4), st.text(min_size=1, max_size=6))
def test_whatever_is_written(lines: list[str], word: str) -> None:
    """Nothing breaks, and what is marked is what was looked for."""
    folded = fold(word)
    found = find_excerpt(lines, [folded] if folded else [])
    if found is not None:
        assert folded in fold(found.hit)
