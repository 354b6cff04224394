"""`undersigned mail`: what comes back from mail servers."""

import sys

import typer

from undersigned.cli import output
from undersigned.cli.options import Data

app = typer.Typer(rich_markup_mode=None, help="Read what mail servers send back.")


@app.callback()
def _mail() -> None:
    """What comes back from mail servers."""


@app.command()
def bounce(data: Data = None) -> None:
    """Note that a mail to an addressee came back; the mail server hands over the report on stdin.

    A mail that is no report, or of no mail of this site, changes nothing.
    """
    from undersigned.app.deliveries import note_bounce
    from undersigned.cli.settings import data_folder
    from undersigned.cli.site_folder import site_in
    from undersigned.mail.bounce import LONGEST_BOUNCE, parse_bounce

    content = sys.stdin.buffer.read(LONGEST_BOUNCE)
    # The rest is read and dropped: a server whose program closes early would bounce the bounce.
    while sys.stdin.buffer.read(LONGEST_BOUNCE):
        pass
    found = parse_bounce(content)
    if found is None:
        output.note("this is no report of a mail that came back")
        return
    with site_in(data_folder(data)) as site:
        if note_bounce(site, found.mail, found.code):
            output.say(f"a letter came back from its addressee: {found.code}")
        else:
            output.note("no letter was sent by that mail")
