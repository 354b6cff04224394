"""What letters are called in addresses: `slug` for the newest edition, `slug@edition` for any."""

import re
from typing import Final

from undersigned.errors import UnknownLetter

_NAME: Final = re.compile(r"([a-z0-9][a-z0-9-]{0,63})(?:@([1-9][0-9]{0,5}))?")


def parse_letter_name(name: str) -> tuple[str, int | None]:
    """Return the slug and the edition, None for the newest. Raises UnknownLetter."""
    match = _NAME.fullmatch(name)
    if match is None:
        raise UnknownLetter
    slug, edition = match.groups()
    return slug, int(edition) if edition else None
