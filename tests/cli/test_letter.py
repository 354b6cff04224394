"""Letters from the terminal: written, checked, opened and shown."""

import datetime as dt
from pathlib import Path

import pytest
from tests.cli.conftest import OpenTerminal, Run
from tests.live import HOST, SLUG, LiveSite, make_letter

from undersigned.app.site import make_site
from undersigned.cli.letter_summary import format_duration, format_share
from undersigned.cli.letter_template import slug_of, write_template
from undersigned.errors import StoreError

EAST = dt.timezone(dt.timedelta(hours=7))


def test_a_new_letter_passes_its_check(run: Run) -> None:
    """What `letter new` writes is complete; the check says what is left to write, and what is next."""
    done = run("letter", "new", "Night Kitchen")
    assert done.code == 0
    assert done.out == "Night Kitchen/letter.toml\n"
    assert done.err.startswith(
        "next: edit the files in Night Kitchen, then: undersigned letter check "
    )
    checked = run("letter", "check", "Night Kitchen/letter.toml")
    assert checked.code == 0
    assert "letter: night-kitchen, edition 1\n" in checked.out
    assert "rule: 25 of 100 (25.0 %), counting public and sealed signatures\n" in checked.out
    notes = [line for line in checked.err.splitlines() if line.startswith("note: ")]
    members = ("title", "text", "consequence", "headcount_source", "demands")
    assert notes == [
        f"note: [[texts]] en: `{member}` is still the template's: write your own"
        for member in members
    ]
    assert checked.err.splitlines()[len(notes)].startswith("next: ")


def test_what_was_written_is_no_placeholder(run: Run) -> None:
    """Only what is left of the template is named, by the check and before the opening."""
    run("letter", "new", "x")
    file = Path("x/letter.toml")
    own = {
        "To the board: a title that says what you ask for": "Our title",
        "Unless the demands are met by the deadline, we will ... (say what).": "We will wait.",
        "100 members, by the register of this day (say where the number is from).": "The register.",
        "What is to be done, in one sentence that can be answered with met, partly or refused.": "A",
    }
    text = file.read_text()
    for old, new in own.items():
        text = text.replace(old, new)
    file.write_text(text)
    Path("x/text.en.md").write_text("Our text.")
    left = "note: [[texts]] en: `demands` is still the template's: write your own\n"
    assert run("letter", "check", file).err.startswith(f"{left}next: ")
    file.write_text(text.replace("Another demand. Each of them gets its own answer.", "B"))
    assert "template" not in run("letter", "check", file).err
    file.write_text(text)
    run("roll", "invites", "x", "--count", 3, "--data", "d", "--origin", "a.example")
    assert left in run("letter", "open", file, "--data", "d", "--yes").err


def test_a_new_letter_touches_no_file(run: Run, tmp_path: Path) -> None:
    """If one of the files exists, none is written."""
    (tmp_path / "roll.csv").write_text("mine")
    done = run("letter", "new", ".")
    assert done.code == 2
    assert done.err == "error: roll.csv exists already; nothing was written\n"
    assert [path.name for path in tmp_path.iterdir()] == ["roll.csv"]


def test_times_of_a_template_follow_the_clock_it_is_given(tmp_path: Path) -> None:
    """Deadline and end lie ahead, at an hour when people are awake, in their own time zone."""
    now = dt.datetime(2026, 3, 1, 9, 30, tzinfo=EAST)
    text = write_template(tmp_path / "a", now).read_text()
    assert "deadline = 2026-03-15T18:00:00+07:00\n" in text
    assert "closes = 2026-03-31T18:00:00+07:00\n" in text
    assert "as_of = 2026-03-01\n" in text


def test_a_template_behind_a_file_is_refused(tmp_path: Path) -> None:
    """A folder that cannot be made is a sentence."""
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be written"):
        write_template(tmp_path / "file" / "x", dt.datetime.now(EAST))


@pytest.mark.parametrize(
    ("name", "slug"), [("My Letter!", "my-letter"), ("--a--b--", "a-b"), ("¿?", "letter")]
)
def test_slugs_are_made_of_folders(name: str, slug: str) -> None:
    """Whatever the folder is called, the slug can be one."""
    assert slug_of(Path(name)) == slug


