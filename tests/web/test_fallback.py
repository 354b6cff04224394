"""A page in a language whose catalogue is partial: what comes in English says so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.web.markup import outline, texts_of

from undersigned.language import OTHER, OTHER_END, OWN, read_partial_languages
from undersigned.web.pages.fallback import mark_fallbacks

SAY = read_partial_languages()["ar"].translations.gettext
OWN_WORD, OTHER_WORD = SAY("Search"), SAY("Nothing of the kind.")
IN_ENGLISH = '<span lang="en" dir="ltr">Nothing of the kind.</span>'


def test_sentences_are_told_apart() -> None:
    """What the catalogue has comes in its language; what it lacks comes as it is; both bear marks."""
    assert f"{OWN}ابحث" == OWN_WORD
    assert f"{OTHER}Nothing of the kind.{OTHER_END}" == OTHER_WORD


@pytest.mark.parametrize(
    ("html", "marked"),
    [
        ("<p>{own} {other}</p>", f"<p>ابحث {IN_ENGLISH}</p>"),
        (
            "<p>{other} 5\n{other}</p>",
            '<p lang="en" dir="ltr">Nothing of the kind. 5\nNothing of the kind.</p>',
        ),
        (
            "<td>{other} {other}</td>",
            '<td><span lang="en" dir="ltr">Nothing of the kind. Nothing of the kind.</span></td>',
        ),
        ('<p lang="ar" dir="rtl">{other}</p>', f'<p lang="ar" dir="rtl">{IN_ENGLISH}</p>'),
        ("<li>{other}<ul><li>{own}</li></ul></li>", f"<li>{IN_ENGLISH}<ul><li>ابحث</li></ul></li>"),
        ("<title>{other}</title>", '<title lang="en" dir="ltr">Nothing of the kind.</title>'),
        ("<title>{own}: {other}</title>", "<title>ابحث: Nothing of the kind.</title>"),
        ('<a aria-label="{other}">{own}</a>', '<a aria-label="Nothing of the kind.">ابحث</a>'),
        ("<p>word</p>", "<p>word</p>"),
        ("{other}", IN_ENGLISH),
    ],
)
def test_marks_become_markup(html: str, marked: str) -> None:
    """A paragraph of English as a whole, a sentence among others by itself; never within a tag."""
    assert mark_fallbacks(html.format(own=OWN_WORD, other=OTHER_WORD)) == marked


WORDS = st.sampled_from([OWN_WORD, OTHER_WORD, "5", "a &lt;b&gt; c", "\ue000\ue001"])
BODIES = st.recursive(
    WORDS,
    lambda inner: st.tuples(
        st.sampled_from(["p", "div", "li", "b", "title", "td", "h2"]),
        st.lists(inner, max_size=4),
    ).map(lambda made: f"<{made[0]}>{' '.join(made[1])}</{made[0]}>"),
    max_leaves=12,
)


@given(BODIES)
def test_no_page_is_broken(html: str) -> None:
    """Whatever stands where: elements stay closed in order, words stay, and no mark is left."""
    marked = mark_fallbacks(html)
    outline(marked)
    assert not any(mark in marked for mark in (OTHER, OTHER_END, OWN))
    plain = html.replace(OTHER, "").replace(OTHER_END, "").replace(OWN, "")
    assert texts_of(marked) == texts_of(plain)
