"""Files of an organiser that commands must not take: rolls, letter files."""

import os
from collections.abc import Callable

from tests.e2e.bad_requests import Case
from tests.e2e.world import World

from undersigned.domain.roll_file import LONGEST_ROLL


def _roll(content: bytes | str, slug: str = "new") -> Callable[[World], str]:
    def run(world: World) -> str:
        file = world.write("roll.csv", content)
        return world.command("roll", "import", slug, file, "--data", world.live.folder)

    return run


def _rows(*rows: str) -> Callable[[World], str]:
    return _roll("\n".join(["email,name,role", *rows, ""]))


def _too_long_a_roll(world: World) -> str:
    file = world.write("roll.csv", "")
    os.truncate(file, LONGEST_ROLL + 1)
    return world.command("roll", "import", "new", file, "--data", world.live.folder)


def _invites(slug: str, *options: object) -> Callable[[World], str]:
    return lambda world: world.command(
        "roll", "invites", slug, *options, "--data", world.live.folder
    )


def _added(slug: str, *rows: str) -> Callable[[World], str]:
    def run(world: World) -> str:
        file = world.write("roll.csv", "\n".join(["email,name,role", *rows, ""]))
        return world.command("roll", "add", slug, file, "--data", world.live.folder)

    return run


def _changed(command: str, slug: str, what: str) -> Callable[[World], str]:
    return lambda world: world.command("roll", command, slug, what, "--data", world.live.folder)


GOOD = "a@b.example,Anna Be,Cook"

ROLLS = (
    Case(
        "a file that is not there",
        lambda w: w.command("roll", "import", "new", w.folder / "no.csv"),
    ),
    Case("an empty file", _roll("")),
    Case("a header and nothing else", _roll("email,name,role\n")),
    Case("no header", _roll(f"{GOOD}\n")),
    Case("a column too many in the header", _roll(f"email,name,role,age\n{GOOD},7\n")),
    Case("a column twice in the header", _roll(f"email,name,email\n{GOOD}\n")),
    Case("a header without names", _roll("email\na@b.example\n")),
    Case("a roll in UTF-16", _roll("email,name,role\na@b.example,A,\n".encode("utf-16"))),
    Case("a roll in Latin-1", _roll("email,name,role\na@b.example,René,\n".encode("latin-1"))),
    Case("a picture", _roll(b"\x89PNG\r\n\x1a\n" + bytes(99))),
    Case("a zero byte in a name", _rows("a@b.example,An\0na,")),
    Case("a row with a column too few", _rows(GOOD, "c@d.example,Cora")),
    Case("a row with a column too many", _rows(GOOD, "c@d.example,Cora,Cook,7")),
    Case("a quotation mark that is never closed", _rows(GOOD, '"c@d.example,Cora,')),
    Case("something behind a quotation mark", _rows('"c@d.example"x,Cora,')),
    Case("an address without @", _rows(GOOD, "c.d.example,Cora,")),
    Case("an address with two @", _rows("c@d@e.example,Cora,")),
    Case("an address without a name before the @", _rows("@d.example,Cora,")),
    Case("an address with a space", _rows("c c@d.example,Cora,")),
    Case("an address with two dots before the @", _rows("c..c@d.example,Cora,")),
    Case("an address at a host without a dot", _rows("c@localhost,Cora,")),
    Case("an address at two dots", _rows("c@d..example,Cora,")),
    Case("an address of 255 characters", _rows(f"{'c' * 245}@d.example,Cora,")),
    Case("an address with a line end in quotes", _rows('"c@d.example\nBcc: x@y.example",Cora,')),
    Case("an empty address", _rows(",Cora,")),
    Case("the same address twice", _rows(GOOD, "c@d.example,Cora,", "A@B.example,Anna,")),
    Case("an empty name", _rows("c@d.example,,Cook")),
    Case("a name of spaces", _rows("c@d.example,   ,Cook")),
    Case("a name of 101 characters", _rows(f"c@d.example,{'n' * 101},")),
    Case("a name with a line end in quotes", _rows('c@d.example,"Co\nra",')),
    Case("a role of 101 characters", _rows(f"c@d.example,Cora,{'r' * 101}")),
    Case("everything wrong at once", _rows("c@d,,", GOOD, "c@d.example,Cora", "a@b.example,B,")),
    Case("a roll of more than 64,000,000 bytes", _too_long_a_roll),
    Case("a roll for a letter that is open", _roll(f"email,name,role\n{GOOD}\n", "small-letter")),
    Case("no codes", _invites("new", "--count", 0)),
    Case("200,001 codes", _invites("new", "--count", 200_001)),
    Case("codes without saying how many", _invites("new")),
    Case("codes for a roll that is a list", _invites("small-letter", "--count", 5)),
    Case("a member for a roll of codes", _added("codes", GOOD)),
    Case("blocking whom nobody knows", _changed("block", "small-letter", "no@b.example")),
    Case("blocking what is no address", _changed("block", "small-letter", "nobody")),
    Case("voiding a card that there is not", _changed("void", "codes", "0000000")),
    Case("a number of codes that is none", _invites("new", "--count", "ten")),
)


