"""QR codes (ISO/IEC 18004) of addresses, for what is printed."""

import io


def format_qr(url: str) -> str:
    """Return a QR code of an address as SVG: modules of one unit, without a margin."""
    # Only whoever prints needs it.
    import segno

    image = io.BytesIO()
    segno.make(url, error="m", micro=False).save(
        image, kind="svg", xmldecl=False, border=0, svgclass=None, lineclass=None
    )
    return image.getvalue().decode()
