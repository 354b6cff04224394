"""An outage of a database: what all errors that come of it have in common (`store.health`)."""


class Outage:
    """How long a database does not do what it must, seen from all errors that come of it.

    `since` is of a clock that is never put back; `is_told` once one of them was reported, and `untold` is
    how many came since.
    """

    __slots__ = ("is_told", "role", "since", "untold")

    def __init__(self, role: str, since: float) -> None:
        self.role = role
        self.since = since
        self.is_told = False
        self.untold = 0
