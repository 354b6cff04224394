"""Options that several commands share: one name, one meaning, one help text."""

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="The site's data folder [default: UNDERSIGNED_DATA, or undersigned-data].",
    ),
]
Origin = Annotated[
    str | None,
    typer.Option(
        "--origin",
        metavar="HOST",
        help="If the folder holds no site: make one whose log has this host for good.",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Ask nothing: everything is said already.")]
SiteUrl = Annotated[
    str | None,
    typer.Option(
        "--site",
        metavar="URL",
        help="Where the site answers [default: https and the host of the log's origin].",
    ),
]
Key = Annotated[
    str | None,
    typer.Option("--key", metavar="VKEY", help="The log's key, as you have it from elsewhere."),
]
PolicyFile = Annotated[
    Path | None,
    typer.Option(
        "--policy",
        metavar="FILE",
        help="A C2SP tlog-policy: the logs that you know, and which witnesses have to cosign.",
    ),
]
