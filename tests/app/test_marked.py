"""A letter's Markdown as values: its shapes, headings that skip nothing, and no address that runs."""

import json

from hypothesis import given
from hypothesis import strategies as st

from undersigned.app.marked import parse_marked


def test_shapes() -> None:
    """Each kind of block, and what stands within them."""
    text = "A *b* **c** `d`\ne  \nf\n\n- g\n\n> h\n\n3. i\n\n```\nj\n```\n\n---\n"
    assert parse_marked(text) == [
        [
            "paragraph",
            [
                ["text", "A "], ["em", [["text", "b"]]], ["text", " "],
                ["strong", [["text", "c"]]], ["text", " "], ["code", "d"],
                ["text", " "], ["text", "e"], ["break"], ["text", "f"],
            ],
        ],
        ["bullets", [["item", [["paragraph", [["text", "g"]]]]]]],
        ["quote", [["paragraph", [["text", "h"]]]]],
        ["numbers", 3, [["item", [["paragraph", [["text", "i"]]]]]]],
        ["block", "j"],
        ["rule"],
    ]  # fmt: skip


def test_headings_stand_below_the_title_and_skip_no_level() -> None:
    """Whatever levels the letter has; also within a quote."""
    levels = [
        node[1]
        for node in parse_marked("### a\n\n# b\n\n###### c\n\n# d\n")
        if node[0] == "heading"
    ]
    assert levels == [2, 2, 3, 2]
    ((_, quoted), after) = parse_marked("> # a\n> ## b\n\n###### c\n")
    assert [node[1] for node in quoted] == [2, 3]
    assert after[1] == 4


def test_only_addresses_that_are_read_are_links() -> None:
    """No scheme that runs, and no address relative to nothing."""
    text = "[a](https://x.example/) [b](javascript:alert(1)) [c](/here) <mailto:a@b.example>"
    ((_, nodes),) = parse_marked(text)
    links = [node[1] for node in nodes if node[0] == "link"]
    assert links == ["https://x.example/", "", "mailto:a@b.example"]


@given(st.text(st.sampled_from("ab*_`#>-1.[]()<>!\\\n &"), max_size=200))
def test_any_text_is_a_tree(text: str) -> None:
    """Of lists, words and numbers; no letter of it is lost to markup."""
    nodes = parse_marked(text)
    assert json.loads(json.dumps(nodes)) == nodes


@given(st.lists(st.text(st.sampled_from("abc"), min_size=1, max_size=8), min_size=1, max_size=6))
def test_words_stay(words: list[str]) -> None:
    """Plain paragraphs come out as they went in."""
    nodes = parse_marked("\n\n".join(words))
    assert [node[1] for node in nodes] == [[["text", word]] for word in words]
