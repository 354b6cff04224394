"""The catalogues: every sentence of the templates is translated, none is stale."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from undersigned.language import LOCALE_FOLDER, read_languages

SOURCE = Path(__file__).parents[2] / "src" / "undersigned"
TEMPLATES = (SOURCE / "web" / "templates", SOURCE / "app" / "mails", SOURCE / "app" / "typst")
TAGS = [tag for tag in read_languages() if tag != "en"]


def extracted() -> set[str]:
    """Return every sentence that the templates hold, as the extraction is configured."""
    with (LOCALE_FOLDER / "extract.cfg").open() as file:
        method, options = parse_mapping_cfg(file, "extract.cfg")  # type: ignore[no-untyped-call]
    found = (line for folder in TEMPLATES for line in extract_from_dir(folder, method, options))
    return {message for _, _, message, _, _ in found if isinstance(message, str)}


def catalogue(tag: str) -> Catalog:
    """Read a catalogue."""
    with (LOCALE_FOLDER / tag / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=tag)


def test_every_catalogue_is_a_language() -> None:
    """There is a language for every folder, and the other way round."""
    assert sorted(TAGS) == sorted(path.name for path in LOCALE_FOLDER.iterdir() if path.is_dir())


@pytest.mark.parametrize("tag", TAGS)
def test_catalogue_is_complete(tag: str) -> None:
    """Nothing is missing, fuzzy or obsolete, and translations keep the places for values."""
    catalog = catalogue(tag)
    messages = {message.id: message for message in catalog if message.id}
    assert set(messages) == extracted()
    assert not catalog.obsolete
    for sentence, message in messages.items():
        assert isinstance(sentence, str)
        assert isinstance(message.string, str)
        assert message.string, sentence
        assert not message.fuzzy, sentence
        places = re.compile(r"%\(\w+\)s")
        assert sorted(places.findall(message.string)) == sorted(places.findall(sentence))


def test_every_sentence_is_marked() -> None:
    """No text stands in a template outside a marked sentence."""
    for path in (path for folder in TEMPLATES for path in folder.rglob("*.[th][xt]*")):
        source = re.sub(r"{% trans.*?endtrans %}", "", path.read_text(), flags=re.DOTALL)
        source = re.sub(r"{% block width %}.*?{% endblock %}", "", source)
        source = re.sub(
            r"<code>.*?</code>|<style>.*?</style>|{{.*?}}|{%.*?%}|{#.*?#}",
            "",
            source,
            flags=re.DOTALL,
        )
        text = re.sub(r"<[^<>]*>", "", source)
        assert not re.search(r"[A-Za-z]", text), path.name
