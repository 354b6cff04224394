"""`undersigned letter invalidate` and `letter erase`: what an organiser says, or is asked for."""

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from undersigned.cli.options import Data, Yes


class Why(StrEnum):
    """Why a signature does not count; the words of the record."""

    NOT_A_MEMBER = "not-a-member"
    IMPERSONATION = "impersonation"
    DUPLICATE = "duplicate"
    OTHER = "other"


class WhyErased(StrEnum):
    """Why a name is erased; the words of the record."""

    ASKED = "asked"
    COURT = "court"
    RETENTION = "retention"
    OTHER = "other"


class HowVerified(StrEnum):
    """How membership was proved; the words of the attestation."""

    EMAIL = "email"
    INVITE = "invite"
    OPENID = "openid"
    SELF_DECLARED = "self-declared"


Letter = Annotated[
    str, typer.Argument(metavar="SLUG", help="The letter, as `slug` or `slug@edition`.")
]

GREATEST = 2**53 - 1
"""The greatest place that any log can have (formats, "Conventions")."""

_RANGE = re.compile(r"([0-9]{1,15})-([0-9]{1,15})")


def invalidate(
    slug: Letter,
    reason: Annotated[Why, typer.Option("--reason", help="Why they do not count.")],
    leaf: Annotated[
        list[int] | None,
        typer.Option(
            "--leaf", metavar="N", min=0, max=GREATEST, help="A place in the log; may be repeated."
        ),
    ] = None,
    leaves: Annotated[
        str | None, typer.Option("--leaves", metavar="A-B", help="Places in the log, from A to B.")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="WORDS", help="The name holds these words.")
    ] = None,
    role: Annotated[
        str | None, typer.Option("--role", metavar="WORDS", help="The role holds these words.")
    ] = None,
    verified: Annotated[
        HowVerified | None, typer.Option("--verified", help="How membership was proved.")
    ] = None,
    statement: Annotated[
        str | None,
        typer.Option("--statement", metavar="WORDS", help="The statement holds these words."),
    ] = None,
    wave: Annotated[
        int | None,
        typer.Option("--wave", metavar="N", min=1, help="The name was opened in this wave."),
    ] = None,
    text: Annotated[
        str | None,
        typer.Option("--text", metavar="TEXT", help="The public explanation, kept for good."),
    ] = None,
    text_file: Annotated[
        Path | None,
        typer.Option("--text-file", metavar="FILE", help="A file with the explanation."),
    ] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Only show who is meant; write nothing.")
    ] = False,
    data: Data = None,
    yes: Yes = False,
) -> None:
    """Invalidate public or opened signatures that are false, with a public reason, for good."""
    from undersigned.app.meaning import Criteria
    from undersigned.cli.moderating import Explanation, invalidate_signatures
    from undersigned.cli.settings import data_folder
    from undersigned.cli.site_folder import site_in
    from undersigned.domain.name import Verified
    from undersigned.domain.reasons import InvalidateReason

    first, last = _range_of(leaves)
    criteria = Criteria(
        leaves=frozenset(leaf or ()),
        first=first,
        last=last,
        name=name,
        role=role,
        verified=None if verified is None else Verified(verified.value),
        statement=statement,
        wave=wave,
    )
    with site_in(data_folder(data)) as site:
        invalidate_signatures(
            site,
            slug,
            criteria,
            InvalidateReason(reason.value),
            Explanation(text, text_file),
            preview=preview,
            yes=yes,
        )


def erase(
    slug: Letter,
    leaf: Annotated[
        int, typer.Argument(metavar="LEAF", min=0, max=GREATEST, help="The place in the log.")
    ],
    reason: Annotated[WhyErased, typer.Option("--reason", help="Why the name is erased.")],
    data: Data = None,
    yes: Yes = False,
) -> None:
    """Erase the name of a signature, for good; the signature counts on."""
    from undersigned.cli.moderating import erase_one
    from undersigned.cli.settings import data_folder
    from undersigned.cli.site_folder import site_in
    from undersigned.domain.reasons import EraseReason

    with site_in(data_folder(data)) as site:
        erase_one(site, slug, leaf, EraseReason(reason.value), yes=yes)


def _range_of(text: str | None) -> tuple[int | None, int | None]:
    from undersigned.errors import FormatError

    if text is None:
        return None, None
    match = _RANGE.fullmatch(text)
    if match is None or int(match[1]) > int(match[2]):
        raise FormatError("--leaves is two places in the log, the smaller first, such as 120-180")
    return int(match[1]), int(match[2])
