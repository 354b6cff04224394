"""`undersigned recover`: bring a restored site forward from a mirror of its log."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from undersigned.cli import output
from undersigned.cli.options import Data

if TYPE_CHECKING:
    from undersigned.app.recovering import Recovery


def recover(
    source: Annotated[
        Path,
        typer.Option(
            "--from", metavar="MIRROR", help="A mirror of this site's log, as new as any."
        ),
    ],
    data: Data = None,
) -> None:
    """Continue the log of a restored back-up from a mirror; the site must not be served meanwhile."""
    from undersigned.app.recovering import recover as recover_site
    from undersigned.cli.settings import data_folder
    from undersigned.cli.site_folder import site_in
    from undersigned.errors import StoreError

    if not source.is_dir():
        raise StoreError(f"{source} is not a folder")
    with site_in(data_folder(data)) as site, output.progress("recovering"):
        _print(recover_site(site, source))


def _print(recovery: "Recovery") -> None:
    output.facts(
        (
            ("records before", str(recovery.old_size)),
            ("records now", str(recovery.size)),
            ("letters opened since", ", ".join(recovery.opened) or "-"),
            ("tokens known from the log", str(recovery.issued)),
            ("sealed names lost", str(sum(recovery.lost_seals.values()))),
        )
    )
    for name, number in recovery.lost_seals.items():
        output.note(
            f"{name}: {number} sealed names are in no mirror; their signatures stand, and no wave with"
            " them can be opened before their members amend with their receipt, or they are erased"
        )
    for name in recovery.keyless:
        output.note(
            f"{name}: its issuer's keys are newer than the back-up, so nobody gets a token any more;"
            " put keys/issuer back if you have it, or open a new edition"
        )
    output.note(
        "signatures, changes and tokens of the last minutes that no mirror has are gone: members whose"
        " receipt has no proof sign again; a member who had just received a token may get a second one"
    )
    if not recovery.is_published:
        output.note("it is not published yet: the quorum of witnesses is missing, or the policy")
    output.next_step("undersigned serve, then tell members to complete their receipts")
