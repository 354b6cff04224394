"""Opening what a data folder holds (a site, an issuer, or both), or making what it is told to make."""

from pathlib import Path
from typing import TYPE_CHECKING

from undersigned.errors import NoSite, SiteExists

if TYPE_CHECKING:
    from collections.abc import Iterator

    from undersigned.app.issuer import Issuer
    from undersigned.app.site import Site, WholeSite
    from undersigned.app.witnessing import Witnesses

from contextlib import contextmanager

EXAMPLE_HOST = "letters.example.org"
EXAMPLE_ISSUER = "https://codes.example.org"


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


@contextmanager
def whole_site_in(
    folder: Path, command: str = "serve", origin: str | None = None
) -> "Iterator[WholeSite]":
    """Open a site that has an issuer, as `site_in` does."""
    from undersigned.app.site import WholeSite

    with site_in(folder, command, origin) as site:
        if not isinstance(site, WholeSite):
            raise _no_issuer(folder)
        yield site


@contextmanager
def issuer_in(
    folder: Path, command: str = "serve", origin: str | None = None
) -> "Iterator[Issuer]":
    """Open the issuer in a folder, apart or with its site. Raises NoSite, SiteExists, StoreError.

    `origin` makes a site with an issuer where there is nothing.
    """
    from undersigned.app.issuer import open_issuer

    if holds_issuer_apart(folder):
        if origin is not None:
            raise _issuer_there(folder)
        issuer = open_issuer(folder, database_address())
        try:
            yield issuer
        finally:
            issuer.close()
        return
    with whole_site_in(folder, command, origin) as site:
        yield site.issuer


def holds_issuer_apart(folder: Path) -> bool:
    """Say whether a folder holds an issuer and no site."""
    from undersigned.app.issuer import has_issuer
    from undersigned.app.site import has_site

    return has_issuer(folder, database_address()) and not has_site(folder, database_address())


def open_or_make(
    folder: Path, command: str, origin: str | None, *, collector: bool = False
) -> "Site":
    """Open the site in a folder; with `origin` make one where there is none.

    `collector` makes it without an issuer. Raises NoSite with the command that would make one,
    SiteExists if the site there has another origin, FormatError, StoreError.
    """
    from undersigned.app.site import has_site, make_collector, make_site, open_any

    if holds_issuer_apart(folder):
        raise _issuer_there(folder)
    if not has_site(folder, database_address()):
        if (folder / "keys").exists():
            raise _unfinished(folder)
        if origin is None:
            raise _no_site(folder, command)
        site = (make_collector if collector else make_site)(
            folder, origin, address=database_address()
        )
    else:
        site = open_any(folder, database_address())
    site.witnesses = load_witnesses()
    if origin is not None and origin != site.host:
        site.close()
        error = SiteExists(f"{folder} holds the site of {site.host}, and a log keeps its host")
        error.add_note("leave --origin out, or name another folder with --data")
        raise error
    return site


def open_or_make_issuer(folder: Path, command: str, url: str | None) -> "Issuer":
    """Open the issuer apart in a folder; with `url` make one where there is nothing.

    Raises NoSite with the command that would make one, SiteExists if the issuer there has another
    address or there is a site, FormatError, StoreError.
    """
    from undersigned.app.issuer import has_issuer, make_issuer, open_issuer
    from undersigned.app.site import has_site

    if has_site(folder, database_address()):
        error = SiteExists(f"{folder} holds a site; an issuer apart has a folder of its own")
        error.add_note("name another folder with --data, on another machine if it can be")
        raise error
    if not has_issuer(folder, database_address()):
        if (folder / "keys").exists():
            raise _unfinished(folder)
        if url is None:
            raise _no_issuer_apart(folder, command)
        return make_issuer(folder, url, address=database_address())
    issuer = open_issuer(folder, database_address())
    if url is not None and url != issuer.url:
        issuer.close()
        error = SiteExists(f"{folder} holds the issuer at {issuer.url}, which its letters name")
        error.add_note("leave --url out, or name another folder with --data")
        raise error
    return issuer


def database_address() -> str | None:
    """Return the address of the database in the settings, if one is set. Raises FormatError."""
    from undersigned.config import read_settings

    secret = read_settings().database
    return None if secret is None else secret.get_secret_value()


def load_witnesses() -> "Witnesses | None":
    """Return the witnesses of the policy in the settings, if one is set. Raises StoreError, FormatError."""
    from undersigned.cli.files import read_policy
    from undersigned.config import read_settings

    policy = read_policy(read_settings().witness_policy)
    if policy is None:
        return None
    from undersigned.app.witnessing import Witnesses

    return Witnesses(policy)


def _unfinished(folder: Path) -> NoSite:
    if (folder / "log" / "checkpoint").exists():
        error = NoSite(f"{folder} holds keys and a published log, and its database holds no site")
        error.add_note("is UNDERSIGNED_DATABASE set as it was when the site was made?")
        return error
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


def _no_issuer_apart(folder: Path, command: str) -> NoSite:
    error = NoSite(f"{folder} holds no issuer")
    error.add_note(
        "name once, for good, where members reach it: "
        f"undersigned {command} --data {folder} --url {EXAMPLE_ISSUER}"
    )
    return error


def _no_issuer(folder: Path) -> NoSite:
    error = NoSite(f"{folder} holds a site without an issuer")
    error.add_note("the roll is with the issuer: name its folder with --data, on its machine")
    return error


def _issuer_there(folder: Path) -> NoSite:
    error = NoSite(f"{folder} holds an issuer, and no site")
    error.add_note("name the site's folder with --data, on its machine")
    return error
