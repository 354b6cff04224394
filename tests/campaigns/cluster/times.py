"""How long each kill was felt: by those who sign, by those who read the log, by those who run it."""

from collections.abc import Mapping, Sequence

from tests.campaigns.cluster.clients import Clients
from tests.campaigns.cluster.kills import Kill
from tests.campaigns.cluster.watching import Watcher

HEAD = (
    "killed",
    "first acknowledgement",
    "longest wait for one",
    "first new one in the log",
    "whole again",
)


def format_times(
    kills: Sequence[Kill],
    clients: Clients,
    watcher: Watcher,
    front: int,
    places: Mapping[int, int],
) -> str:
    """Return a table, in seconds after each kill; `places` are signatures' places in the log by number.

    What counts is what was sent after the kill. The longest wait is that of any client who waited when
    it happened or before all was whole again.
    """
    rows = [HEAD]
    for kill in kills:
        first = clients.find_first_after(kill.at)
        new = [places[each.number] for each in clients.acknowledged if each.asked_at > kill.at]
        shown = watcher.find_shown(front, min(new), kill.at) if new else None
        rows.append(
            (
                f"{kill.what} ({kill.victim})",
                _seconds(None if first is None else first.answered_at - kill.at),
                _seconds(clients.find_longest_wait(kill.at, kill.whole_at)),
                _seconds(None if shown is None else shown - kill.at),
                _seconds(kill.whole_at - kill.at),
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _seconds(value: float | None) -> str:
    return "never" if value is None else f"{value:.2f} s"
