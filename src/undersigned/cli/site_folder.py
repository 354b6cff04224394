"""Opening the site in a data folder, or making the one that it is told to make."""

from pathlib import Path
from typing import TYPE_CHECKING

from undersigned.errors import NoSite, SiteExists

if TYPE_CHECKING:
    from collections.abc import Iterator

    from undersigned.app.site import Site

from contextlib import contextmanager

EXAMPLE_HOST = "letters.example.org"


@contextmanager
def site_in(folder: Path, command: str = "serve", origin: str | None = None) -> "Iterator[Site]":
    """Open the site in a folder while a command runs. Raises NoSite, SiteExists, StoreError.

    `origin` makes one where there is none. `command` is for the hint: what makes one.
    """
    site = open_or_make(folder, command, origin)
    try:
        yield site
    finally:
        site.close()


def open_or_make(folder: Path, command: str, origin: str | None) -> "Site":
    """Open the site in a folder; with `origin` make one where there is none.

    Raises NoSite with the command that would make one, SiteExists if the site there has another
    origin, FormatError, StoreError.
    """
    from undersigned.app.site import has_site, make_site, open_site

    if not has_site(folder):
        if (folder / "keys").exists():
            raise _unfinished(folder)
        if origin is None:
            raise _no_site(folder, command)
        return make_site(folder, origin)
    site = open_site(folder)
    if origin is not None and origin != site.host:
        site.close()
        error = SiteExists(f"{folder} holds the site of {site.host}, and a log keeps its host")
        error.add_note("leave --origin out, or name another folder with --data")
        raise error
    return site


def _unfinished(folder: Path) -> NoSite:
    error = NoSite(f"{folder} holds a site that was never finished")
    error.add_note(f"nothing was ever published from it: delete {folder}, then begin again")
    return error


def _no_site(folder: Path, command: str) -> NoSite:
    error = NoSite(f"{folder} holds no site")
    error.add_note(
        "name the host of its log once, for good: "
        f"undersigned {command} --data {folder} --origin {EXAMPLE_HOST}"
    )
    return error
