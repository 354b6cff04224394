"""Mails that were written into a folder, for want of a mail server: deleting those about a letter."""

from collections.abc import Collection
from email import policy
from email.parser import BytesHeaderParser
from pathlib import Path

from undersigned.errors import StoreError
from undersigned.mail import ABOUT_HEADER


def forget_files(folder: Path, letter_id: bytes, recipients: Collection[str] = ()) -> None:
    """Delete the mails about a letter in DATA/outbox, and those to `recipients` that are about none.

    It is called before the commit of the transaction that forgets the letter's personal data: after a crash
    in between the next step finds no files. Raises StoreError.
    """
    parser = BytesHeaderParser(policy=policy.default)
    about = letter_id.hex()
    try:
        for file in (folder / "outbox").glob("*.eml"):
            mail = parser.parsebytes(file.read_bytes())
            named = mail[ABOUT_HEADER]
            is_about = str(mail["To"]) in recipients if named is None else str(named) == about
            if is_about:
                file.unlink()
    except OSError as error:
        raise StoreError(f"{folder / 'outbox'} cannot be written: {error.strerror}") from None
