"""Settings as a command has them: what it was told, then the environment, then the defaults."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from undersigned.config import Role, Settings


def load_settings(
    *, data: Path | None, host: str | None, port: int | None, role: "Role | None" = None
) -> "Settings":
    """Read the settings; what was told on the command line (not None) wins. Raises FormatError."""
    from undersigned.config import read_settings

    told = {"data": data, "host": host, "port": port, "role": role}
    # Not checked again: port 0, a free one, is for the command line alone.
    return read_settings().model_copy(
        update={name: value for name, value in told.items() if value is not None}
    )


def data_folder(told: Path | None) -> Path:
    """Return the site's data folder. Raises FormatError."""
    return told if told is not None else load_settings(data=None, host=None, port=None).data


def signs_on() -> bool:
    """Say whether a sign-on provider is set. Raises FormatError."""
    return load_settings(data=None, host=None, port=None).openid_issuer is not None
