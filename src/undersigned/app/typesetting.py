"""Typesetting: a template of ours and data become a PDF or a picture, byte for byte the same each time.

typst does it in a process of its own (`typesetting_process.py`), for a bounded time and in bounded memory,
and with nothing to read but the templates. What people wrote reaches a template as JSON and never as
markup: `#`, `$` and the backslash are characters like others. The PDFs are tagged, and keep to PDF/UA-1.

Characters that no font has, those built into typst, ours (`FONTS`) and those in `fonts`, become
`SUBSTITUTE`; the template can say so, since `data.substituted` counts them.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from undersigned.domain.canonical import LONGEST_PDF
from undersigned.errors import StoreError

TEMPLATES: Final = Path(__file__).parent / "typst"
FONTS: Final = Path(__file__).parent / "fonts"
"""Fonts for most of the scripts that the ones within typst lack; what they are stands beside them."""
LARGEST_DATA: Final = 16 * 1024 * 1024
"""Bytes of the JSON: a letter of the greatest length and all the names that are ever printed."""
LONGEST_S: Final = 120
"""Seconds that a document may take; 2,000 names take two, on a machine that does nothing else."""
POINTS_PER_INCH: Final = 72
"""At which a point is a pixel."""
SUBSTITUTE: Final = "□"

LONGEST_PICTURE_S: Final = 20
LARGEST_PICTURE: Final = 4 * 1024 * 1024
"""Bytes of a picture; a preview of 1,200 by 630 pixels has some fifty thousand."""

_PROCESS: Final = Path(__file__).with_name("typesetting_process.py")


def typeset(
    template: str, data: dict[str, Any], timestamp: int, *, fonts: Path | None = None
) -> bytes:
    """Return the PDF of a template (`letter`: `typst/letter.typ`) with data that JSON can hold.

    `timestamp` (UTC seconds) is when the document says that it was made; `fonts` is a folder with more
    fonts. Raises StoreError, without a word of the data.
    """
    pdf = _run(_order("pdf", template, data, timestamp, fonts), LONGEST_S)
    if len(pdf) > LONGEST_PDF or not pdf.startswith(b"%PDF-"):
        raise StoreError("the document could not be typeset")
    return pdf


def draw(
    template: str, data: dict[str, Any], *, ppi: int = POINTS_PER_INCH, fonts: Path | None = None
) -> bytes:
    """Return the picture (PNG) of a template's one page, with `ppi` pixels per inch.

    `fonts` is a folder with more fonts. Raises StoreError, without a word of the data.
    """
    png = _run(_order("png", template, data, 0, fonts, ppi), LONGEST_PICTURE_S)
    if len(png) > LARGEST_PICTURE or not png.startswith(b"\x89PNG"):
        raise StoreError("the picture could not be drawn")
    return png


def _order(
    form: str,
    template: str,
    data: dict[str, Any],
    timestamp: int,
    fonts: Path | None,
    ppi: int = POINTS_PER_INCH,
) -> bytes:
    order = {
        "form": form,
        "template": f"{template}.typ",
        "root": str(TEMPLATES),
        "fonts": [str(folder) for folder in (FONTS, fonts) if folder is not None],
        "substitute": SUBSTITUTE,
        "timestamp": timestamp,
        "ppi": ppi,
        "data": data | {"substituted": 0},
    }
    asked = json.dumps(order, ensure_ascii=False).encode()
    if len(asked) > LARGEST_DATA:
        raise StoreError("the document is too large to be typeset")
    return asked


def _run(asked: bytes, longest_s: int) -> bytes:
    # What it says when it fails may quote a name: it is thrown away.
    try:
        done = subprocess.run(  # noqa: S603  (our own program, no shell)
            [sys.executable, "-I", str(_PROCESS)],
            input=asked,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=longest_s,
            check=True,
        )
    except subprocess.TimeoutExpired:
        raise StoreError("the document took too long to be typeset") from None
    except (OSError, subprocess.CalledProcessError):
        raise StoreError("the document could not be typeset") from None
    return done.stdout
