"""A picture of a sheet to write on, made so that all programs show it alike."""

import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image

from data_tools.errors import UserError, join_message
from data_tools.pictures.decode import of_8_bits

_JPEG_FORMATS = ("JPEG", "MPO")  # some cameras put a second picture into a JPEG and call it MPO
_JPEG_QUALITY = 95
_MODES = ("L", "RGB", "CMYK")
_TO_UPRIGHT = {  # by what EXIF says of how the camera was held
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, eq=False)
class SheetPicture:
    """A picture of a sheet.

    Attributes:
        image: upright, and nothing of it is see-through: grey, RGB or CMYK, of 8 bits.
        jpeg: the same in few bytes, where it came as JPEG.
    """

    image: Image.Image
    jpeg: bytes | None


def load_sheet_picture(path: Path) -> SheetPicture:
    """Read a picture of a sheet.

    Raises:
        UserError: there is no picture that can be read.
    """
    place = f"--background {path}"
    try:
        data = path.read_bytes()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what a header says beside what is needed
            return _load(data)
    except FileNotFoundError:
        problem = "there is no such file"
        raise UserError(join_message(place, problem, "name a picture")) from None
    except Image.DecompressionBombError:
        problem = f"has more pixels than the {2 * (Image.MAX_IMAGE_PIXELS or 0):,} that are read"
        raise UserError(join_message(place, problem, "make it smaller")) from None
    except Exception:  # on damage Pillow hands on whatever comes up
        problem = "is no picture that can be read"
        raise UserError(join_message(place, problem, "name a .png or .jpg")) from None


def _load(data: bytes) -> SheetPicture:
    with Image.open(io.BytesIO(data)) as opened:
        opened.load()
        image = _opaque(_upright(opened))
        if opened.format not in _JPEG_FORMATS:
            return SheetPicture(image, None)
        as_it_came = opened.format == "JPEG" and image is opened
        return SheetPicture(image, data if as_it_came else _jpeg_of(image))


def _upright(image: Image.Image) -> Image.Image:
    """A picture turned as its camera was; itself where that was upright."""
    turn = _TO_UPRIGHT.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    return image if turn is None else image.transpose(turn)


def _opaque(image: Image.Image) -> Image.Image:
    """A picture in 8 bits, on white where it is see-through; itself where it is so."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return Image.fromarray(of_8_bits(np.asarray(image)))
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    if image.mode == "1":
        return image.convert("L")
    return image if image.mode in _MODES else image.convert("RGB")


def _jpeg_of(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=_JPEG_QUALITY)
    return file.getvalue()
