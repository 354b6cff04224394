"""Made-up members in any number, and a letter for them with terms of a test's own.

Names and addresses are long and random, so that no file holds one by chance.
"""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from undersigned.app.drafting import open_letter
from undersigned.app.invites import make_invites
from undersigned.app.letter_file import read_draft
from undersigned.app.rolls import import_roll
from undersigned.app.site import WholeSite
from undersigned.domain.letter import Letter

_LETTERS = "bcdfghjklmnpqrstvwxz"

TEXT = "# Why\n\nBecause.\n"

LETTER_FILE = """\
slug = "{slug}"
closes = {closes}
rule = {rule}
cooling_off_s = {cooling_off_s}
modes = {modes}
conditions = {conditions}
roll = "{roll}"
methods = {methods}

[headcount]
n = {headcount}
as_of = 2026-03-01

[epoch]
period_s = {period_s}
floor = {floor}
max_wait_s = {max_wait_s}

[[texts]]
lang = "en"
title = "A letter"
file = "text.md"
addressees = ["The council"]
consequence = "Otherwise we write again."
headcount_source = "A list."
[[texts.demands]]
id = "reply"
text = "Reply to us."
"""

TERMS = {
    "closes": "2099-06-01T12:00:00Z",
    "rule": 50,
    "cooling_off_s": 0,
    "modes": '["public", "sealed", "anonymous"]',
    "conditions": "[]",
    "roll": "list",
    "methods": '["email", "invite"]',
    "headcount": 100,
    "period_s": 1,
    "floor": 1,
    "max_wait_s": 1,
}


@dataclass(frozen=True, slots=True)
class Member:
    """A made-up member of the roll with the invite code that they were handed."""

    address: str
    name: str
    role: str
    invite: str


def random_word(length: int = 16) -> str:
    """Return letters that stand in no text by chance: 4 bits each."""
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def write_letter_file(folder: Path, slug: str, **terms: object) -> Path:
    """Write a letter file and its text; `terms` replace those of `TERMS`. Return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "letter.toml"
    file.write_text(LETTER_FILE.format(**(TERMS | terms), slug=slug))
    (folder / "text.md").write_text(TEXT)
    return file


def open_for_members(
    site: WholeSite, folder: Path, slug: str, count: int, **terms: object
) -> tuple[Letter, list[Member]]:
    """Import a roll of `count` made-up members, open a letter for them; return both.

    The members are in an order of their own: not that of the roll, of the codes, or of the alphabet.
    """
    people = make_people(count)
    import_roll(site.issuer, slug, roll_of(people))
    codes = {invite.address: invite.code for invite in make_invites(site.issuer, slug, None)}
    letter = open_letter(site, read_draft(write_letter_file(folder, slug, **terms)))
    members = [Member(*person, codes[person[0]]) for person in people]
    secrets.SystemRandom().shuffle(members)
    return letter, members


def make_people(count: int) -> list[tuple[str, str, str]]:
    """Make up members: address, name, role."""
    return [_make_person() for _ in range(count)]


def _make_person() -> tuple[str, str, str]:
    return (
        f"{random_word()}@{random_word(8)}.example",
        f"{random_word().title()} {random_word().title()}",
        random_word().title(),
    )


def roll_of(people: Sequence[Iterable[str]]) -> bytes:
    """Write a roll as it is imported."""
    rows = [",".join(person) for person in people]
    return "\n".join(["email,name,role", *rows, ""]).encode()
