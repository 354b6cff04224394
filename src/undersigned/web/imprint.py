"""Who answers for a server: what its settings say, and nothing made up where they say nothing."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Imprint:
    """Who runs a server, and where people reach them; `contacts` are addresses (URI)."""

    operator: str | None = None
    contacts: tuple[str, ...] = ()
    security_contacts: tuple[str, ...] = ()


NOBODY = Imprint()
"""Of a server whose settings name nobody."""
