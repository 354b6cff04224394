"""How a letter stands, as its organiser looks at it: what comes next, and who is awaited.

Everything here is public, but for the trustees' names of a letter, which stand in its record.
"""

from dataclasses import dataclass

from undersigned.app.counting import count_letter, count_unopened
from undersigned.app.letters import Letters, stage_of
from undersigned.app.site import Site
from undersigned.app.trustees import read_progress
from undersigned.domain.outlook import Event, find_coming
from undersigned.store import hidden as hidden_store


@dataclass(frozen=True, slots=True)
class Outlook:
    """What comes next in a letter; `trustees` and `witnesses` are the names of those who are awaited.

    `hidden` counts the statements that are hidden.
    """

    events: tuple[Event, ...]
    trustees: tuple[str, ...]
    witnesses: tuple[str, ...]
    hidden: int


def get_outlook(site: Site, letters: Letters, name: str) -> Outlook:
    """Return what comes next in a letter, and who is awaited. Raises UnknownLetter."""
    with site.collector.read() as connection:
        row = letters.get_row(connection, name)
        letter, stage = letters.view(row).letter, stage_of(row)
        unopened = count_unopened(connection, letter, count_letter(connection, letter))
        opening = read_progress(connection, letter, stage)
        hidden = hidden_store.count_hidden(connection, row.letter_id)
    awaited = () if opening is None else opening.awaited
    return Outlook(
        events=find_coming(letter, stage, unopened, site.clock.now()),
        trustees=tuple(letter.trustees[number - 1].name for number in awaited),
        witnesses=_missing_witnesses(site),
        hidden=hidden,
    )


def _missing_witnesses(site: Site) -> tuple[str, ...]:
    if site.witnesses is None or not site.is_waiting_for_witnesses:
        return ()
    return tuple(site.witnesses.failing)
