"""The design: contrast of both themes, tokens in one place, nothing from elsewhere, nothing heavy."""

import re

import pytest

from undersigned.web.static_files import FOLDER

TOKENS = (FOLDER / "tokens.css").read_text()
STYLE = (FOLDER / "style.css").read_text()
THEMES = ("light", "dark")


def colours(theme: str) -> dict[str, str]:
    """Return the colours of a theme by name."""
    light, _, rest = TOKENS.partition("@media (prefers-color-scheme: dark)")
    dark = rest.partition("@media print")[0]
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", light))
    return found | (
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", dark)) if theme == "dark" else {}
    )


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour (WCAG 2.2)."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours (WCAG 2.2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("ground", ["paper", "sheet"])
@pytest.mark.parametrize("ink", ["ink", "ink-2", "pen", "pen-strong", "wax", "leaf"])
def test_text_can_be_read(theme: str, ink: str, ground: str) -> None:
    """4.5 : 1 for every ink on every ground (WCAG 1.4.3)."""
    found = colours(theme)
    assert contrast(found[ink], found[ground]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        ("on-pen", "pen"), ("on-pen", "pen-strong"), ("ink", "pen-wash"), ("pen", "pen-wash"),
        ("ink-2", "pen-wash"), ("ink", "wax-wash"), ("wax", "wax-wash"), ("ink", "leaf-wash"),
        ("leaf", "leaf-wash"),
    ],
)  # fmt: skip
def test_text_on_colour_can_be_read(theme: str, ink: str, ground: str) -> None:
    """The same on buttons and notices."""
    found = colours(theme)
    assert contrast(found[ink], found[ground]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(
    ("one", "other"),
    [("edge", "paper"), ("pen", "hair"), ("pen", "pen-soft"), ("wax", "sheet"), ("pen", "paper")],
)
def test_marks_can_be_told_apart(theme: str, one: str, other: str) -> None:
    """3 : 1 for fields, bars and marks (WCAG 1.4.11)."""
    found = colours(theme)
    assert contrast(found[one], found[other]) >= 3


def test_colours_stand_in_one_place() -> None:
    """No colour outside the tokens, and every token that is named exists."""
    assert not re.search(r"#[0-9a-f]{3,8}\b|rgba?\(|hsla?\(", STYLE)
    named = set(re.findall(r"var\((--[\w-]+)\)", STYLE))
    assert named <= set(re.findall(r"(--[\w-]+):", TOKENS))


def test_styles_are_small_and_ask_for_nothing() -> None:
    """Both sheets together stay below 25 kB and load nothing."""
    assert len(TOKENS) + len(STYLE) <= 25_000
    for sheet in (TOKENS, STYLE):
        assert "url(" not in sheet
        assert "@import" not in sheet
        assert "@font-face" not in sheet
