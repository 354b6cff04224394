"""Draw the demo's day as docs/pictures/november-2023.svg: `python tools/draw_demo_curve.py`.

Every number in the picture comes from the demo's plan; a test compares the file with what this writes.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from undersigned.cli.demo_plan import OPENS_AT, Moment, make_plan

PICTURE: Final = Path(__file__).parents[1] / "docs" / "pictures" / "november-2023.svg"

HEADCOUNT: Final = 770
RULE: Final = 650
OPENED: Final = 4 * 60 + 30
"""04:30 Pacific, in minutes: the left edge."""

LEFT, RIGHT, BOTTOM = 64.0, 930.0, 388.0
MINUTE: Final = (RIGHT - LEFT) / 600
"""Ten hours across."""

ONE: Final = 0.405
"""The height of one signature."""

PRINTED: Final = {6 * 60 + 30: 505, 8 * 60 + 12: 650, 9 * 60 + 39: 697, 14 * 60 + 10: 738}
"""Minutes of the points that the press printed, and the numbers that the demo has there."""

STYLE: Final = """<style>
  text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: #1c2430 }
  .paper { fill: #ffffff }
  .h { font-size: 18px; font-weight: 600 }
  .s { font-size: 12px; fill: #5b6675 }
  .w { font-size: 12px; fill: #a04a00 }
  .b { font-weight: 600 }
  .e { text-anchor: end }
  .c { text-anchor: middle }
  .g { stroke: #d9dee5; fill: none }
  .r { stroke: #a04a00; stroke-dasharray: 5 4; fill: none }
  .signed { stroke: #5b6675; stroke-width: 1.3; fill: none }
  .standing { stroke: #0b5cad; stroke-width: 2.6; stroke-linejoin: round; fill: none }
  .area { fill: #0b5cad; fill-opacity: 0.13 }
  .dot { fill: #0b5cad; stroke: #ffffff; stroke-width: 1.5 }
  .open { fill: none; stroke: #5b6675; stroke-width: 1.4 }
  .full { fill: #0b5cad; stroke: #0b5cad; stroke-width: 1.4 }
  .arrow { fill: none; stroke: #5b6675; stroke-width: 1.6 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e8edf3 }
    .paper { fill: #10151c }
    .s { fill: #9aa7b6 }
    .w { fill: #ffb066 }
    .g { stroke: #2b3542 }
    .r { stroke: #ffb066 }
    .signed, .open, .arrow { stroke: #9aa7b6 }
    .standing { stroke: #6cb3ff }
    .area { fill: #6cb3ff; fill-opacity: 0.18 }
    .dot { fill: #6cb3ff; stroke: #10151c }
    .full { fill: #6cb3ff; stroke: #6cb3ff }
  }
</style>"""


def draw(plan: Sequence[Moment]) -> str:
    """Return the picture as SVG."""
    return "\n".join(
        (*_head(plan), *_axes(), *_curves(plan), *_labels(plan), *_story(), *_legend())
    )


def _x(minute: float) -> str:
    return f"{LEFT + (minute - OPENED) * MINUTE:.1f}"


def _y(number: float) -> str:
    return f"{BOTTOM - number * ONE:.1f}"


def _minute(moment: Moment) -> float:
    return OPENED + (moment.at - OPENS_AT) / 60


def _standing_at(plan: Sequence[Moment], minute: int) -> int:
    return [moment.standing for moment in plan if _minute(moment) <= minute][-1]


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _head(plan: Sequence[Moment]) -> Iterator[str]:
    points = [f"{_standing_at(plan, minute)} at {_clock(minute)}" for minute in PRINTED]
    yield (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 470" role="img" '
        'aria-labelledby="t d">'
    )
    yield '<title id="t">How a letter grows when nobody has to sign first</title>'
    yield (
        '<desc id="d">Step curve of the demo\'s day, 20 November 2023, Pacific time. Standing '
        f"signatures rise from 0 at {_clock(OPENED)} to {', '.join(points)}, of {HEADCOUNT}. The curve "
        "jumps wherever a condition such as “once 200 of us stand” is met and those who waited stand "
        "together. A second, thinner curve shows everyone who has signed, the waiting included.</desc>"
    )
    yield STYLE
    yield '<rect width="960" height="470" rx="10" class="paper"/>'
    title = f"{plan[-1].standing} of {HEADCOUNT}, and nobody had to sign first"
    yield f'<text x="64" y="34" class="h">{title}</text>'
    yield (
        '<text x="930" y="34" class="s e">the demo\'s day: 20 November 2023, Pacific time; '
        "the people are made up</text>"
    )


def _axes() -> Iterator[str]:
    for number in (0, 200, 400, 600, HEADCOUNT):
        yield (
            f'<path class="g" d="M{LEFT:.0f} {_y(number)}H{RIGHT:.0f}"/>'
            f'<text x="56" y="{float(_y(number)) + 4:.1f}" class="s e">{number}</text>'
        )
    yield f'<text x="930" y="{float(_y(HEADCOUNT)) - 6:.1f}" class="s e">headcount {HEADCOUNT}</text>'
    yield (
        f'<path class="r" d="M{LEFT:.0f} {_y(RULE)}H{RIGHT:.0f}"/><text x="70" '
        f'y="{float(_y(RULE)) - 6:.1f}" class="w">the letter\'s rule: {RULE} with their names</text>'
    )
    for hour in range(5, 15):
        yield (
            f'<path class="g" d="M{_x(hour * 60)} 388v5"/>'
            f'<text x="{_x(hour * 60)}" y="408" class="s c">{hour:02}:00</text>'
        )


def _curves(plan: Sequence[Moment]) -> Iterator[str]:
    standing = _steps([(_minute(moment), moment.standing) for moment in plan])
    signed = _steps([(_minute(moment), moment.standing + moment.waiting) for moment in plan])
    yield f'<path class="area" d="{standing}V{BOTTOM}Z"/>'
    yield f'<path class="signed" d="{signed}"/>'
    yield f'<path class="standing" d="{standing}"/>'


def _steps(points: Sequence[tuple[float, int]]) -> str:
    return f"M{LEFT} {BOTTOM}" + "".join(f"H{_x(minute)}V{_y(number)}" for minute, number in points)


def _labels(plan: Sequence[Moment]) -> Iterator[str]:
    for (minute, printed), (dx, dy, side) in zip(
        PRINTED.items(), ((10, 16, ""), (8, 18, ""), (40, -11, "e"), (2, 20, "e")), strict=True
    ):
        number = _standing_at(plan, minute)
        if number != printed:
            raise SystemExit(f"the plan has {number} where the picture says {printed}")
        note = " (“almost 700”)" if number == 697 else ""
        x, y = float(_x(minute)), float(_y(number))
        yield (
            f'<circle class="dot" cx="{x}" cy="{y}" r="4.5"/><text x="{x + dx:.1f}" y="{y + dy:.1f}" '
            f'class="b {side}">{number}{note} at {_clock(minute)}</text>'
        )
    for before, after in _greatest_jumps(plan):
        x, y = float(_x(_minute(after))), float(_y((before + after.standing) / 2))
        text = f"{before} → {after.standing}"
        yield f'<text x="{x + 9:.1f}" y="{y + 16:.1f}" class="w">{text}</text>'
    yield (
        '<text x="276" y="298" class="w">each jump: a condition is met, and</text>'
        '<text x="276" y="314" class="w">all who asked for it stand at once</text>'
    )


def _greatest_jumps(plan: Sequence[Moment]) -> list[tuple[int, Moment]]:
    """Return the three moments at which most of the waiting came to stand, each with the number before."""
    pairs = list(zip([0, *[moment.standing for moment in plan]], plan, strict=False))
    pairs.sort(key=lambda pair: pair[1].standing - pair[0] - len(pair[1].stances), reverse=True)
    return sorted(pairs[:3], key=lambda pair: pair[1].at)


def _story() -> Iterator[str]:
    """Draw the small example: eleven wait for one another, the twelfth comes, all stand."""
    yield '<g transform="translate(544.6 197.7)">'
    yield '<text x="0" y="0" class="b">“Count me in once 12 of us stand.”</text>'
    yield from _circles("open", 10, 11)
    yield '<text x="0" y="100" class="b">11 have signed</text>'
    yield '<text x="0" y="116" class="s">sealed, waiting</text>'
    yield '<path class="arrow" d="M108 46h30m-7 -6l7 6l-7 6"/>'
    yield '<text x="123" y="34" class="s c">the 12th</text>'
    yield from _circles("full", 170, 12)
    yield '<text x="160" y="100" class="b">12 stand</text>'
    yield '<text x="160" y="116" class="s">together, at once</text>'
    yield "</g>"


def _circles(kind: str, left: int, number: int) -> Iterator[str]:
    for i in range(number):
        yield f'<circle class="{kind}" cx="{left + 22 * (i % 4)}" cy="{24 + 22 * (i // 4)}" r="7"/>'


def _legend() -> Iterator[str]:
    for kind, x, words in (
        ("standing", 64, "standing: their condition holds"),
        ("signed", 324, "signed, waiting included"),
    ):
        yield f'<path class="{kind}" d="M{x} 442h26"/><text x="{x + 34}" y="446">{words}</text>'
    yield '<circle class="dot" cx="554" cy="442" r="4.5"/>'
    yield '<text x="566" y="446">what the press printed that day</text>'
    yield "</svg>\n"


if __name__ == "__main__":
    PICTURE.write_text(draw(make_plan()), encoding="utf-8")
