"""`undersigned serve`: the site on the web, until it is told to stop."""

from typing import Annotated

import typer

from undersigned.cli.options import Data, Origin


def serve(
    data: Data = None,
    host: Annotated[
        str | None,
        typer.Option(
            "--host",
            metavar="HOST",
            help="The address to listen at [default: UNDERSIGNED_HOST, or 127.0.0.1].",
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            metavar="N",
            min=0,
            max=65_535,
            help="The port; 0: any free one [default: UNDERSIGNED_PORT, or 8000].",
        ),
    ] = None,
    origin: Origin = None,
) -> None:
    """Serve the site. Ctrl-C stops it in good order."""
    from undersigned.cli.serving import serve_site
    from undersigned.cli.settings import load_settings

    serve_site(load_settings(data=data, host=host, port=port), origin)
