"""A letter of three demands, and what the tests answer to it."""

import datetime as dt
from dataclasses import replace
from typing import Any

from tests.app.village import DAY, HOUR, Village

from undersigned.app.answering import Reply, give_answer, new_answer_link, record_answer
from undersigned.app.guaranteeing import Terms, ask_guarantee, give_guarantee, withdraw_guarantee
from undersigned.domain.letter import Letter, Mode
from undersigned.domain.record import DemandState

DEMANDS = """
[[texts.demands]]
id = "dam"
text = "The dam is mended."

[[texts.demands]]
id = "pay"
text = "The miller is paid."
"""

MET = Reply("wheel", DemandState.MET, "It turns.\nSince May.")
PARTLY = Reply("dam", DemandState.PARTLY, None)
REFUSED = Reply("pay", DemandState.REFUSED, "There is no money.")

PLACES = Terms(
    guarantor="The works",
    address="Director@works.example",
    terms="A place for everyone who signs.",
    lang="en",
    cap=2,
    expires=None,
)


def open_three(
    village: Village, slug: str = "mill", *, deadline_s: int | None = None, **terms: Any
) -> Letter:
    """Open a letter of three demands, which are to be answered within so many seconds."""
    village.write_file(slug, **terms)
    text = village.letter_file.read_text() + DEMANDS
    if deadline_s is not None:
        deadline = dt.datetime.fromtimestamp(village.clock.now() + deadline_s, dt.UTC)
        text = f"deadline = {deadline.isoformat()}\n{text}"
    village.letter_file.write_text(text)
    return village.open_draft(village.draft())


def tell_all(village: Village) -> tuple[str, str]:
    """Fill the pages of a released letter, `mill`, after its deadline: answers, guarantees of every state.

    Return the token of the addressee's link, with one demand left, and of a guarantor who is asked.
    """
    letter = open_three(village, deadline_s=2 * DAY, modes='["public"]', conditions="[]")
    village.members(letter, 4, Mode.PUBLIC)
    village.later(2)
    village.later(HOUR + 2 * DAY)
    site, letters = village.site, village.letters
    token = link_of(village)
    no = replace(MET, state=DemandState.REFUSED, text="There is no money for a wheel.")
    give_answer(site, letters, token, [no, REFUSED], "en")
    record_answer(site, letters, "mill", [MET, PARTLY], "The miller on the market, 3 May.", "en")
    give_guarantee(site, letters, ask_guarantee(site, letters, "mill", PLACES))
    bread = replace(PLACES, guarantor="The bakery", terms="Bread.", cap=None)
    withdrawal = give_guarantee(site, letters, ask_guarantee(site, letters, "mill", bread))
    withdraw_guarantee(site, letters, withdrawal)
    law = replace(PLACES, guarantor="The union", terms="A lawyer for everyone.", cap=None)
    return token, ask_guarantee(site, letters, "mill", law)


def link_of(village: Village, address: str = "Miller@Mill.example", slug: str = "mill") -> str:
    """Make the link of the first addressee."""
    return new_answer_link(village.site, village.letters, slug, 1, address)
