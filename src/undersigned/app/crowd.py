"""The crowd in which a member would sign now: what everybody can count in the log, and nothing else.

Records that wait for their epoch are left out: their number would tell of single arrivals.
"""

from dataclasses import dataclass

from undersigned.app.letters import Letters
from undersigned.app.site import Site
from undersigned.domain.letter import Mode
from undersigned.store import log as log_store
from undersigned.store import pending as pending_store
from undersigned.store import roll_states
from undersigned.store.tallies import read_tallies

SMALL_CROWD = 8
"""Fewer unused tokens than that: who watches could guess whose signature comes next."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Tokens issued and not used yet, and live signatures that show no name, in a log of this size."""

    unused: int
    hidden: int
    size: int

    @property
    def is_small(self) -> bool:
        """Say whether waiting would hide a signature better."""
        return self.unused < SMALL_CROWD


def get_crowd(site: Site, letters: Letters, name: str) -> Crowd:
    """Count the crowd of a letter. Raises UnknownLetter."""
    with site.collector.read() as connection:
        letter_id = letters.get_row(connection, name).letter_id
        checkpoint = log_store.find_checkpoint(connection)
        taken = roll_states.count_issued(connection, letter_id)
        issued = taken - pending_store.count_waiting_issued(connection, letter_id)
        tallies = read_tallies(connection, letter_id)
    hidden = tallies.hidden(Mode.PUBLIC.value)
    return Crowd(
        max(0, issued - tallies.all()), hidden, 0 if checkpoint is None else checkpoint.size
    )
