"""The documents: what they name is there, and what they say of records, rows and numbers is so.

Commands, settings, errors and bad input have tests of their own beside the code.
"""

import ast
import csv
import dataclasses
import datetime as dt
import pkgutil
import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from undersigned.cli.demo_plan import make_plan
from undersigned.domain import record

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
CASE = ROOT / "examples" / "november-2023"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *ROOT.glob("examples/*/README.md")])
DECISIONS = sorted((DOCS / "decisions").glob("*.md"))
HEADCOUNT = 770


def rows_of(page: Path, heading: str) -> list[list[str]]:
    """Return the cells of the first table under a heading."""
    part = page.read_text().partition(f"{heading}\n")[2]
    assert part, f"{page.name} has no {heading}"
    table = re.search(r"^\|.*\n\|[-|]+\n((?:\|.*\n)+)", part, re.MULTILINE)
    assert table is not None
    # A vertical bar in a cell is escaped.
    return [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in table[1].splitlines()
    ]


# --- links and names


def anchors_of(page: Path) -> set[str]:
    """Return what can be linked to in a page: its headings as the usual renderers write them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    """Files that are linked to exist, and so do headings."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        assert not anchor or anchor in anchors_of(linked), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_module_that_is_named_exists(page: Path) -> None:
    """Also functions: `crypto.ed25519.verify_ed25519`."""
    rooms = "app|cli|crypto|domain|mirror|signer|store|tlog|trustee|verify|web|witness"
    for name in re.findall(rf"`(?:undersigned\.)?((?:{rooms})\.[a-z_.0-9]+)`", page.read_text()):
        # Raises ImportError or AttributeError if neither a module nor something in one has the name.
        assert pkgutil.resolve_name(f"undersigned.{name}") is not None


def test_every_document_is_listed() -> None:
    """docs/README.md leads to every page of docs/."""
    index = (DOCS / "README.md").read_text()
    for page in DOCS.glob("*.md"):
        assert page.name == "README.md" or f"]({page.name})" in index, page.name


# --- decisions


def test_decisions_are_numbered_and_listed_by_their_titles() -> None:
    """Each has the next number, and docs/README.md has its title."""
    listed = {
        (number, path): title
        for cell, title in rows_of(DOCS / "README.md", "## Decisions")
        for number, path in re.findall(r"\[(\d{4})]\(decisions/(.*)\)", cell)
    }
    found = {}
    for place, page in enumerate(DECISIONS, 1):
        heading = re.match(r"# (\d{4})\. (.*)\n", page.read_text())
        assert heading is not None, page.name
        assert int(heading[1]) == place
        assert page.name.startswith(heading[1])
        found[heading[1], page.name] = heading[2]
    assert {place: listed.get(place, "").casefold() for place in found} == {
        place: title.casefold() for place, title in found.items()
    }
    assert set(listed) == set(found)


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_a_decision_has_its_four_parts(page: Path) -> None:
    """Context, decision, consequences, alternatives: on one page."""
    text = page.read_text()
    parts = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert parts == ["Context", "Decision", "Consequences", "Alternatives"]
    assert len(text.splitlines()) < 60


# --- the threat model

ATTACKS = rows_of(DOCS / "threat-model.md", "## Attacks")


def functions_of(path: Path) -> set[str]:
    """Return the functions of a file in tests/."""
    tree = ast.parse(path.read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", ATTACKS, ids=lambda row: row[0])
def test_an_attack_names_its_test(row: list[str]) -> None:
    """The test exists; only what is not caught, or cannot be tested, has none."""
    attack, status, reason, tests = row
    assert attack
    assert reason
    word = re.match(r"prevented|detected|bounded|open", status)
    assert word is not None, status
    if tests == "-":
        assert word[0] in ("open", "bounded"), "what is claimed has to be tested"
        return
    named = re.fullmatch(r"(?:`([\w/.]+::\w+)`(?:; )?)+", tests)
    assert named is not None, tests
    for file, function in re.findall(r"`([\w/.]+)::(\w+)`", tests):
        assert function in functions_of(ROOT / file), f"{file}::{function}"


def test_the_threat_model_has_attacks() -> None:
    """The test before this would hold for none."""
    assert len(ATTACKS) >= 30


# --- records


def documented_records() -> Iterator[tuple[str, list[str], bool]]:
    """Give each kind of docs/formats.md §3 with its members, in their order, and if it is signed."""
    for kind, members, signer in rows_of(DOCS / "formats.md", "## 3. Records"):
        # What stands in brackets explains a member; so does what follows its name.
        bare = re.sub(r"\([^()]*\)|\[[^\]]*\]", "", members)
        names = [found[1] for part in bare.split(",") if (found := re.match(r"\s*`(\w+)`", part))]
        yield kind.strip("`"), names, signer != "-"


def test_the_table_of_records_is_the_code() -> None:
    """Every kind, its members in their order, and whether it is signed."""
    # The letter has a reader of its own; its `body` is the value that the class calls `letter`.
    _, *rest = [field.name for field in dataclasses.fields(record.LetterRecord)]
    code = [("letter", ["body", *rest])]
    kinds: dict[type[Any], Any] = record._KINDS
    code += [(kind.tag, kind.members) for kind in kinds.values()]
    documented = [*documented_records()]
    assert [(kind, members) for kind, members, _ in documented] == code
    assert [signed for *_, signed in documented] == ["sig" in members for _, members in code]


# --- November 2023


def standing_at(when: dt.datetime) -> int:
    """Return how many stand in the demo's plan at a time, with the records of that second."""
    return [moment.standing for moment in make_plan() if moment.at <= when.timestamp()][-1]


def is_true(claim: str, standing: int) -> bool:
    """Judge a claim as examples/november-2023/README.md says."""
    sign, number, percent = re.fullmatch(r"(<|>=|~|)(\d+)(%?)", claim).groups()  # type: ignore[union-attr]
    value = int(number)
    if percent:
        return round(standing * 100 / HEADCOUNT) == value
    match sign:
        case "<":
            return standing < value
        case ">=":
            return standing >= value
        case "~":
            return abs(standing - value) * 100 <= value
        case _:
            return standing == value


def test_claims_are_answered_as_expected() -> None:
    """The plan of the demo's day makes every claim of the press as true or false as its row says."""
    with (CASE / "claims.csv").open(newline="") as file:
        claims = list(csv.DictReader(file))
    assert len(claims) > 10
    for claim in claims:
        when = dt.datetime.fromisoformat(claim["time_utc"])
        said = str(is_true(claim["claim"], standing_at(when))).lower()
        assert said == claim["expected"], claim


def test_the_table_of_known_points_is_the_plan() -> None:
    """What stands at each time of examples/november-2023/README.md stands in the plan."""
    for utc, pacific, standing, _ in rows_of(CASE / "README.md", "# November 2023"):
        when = dt.datetime.fromisoformat(f"2023-11-20T{utc}:00+00:00")
        assert when.astimezone(dt.timezone(dt.timedelta(hours=-8))).strftime("%H:%M") == pacific
        number = int(re.sub(r"\D", "", standing))
        if number == 0:
            continue
        match standing.split()[0]:
            case "below":
                assert standing_at(when) < number
            case "above":
                assert standing_at(when) > number
            case _:
                assert standing_at(when) == number


def test_the_picture_is_drawn_from_the_plan() -> None:
    """docs/pictures/november-2023.svg is what tools/draw_demo_curve.py makes of the plan."""
    tool = runpy.run_path(str(ROOT / "tools" / "draw_demo_curve.py"))
    assert tool["PICTURE"].read_text() == tool["draw"](make_plan())
