"""A picture file → grey pixels, and every way that a file can be broken.

Pillow decodes; what it lets pass is checked here: sizes before a pixel is unpacked, the checksums
of a PNG, several pages in one file.
"""

import io
import struct
import warnings
import zlib
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import (  # the plug-ins make their formats known to Image
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from data_tools.glyphs.fit import BACKGROUND
from data_tools.hwdb.gnt import MAX_SIDE_PIXELS

Value = TypeVar("Value", bound=np.generic)

MAX_FILE_BYTES = 128 << 20
"""Larger files are refused unread: the largest bitmap in 16 bits and three colours has 96 MiB."""

_FORMATS = tuple(
    plugin.format
    for plugin in (
        PngImagePlugin.PngImageFile,
        JpegImagePlugin.JpegImageFile,
        BmpImagePlugin.BmpImageFile,
        TiffImagePlugin.TiffImageFile,
        WebPImagePlugin.WebPImageFile,
        GifImagePlugin.GifImageFile,
    )
)
_LOSSY_FORMATS = ("JPEG", "MPO")  # some cameras put a second picture into a JPEG and call it MPO
_LOSSY_COMPRESSIONS = ("jpeg", "tiff_jpeg", "webp")  # of a TIFF
_PREVIEW_OR_MASK = 0b101  # bits of a TIFF's NewSubfileType
_NEW_SUBFILE_TYPE = 254
_PNG_SIGNATURE_BYTES = 8
_PNG_CHUNK = struct.Struct(">I4s")
_DEEP_BITS = (8, 10, 12, 14, 16, 32)
_OPAQUE_FROM = 128
_STRONG_CONTRAST = 96
_EVEN_STEP = 8


class PictureError(Exception):
    """A picture that cannot be read; the message says what is wrong with it."""


class Picture(NamedTuple):
    """A decoded picture.

    Attributes:
        grey: (height, width) uint8, 0 black and 255 white, turned upright.
        lossy: whether its format leaves a haze around strokes, as JPEG does.
        pages: in the file, of which `grey` is the first.
        of_bits: whether the file holds levels 0 and 1 alone, which stand for black and white here.
    """

    grey: NDArray[np.uint8]
    lossy: bool
    pages: int
    of_bits: bool = False


def decode(data: bytes) -> Picture:
    """Decode a PNG, JPEG, BMP, TIFF, WebP or GIF of any depth and colour.

    Args:
        data: the whole file.

    Raises:
        PictureError: it is of no such format, damaged, cut off, or larger than 4096 pixels a side.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what matters of a header is checked here
            return _decode(data)
    except PictureError:
        raise
    except UnidentifiedImageError:
        problem = "is no PNG, JPEG, BMP, TIFF, WebP or GIF" if data else "is an empty file"
        raise PictureError(problem) from None
    except Image.DecompressionBombError:
        raise PictureError(_too_large("more than 178 million pixels")) from None
    except Exception as error:
        # On damage Pillow hands on whatever comes up: OSError, SyntaxError, ValueError,
        # struct.error, IndexError, TypeError, ZeroDivisionError and more.
        raise PictureError(f"is damaged ({str(error) or type(error).__name__})") from None


def _decode(data: bytes) -> Picture:
    with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
        pages = _pages(image)
        width, height = image.size
        if width < 1 or height < 1:
            raise PictureError(f"is {width} × {height}, which holds no pixel")
        if max(width, height) > MAX_SIDE_PIXELS:
            raise PictureError(_too_large(f"{width} × {height} pixels"))
        if image.format == "PNG":
            _check_png(data)
        lossy = (
            image.format in _LOSSY_FORMATS
            or (image.format == "WEBP" and b"VP8L" not in data[:4096])
            or image.info.get("compression") in _LOSSY_COMPRESSIONS
        )
        image.load()
        upright: Image.Image = image
        if "exif" in image.info or "xmp" in image.info:
            upright = ImageOps.exif_transpose(image)
        grey = _grey(upright)
        of_bits = not lossy and are_bits(grey)
        return Picture(grey * BACKGROUND if of_bits else grey, lossy, pages, of_bits)


def _pages(image: Image.Image) -> int:
    """How many there are, without previews and masks; the first of them is sought."""
    # What a camera puts behind its picture, which makes it an MPO, is a preview of the same.
    frames = 1 if image.format == "MPO" else int(getattr(image, "n_frames", 1))
    if image.format != "TIFF" or frames == 1:
        return frames
    pages = [number for number in range(frames) if _is_page(image, number)]
    image.seek(pages[0] if pages else 0)
    return len(pages) or frames


def _is_page(image: Image.Image, number: int) -> bool:
    """Whether a frame of a TIFF is neither smaller than another, of which it is, nor its mask."""
    image.seek(number)
    kind = getattr(image, "tag_v2", {}).get(_NEW_SUBFILE_TYPE, 0)
    return not kind & _PREVIEW_OR_MASK


def _too_large(found: str) -> str:
    return f"claims {found}; the limit is {MAX_SIDE_PIXELS} a side"


def _check_png(data: bytes) -> None:
    """Compare every chunk's checksum, which Pillow does of few, and find the end."""
    start = _PNG_SIGNATURE_BYTES
    while start + _PNG_CHUNK.size <= len(data):
        length, kind = _PNG_CHUNK.unpack_from(data, start)
        end = start + _PNG_CHUNK.size + length
        stated = data[end : end + 4]
        if len(stated) < 4:
            break
        if zlib.crc32(memoryview(data)[start + 4 : end]) != int.from_bytes(stated, "big"):
            raise PictureError(f"is damaged (the checksum of the chunk at byte {start:,} is wrong)")
        if kind == b"IEND":
            return
        start = end + 4
    raise PictureError(f"is cut off after {len(data):,} bytes")


def _grey(image: Image.Image) -> NDArray[np.uint8]:
    """Luminance by ITU-R 601 of any mode, see-through parts laid on what they were drawn for."""
    if image.mode == "L" and "transparency" not in image.info:  # most are, and need no more
        return np.asarray(image)
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return of_8_bits(np.asarray(image))
    if image.has_transparency_data:
        coloured = image.convert("RGBA")
        return _flatten(np.asarray(coloured.convert("L")), np.asarray(coloured)[..., 3])
    if image.mode not in ("1", "L", "RGB"):
        image = image.convert("RGB")
    return np.asarray(image.convert("L"))


def of_8_bits(deep: NDArray[Any]) -> NDArray[np.uint8]:
    """Scale 16 bits, or what a program kept of fewer in them, or real numbers to 0..255.

    Raises:
        PictureError: values are below 0, or no numbers.
    """
    values = deep.astype(np.float64)
    if not np.isfinite(values).all():
        raise PictureError("holds values that are no numbers")
    lowest, highest = float(values.min()), float(values.max())
    if lowest < 0:
        raise PictureError(f"holds values below 0 ({lowest:g})")
    full = 1.0
    if deep.dtype.kind != "f" or highest > 1:
        full = next((2.0**bits - 1 for bits in _DEEP_BITS if highest < 2**bits), highest)
    return np.rint(values * (BACKGROUND / full)).astype(np.uint8)


def are_bits(grey: NDArray[np.uint8]) -> bool:
    """Whether levels are 0 and 1 alone, as where a mask was saved: it looks black all over."""
    return bool(grey.size and grey.max() == 1 and grey.min() == 0)


def _flatten(grey: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lay a picture with see-through parts on the ground that makes its ink visible."""
    opaque = alpha >= _OPAQUE_FROM
    if alpha.min() == BACKGROUND:
        return grey
    if not opaque.any():
        opaque = alpha > 0
        if not opaque.any():
            return np.full_like(grey, BACKGROUND)  # nothing is drawn on it
    rim = border(opaque)
    if rim.mean() > 0.5:
        ground = float(np.median(border(grey)[rim]))  # a sheet with holes or round corners
    else:
        ground = _ground_around(grey, opaque)
    share = alpha.astype(np.float32) / BACKGROUND
    return np.rint(grey * share + ground * (1 - share)).astype(np.uint8)


def _ground_around(grey: NDArray[np.uint8], opaque: NDArray[np.bool_]) -> float:
    """The ground of what stands free in a picture, which is ink or a sheet with ink on it."""
    visible = grey[opaque]
    differs = 0 if np.median(visible) > BACKGROUND / 2 else BACKGROUND  # from ink alone
    if _contrast(visible) < _STRONG_CONTRAST:
        return differs
    seen_through = np.pad(~opaque, 1).astype(np.int8)
    around = np.lib.stride_tricks.sliding_window_view(seen_through, (3, 3)).sum(axis=(2, 3))
    columns = _steps_out(grey, opaque, around)
    steps = np.concatenate([columns, _steps_out(grey.T, opaque.T, around.T)])
    step = float(steps.mean()) if steps.size else 0.0
    if abs(step) > _EVEN_STEP:  # soft edges fade into the ground that was taken away
        return BACKGROUND if step > 0 else 0
    edge = grey[opaque & (around > 0)]
    return float(np.median(edge)) if _contrast(edge) < _STRONG_CONTRAST else differs


def _contrast(levels: NDArray[np.uint8]) -> float:
    return float(np.subtract(*np.percentile(levels, (90, 10))))


def _steps_out(
    grey: NDArray[np.uint8], opaque: NDArray[np.bool_], around: NDArray[np.integer[Any]]
) -> NDArray[np.int16]:
    """Differences of neighbours in a column, from the one with less see-through `around` it."""
    both = opaque[1:] & opaque[:-1]
    levels, counts = grey.astype(np.int16), around.astype(np.int16)
    out: NDArray[np.int16] = np.sign(counts[1:] - counts[:-1])[both]
    steps: NDArray[np.int16] = ((levels[1:] - levels[:-1])[both] * out)[out != 0]
    return steps


def border(picture: NDArray[Value]) -> NDArray[Value]:
    """The outermost pixels of a picture (h, w), all around."""
    if min(picture.shape) < 3:
        return picture.ravel()
    sides = (picture[0], picture[-1], picture[1:-1, 0], picture[1:-1, -1])
    return np.concatenate(sides)
