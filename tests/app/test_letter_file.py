"""The letter file: defaults, every problem at once, and what people's programs do to files."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from undersigned.app.draft import Draft
from undersigned.app.letter_file import LONGEST_FILE, read_draft
from undersigned.domain.letter import Basis, EpochTerms, Method, Mode, RollKind
from undersigned.errors import LetterRefused

EXAMPLE = Path(__file__).parents[2] / "examples" / "november-2023" / "letter.toml"

LEAST = """\
slug = "mill"
closes = 2026-06-01T12:00:00+02:00
rule = 50
roll = "list"
methods = ["email"]

[headcount]
n = 100
as_of = 2026-03-01

[[texts]]
lang = "en"
title = "Mend the mill"
file = "text.md"
addressees = ["The miller"]
consequence = "Or else."
headcount_source = "A list."
[[texts.demands]]
id = "wheel"
text = "The wheel turns."
"""

SECOND = """
[[texts]]
lang = "id"
title = "Perbaiki kincir"
file = "text.md"
addressees = ["Pemilik"]
consequence = "Kalau tidak."
headcount_source = "Daftar."
[[texts.demands]]
id = "wheel"
text = "Roda berputar."
"""

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return what writes a letter file and its text, and tells where it is."""

    def write_files(letter: str | bytes, text: str | bytes = "It stands still.\n") -> Path:
        path = tmp_path / "letter.toml"
        for file, content in ((path, letter), (tmp_path / "text.md", text)):
            file.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_files


def _problems(path: Path) -> list[str]:
    with pytest.raises(LetterRefused) as caught:
        read_draft(path)
    return caught.value.problems


def test_the_least_letter_gets_every_default(write: Write) -> None:
    """What is not said is as the formats have it."""
    draft = read_draft(write(LEAST))
    assert (draft.edition, draft.deadline, draft.cooling_off_s) == (1, None, 86_400)
    assert draft.basis is Basis.NAMED
    assert draft.modes == (Mode.PUBLIC, Mode.SEALED, Mode.ANONYMOUS)
    assert draft.conditions == ()
    assert draft.epoch == EpochTerms(60, 8, 600)
    assert draft.retention_days == 90


def test_what_is_said_is_taken(write: Write) -> None:
    """Times become UTC seconds, lists their own order, the text loses white space around it."""
    said = LEAST.replace(
        'slug = "mill"',
        'slug = "mill"\nedition = 3\ndeadline = 2026-05-01T00:00:00Z\ncooling_off_s = 0\n'
        'basis = "all"\nmodes = ["anonymous", "public"]\nconditions = [60, 2]\nretention_days = 0',
    )
    draft = read_draft(
        write(f"{said}[epoch]\nperiod_s = 5\nfloor = 1\nmax_wait_s = 7\n", "\n A \n")
    )
    assert (draft.slug, draft.edition, draft.cooling_off_s) == ("mill", 3, 0)
    assert (draft.deadline, draft.closes) == (1_777_593_600, 1_780_308_000)
    assert (draft.headcount, draft.headcount_as_of, draft.rule) == (100, "2026-03-01", 50)
    assert draft.basis is Basis.ALL
    assert draft.modes == (Mode.PUBLIC, Mode.ANONYMOUS)
    assert draft.conditions == (2, 60)
    assert draft.epoch == EpochTerms(5, 1, 7)
    assert (draft.roll, draft.methods) == (RollKind.LIST, (Method.EMAIL,))
    (text,) = draft.texts
    assert (text.lang, text.text, text.demands[0].id) == ("en", "A", "wheel")


def test_the_example_can_be_read() -> None:
    """Two languages, one letter."""
    draft = read_draft(EXAMPLE)
    assert [text.lang for text in draft.texts] == ["en", "id"]
    assert (draft.rule, draft.headcount) == (650, 770)


