"""A site with letters in every state and in several languages, one of them written from right to left."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.app.village import DAY, HOUR, Village, village_in
from tests.web.inside import one_token_key

from undersigned.domain.letter import Letter, Mode


class Words(NamedTuple):
    """What a letter says in one language; one demand."""

    title: str
    addressee: str
    text: str
    demand: str
    consequence: str
    source: str


MILL = {
    "en": Words(
        "Mend the mill",
        "The miller of Ostmere",
        "The wheel has stood still since the *spring*.\n\n# What it costs\n\n"
        "We carry our grain two hours to the next village, and pay twice.",
        "The wheel turns again before the harvest.",
        "Unless it turns, we will grind by hand, and sell at our own gates.",
        "The list on the door of the mill.",
    ),
    "id": Words(
        "Perbaiki kincir",
        "Penggiling di Ostmere",
        "Kincir berhenti sejak *musim semi*.\n\n# Apa akibatnya\n\n"
        "Kami membawa gandum dua jam ke desa sebelah, dan membayar dua kali.",
        "Kincir berputar lagi sebelum panen.",
        "Jika tidak berputar, kami akan menggiling dengan tangan, dan menjual di pintu kami sendiri.",
        "Daftar di pintu penggilingan.",
    ),
    "ar": Words(
        "أصلحوا الطاحونة",
        "طحّان أوستمير",
        "توقّف الدولاب منذ *الربيع*.\n\n# ما الذي يكلّفه ذلك\n\nنحمل حبوبنا ساعتين إلى القرية المجاورة، وندفع "
        "الثمن مرتين.",
        "يدور الدولاب من جديد قبل الحصاد.",
        "إن لم يدر، طحنّا بأيدينا وبعنا عند أبوابنا.",
        "القائمة المعلّقة على باب الطاحونة.",
    ),
}

WELL = {
    "ar": Words(
        "أبقوا البئر مفتوحة",
        "مجلس القرية",
        "البئر للجميع. في الأول من مارس أُغلقت، ولم يُسأل أحد منّا.\n\n# لماذا نكتب\n\nالماء أقرب من السوق، "
        "والطريق إليه طريق الأطفال.",
        "تبقى البئر مفتوحة ليلًا ونهارًا.",
        "إن بقيت مغلقة، حفرنا بئرًا أخرى ودعونا الجيران.",
        "سجلّ القرية.",
    ),
    "en": Words(
        "Keep the well open",
        "The council of the village",
        "The well is for everyone. On the first of March it was closed, and none of us was asked.\n\n"
        "# Why we write\n\nThe water is nearer than the market, and the way to it is the children’s way.",
        "The well stays open by day and by night.",
        "If it stays closed, we will dig another one, and invite the neighbours.",
        "The register of the village.",
    ),
}


def _plain(title: str, addressee: str) -> dict[str, Words]:
    words = Words(title, addressee, f"{title}, please.", f"{title}.", "", "The list on the door.")
    return {"en": words}


def open_in(village: Village, slug: str, texts: dict[str, Words], **terms: Any) -> Letter:
    """Open a letter with texts in several languages, the authoritative one first."""
    village.write_file(slug, **terms)
    file = village.letter_file
    head = file.read_text().partition("[[texts]]")[0]
    blocks = []
    for lang, words in texts.items():
        name = f"{slug}.{lang}.md"
        (file.parent / name).write_text(words.text)
        members = {
            "lang": lang, "title": words.title, "file": name, "addressees": [words.addressee],
            "consequence": words.consequence, "headcount_source": words.source,
        }  # fmt: skip
        # A JSON string is a TOML string, too.
        lines = [
            f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in members.items()
        ]
        demand = json.dumps(words.demand, ensure_ascii=False)
        lines += ["[[texts.demands]]", 'id = "one"', f"text = {demand}"]
        blocks.append("\n".join(("[[texts]]", *lines)))
    file.write_text(head + "\n\n".join(blocks) + "\n")
    return village.open_draft(village.draft())


@contextmanager
def shelf_in(folder: Path) -> Iterator[Village]:
    """Make a site with seven letters; its clock stands five days after its start.

    `mill` (English first, open), `well` (Arabic first, reached), `lamp` (released), `hedge` (released and
    closed), `bell` (lapsed), and `gate` (superseded by a second edition, which is open).
    """
    terms: dict[str, Any] = {"headcount": 12, "members": 12, "conditions": "[2, 4, 6, 8]"}
    with one_token_key(), village_in(folder) as village:
        hedge = open_in(
            village, "hedge", _plain("Cut the hedge", "The warden"), closes_s=3 * DAY, **terms
        )
        bell = open_in(
            village, "bell", _plain("Ring the bell", "The sexton"), closes_s=2 * DAY, **terms
        )
        lamp = open_in(village, "lamp", _plain("Light the lamp", "The lamplighter"), **terms)
        gate = open_in(village, "gate", _plain("Open the gate", "The keeper"), **terms)
        for letter, count in ((hedge, 5), (lamp, 4), (bell, 1), (gate, 2)):
            village.members(letter, count, Mode.PUBLIC)
        village.later(HOUR).later(2 * HOUR)
        village.open_waves()
        village.later(DAY)
        second = _plain("Open the gate, and the yard", "The keeper")
        open_in(village, "gate", second, edition=2, **terms)
        village.at(3 * DAY + HOUR).open_waves()
        village.at(4 * DAY)
        mill = open_in(village, "mill", MILL, rule=6, **terms)
        well = open_in(village, "well", WELL, cooling_off_s=5 * DAY, **terms)
        village.members(mill, 3, Mode.PUBLIC)
        village.member(mill, Mode.ANONYMOUS)
        village.member(mill, Mode.SEALED, 8)
        village.members(well, 2, Mode.PUBLIC)
        village.later(HOUR)
        village.members(well, 3, Mode.SEALED)
        village.member(well, Mode.SEALED, 8)
        village.at(5 * DAY)
        yield village