def test_the_check_lists_every_problem_at_once(run: Run) -> None:
    """Missing, misspelt and mistyped members are all named."""
    run("letter", "new", "x")
    file = Path("x/letter.toml")
    text = file.read_text()
    text = text.replace('slug = "x"', "").replace("rule = 25", 'rule = "many"')
    file.write_text(text.replace("basis =", "base ="))
    done = run("letter", "check", file)
    assert done.code == 1
    assert done.out == ""
    assert done.err.startswith("error: the letter cannot be opened as it is written\n")
    for problem in ("`slug` is missing", "`rule` must be a whole number", "`base` is not known"):
        assert f"  {problem}\n" in done.err
    assert "hint: " in done.err


def test_a_time_that_has_passed_is_a_note(run: Run) -> None:
    """Another clock than this machine's may decide; opening asks that one."""
    run("letter", "new", "x")
    file = Path("x/letter.toml")
    lines = file.read_text().splitlines()
    lines = [
        "closes = 2001-01-01T00:00:00Z" if line.startswith("closes") else line for line in lines
    ]
    file.write_text("\n".join(lines))
    checked = run("letter", "check", file)
    assert checked.code == 0
    assert "note: `closes` has passed: 2001-01-01 00:00:00 UTC\n" in checked.err
    run("roll", "invites", "x", "--count", 3, "--data", "d", "--origin", "a.example")
    opened = run("letter", "open", file, "--data", "d", "--yes")
    assert opened.code == 1
    assert "  `closes` has passed already\n" in opened.err


def test_a_letter_is_opened_once(run: Run) -> None:
    """With a roll, and only where yes is said; a second time is refused."""
    run("letter", "new", "x")
    opening = ("letter", "open", "x/letter.toml", "--data", "d", "--yes")
    unsaid = run(*opening[:-1])
    assert unsaid.code == 2
    assert unsaid.err.startswith("error: --yes is needed where nobody can be asked\n")
    refused = run(*opening, "--origin", "a.example")
    assert refused.code == 1
    assert "\nerror: the letter has no roll yet" in refused.err
    run("roll", "import", "x", "x/roll.csv", "--data", "d")
    opened = run(*opening)
    assert opened.code == 0
    assert opened.out.startswith("letter: x@1\nletter id: ")
    assert opened.out.endswith("log: a.example/log\n")
    again = run(*opening)
    assert again.code == 1
    assert "\nerror: a letter of that name has been opened already" in again.err


def test_opening_asks_on_a_terminal(run: Run, open_terminal: OpenTerminal) -> None:
    """It shows what will be fixed for good; anything but yes changes nothing."""
    run("letter", "new", "x")
    run("roll", "import", "x", "x/roll.csv", "--data", "d", "--origin", "a.example")
    terminal = open_terminal("letter", "open", "x/letter.toml", "--data", "d")
    shown = terminal.expect("open it now? (yes/no)")
    assert "for good" in shown
    # A hash is folded where the terminal is narrow, and never cut.
    assert "…" not in shown
    terminal.type("")
    assert terminal.end() == 1
    assert "nothing was changed" in terminal.text
    terminal = open_terminal("letter", "open", "x/letter.toml", "--data", "d")
    terminal.expect("open it now?")
    terminal.type("yes")
    assert terminal.end() == 0
    assert run("letter", "show", "x", "--data", "d").code == 0


def test_a_letter_is_shown_from_the_folder_and_over_the_network(
    run: Run, live_site: LiveSite
) -> None:
    """Both ways give the same letter; the text of another site is verified."""
    here = run("letter", "show", live_site.slug, "--data", live_site.folder)
    there = run("letter", "show", f"{live_site.url}/letters/{live_site.slug}@1")
    assert here.code == there.code == 0
    assert here.out == there.out
    assert f"letter: {live_site.slug}@1\n" in here.out
    assert "standing: 0 of 14 (0.0 %)\n" in here.out
    assert "Keep the <night> kitchen open\n" in here.out
    assert "next: undersigned sign http" in there.err