def test_everything_that_is_missing_is_told_at_once(write: Write) -> None:
    """Each once, tables and all."""
    wanted = ("headcount", "texts", "slug", "closes", "n", "as_of", "rule", "roll", "methods")
    assert _problems(write("")) == [f"`{name}` is missing" for name in wanted]
    tail = "texts = [{ demands = [{}] }]\n"
    names = ("lang", "title", "file", "id", "text", "addressees", "consequence", "headcount_source")
    found = _problems(write(tail))
    for name in names:
        assert f"`{name}` is missing" in found


WRONG = {
    "slug": '"Mill"',
    "edition": "0",
    "closes": "1969-01-01T00:00:00Z",
    "rule": "0",
    "cooling_off_s": "-1",
    "modes": "[]",
    "conditions": "[1]",
    "methods": "[]",
    "retention_days": "9999",
}


def test_everything_that_is_out_of_bounds_is_told_at_once(write: Write) -> None:
    """The letter's own rules, member by member, each as if the others were right."""
    kept = "".join(
        line for line in LEAST.splitlines(keepends=True) if line.split(" = ")[0] not in WRONG
    )
    bad = "".join(f"{name} = {value}\n" for name, value in WRONG.items())
    bad += kept.replace("n = 100", "n = 0").replace("2026-03-01", '"March"')
    bad += "[epoch]\nperiod_s = 0\nfloor = 0\nmax_wait_s = 99999\n"
    problems = _problems(write(bad))
    members = [problem.partition(":")[0] for problem in problems]
    wanted = {*WRONG, "headcount.n", "headcount.as_of"}
    wanted |= {"epoch.period_s", "epoch.floor", "epoch.max_wait_s"}
    assert sorted(members) == sorted(wanted)


def test_everything_that_is_wrong_with_the_texts_is_told_at_once(write: Write) -> None:
    """Language by language, member by member."""
    bad = LEAST.replace('"en"', '"EN"').replace('"Mend the mill"', f'"{"x" * 201}"')
    bad = bad.replace('["The miller"]', "[]").replace('id = "wheel"', 'id = "Wheel"')
    problems = _problems(write(bad + SECOND.replace('"Perbaiki kincir"', '""'), "a\x07b"))
    assert [each.split(":")[:2] for each in problems] == [
        ["[[texts]] EN", " lang"],
        ["[[texts]] EN", " title"],
        ["[[texts]] EN", " text"],
        ["[[texts]] EN", " addressees"],
        ["[[texts]] EN", " demands.id"],
        ["[[texts]] id", " its title is empty"],
        ["[[texts]] id", " text"],
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("slug = 5", "`slug` must be a text in quotes"),
        ("rule = true", "`rule` must be a whole number"),
        ("rule = 5.0", "`rule` must be a whole number"),
        ('rule = "5"', "`rule` must be a whole number"),
        ("methods = 5", "`methods` must be a list"),
        ("methods = [5]", "`methods` must be a list, each item a text in quotes"),
        ('methods = ["mail"]', "`methods` must be some of: email, invite, openid"),
        ('methods = ["email", "email"]', "`methods` must be some of: email, invite, openid"),
        ('roll = "all"', "`roll` must be one of: list, domain, invites"),
        ('roll = ""', "`roll` must be one of: list, domain, invites"),
        ("roll = 1", "`roll` must be a text in quotes"),
        ("closes = 2026-06-01", "`closes` must be a time with its offset"),
        ("closes = 2026-06-01T12:00:00", "`closes` must be a time with its offset"),
        ("closes = 0001-01-01T00:00:00+23:59", "closes: must be from 0"),
        ("closes = 9999-12-31T23:59:59-23:59", None),
        ("rule = 1000000000000000000000000", "rule: must be from 1 to 100"),
    ],
)
def test_a_value_of_another_kind_is_told(write: Write, line: str, problem: str | None) -> None:
    """Once, and in the organiser's words."""
    name = line.split(" = ")[0]
    letter = "".join(
        f"{line}\n" if each.startswith(f"{name} = ") else each
        for each in LEAST.splitlines(keepends=True)
    )
    path = write(letter)
    if problem is None:
        read_draft(path)
        return
    (found,) = _problems(path)
    assert found.startswith(problem)


