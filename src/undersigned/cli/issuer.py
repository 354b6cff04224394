"""`undersigned issuer`: an issuer apart offers keys for a letter, and acknowledges it."""

from pathlib import Path
from typing import Annotated

import typer

from undersigned.cli import output
from undersigned.cli.options import Yes

app = typer.Typer(
    rich_markup_mode=None, help="Give out codes and tokens for letters of a site elsewhere."
)

IssuerData = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="The issuer's data folder [default: UNDERSIGNED_DATA, or undersigned-data].",
    ),
]


@app.command()
def offer(
    slug: Annotated[
        str, typer.Argument(metavar="SLUG", help="The `slug` that the letter will have.")
    ],
    edition: Annotated[
        int, typer.Option("--edition", metavar="N", min=1, max=999_999, help="Its edition.")
    ] = 1,
    data: IssuerData = None,
    url: Annotated[
        str | None,
        typer.Option(
            "--url",
            metavar="URL",
            help="If the folder holds no issuer: make one that members reach there, for good.",
        ),
    ] = None,
) -> None:
    """Make the keys for a letter, and print what its organiser needs of them."""
    from undersigned.app.offering import offer_keys
    from undersigned.cli.settings import data_folder
    from undersigned.cli.site_folder import open_or_make_issuer
    from undersigned.encoding import format_base64url

    folder = data_folder(data)
    issuer = open_or_make_issuer(folder, f"issuer offer {slug}", url)
    try:
        offered = offer_keys(issuer, slug, edition)
    finally:
        issuer.close()
    output.say(
        "\n".join(
            (
                "[issuer]",
                f'url = "{offered.url}"',
                f'token_key = "{format_base64url(offered.token_key)}"',
                f'attestation_key = "{format_base64url(offered.attestation_key)}"',
            )
        )
    )
    output.note("send these lines, which are no secret, to the organiser of the letter")
    output.next_step(f"undersigned roll import {slug} FILE.csv --data {folder}")


@app.command()
def ack(
    url: Annotated[
        str, typer.Argument(metavar="URL", help="The address of the proposal, from the organiser.")
    ],
    data: IssuerData = None,
    yes: Yes = False,
) -> None:
    """Check a proposed letter and your keys in it, and acknowledge it; its roll is fixed then."""
    from undersigned.cli.issuer_acking import acknowledge_letter
    from undersigned.cli.settings import data_folder

    acknowledge_letter(data_folder(data), url, yes=yes)
