"""Pages of a PDF → pictures, at any resolution."""

import io
from collections.abc import Iterator, Mapping

from PIL import Image, PngImagePlugin

from hanzi_lsgan.writing.pdf_file import POINTS_A_MM

_MM_AN_INCH = 25.4


def png_pages(
    pdf: bytes, dpi: int, facts: Mapping[str, str], *, transparent: bool = False
) -> Iterator[bytes]:
    """Draw each page of a PDF as a PNG.

    Args:
        pdf: the file.
        dpi: pixels an inch.
        facts: written into each file as text.
        transparent: no background: where there is no ink, alpha is 0.

    Yields:
        The files, with their resolution in them.
    """
    import pypdfium2

    document = pypdfium2.PdfDocument(pdf)
    try:
        for page in document:
            background = (255, 255, 255, 0) if transparent else (255, 255, 255, 255)
            bitmap = page.render(
                scale=dpi / (POINTS_A_MM * _MM_AN_INCH),
                fill_color=background,
                maybe_alpha=transparent,
                rev_byteorder=True,
            )
            image = bitmap.to_pil()
            if not transparent:
                image = image.convert("RGB")
            yield _encode(image, dpi, facts)
    finally:
        document.close()


def _encode(image: Image.Image, dpi: int, facts: Mapping[str, str]) -> bytes:
    file, info = io.BytesIO(), PngImagePlugin.PngInfo()
    for name, text in facts.items():
        info.add_itxt(name.capitalize(), text)
    image.save(file, "PNG", dpi=(dpi, dpi), pnginfo=info, compress_level=4)
    return file.getvalue()
