"""Writing invite codes to a file or to stdout, so that none is lost once the roll has it."""

import csv
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from undersigned.app.invites import Invite, make_invites
from undersigned.cli import output
from undersigned.cli.roll_folder import Rolls
from undersigned.errors import StoreError

_HEADER: Final = ("code", "name", "email", "mark")


def write_invites(rolls: Rolls, slug: str, count: int | None, out: Path | None) -> int:
    """Make codes and write them as CSV (code, name, email, mark); return how many.

    The file is made before the codes are, and what it does not take goes to stdout: the roll counts
    a member for each code, and the site keeps only hashes. Raises StoreError, RollFixed, RollNotEmpty.
    """
    if out is None:
        invites = make_invites(rolls.issuer, slug, count, rolls.find_collector)
        _print(invites)
        return len(invites)
    descriptor = _create(out)
    try:
        invites = make_invites(rolls.issuer, slug, count, rolls.find_collector)
    except BaseException:
        os.close(descriptor)
        out.unlink()
        raise
    if not invites:
        os.close(descriptor)
        out.unlink()
        return 0
    _save(descriptor, invites, out)
    output.say(f"{out}: {len(invites)} codes")
    return len(invites)


def _create(path: Path) -> int:
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise StoreError(f"{path} exists already; codes are never written over") from None
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}") from None


def _save(descriptor: int, invites: Sequence[Invite], path: Path) -> None:
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(_csv(invites))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        _print(invites)
        raise StoreError(
            f"{path} cannot be written: {error.strerror}; the codes were printed instead"
        ) from None


def _print(invites: Sequence[Invite]) -> None:
    if invites:
        sys.stdout.flush()
        output.say(_csv(invites).rstrip("\n"))


def _csv(invites: Sequence[Invite]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_HEADER)
    writer.writerows(
        (each.code, each.name or "", each.address or "", each.mark) for each in invites
    )
    return text.getvalue()
