"""Outlines of written characters: curves that stay crisp at any size."""

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from hanzi_lsgan.writing.characters import WrittenCharacter

Curve = tuple[tuple[float, float], ...]
"""One point to go to in a straight line, or three of a cubic Bézier curve."""

_ENLARGED = 4  # so that the threshold's stairs are finer than what the curves smooth
_SMOOTHING_PIXELS = 0.5  # of the drawn image: less leaves teeth at the ends of strokes
_MARGIN_PIXELS = 2  # of the drawn image: ink at its edge has an outline too
_PATH = re.compile(r'<path d="([^"]*)"[^>]*transform="translate\(([-\d.]+),([-\d.]+)\)"')
_COMMAND = re.compile(r"([MLCZ])([^MLCZ]*)")


@dataclass(frozen=True)
class Contour:
    """A closed line; ink lies inside an odd number of them.

    Attributes:
        start: x and y, in units of the character's square, from its upper left corner.
        curves: from there, back to there.
    """

    start: tuple[float, float]
    curves: tuple[Curve, ...]

    @property
    def points(self) -> Iterator[tuple[float, float]]:
        """What the line goes through or bends towards: it leaves no box that holds them."""
        yield self.start
        for curve in self.curves:
            yield from curve

    def placed(self, scale: float, right: float, down: float) -> "Contour":
        """The contour enlarged, then moved."""
        return self.moved(lambda x, y: (x * scale + right, y * scale + down))

    def turned(self) -> "Contour":
        """The contour turned clockwise by a quarter, in its square."""
        return self.moved(lambda x, y: (1 - y, x))

    def moved(self, move: Callable[[float, float], tuple[float, float]]) -> "Contour":
        """The contour with each of its points where `move` takes it."""
        curves = tuple(tuple(move(*point) for point in curve) for curve in self.curves)
        return Contour(move(*self.start), curves)


def trace(written: WrittenCharacter, boldness: float = 0.0) -> tuple[Contour, ...]:
    """The outline of a character in its square.

    Args:
        written: its image has the ink that the pen left; what is mottled there becomes even here.
        boldness: moves the edge of strokes, from -1, thin, to 1, bold.

    Returns:
        Contours in units of the square; none where there is no ink.
    """
    padded = np.pad(written.image, _MARGIN_PIXELS, constant_values=255)
    size = (len(padded) * _ENLARGED,) * 2
    enlarged = Image.fromarray(padded).resize(size, Image.Resampling.BICUBIC)
    smooth = gaussian_filter(np.asarray(enlarged, np.float32), _SMOOTHING_PIXELS * _ENLARGED)
    # Edges climb from the ink's level to the background's; the middle of this is the stroke's own.
    level = written.ink_level + boldness * 0.6 * (255 - written.ink_level)
    ink = smooth < level
    if not ink.any():
        return ()
    across, along, right, down = written.pixels_to_square()

    def to_square(x: float, y: float) -> tuple[float, float]:
        x, y = x / _ENLARGED - _MARGIN_PIXELS, y / _ENLARGED - _MARGIN_PIXELS
        return across * x + right, along * y + down

    return tuple(contour.moved(to_square) for contour in _contours(ink))


def _contours(ink: NDArray[np.bool_]) -> list[Contour]:
    """The contours of a picture (H, W) of ink, in its pixels."""
    import vtracer  # an extension module; only what traces needs it

    encoded = io.BytesIO()
    Image.fromarray(np.where(ink, 0, 255).astype(np.uint8)).save(encoded, "BMP")
    svg: str = vtracer.convert_raw_image_to_svg(
        encoded.getvalue(),
        img_format="bmp",
        colormode="binary",
        mode="spline",
        filter_speckle=_ENLARGED,
        corner_threshold=70,
        length_threshold=4.0,
        splice_threshold=45,
        path_precision=2,
    )
    contours = []
    for path, x, y in _PATH.findall(svg):
        contours += [part.placed(1, float(x), float(y)) for part in _parse(path)]
    return contours


def _parse(path: str) -> list[Contour]:
    """The contours of an SVG path of absolute commands."""
    contours: list[Contour] = []
    start: tuple[float, float] = (0.0, 0.0)
    curves: list[Curve] = []
    for command, text in _COMMAND.findall(path):
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", text)]
        points = list(zip(numbers[::2], numbers[1::2], strict=True))
        if command == "M":
            start, curves = points[0], []
        elif command == "L":
            curves += [(point,) for point in points]
        elif command == "C":
            curves += [tuple(points[i : i + 3]) for i in range(0, len(points), 3)]
        else:
            contours.append(Contour(start, tuple(curves)))
    return contours