@pytest.mark.parametrize("value", ["2026-03-01T00:00:00Z", "5", "true", '"2026-3-1"', '""'])
def test_the_day_of_the_headcount_is_a_day(write: Write, value: str) -> None:
    """Without a time; in quotes only as it is in the record."""
    (problem,) = _problems(write(LEAST.replace("as_of = 2026-03-01", f"as_of = {value}")))
    assert "as_of" in problem
    assert "day" in problem


def test_the_day_may_be_in_quotes(write: Write) -> None:
    """It is the same day."""
    draft = read_draft(write(LEAST.replace("as_of = 2026-03-01", 'as_of = "2026-03-01"')))
    assert draft.headcount_as_of == "2026-03-01"


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("rule = 50", "rule = 50\nruel = 5", ""),
        ("n = 100", "n = 100\nm = 5", " in [headcount]"),
        ('lang = "en"', 'lang = "en"\nlanguage = "en"', " in [[texts]]"),
        ('id = "wheel"', 'id = "wheel"\ntitle = "W"', " in [[texts.demands]]"),
        ("[headcount]", "[epoch]\nmax_wait = 5\n[headcount]", " in [epoch]"),
    ],
)
def test_a_member_that_nobody_asked_for_is_told(
    write: Write, old: str, new: str, where: str
) -> None:
    """It is a misspelt one, and would be ignored."""
    (problem,) = _problems(write(LEAST.replace(old, new)))
    assert problem.endswith(f"is not known{where}")


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: "\ufeff" + text.replace("\n", "\r\n"),
    ],
)
def test_what_an_editor_adds_changes_nothing(write: Write, change: Callable[[str], str]) -> None:
    """A mark at the beginning, line ends of two characters: the letter has the same hash."""
    text = "First.\n\nSecond.\n"
    plain = read_draft(write(LEAST, text))
    assert read_draft(write(change(LEAST), change(text))) == plain


def test_letters_are_composed(write: Write) -> None:
    """Where an editor writes an accent as a character of its own, the record does not."""
    draft = read_draft(write(LEAST.replace("Mend", "Me\u0301nd"), "cafe\u0301\n"))
    assert (draft.texts[0].title, draft.texts[0].text) == ("Ménd the mill", "café")


@pytest.mark.parametrize("text", ["", " \n\t\n"])
def test_an_empty_text_is_told(write: Write, text: str) -> None:
    """Somebody forgot to save it; a name of no file is no better."""
    assert _problems(write(LEAST, text)) == ["[[texts]] en: its text is empty"]
    assert _problems(write(LEAST.replace('"text.md"', '""'))) == ["[[texts]] en: its text is empty"]


def test_words_that_say_nothing_are_told(write: Write) -> None:
    """An addressee or a demand of white space is one that somebody forgot to write."""
    letter = LEAST.replace('"The miller"', '"The miller", " "')
    letter = letter.replace('"The wheel turns."', '" "')
    assert _problems(write(letter)) == [
        "[[texts]] en: one of its addressees is empty",
        "[[texts]] en: its demand wheel is empty",
    ]


def test_a_text_that_is_not_there_is_told(write: Write) -> None:
    """With its place; also where it is a folder."""
    (problem,) = _problems(write(LEAST.replace('"text.md"', '"other.md"')))
    assert "other.md cannot be read: No such file" in problem
    (problem,) = _problems(write(LEAST.replace('"text.md"', '"."')))
    assert "cannot be read: Is a directory" in problem


def test_a_file_that_is_too_long_is_told(write: Write) -> None:
    """Whichever it is; it is not read to its end."""
    (problem,) = _problems(write(LEAST, "x" * (LONGEST_FILE + 1)))
    assert "text.md is longer than" in problem
    (problem,) = _problems(write(LEAST + "#" * LONGEST_FILE))
    assert "letter.toml is longer than" in problem
    (problem,) = _problems(write(LEAST, "x" * 100_001))
    assert problem == "[[texts]] en: text: longer than 100000 characters"


def test_a_file_that_is_not_text_is_told(write: Write) -> None:
    """Whichever it is."""
    assert "text.md is not text in UTF-8" in _problems(write(LEAST, b"\xff\xfe"))[0]
    assert "letter.toml is not text in UTF-8" in _problems(write(b"\xff\xfe"))[0]


