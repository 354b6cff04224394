"""Typesetting: a template of ours and data become a PDF, byte for byte the same each time.

typst does it in a process of its own (`typesetting_process.py`), for a bounded time and in bounded memory,
and with nothing to read but the templates. What people wrote reaches a template as JSON and never as
markup: `#`, `$` and the backslash are characters like others. The PDFs are tagged, and keep to PDF/UA-1.

Characters that no font has, the ones built into typst and those in `fonts`, become `SUBSTITUTE`; the
template can say so, since `data.substituted` counts them.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from undersigned.domain.canonical import LONGEST_PDF
from undersigned.errors import StoreError

TEMPLATES: Final = Path(__file__).parent / "typst"
LARGEST_DATA: Final = 16 * 1024 * 1024
"""Bytes of the JSON: a letter of the greatest length and all the names that are ever printed."""
LONGEST_S: Final = 120
"""Seconds that a document may take; 2,000 names take two, on a machine that does nothing else."""
SUBSTITUTE: Final = "□"

_PROCESS: Final = Path(__file__).with_name("typesetting_process.py")


def typeset(
    template: str, data: dict[str, Any], timestamp: int, *, fonts: Path | None = None
) -> bytes:
    """Return the PDF of a template (`letter`: `typst/letter.typ`) with data that JSON can hold.

    `timestamp` (UTC seconds) is when the document says that it was made; `fonts` is a folder with more
    fonts. Raises StoreError, without a word of the data.
    """
    order = {
        "template": f"{template}.typ",
        "root": str(TEMPLATES),
        "fonts": None if fonts is None else str(fonts),
        "substitute": SUBSTITUTE,
        "timestamp": timestamp,
        "data": data | {"substituted": 0},
    }
    asked = json.dumps(order, ensure_ascii=False).encode()
    if len(asked) > LARGEST_DATA:
        raise StoreError("the document is too large to be typeset")
    pdf = _run(asked)
    if len(pdf) > LONGEST_PDF or not pdf.startswith(b"%PDF-"):
        raise StoreError("the document could not be typeset")
    return pdf


def _run(asked: bytes) -> bytes:
    # What it says when it fails may quote a name: it is thrown away.
    try:
        done = subprocess.run(  # noqa: S603  (our own program, no shell)
            [sys.executable, "-I", str(_PROCESS)],
            input=asked,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=LONGEST_S,
            check=True,
        )
    except subprocess.TimeoutExpired:
        raise StoreError("the document took too long to be typeset") from None
    except (OSError, subprocess.CalledProcessError):
        raise StoreError("the document could not be typeset") from None
    return done.stdout
