"""A trustee's key file: made, read, and the lines of it that go into a letter file."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from undersigned.cli import output
from undersigned.errors import FormatError

if TYPE_CHECKING:
    from undersigned.crypto.keys import TrusteeKey

LEAST_PASSPHRASE: Final = 12
"""Characters: what is shorter is guessed from a copy of the file, whatever it costs to try one."""

NAME: Final = "Your name, as the letter will show it"


def make_key(file: Path, passphrase_file: Path | None, *, no_passphrase: bool) -> "TrusteeKey":
    """Make a key in a new file. Raises StoreError, FormatError."""
    from undersigned.cli.files import check_new
    from undersigned.crypto.keys import TrusteeKey, format_locked
    from undersigned.crypto.keys.files import save_secret

    check_new(file, "a key")
    key = TrusteeKey.generate()
    if no_passphrase:
        key.save(file)
        return key
    passphrase = _read_passphrase(passphrase_file, again=True)
    if len(passphrase) < LEAST_PASSPHRASE:
        error = FormatError(f"a passphrase has at least {LEAST_PASSPHRASE} characters")
        error.add_note("five or six words that nobody else would put together are a good one")
        raise error
    save_secret(file, format_locked(key, passphrase))
    return key


def load_key(file: Path, passphrase_file: Path | None) -> "TrusteeKey":
    """Read a key file. Raises StoreError, FormatError, VerificationError for a wrong passphrase."""
    from undersigned.cli.files import read_file
    from undersigned.crypto.keys import TrusteeKey, is_locked, parse_locked
    from undersigned.crypto.keys.files import MAX_KEY_FILE_BYTES
    from undersigned.errors import VerificationError

    text = read_file(file, MAX_KEY_FILE_BYTES).decode(errors="replace")
    if not is_locked(text):
        # Only its mode protects it, and is looked at.
        return TrusteeKey.load(file)
    try:
        return parse_locked(text, _read_passphrase(passphrase_file, again=False))
    except VerificationError as error:
        error.add_note("nothing was sent; run the command again with the right passphrase")
        raise


def table_of(key: "TrusteeKey", name: str) -> str:
    """Return the `[[trustees]]` table of a letter file for a key."""
    from undersigned.encoding import format_base64url

    return "\n".join(
        (
            "[[trustees]]",
            f"name = {json.dumps(name or NAME, ensure_ascii=False)}",
            f'seal_key = "{format_base64url(key.seal_key)}"',
            f'sign_key = "{format_base64url(key.sign_key)}"',
        )
    )


def _read_passphrase(file: Path | None, *, again: bool) -> str:
    if file is not None:
        from undersigned.cli.files import read_file

        try:
            return read_file(file, 4_096).decode().rstrip("\r\n")
        except UnicodeDecodeError:
            raise FormatError(f"{file} is not text in UTF-8") from None
    passphrase = output.ask_secret("passphrase", "--passphrase-file")
    if again and output.ask_secret("the same again", "--passphrase-file") != passphrase:
        raise FormatError("the two passphrases are not the same; nothing was written")
    return passphrase
