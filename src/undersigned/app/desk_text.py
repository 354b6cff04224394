"""The words of a letter on the desk, in one language: each field with what is wrong with it."""

from typing import Final

from undersigned.app.draft_fields import first_text, ids_of
from undersigned.app.draft_text import Words, find_text_problems
from undersigned.app.field_reader import FieldReader
from undersigned.domain.text import DemandText, TextDocument

_SOUND: Final = Words(
    lang="en",
    title="-",
    text="-",
    addressees=("-",),
    demands=(DemandText("a", "-"),),
    consequence="-",
    headcount_source="-",
)


def read_text(reader: FieldReader, text: str) -> TextDocument:
    """Read the words of one language. Where something is wrong, what is returned stands for them."""
    noted = len(reader.problems)
    words = Words(
        lang=reader.need_text(f"{text}.lang"),
        title=reader.need_text(f"{text}.title"),
        text=reader.need_text(f"{text}.text"),
        addressees=_read_addressees(reader, text),
        demands=_read_demands(reader, text),
        consequence=reader.text(f"{text}.consequence"),
        headcount_source=reader.text(f"{text}.headcount_source"),
    )
    # Items were judged one by one; the others are, all together.
    others = words | {"addressees": _SOUND["addressees"], "demands": _SOUND["demands"]}
    for member, detail in find_text_problems(others):
        if member in Words.__annotations__:
            reader.note(f"{text}.{member}", f"texts.{member}", detail)
    if len(reader.problems) == noted:
        for _, detail in find_text_problems(words):
            # What is left: all of it together is too long for a document.
            reader.note(f"{text}.text", "texts.document", detail)
    if len(reader.problems) == noted:
        return TextDocument(**words)
    lang = f"x-{text}" if reader.is_noted(f"{text}.lang") else words["lang"]
    ids = ids_of(reader.fields, "demands") or ["a"]
    demands = tuple(DemandText(each, "-") for each in ids)
    return TextDocument(lang, "-", "-", ("-",) * max(1, len(words["addressees"])), demands, "", "")


def _read_addressees(reader: FieldReader, text: str) -> tuple[str, ...]:
    """Read the addressees; a translation may leave out one that has no name of its own there."""
    names = [f"{text}.addressee.{each}" for each in ids_of(reader.fields, "addressees")]
    if text == first_text(reader.fields):
        found = [reader.need_text(name) for name in names]
        if not names:
            reader.note("addressees", "missing")
    else:
        found = [reader.text(name) for name in names]
        if names and not any(found):
            reader.note(names[0], "missing")
    for name, addressee in zip(names, found, strict=True):
        if addressee:
            _judge(reader, name, _SOUND | {"addressees": (addressee,)})
    return tuple(addressee for addressee in found if addressee)


def _read_demands(reader: FieldReader, text: str) -> tuple[DemandText, ...]:
    ids = ids_of(reader.fields, "demands")
    if not ids:
        reader.note("demands", "missing")
    found = []
    for each in ids:
        name = f"{text}.demand.{each}"
        demand = DemandText(each, reader.need_text(name))
        if demand.text:
            _judge(reader, name, _SOUND | {"demands": (demand,)})
        found.append(demand)
    return tuple(found)


def _judge(reader: FieldReader, name: str, words: Words) -> None:
    """Note what is wrong with one item of a list."""
    for member, detail in find_text_problems(words):
        reader.note(name, f"texts.{member}", detail)
