"""Typesetting: the same bytes each time, text that stays text, and limits of size, time and glyphs."""

import io
import shutil
import time
from pathlib import Path
from typing import Any

import pypdf
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from undersigned.app import typesetting
from undersigned.app.typesetting import SUBSTITUTE, typeset
from undersigned.app.typesetting_process import find_missing
from undersigned.errors import StoreError

AT = 1_700_000_000

PLAIN = """\
#import "page.typ": data, serif
#set document(title: data.title)
#set text(font: serif, lang: "en")
#set page(width: 60cm)
= #data.title
#for line in data.lines { par(line) }
Substituted: #data.substituted
"""


@pytest.fixture
def templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of templates: the parts that every one has, and a plain one."""
    shutil.copy(typesetting.TEMPLATES / "page.typ", tmp_path)
    (tmp_path / "plain.typ").write_text(PLAIN)
    monkeypatch.setattr(typesetting, "TEMPLATES", tmp_path)
    return tmp_path


def _set(*lines: str, title: str = "Title") -> bytes:
    return typeset("plain", {"title": title, "lines": list(lines)}, AT)


def _read(pdf: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(pdf))


def _text(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in _read(pdf).pages)


def test_two_documents_are_the_same_bytes(templates: Path) -> None:
    """Of the same data at the same time; at another time they are not."""
    assert _set("a") == _set("a")
    other = typeset("plain", {"title": "Title", "lines": ["a"]}, AT + 86_400)
    assert other != _set("a")


def test_a_document_is_accessible_and_dated(templates: Path) -> None:
    """It is tagged, says its language and its title, and when it was made."""
    reader = _read(_set("a", title="To the board"))
    root: Any = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en"
    assert b"pdfuaid:part" in root["/Metadata"].get_data()
    assert reader.metadata is not None
    assert reader.metadata.title == "To the board"
    assert reader.metadata.creation_date is not None
    assert int(reader.metadata.creation_date.timestamp()) == AT


@pytest.mark.parametrize(
    "line",
    [
        '#let x = 1; #panic("no")',
        "$ x^2 $",
        "*bold* _emph_ `code`",
        r"\u{41} \ \\",
        "= no heading",
        '#read("page.typ")',
        '"), import "x',
        "<label> @reference ~ -- --- ...",
        "// comment /* and more",
        "{data.title} ${HOME} %s",
    ],
)
def test_markup_is_text(templates: Path, line: str) -> None:
    """What looks like typst comes out as it was written."""
    text = " ".join(_text(_set(line)).split())
    assert " ".join(line.split()) in text


@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=80), max_size=5))
@example(["a\0b", "\ufeff\ufffe\uffff"])
def test_any_text_is_set(templates: Path, lines: list[str]) -> None:
    """No string, and no character that no font has, keeps a document from being made."""
    assert _set(*lines).startswith(b"%PDF-")


def test_characters_without_a_glyph_are_substituted(templates: Path) -> None:
    """And counted, so that a document can say so; letters of other scripts are there."""
    text = _text(_set("𓀀𓀁𓀂 and 😀", "Łukasz Nguyễn Юрий Ναύς שלום محمد", "王小明 देव ไทย"))
    assert f"{SUBSTITUTE * 3} and {SUBSTITUTE}" in text
    assert "Substituted: 4" in text
    assert "Łukasz Nguyễn Юрий Ναύς" in text
    assert "王小明" in text


def test_a_diagnostic_is_read() -> None:
    """Also where typst escapes what it quotes."""
    said = r'error: the text `"\u{200e}\"王"` could not be displayed with font `"Serif"`'
    assert find_missing(said) == {"\u200e", '"', "王"}
    refused = 'PDF/UA-1 error: the text contains the disallowed codepoint `"\\u{feff}"`'
    assert find_missing(refused) == {"\ufeff"}
    assert find_missing("error: something else") == set()


def test_what_fails_is_told_without_the_text(templates: Path) -> None:
    """A template that breaks, a template that is not there."""
    (templates / "broken.typ").write_text('#import "page.typ": data\n#panic(data.title)\n')
    for name in ("broken", "nowhere"):
        with pytest.raises(StoreError) as caught:
            typeset(name, {"title": "secret"}, AT)
        assert "secret" not in str(caught.value)


def test_what_is_too_large_is_not_begun(templates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is for the data, whatever document it would make."""
    monkeypatch.setattr(typesetting, "LARGEST_DATA", 500)
    with pytest.raises(StoreError, match="too large"):
        _set("a" * 500)


def test_what_takes_too_long_is_ended(templates: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process is killed; nobody waits for it longer."""
    # Nested loops that typst's own limit on a loop's rounds does not reach soon.
    (templates / "endless.typ").write_text(
        "#let n = 0\n#for i in range(9999) { for j in range(9999) { n = n + 1 } }\n#n\n"
    )
    monkeypatch.setattr(typesetting, "LONGEST_S", 1)
    begun = time.monotonic()
    with pytest.raises(StoreError, match="too long"):
        typeset("endless", {}, AT)
    assert time.monotonic() - begun < 10


def test_nothing_but_the_templates_can_be_read(templates: Path, tmp_path: Path) -> None:
    """Not even by a template."""
    (templates / "curious.typ").write_text(
        '#read("../../../../etc/hostname")\n#read("/etc/hostname")\n'
    )
    with pytest.raises(StoreError):
        typeset("curious", {}, AT)
