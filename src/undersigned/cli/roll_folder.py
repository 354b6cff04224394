"""The issuer in a data folder, with whoever takes the changes of its rolls: its site, near or far."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from undersigned.cli.site_folder import holds_issuer_apart, issuer_in, whole_site_in

if TYPE_CHECKING:
    from undersigned.app.issuer import Issuer
    from undersigned.app.roll_changes import FindCollector


class Rolls(NamedTuple):
    """An open issuer, and what says who collects the signatures of a letter of it."""

    issuer: "Issuer"
    find_collector: "FindCollector"


@contextmanager
def rolls_in(folder: Path, command: str, origin: str | None = None) -> Iterator[Rolls]:
    """Open the issuer in a folder, apart or with its site; see `issuer_in`."""
    if not holds_issuer_apart(folder):
        from undersigned.app.own_collector import OwnRolls

        with whole_site_in(folder, command, origin) as site:
            own = OwnRolls(site)
            yield Rolls(site.issuer, lambda _: own)
        return
    from undersigned.app.outside_collector import OutsideCollectors
    from undersigned.cli.http import open_client

    with issuer_in(folder, command, origin) as issuer, open_client() as client:
        sites = OutsideCollectors(client)
        yield Rolls(issuer, lambda issued: sites.get(issued.site or ""))
