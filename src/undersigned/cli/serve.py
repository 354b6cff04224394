"""`undersigned serve`: a site, an issuer, or both on the web, until told to stop."""

import gc
from pathlib import Path
from typing import Annotated, Literal

import typer

from undersigned.cli.options import Data, Origin

Role = Literal["all", "collector", "issuer"]


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
    role: Annotated[
        Role | None,
        typer.Option(
            "--role",
            metavar="ROLE",
            help="`all`: a site and its issuer; `collector`, `issuer`: one of them "
            "[default: UNDERSIGNED_ROLE, or what the folder holds].",
        ),
    ] = None,
) -> None:
    """Serve what the folder holds. Ctrl-C stops it in good order."""
    # A start makes a quarter of a million objects, and they stay. To look through them again and again for
    # some that only hold each other costs a sixth of it; `web.serving.settle_memory` begins with that.
    gc.disable()
    try:
        _serve(data, host, port, origin, role)
    finally:
        gc.enable()


def _serve(
    data: Path | None, host: str | None, port: int | None, origin: str | None, role: Role | None
) -> None:
    from undersigned.cli.settings import load_settings
    from undersigned.cli.site_folder import holds_issuer_apart

    settings = load_settings(data=data, host=host, port=port, role=role)
    is_issuer = settings.role is None and holds_issuer_apart(settings.data)
    if is_issuer or settings.role == "issuer":
        from undersigned.cli.issuer_serving import serve_issuer

        serve_issuer(settings, origin)
    else:
        from undersigned.cli.serving import serve_site

        serve_site(settings, origin)
