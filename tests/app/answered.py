"""A letter of three demands, and what the tests answer to it."""

import datetime as dt
from typing import Any

from tests.app.village import Village

from undersigned.app.answering import Reply, new_answer_link
from undersigned.app.guaranteeing import Terms
from undersigned.domain.letter import Letter
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


def link_of(village: Village, address: str = "Miller@Mill.example", slug: str = "mill") -> str:
    """Make the link of the first addressee."""
    return new_answer_link(village.site, village.letters, slug, 1, address)
