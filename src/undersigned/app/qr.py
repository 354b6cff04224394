"""QR codes (ISO/IEC 18004) of addresses, for what is printed and for the cameras of telephones."""

import io

QUIET = 4
"""Modules without a mark around a code, as the standard asks for."""


def format_qr(url: str) -> str:
    """Return a QR code of an address as SVG, a module for each unit of its view box, without a margin."""
    return _draw(url, xmldecl=False, border=0, omitsize=True)


def format_qr_file(url: str) -> bytes:
    """Return a QR code of an address as an SVG file for any ground: dark on light, with a margin."""
    drawn = _draw(url, xmldecl=True, border=QUIET, light="#fff", unit="px", scale=8)
    return drawn.encode()


def _draw(url: str, **style: object) -> str:
    # Only whoever prints or shares needs it.
    import segno

    image = io.BytesIO()
    segno.make(url, error="m", micro=False).save(
        image, kind="svg", svgclass=None, lineclass=None, **style
    )
    return image.getvalue().decode()
