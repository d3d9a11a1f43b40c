"""A photograph or scan of a page → its pixels, and every way that a file can be of no use."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageOps, ImageSequence, UnidentifiedImageError

from data_tools.errors import UserError, join_message
from data_tools.pictures.decode import PictureError, of_8_bits

PHOTOGRAPH_SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".tif", ".tiff", ".webp", ".bmp")
UNREADABLE_SUFFIXES = (".heic", ".heif", ".hif", ".avif", ".pdf")
"""What may show a page as well, but cannot be read here: `read_photographs` says the way on."""

_FORMATS = (
    "JPEG",
    "PNG",
    "TIFF",
    "WEBP",
    "BMP",
)  # some cameras put more into a JPEG; the first is it
_OTHER_KINDS = {
    b"%PDF": ("is a PDF", "save its pages as PNG or JPEG"),
    b"\x89HDF": ("is a store, not a photograph", "name photographs of a form"),
    b"PK\x03\x04": ("is a .zip archive", "unpack it and name the folder"),
}
_HEAD_BYTES = 16
_POINT_PIXELS = 1.0  # so blurred, points that stand for light grey are none on the sheet
_HEIC_BRANDS = (b"ftyphei", b"ftypmif", b"ftyphev", b"ftypavi")


def read_photographs(path: Path) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Read a file: one photograph, or of a TIFF as many as it has pages.

    Yields:
        What messages call it, and (height, width, 3) RGB, turned as the camera says.

    Raises:
        UserError: it cannot be read, is of another kind, or damaged.
    """
    head = _head(path)
    for begins, (problem, remedy) in _OTHER_KINDS.items():
        if head.startswith(begins):
            raise UserError(join_message(str(path), problem, remedy))
    if any(brand in head for brand in _HEIC_BRANDS):
        remedy = "save it as JPEG; iPhones do with Camera, Formats, Most Compatible"
        raise UserError(join_message(str(path), "is a HEIC picture", remedy))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what matters is checked here
            with Image.open(path, formats=_FORMATS) as image:
                if image.format != "TIFF":
                    yield str(path), _pixels(image)
                    return
                pages = int(getattr(image, "n_frames", 1))
                for number, page in enumerate(ImageSequence.Iterator(image), start=1):
                    name = str(path) if pages == 1 else f"{path}, page {number}"
                    yield name, _pixels(page)
    except UnidentifiedImageError:
        problem = "is no JPEG, PNG, TIFF, WebP or BMP" if head else "is an empty file"
        raise UserError(join_message(str(path), problem, "name photographs of a form")) from None
    except Image.DecompressionBombError:
        problem = "has more than 178 million pixels"
        raise UserError(join_message(str(path), problem, "save it smaller")) from None
    except PictureError as error:
        raise UserError(join_message(str(path), str(error), "save it as JPEG or PNG")) from None
    except UserError:
        raise
    except Exception as error:
        # On damage Pillow hands on whatever comes up: OSError, SyntaxError, struct.error and more.
        problem = f"is damaged ({str(error) or type(error).__name__})"
        raise UserError(join_message(str(path), problem, "get the file again")) from None


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD_BYTES)
    except OSError as error:
        problem = "there is no such file"
        if not isinstance(error, FileNotFoundError):
            problem = f"cannot be read ({error.strerror})"
        remedy = "name photographs of a form, or a folder of them"
        raise UserError(join_message(str(path), problem, remedy)) from None


def _pixels(image: Image.Image) -> NDArray[np.uint8]:
    upright = ImageOps.exif_transpose(image)
    if upright.mode[0] in "IF":  # grey of 16 bits or real numbers, which `convert` would cut off
        return np.repeat(of_8_bits(np.asarray(upright))[..., None], 3, axis=2)
    if upright.has_transparency_data:
        upright = upright.convert("RGBA")
        white = Image.new("RGBA", upright.size, "white")
        upright = Image.alpha_composite(white, upright)
    coloured = upright.convert("RGB")
    if upright.getcolors(2) is not None:  # scanned in black and white
        coloured = coloured.filter(ImageFilter.GaussianBlur(_POINT_PIXELS))
    return np.asarray(coloured)