@pytest.fixture(scope="module")
def noticed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a site with a letter, to which notices are posted."""
    folder = tmp_path_factory.mktemp("noticed")
    site = make_site(folder / "data", HOST)
    make_letter(site, folder / "letter")
    site.close()
    return folder / "data"


def test_a_notice_is_posted(run: Run, noticed: Path) -> None:
    """News, and a headcount that is shown from then on."""
    Path("words.txt").write_bytes(b"Ten have joined.\r\n")
    post = ("letter", "notice", SLUG, "--text", "words.txt", "--data", noticed, "--yes")
    news = run(*post, "--kind", "news")
    assert news.code == 0
    assert news.out.startswith("notice: news\nposted: ")
    headcount = run(*post, "--kind", "headcount", "--n", 24)
    assert "headcount: 24\n" in headcount.out
    assert headcount.err == f"next: undersigned letter show {SLUG}\n"
    shown = run("letter", "show", SLUG, "--data", noticed)
    assert "standing: 0 of 24 (0.0 %)\n" in shown.out
    assert "UTC, by a notice\n" in shown.out
    assert "UTC, headcount: 24\n\nTen have joined.\n" in shown.out


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("--kind", "headcount"), 2, "error: a headcount, and no other notice, has a number"),
        (
            ("--kind", "news", "--n", "5"),
            2,
            "error: a headcount, and no other notice, has a number",
        ),
        (("--kind", "headcount", "--n", "99000000"), 2, "error: the headcount: must be from 1 to"),
        (("--kind", "news", "--text", "gone"), 2, "error: gone cannot be read: No such file"),
        (("--kind", "news", "--text", "empty"), 2, "error: notice: empty"),
        (("--kind", "rumour"), 2, "error: "),
    ],
)
def test_notices_that_cannot_be_posted(
    run: Run, noticed: Path, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    """A sentence says why, and nothing is written."""
    Path("words.txt").write_text("Words.")
    Path("empty").write_text(" \n")
    common = ("letter", "notice", SLUG, "--text", "words.txt", "--data", noticed, "--yes")
    done = run(*common, *arguments)
    assert done.code == code
    assert done.err.startswith(sentence)


def test_a_notice_is_confirmed(run: Run, noticed: Path) -> None:
    """Where nobody can be asked, --yes says that it is meant."""
    Path("words.txt").write_text("Words.")
    done = run("letter", "notice", SLUG, "--kind", "news", "--text", "words.txt", "--data", noticed)
    assert done.code == 2
    assert "--yes" in done.err


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("nothing",), 1, "error: there is no letter of that name here"),
        (("../up",), 1, "error: there is no letter of that name here"),
    ],
)
def test_unknown_letters(
    run: Run, live_site: LiveSite, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    """Names that are none, here and over the network."""
    done = run("letter", "show", *arguments, "--data", live_site.folder)
    assert (done.code, done.err.splitlines()[0]) == (code, sentence)


def test_a_folder_without_a_site(run: Run) -> None:
    """The hint makes one; showing a letter cannot."""
    done = run("letter", "show", "x", "--data", "d")
    assert done.code == 2
    assert done.err == (
        "error: d holds no site\n"
        "hint: name the host of its log once, for good: "
        "undersigned serve --data d --origin letters.example.org\n"
    )


def test_a_site_that_does_not_answer(run: Run) -> None:
    """What cannot be reached ends with 2, whatever else is true of it."""
    done = run("letter", "show", "http://127.0.0.1:9/elsewhere")
    assert done.code == 2
    assert done.err.startswith("error: that is not the address of a letter\n")


def test_numbers_for_people() -> None:
    """Durations in their greatest whole unit, shares rounded half up."""
    assert [format_duration(s) for s in (0, 1, 60, 90, 7_200, 86_400)] == [
        "none", "1 second", "1 minute", "90 seconds", "2 hours", "1 day",
    ]  # fmt: skip
    assert [format_share(part, 770) for part in (505, 738, 770)] == ["65.6 %", "95.8 %", "100.0 %"]
    assert format_share(2_999, 3_000) == "99.9 %"
