"""The catalogues: every sentence of templates and browser scripts is translated, none is stale."""

import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from undersigned.errors import FormatError
from undersigned.language import (
    LOCALE_FOLDER,
    direction_of,
    parse_catalogue,
    read_languages,
    read_partial_languages,
)

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "undersigned"
PAGES = SOURCE / "web" / "templates"
TEMPLATES = (PAGES, SOURCE / "app" / "mails", SOURCE / "app" / "typst")
SCRIPTS = ROOT / "frontend" / "src"
TAGS = [tag for tag in read_languages() if tag != "en"]
PARTIAL = list(read_partial_languages())


@cache
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


def check_translations(catalog: Catalog) -> set[str]:
    """Check that nothing is empty, fuzzy, obsolete or lost its places for values; return the sentences."""
    messages = {message.id: message for message in catalog if message.id}
    assert not catalog.obsolete
    for sentence, message in messages.items():
        assert isinstance(sentence, str)
        assert isinstance(message.string, str)
        assert message.string, sentence
        assert not message.fuzzy, sentence
        places = re.compile(r"%\(\w+\)s")
        assert sorted(places.findall(message.string)) == sorted(places.findall(sentence))
    return {str(sentence) for sentence in messages}


@pytest.mark.parametrize("tag", [*TAGS, *PARTIAL])
def test_catalogues_are_read_as_others_read_them(tag: str) -> None:
    """The small reader that starts wait for finds what the library finds."""
    messages = {message.id: message.string for message in catalogue(tag) if message.id}
    text = (LOCALE_FOLDER / tag / "LC_MESSAGES" / "messages.po").read_text()
    assert parse_catalogue(text) == messages
    for sentence in messages:
        assert isinstance(sentence, str)
        said = (read_languages() | read_partial_languages())[tag].translations.gettext(sentence)
        assert said.endswith(str(messages[sentence]))


def test_what_catalogues_may_have() -> None:
    """Words over several lines, with escapes; an entry without words is none."""
    text = """# of us
msgid ""
msgstr "Language: id\\n"

msgid "one"
msgstr ""
"s\\"a\\\\n"
"tu\\n"

#, python-format
msgid "two"
msgstr ""
"""
    assert parse_catalogue(text) == {"one": 's"a\\ntu\n'}


@pytest.mark.parametrize(
    "line", ['msgctxt "menu"', 'msgid_plural "s"', 'msgstr[0] "s"', 'msgid "a', '"a"']
)
def test_what_catalogues_may_not_have(line: str) -> None:
    """What this reader does not know would be lost without a word."""
    with pytest.raises(FormatError, match="line 1 "):
        parse_catalogue(f"{line}\n")


def test_every_catalogue_is_a_language() -> None:
    """There is a language for every folder, and the other way round."""
    folders = sorted(path.name for path in LOCALE_FOLDER.iterdir() if path.is_dir())
    assert sorted([*TAGS, *PARTIAL]) == folders


@pytest.mark.parametrize("tag", TAGS)
def test_catalogue_is_complete(tag: str) -> None:
    """Nothing is missing, fuzzy or obsolete, and translations keep the places for values."""
    assert check_translations(catalogue(tag)) == extracted()


@pytest.mark.parametrize("tag", PARTIAL)
def test_partial_catalogue_is_sound(tag: str) -> None:
    """Much is missing, and nothing else is wrong: what it has is a sentence of today, translated."""
    found = check_translations(catalogue(tag))
    assert found < extracted()
    assert len(found) > 50


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


# --- the browser's scripts: their sentences are in the pages

RUN_BY = {
    "sign": "sign.html",
    "signature": "signature.html",
    "growth": "letter.html",
    "verify": "verify.html",
    "trustee": "trustee.html",
    "desk-draft": "desk/draft_section.html",
    "desk-passkey": "desk/sign_in.html",
}
"""Which page runs a script that says something."""

SEVERAL = {"desk-passkey": ("desk/account.html", "desk/join.html")}
"""More pages that run the same script: each has what it needs of the sentences."""


def closure(start: Path, find: re.Pattern[str], folder: Path) -> str:
    """Return a source with all that it includes or imports."""
    seen: dict[Path, str] = {}
    ahead = [start]
    while ahead:
        path = ahead.pop()
        if path not in seen:
            seen[path] = path.read_text()
            ahead += [folder / name for name in find.findall(seen[path])]
    return "\n".join(seen.values())


@cache
def script(name: str) -> str:
    """Return the source of a script with its modules."""
    return closure(SCRIPTS / f"{name}.ts", re.compile(r'from "\./([\w-]+\.ts)"'), SCRIPTS)


