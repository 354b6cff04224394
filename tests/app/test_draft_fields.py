"""The fields of a draft: kept as typed, each on one page, lists changed without losing anything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.app.drafts import MILL

from undersigned.app.draft_fields import (
    DEFAULTS,
    LISTS,
    LONGEST_FIELD,
    LONGEST_FIELDS,
    Fields,
    add_item,
    digest_of,
    format_fields,
    ids_of,
    move_item,
    names_of,
    parse_fields,
    remove_item,
    sections_of,
    suggest_slug,
    typed_in,
)
from undersigned.app.draft_versions import Said, choose, compare, find_lost
from undersigned.errors import FormatError, ListFull

FULL: Fields = MILL | {
    "texts": "t1 t2",
    "t2.title": "Kincir",
    "demands": "demand-1 wheel t1",
    "t1.demand.wheel": "Wheel.",
    "t2.demand.wheel": "Roda.",
    "t1.demand.t1": "One.",
    "addressees": "a1 a2",
    "t1.addressee.a2": "The owner",
    "a2.mail": "owner@mill.example",
    "trustees": "k1 k2",
    "k2.name": "Bea",
    "k2.operator": "on",
}


def test_every_field_is_on_one_page() -> None:
    """None is on two, and none but the languages and the edition on no page."""
    names = [name for section in sections_of(FULL) for name in names_of(FULL, section)]
    assert len(names) == len(set(names))
    assert set(FULL) - set(names) == {"texts", "edition"}


def test_fields_come_back_as_they_were() -> None:
    """What belongs to nothing is left out, what was never typed is as in an empty draft."""
    kept = parse_fields(format_fields(FULL | {"k9.name": "Nobody", "hostile": "x"}))
    assert kept == DEFAULTS | FULL
    assert parse_fields(b"{}") == DEFAULTS


@pytest.mark.parametrize(
    "data", [b"", b"[]", b'{"a":1}', b"\xff", b"[" * 9_000, b'{"a":"\\ud800"}']
)
def test_what_is_no_draft_is_told(data: bytes) -> None:
    """The database of the desk was damaged, or somebody wrote into it."""
    with pytest.raises(FormatError):
        parse_fields(data)


def test_there_is_an_end_to_what_is_kept() -> None:
    """Of a field, and of all of them."""
    with pytest.raises(FormatError):
        typed_in(MILL, "text", {"t1.text": "x" * (LONGEST_FIELD + 1)})
    ids = [f"t{i}" for i in range(1, 20)]
    texts = {f"{each}.text": "x" * LONGEST_FIELD for each in ids}
    assert sum(map(len, texts.values())) > LONGEST_FIELDS
    with pytest.raises(FormatError):
        format_fields(MILL | texts | {"texts": " ".join(ids)})


def test_only_the_fields_of_the_page_are_taken() -> None:
    """Whatever else a form holds; a box that is not there is not ticked."""
    typed = {"rule": "5", "t1.title": "x", "edition": "9", "demands": "a", "mode.public": "on"}
    changed = typed_in(FULL, "count", typed)
    different = {name for name in changed if changed[name] != FULL.get(name, "")}
    assert different == {"rule", "mode.sealed", "mode.anonymous"}
    assert typed_in(FULL, "trustees", {})["k2.operator"] == ""
    assert typed_in(FULL | {"edition": "2"}, "text", {"slug": "other"})["slug"] == "mill"


def test_what_browsers_send_is_brought_into_the_form_of_records() -> None:
    """Line ends of one character, composed letters."""
    changed = typed_in(MILL, "text", {"t1.text": "a\r\nb\rc e\u0301"})
    assert changed["t1.text"] == "a\nb\nc é"


def test_a_digest_is_that_of_its_page() -> None:
    """It changes with every field of the page, and with no other."""
    for section in sections_of(FULL):
        before = digest_of(FULL, section)
        for name in names_of(FULL, section):
            changed = FULL | {name: f"{FULL.get(name, '')} k7 a7 other"}
            assert digest_of(changed, section) != before, name
        for other in sections_of(FULL):
            if other != section:
                plain = next(n for n in names_of(FULL, other) if n not in LISTS)
                assert digest_of(FULL | {plain: "x"}, section) == before


@pytest.mark.parametrize(
    ("name", "item", "gone"),
    [
        ("demands", "wheel", {"t1.demand.wheel", "t2.demand.wheel"}),
        ("demands", "t1", {"t1.demand.t1"}),
        ("addressees", "a2", {"t1.addressee.a2", "a2.mail"}),
        ("trustees", "k2", {"k2.name", "k2.operator"}),
        ("texts", "t2", {"t2.title", "t2.demand.wheel"}),
    ],
)
def test_an_item_goes_with_all_that_was_typed_for_it(name: str, item: str, gone: set[str]) -> None:
    """And with nothing else, also where a demand is called like a text."""
    left = remove_item(FULL, name, item)
    assert set(FULL) - set(left) == gone
    assert item not in ids_of(left, name)
    assert {key: FULL[key] for key in left if key != name} == {
        key: left[key] for key in left if key != name
    }


def test_the_text_that_counts_stays() -> None:
    """A letter has one; an item that is not there takes nothing with it."""
    assert remove_item(FULL, "texts", "t1") == FULL
    assert remove_item(FULL, "demands", "x") == FULL
    assert move_item(FULL, "demands", "x", 1) == FULL
    assert move_item(FULL, "demands", "demand-1", -1) == FULL
    assert move_item(FULL, "demands", "t1", 1) == FULL


def test_items_have_ids_of_their_own() -> None:
    """A new one takes no word of one that was there before; at some number it is enough."""
    for name, most in LISTS.items():
        fields: Fields = dict(FULL)
        while len(ids_of(fields, name)) < most:
            before = dict(fields)
            fields, item = add_item(fields, name)
            assert item not in ids_of(before, name)
            assert {key: fields[key] for key in before if key != name} == {
                key: before[key] for key in before if key != name
            }
        with pytest.raises(ListFull):
            add_item(fields, name)


@given(st.lists(st.sampled_from(["add", "remove", "up", "down"]), max_size=12), st.data())
def test_whatever_is_done_to_a_list_other_words_stay(steps: list[str], data: st.DataObject) -> None:
    """Each demand that is left has the words that it had."""
    fields: Fields = dict(FULL)
    for step in steps:
        ids = ids_of(fields, "demands")
        item = data.draw(st.sampled_from(ids)) if ids else "none"
        words = {each: fields.get(f"t1.demand.{each}") for each in ids}
        if step == "add":
            fields, new = add_item(fields, "demands")
            assert f"t1.demand.{new}" not in fields
        elif step == "remove":
            fields = remove_item(fields, "demands", item)
        else:
            fields = move_item(fields, "demands", item, 1 if step == "down" else -1)
        for each in ids_of(fields, "demands"):
            if each in words:
                assert fields.get(f"t1.demand.{each}") == words[each]


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Mend the mill!", "mend-the-mill"),
        ("Ein Brief über Öl", "ein-brief-uber-ol"),
        ("  — ", ""),
        ("日本", ""),
        ("a" * 60, "a" * 40),
        ("word " * 20, "word-word-word-word-word-word-word-word"),
    ],
)
def test_an_address_is_made_of_the_title(title: str, slug: str) -> None:
    """Short, and such that the rules take it; or none."""
    assert suggest_slug(title) == slug


# --- two versions


def texts_in(said: tuple[Said, ...]) -> list[str]:
    """Return the texts alone."""
    return [each.text for each in said]


def test_two_versions_differ_where_they_differ() -> None:
    """What belongs together is one: a day with its time, a list with its items."""
    typed = {name: FULL.get(name, "") for name in names_of(FULL, "dates")}
    assert compare(FULL, "dates", typed) == []
    (unit,) = compare(FULL, "dates", typed | {"closes_time": "13:00"})
    assert (unit.name, texts_in(unit.theirs), texts_in(unit.mine)) == (
        "closes_day",
        ["2027-03-01", "12:00"],
        ["2027-03-01", "13:00"],
    )
    typed = {name: FULL.get(name, "") for name in names_of(FULL, "trustees")}
    (unit,) = compare(FULL, "trustees", typed | {"k2.operator": "", "k2.name": "Cem"})
    assert (unit.name, unit.theirs, unit.mine) == (
        "trustees",
        (Said("k2.name", "Bea"), Said("k2.operator", "on")),
        (Said("k2.name", "Cem"),),
    )
    assert [each.is_chosen for each in unit.theirs] == [False, True]


def test_a_word_that_looks_like_a_tick_is_a_word() -> None:
    """A title may be `on`; and the same words for another item are no difference."""
    typed = {name: FULL.get(name, "") for name in names_of(FULL, "text")}
    (unit,) = compare(FULL, "text", typed | {"t1.title": "on"})
    assert unit.mine == (Said("t1.title", "on"),)
    assert not unit.mine[0].is_chosen
    renamed = {"demands": "demand-1 wheel t2", "t1.demand.t2": FULL["t1.demand.t1"]}
    assert compare(FULL, "text", typed | renamed) == []


def test_words_for_what_is_gone_are_lost() -> None:
    """Of a demand, an addressee, a trustee; of nothing that the page still has."""
    typed = {name: f"My {name}" for name in names_of(FULL, "translation-t2")}
    assert find_lost(FULL, "translation-t2", typed) == ()
    fewer = remove_item(remove_item(FULL, "demands", "wheel"), "addressees", "a2")
    assert find_lost(fewer, "translation-t2", typed | {"csrf": "x", "rule": "y"}) == (
        Said("t2.addressee.a2", "My t2.addressee.a2"),
        Said("t2.demand.wheel", "My t2.demand.wheel"),
    )
    assert find_lost(fewer, "translation-t2", dict.fromkeys(typed, " ")) == ()
    typed = {name: FULL.get(name, "") for name in names_of(FULL, "trustees")}
    assert find_lost(remove_item(FULL, "trustees", "k2"), "trustees", typed) == (
        Said("k2.name", "Bea"),
        Said("k2.operator", "on"),
    )


@given(st.data())
def test_what_is_chosen_stands(data: st.DataObject) -> None:
    """Of each unit all of mine or all of theirs; other pages are left alone."""
    section = data.draw(st.sampled_from(sections_of(FULL)))
    words = st.sampled_from(["", "x", "y"])
    names = [name for name in names_of(FULL, section) if name not in LISTS]
    typed = {name: data.draw(words) for name in names}
    typed |= {name: FULL[name] for name in names_of(FULL, section) if name in LISTS}
    units = compare(FULL, section, typed)
    choices = {unit.name: data.draw(st.sampled_from(["mine", "theirs"])) for unit in units}
    chosen = choose(FULL, section, typed, choices)
    assert chosen is not None
    again = {unit.name for unit in compare(chosen, section, typed)}
    assert again == {name for name, choice in choices.items() if choice == "theirs"}
    others = [name for name in FULL if name not in names_of(FULL, section)]
    assert all(chosen[name] == FULL[name] for name in others)
    if units:
        assert choose(FULL, section, typed, {}) is None