def _letter(edit: Callable[[str], str] | None = None, **terms: object) -> Callable[[World], str]:
    """Check a letter file that is good but for these terms, or but for an edit of its text."""

    def run(world: World) -> str:
        file = world.letter_file("draft", **terms)
        if edit is not None:
            file.write_text(edit(file.read_text()))
        return world.command("letter", "check", file)

    return run


def _without(name: str) -> Callable[[World], str]:
    return _letter(
        lambda text: "\n".join(
            line for line in text.splitlines() if not line.startswith(f"{name} = ")
        )
    )


def _with(old: str, new: str) -> Callable[[World], str]:
    def edit(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return _letter(edit)


def _letter_bytes(content: bytes) -> Callable[[World], str]:
    def run(world: World) -> str:
        return world.command("letter", "check", world.write("bytes.toml", content))

    return run


def _second_text(edit: Callable[[str], str]) -> Callable[[World], str]:
    def add(text: str) -> str:
        head, mark, body = text.partition("[[texts]]")
        return f"{head}{mark}{body}\n{mark}{edit(body)}"

    return _letter(add)


def _opened(slug: str, *, roll: bool = False, **terms: object) -> Callable[[World], str]:
    def run(world: World) -> str:
        file = world.letter_file(slug, **terms)
        return world.command("letter", "open", file, "--data", world.live.folder, "--yes")

    return run


MANY = ", ".join(str(number) for number in range(2, 19))


def _third_edition(world: World) -> str:
    file = world.letter_file("small-letter")
    file.write_text(file.read_text().replace("rule = 50", "rule = 50\nedition = 3", 1))
    return world.command("letter", "open", file, "--data", world.live.folder, "--yes")


LETTERS = (
    Case("a file that is not there", lambda w: w.command("letter", "check", w.folder / "no.toml")),
    Case("an empty file", _letter_bytes(b"")),
    Case("a file that is not UTF-8", _letter_bytes(b'slug = "\xff"\n')),
    Case("a file that is not TOML", _letter_bytes(b"slug: new\n")),
    Case("a member twice", _letter_bytes(b'slug = "a"\nslug = "b"\n')),
    Case("brackets 5,000 deep", _letter_bytes(b"a = " + b"[" * 5_000)),
    Case("a file of more than 262,144 bytes", _letter_bytes(b"#" * 262_145)),
    Case("no slug", _without("slug")),
    Case("no end", _without("closes")),
    Case("no rule", _without("rule")),
    Case("no roll", _without("roll")),
    Case("no methods", _without("methods")),
    Case("no headcount", _without("n")),
    Case("no text", _letter(lambda text: text.partition("[[texts]]")[0])),
    Case("no title", _without("title")),
    Case("no file of the text", _without("file")),
    Case("a misspelt member", _with("rule = 50", "rule = 50\ncool_off = 1")),
    Case("a misspelt member of a table", _with("floor = 1", "floor = 1\nceiling = 9")),
    Case("a rule above the headcount", _letter(rule=101)),
    Case("a rule of 0", _letter(rule=0)),
    Case("a rule that is `true`", _letter(rule="true")),
    Case("a rule in quotes", _letter(rule='"50"')),
    Case("a rule that is a fraction", _letter(rule=49.5)),
    Case("a rule beyond all numbers", _letter(rule=10**30)),
    Case("a headcount of 0", _letter(headcount=0)),
    Case("a headcount of 10,000,001", _letter(headcount=10_000_001)),
    Case("a headcount on no day", _with("as_of = 2026-03-01", 'as_of = "in March"')),
    Case("a headcount on a day that there is not", _with("2026-03-01", "2026-02-30")),
    Case("a slug with a space", _with('slug = "draft"', 'slug = "my letter"')),
    Case("a slug that begins with a hyphen", _with('slug = "draft"', 'slug = "-draft"')),
    Case("a slug of 65 characters", _with('slug = "draft"', f'slug = "{"s" * 65}"')),
    Case("edition 0", _with('slug = "draft"', 'slug = "draft"\nedition = 0')),
    Case("an end without an offset", _letter(closes="2099-06-01T12:00:00")),
    Case("an end that is a day", _letter(closes="2099-06-01")),
    Case("an end in quotes", _letter(closes='"2099-06-01T12:00:00Z"')),
    Case("an end before 1970", _letter(closes="1969-12-31T12:00:00Z")),
    Case("a cooling-off of -1", _letter(cooling_off_s=-1)),
    Case("a cooling-off of more than 30 days", _letter(cooling_off_s=2_592_001)),
    Case("no way to sign", _letter(modes="[]")),
    Case("an unknown way to sign", _letter(modes='["public", "secret"]')),
    Case("a way to sign twice", _letter(modes='["public", "public"]')),
    Case("ways to sign that are no list", _letter(modes='"public"')),
    Case("a condition of 1", _letter(conditions="[1]")),
    Case("a condition above the headcount", _letter(conditions="[101]")),
    Case("a condition twice", _letter(conditions="[5, 5]")),
    Case("17 conditions", _letter(conditions=f"[{MANY}]")),
    Case("a condition in quotes", _letter(conditions='["5"]')),
    Case("conditions where all sign publicly", _letter(modes='["public"]', conditions="[5]")),
    Case("an unknown kind of roll", _letter(roll="everybody")),
    Case("no method", _letter(methods="[]")),
    Case("an unknown method", _letter(methods='["sms"]')),
    Case("an unknown basis", _with("rule = 50", 'rule = 50\nbasis = "some"')),
    Case("a period of 0 seconds", _letter(period_s=0)),
    Case("a floor of 0", _letter(floor=0)),
    Case("a floor of 1,001", _letter(floor=1001)),
    Case("a wait that is shorter than the period", _letter(period_s=60, max_wait_s=59)),
    Case("retention of -1 days", _with("rule = 50", "rule = 50\nretention_days = -1")),
    Case("an unknown language", _with('lang = "en"', 'lang = "English please"')),
    Case("a title of 201 characters", _with("A letter", "t" * 201)),
    Case("a title with a line end", _with('"A letter"', '"A\\nletter"')),
    Case("no addressee", _with('["The council"]', "[]")),
    Case("an addressee that is a number", _with('["The council"]', "[7]")),
    Case("a demand without a text", _with('text = "Reply to us."', "")),
    Case("a demand's id in upper case", _with('id = "reply"', 'id = "Reply"')),
    Case("a text file that is not there", _with('"text.md"', '"texts.md"')),
    Case("a text file that is a folder", _with('"text.md"', '"."')),
    Case("the same language twice", _second_text(lambda body: body)),
    Case(
        "a second text with other demands",
        _second_text(lambda body: body.replace('"en"', '"id"').replace('"reply"', '"answer"')),
    ),
    Case("opening: an end that has passed", _opened("late", closes="2020-01-01T00:00:00Z")),
    Case("opening: no roll", _opened("rollless")),
    Case("opening: a letter that is open", _opened("small-letter")),
    Case("opening: edition 3 after edition 1", _third_edition),
)
