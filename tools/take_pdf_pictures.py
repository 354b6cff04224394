# /// script
# dependencies = ["pypdfium2", "pillow"]
# ///
"""Take a picture of the first page of a PDF: `uv run tools/take_pdf_pictures.py PDF PICTURE`.

PDF is a file of an export, or of invite cards that nobody has. What it needs is no part of the project.
"""

import sys

import pypdfium2

RESOLUTION = 110
"""Dots an inch: the smallest print can just be read."""


def main() -> None:
    """Write the picture, as PNG."""
    pdf, picture = sys.argv[1:]
    page = pypdfium2.PdfDocument(pdf)[0]
    page.render(scale=RESOLUTION / 72, grayscale=True).to_pil().save(picture, optimize=True)


if __name__ == "__main__":
    main()