def test_a_letter_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """As any other problem of it."""
    (problem,) = _problems(tmp_path / "letter.toml")
    assert "cannot be read: No such file" in problem


@pytest.mark.parametrize("letter", ["slug = ", "x = " + "[" * 5_000, "a = 1\na = 2", "\0"])
def test_what_is_no_toml_is_told(write: Write, letter: str) -> None:
    """In one sentence."""
    (problem,) = _problems(write(letter))
    assert problem.startswith("letter.toml is not TOML")


def test_every_language_has_the_same_demands(write: Write) -> None:
    """In the same order; each other one is told."""
    other = SECOND.replace('id = "wheel"', 'id = "stone"')
    third = other.replace('"id"', '"de"', 1)
    assert _problems(write(LEAST + other + third)) == [
        "[[texts]] id: its demands are not those of the first text",
        "[[texts]] de: its demands are not those of the first text",
    ]
    read_draft(write(LEAST + SECOND))


def test_a_language_comes_once(write: Write) -> None:
    """Two texts in one language would be two letters."""
    assert _problems(write(LEAST + SECOND.replace('"id"', '"en"', 1))) == [
        "texts.lang: the same value twice"
    ]


@pytest.mark.parametrize(
    ("roll", "methods", "problem"),
    [
        ("domain", '["email", "invite"]', "`methods` has invite"),
        ("list", '["openid"]', "`methods` has openid, and there is no sign-on provider"),
        ("invites", '["email", "invite"]', "`methods` has email"),
    ],
)
def test_a_letter_that_nobody_could_sign_here_is_told(
    write: Write, roll: str, methods: str, problem: str
) -> None:
    """The formats know more than this site can do."""
    letter = LEAST.replace('"list"', f'"{roll}"').replace('["email"]', methods)
    if roll == "domain":
        letter = f'domains = ["mill.example"]\n{letter}'
    (found,) = _problems(write(letter))
    assert found.startswith(problem)


def test_addressees_have_addresses(write: Write) -> None:
    """In their order, brought into one form; an empty one is none."""
    two = LEAST.replace('["The miller"]', '["The miller", "The owner"]')
    assert read_draft(write(two)).addressee_mails == ()
    draft = read_draft(write('addressees_mail = ["", "Owner@Mill.example"]\n' + two))
    assert draft.addressee_mails == (None, "owner@mill.example")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('["miller"]', "`addressees_mail`: address: must have one @"),
        ('"miller@mill.example"', "`addressees_mail` must be a list"),
        ('["a@b.example", "c@b.example"]', "`addressees_mail` has more addresses than the first"),
    ],
)
def test_an_address_that_is_none_is_told(write: Write, line: str, problem: str) -> None:
    """As is one that belongs to nobody."""
    (found,) = _problems(write(f"addressees_mail = {line}\n{LEAST}"))
    assert found.startswith(problem)


toml_values = st.one_of(
    st.integers(-(2**70), 2**70).map(str),
    st.booleans().map(lambda value: str(value).lower()),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.text("abcÄ \\n", max_size=5).map(lambda text: '"' + text.replace("\\", "") + '"'),
    st.sampled_from(["[]", "[[]]", "{}", "[{}]", "[1, 2]", '["email"]', "2026-01-01", "12:00:00"]),
    st.sampled_from(["2026-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "inf", "nan"]),
)
names = st.sampled_from(
    [*WRONG, "slug", "deadline", "basis", "roll", "headcount", "epoch", "texts"]
).flatmap(lambda name: st.sampled_from([name, f"{name}.n", f"epoch.{name}"]))


@given(st.dictionaries(names, toml_values, max_size=17))
def test_whatever_is_written_is_a_draft_or_a_list_of_problems(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, str]
) -> None:
    """And nothing else."""
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_text("".join(f"{name} = {value}\n" for name, value in values.items()))
    with suppress(LetterRefused):
        assert isinstance(read_draft(path), Draft)
