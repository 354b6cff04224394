"""What `undersigned letter new` writes: a letter file with comments, a text, an example of a roll."""

import datetime as dt
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from string import Template
from typing import Final

from undersigned.app.draft import Draft
from undersigned.errors import StoreError

DAYS_TO_DEADLINE: Final = 14
DAYS_TO_CLOSE: Final = 30

_LETTER: Final = Template("""\
# A letter. Every member is explained in docs/formats.md, section 10.
# undersigned letter check $file    says what would be fixed by opening it, and what is missing
# undersigned letter open $file     opens it: from then on none of this can be changed

# The name in the letter's address: a-z, 0-9 and hyphens.
slug = "$slug"
# A corrected text is a new edition, which signers are asked to sign again.
edition = 1

# Until when the demands are to be met (leave the line out if there is no such time), and when signing ends.
deadline = $deadline
closes = $closes

# The letter is delivered, and sealed names are opened, when so many stand.
rule = 25
# Whom the rule and the conditions count: "named" (public and sealed signatures) or "all" (also anonymous).
basis = "named"
# Seconds between reaching the rule and opening the names, in which anybody may withdraw: 86400 is a day.
cooling_off_s = 86400

# How members may sign. Sealed names are encrypted until the rule is met.
modes = ["public", "sealed", "anonymous"]
# "Count me in once at least N of us stand": the numbers that are offered, at most 16.
conditions = [5, 10, 25, 50]

# Who may sign: "list" (undersigned roll import), or "invites" (undersigned roll invites --count N).
roll = "list"
# How members prove it: a code by mail, an invite code, or either.
methods = ["email", "invite"]
# Days after the end of the letter until personal data is deleted.
retention_days = 90

# How many people could sign, on which day, so that "738 of 770" means something.
[headcount]
n = 100
as_of = $today

# Signatures enter the log in batches, so that the time tells nobody apart: every period_s seconds, when
# floor of them wait, or max_wait_s seconds at the latest.
[epoch]
period_s = 60
floor = 8
max_wait_s = 600

# One table for each language; the first one is authoritative.
[[texts]]
lang = "en"
title = "To the board: a title that says what you ask for"
# The text, in Markdown, in a file beside this one.
file = "text.en.md"
addressees = ["The board"]
consequence = "Unless the demands are met by the deadline, we will ... (say what)."
headcount_source = "100 members, by the register of this day (say where the number is from)."

[[texts.demands]]
id = "first"
text = "What is to be done, in one sentence that can be answered with met, partly or refused."

[[texts.demands]]
id = "second"
text = "Another demand. Each of them gets its own answer."
""")

_TEXT: Final = """\
Say what happened, in a few paragraphs that everybody who signs can stand behind.

Say why it matters, and to whom. The demands, the deadline and the consequence follow below the text
by themselves: they are in the letter file.
"""

_ROLL: Final = """\
email,name,role
ana@members.example,Ana Example,Member since 2019
budi@members.example,Budi Example,
"""

TEXT_NAME: Final = "text.en.md"
ROLL_NAME: Final = "roll.csv"
LETTER_NAME: Final = "letter.toml"


def write_template(folder: Path, now: dt.datetime) -> Path:
    """Write the files of a new letter into a folder; return the letter file.

    `now` has a time zone: the times in the file follow it. Raises StoreError if one of the files
    exists or cannot be written; files that exist are never touched.
    """
    letter = folder / LETTER_NAME
    contents = {
        letter: _letter(folder, now),
        folder / TEXT_NAME: _TEXT,
        folder / ROLL_NAME: _ROLL,
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in contents:
            if path.exists():
                raise StoreError(f"{path} exists already; nothing was written")
        for path, text in contents.items():
            # The roll will hold names and addresses; none of these is anybody else's before it opens.
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
    except OSError as error:
        raise StoreError(f"{folder} cannot be written: {error.strerror}") from None
    return letter


def _letter(folder: Path, now: dt.datetime) -> str:
    evening = now.replace(hour=18, minute=0, second=0, microsecond=0)
    return _LETTER.substitute(
        file=(folder / LETTER_NAME).as_posix(),
        slug=slug_of(folder),
        today=now.date().isoformat(),
        deadline=(evening + dt.timedelta(days=DAYS_TO_DEADLINE)).isoformat(),
        closes=(evening + dt.timedelta(days=DAYS_TO_CLOSE)).isoformat(),
    )


def find_placeholders(draft: Draft) -> Iterator[str]:
    """Yield, in words, what still is in a draft as the template has it, and would be fixed for good."""
    said = tomllib.loads(_letter(Path("letter"), dt.datetime.now(dt.UTC)))["texts"][0]
    demands = {demand["text"] for demand in said["demands"]}
    for text in draft.texts:
        left = {
            "title": text.title == said["title"],
            "text": text.text.strip() == _TEXT.strip(),
            "consequence": text.consequence == said["consequence"],
            "headcount_source": text.headcount_source == said["headcount_source"],
            "demands": any(demand.text in demands for demand in text.demands),
        }
        for member, is_left in left.items():
            if is_left:
                yield f"[[texts]] {text.lang}: `{member}` is still the template's: write your own"


def slug_of(folder: Path) -> str:
    """Make a slug of a folder's name, `letter` if nothing of it can be in one."""
    words = re.findall(r"[a-z0-9]+", folder.resolve().name.lower())
    return "-".join(words)[:64].strip("-") or "letter"