@cache
def page(name: str) -> str:
    """Return the source of a template with what it is made of."""
    parts = re.compile(r'{%-? *(?:include|from|extends|import) "([\w/.]+)"')
    return closure(PAGES / name, parts, PAGES)


def held_by(name: str, kind: str) -> set[str]:
    """Return the names of the sentences that a page keeps for its script."""
    source = page(name).replace("{{ state }}", "open")
    return set(re.findall(rf'data-{kind}="([^"]+)"', source))


def is_said(name: str, source: str) -> bool:
    """Say whether a script asks for a sentence: by its name, or by how it begins."""
    begins = re.findall(r"sentence\(`([\w-]+)\$", source)
    return f'"{name}"' in source or any(name.startswith(start) for start in begins)


def held_for(name: str) -> set[str]:
    """Return the names of the sentences that the pages of a script keep."""
    pages = (RUN_BY[name], *SEVERAL.get(name, ()))
    return {text for each in pages for text in held_by(each, "text")}


@pytest.mark.parametrize("name", RUN_BY)
def test_pages_have_what_scripts_say(name: str) -> None:
    """Every sentence that a script asks for is in a page; every one that is in a page is asked for."""
    source, held = script(name), held_for(name)
    asked = set(re.findall(r'(?:sentence|tellStatus)\("([\w-]+)"\)', source))
    begun = set(re.findall(r"sentence\(`([\w-]+)\$", source))
    # A module that several scripts have asks for more than each of them can come to, and pages share theirs.
    elsewhere = {other: held_for(other) for other in RUN_BY if other != name}
    everywhere = held.union(*elsewhere.values())
    assert asked <= everywhere
    assert all(any(text.startswith(start) for text in everywhere) for start in begun)
    for text in held:
        others = [script(other) for other, texts in elsewhere.items() if text in texts]
        assert any(is_said(text, each) for each in (source, *others)), text


def test_no_error_is_told_that_cannot_be() -> None:
    """Every sentence for an error is for a code that the scripts or the server have."""
    codes = (ROOT / "docs" / "errors.md").read_text()
    sources = "\n".join(script(name) for name in RUN_BY)
    for template in RUN_BY.values():
        for error in held_by(template, "error"):
            assert f'"{error}"' in sources or f"`{error}`" in codes, (template, error)


def test_scripts_have_no_words_of_their_own() -> None:
    """What a script puts into a page comes from the page, or is somebody's words."""
    put = (
        r"""textContent =\s*|textElement\([^,]+,\s*|\.append\((?=["`][^"`]*["`]\))"""
        r"""|setAttribute\("(?:aria-label|title)",\s*"""
    )
    for path in SCRIPTS.glob("*.ts"):
        for text in re.findall(rf"""(?:{put})["`]([^"`]*)["`]""", path.read_text()):
            words = re.sub(r"\$\{.*?\}", "", text)
            assert not re.search(r"[A-Za-z]{2}", words), (path.name, text)


# --- both ways of writing


@pytest.mark.parametrize(
    ("tag", "direction"),
    [
        ("en", "ltr"), ("id", "ltr"), ("ar", "rtl"), ("he", "rtl"), ("ur", "rtl"), ("fa-IR", "rtl"),
        ("ckb", "rtl"), ("dv", "rtl"), ("az-Arab", "rtl"), ("pa-PK", "rtl"), ("pa", "ltr"),
        ("ar-Latn", "ltr"), ("ks-Deva-IN", "ltr"), ("zz", "ltr"), ("x", "ltr"), ("ff-adlm", "rtl"),
    ],
)  # fmt: skip
def test_directions(tag: str, direction: str) -> None:
    """By the script that is named, else by the one that a language is likely to be written in."""
    assert direction_of(tag) == direction


def test_styles_know_no_left_and_right() -> None:
    """Logical properties alone, so that every page can be turned round."""
    sides = re.compile(
        r"(?:margin|padding|border|inset|text-align|float|clear)[\w-]*-(?:left|right)"
        r"|(?:^|[;{\s])(?:left|right)\s*:|(?:text-align|float|clear)\s*:\s*(?:left|right)"
        # Four values, of which the second and the last differ.
        r"|(?:margin|padding|inset): [^\s;]+ ([^\s;]+) [^\s;]+ (?!\1;)[^\s;]+;"
    )
    for path in (SOURCE / "web" / "static").glob("*.css"):
        assert not sides.search(path.read_text()), path.name
