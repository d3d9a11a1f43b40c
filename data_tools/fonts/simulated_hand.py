"""A simulated writer of the font corpus, and how a character is written by one.

A writer is a `Hand`: one of twelve handwriting fonts, or of strokes that are known, bent, slanted,
stretched and inked in a way of its own. Who has a font writes three times in four with a pen along
its strokes, else as its outlines are; along known strokes there is always a pen. Each sample then
strays a little from its hand.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from data_tools.fonts.pen import Pen, draw_lines, stray
from data_tools.fonts.strokes import Stroke, strokes_of
from data_tools.fonts.typefaces import EM_PIXELS, HANDS, KAITI, Font, draw_reference
from data_tools.glyphs.fit import GlyphOptions, fit_glyph

HANDS_OF_WRITERS = (*HANDS[:4], KAITI, *HANDS[4:8], KAITI, *HANDS[8:12], KAITI, KAITI)
"""Whose hand each writer of a row has. One in four writes along known strokes, and more where other
hands lack the character; with two in five a recogniser learned most (docs/quality.md)."""

_PEN_SHARE = 0.75
"""Of the writers with a font, who write with a pen. What a recogniser learns from them reads real
handwriting best so: 84 of 100 samples, from outlines alone 77, from pens alone 83 (docs/fonts.md).
"""

_LEAST_SIDE_EM = 0.7
"""Ink that is less long, as a mark's, is written so much larger: the bitmap of a full stop would
else be of few pixels, a store fits each to its ink, and what learns from them learns to blur."""

_MARGIN_PIXELS = 8  # room for the blur of an edge
_EDGE_BLUR_PIXELS = 2.3
_SURROUNDINGS_PIXELS = 12
_INK_THRESHOLD = 0.2
_MESH_CELLS = 6
_PRESSURE_CELLS = 4

# Long waves carry the warp: they move parts of a character, short ones only make strokes tremble.
_WAVE_NUMBERS = np.arange(4)
_WAVE_AMPLITUDES = (1 + _WAVE_NUMBERS[:, None] ** 2 + _WAVE_NUMBERS[None, :] ** 2) ** -1.5
_WAVE_AMPLITUDES[0, 0] = 0  # a shift, which cropping would undo


@dataclass(frozen=True)
class Hand:
    """The parameters of one simulated writer."""

    font: Font
    """Whose strokes or outlines it writes."""
    size_pixels: float
    """Side of the em square in the finished bitmap; the ink fills about 0.85 of it."""
    stretch: float
    """Logarithm of the width to height ratio, on top of the font's own."""
    slant: float
    """Shift to the right for each pixel upward."""
    climb: float
    """Shift upward for each pixel to the right."""
    fineness: float
    """How fine the pen is: 0.2 is a felt pen, 1 a ballpoint."""
    warp: tuple[float, ...]
    """Cosine coefficients of the habitual displacement in em, (2, 4, 4) flattened."""
    looseness: float
    """How far samples stray from the hand: 1 is usual."""
    ink_level: float
    """Grey of the ink, 0 is black and 255 background."""
    pressure: float
    """How much the pressure varies along a character: 0 not at all, 1 much."""
    pen: Pen | None
    """What writes along the font's strokes; None where its outlines are drawn."""

    @classmethod
    def of_writer(cls, seed: int, writer: int, fonts: Sequence[Font] = HANDS_OF_WRITERS) -> "Hand":
        """Invent the hand of a writer: the same two numbers, both >= 0, give the same hand.

        Writers in a row have the fonts in turn.
        """
        rng = np.random.default_rng((seed, writer))
        font = font_of_writer(writer, fonts)
        return cls(
            font=font,
            size_pixels=float(np.clip(76 * math.exp(rng.normal(0, 0.18)), 50, 140)),
            stretch=float(rng.normal(-0.19, 0.15)),
            slant=float(rng.normal(0.04, 0.11)),
            climb=float(rng.normal(0.05, 0.05)),
            fineness=float(rng.uniform(0.25, 0.9)),
            warp=tuple(_random_warp(rng, 0.085).ravel().tolist()),
            looseness=float(math.exp(rng.normal(0, 0.3))),
            ink_level=float(rng.uniform(0, 100)),
            pressure=float(rng.uniform(0.2, 1)),
            pen=Pen.at_random(rng) if rng.random() < _PEN_SHARE or font == KAITI else None,
        )


def font_of_writer(writer: int, fonts: Sequence[Font] = HANDS_OF_WRITERS) -> Font:
    """The font of a simulated writer."""
    return fonts[writer % len(fonts)]


def draw_sample(character: str, hand: Hand, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Write a character once.

    Args:
        character: one that the hand's font can draw, see `typefaces.has_glyph`.
        hand: the writer.
        rng: what makes this sample differ from the writer's others.

    Returns:
        (height, width) cropped to the ink, 255 is background; the longer side is mostly 45 to 125,
        also of a mark.
    """
    loose = hand.looseness
    scale = hand.size_pixels / EM_PIXELS * math.exp(rng.normal(0, 0.06) * loose)
    scale *= max(1.0, _LEAST_SIDE_EM / _longer_side_em(hand, character))
    stretch = hand.stretch + rng.normal(0, 0.06) * loose
    slant = hand.slant + rng.normal(0, 0.04) * loose
    climb = hand.climb + rng.normal(0, 0.02) * loose
    turn = rng.normal(0, 0.03) * loose
    fineness = hand.fineness + rng.normal(0, 0.05) * loose
    warp = np.reshape(hand.warp, (2, *_WAVE_AMPLITUDES.shape)) + _random_warp(rng, 0.075 * loose)

    rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    shear = np.array([[1, -slant], [-climb, 1]])
    forward = rotation @ shear * (scale * np.exp([stretch / 2, -stretch / 2]))
    if hand.pen is None:
        field = _warp(_stroke_field(hand.font, character, fineness), forward, warp)
        pressure = hand.pressure * _smooth_noise(rng, field.size)
        coverage = _cover(field, pressure, scale)
    else:
        lines = stray(strokes_of(hand.font, character), hand.pen, rng)
        placed = [_send_through(line, forward, warp) for line in lines]
        coverage = _draw_placed(placed, hand.pen.width_em / 2 * EM_PIXELS * scale)
        pressure = hand.pressure * _smooth_noise(rng, (coverage.shape[1], coverage.shape[0]))
    darkness = np.clip(255 - hand.ink_level + 45 * pressure, 0, 255)
    bitmap: NDArray[np.uint8] = (255.5 - coverage * darkness).astype(np.uint8)
    ink = bitmap < 255
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return bitmap[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def write_glyph(
    character: str,
    writer: int,
    options: GlyphOptions,
    fonts: Sequence[Font] = HANDS_OF_WRITERS,
) -> NDArray[np.uint8]:
    """What a writer of the corpus of seed 0 writes, as a store of such glyphs holds it: (S, S)."""
    hand = Hand.of_writer(0, writer, fonts)
    bitmap = draw_sample(character, hand, sample_rng(0, writer, character))
    height, width = bitmap.shape
    return fit_glyph(memoryview(bitmap.tobytes()), width, height, options)


def sample_rng(seed: int, writer: int, character: str) -> np.random.Generator:
    """What makes a writer's sample of a character differ from the others."""
    return np.random.default_rng((seed, writer, ord(character)))


def _longer_side_em(hand: Hand, character: str) -> float:
    """How long or high the ink of a character is before it is bent, in em."""
    if hand.pen is None:
        return max(draw_reference(hand.font, character).size) / EM_PIXELS
    points = np.concatenate(strokes_of(hand.font, character))[:, :2]
    return float(np.ptp(points, axis=0).max()) / EM_PIXELS + hand.pen.width_em


def _stroke_field(font: Font, character: str, fineness: float) -> Image.Image:
    """The glyph with blurred edges, from which the ink's surroundings are taken away.

    A threshold on a plain blur would thin strokes only by losing the hairlines, and thicken them
    only by filling the counters. Surroundings are dark in both thick strokes and dense characters.
    """
    glyph = draw_reference(font, character)
    margin = _MARGIN_PIXELS
    canvas = glyph.crop((-margin, -margin, glyph.width + margin, glyph.height + margin))
    edges = np.asarray(canvas.filter(ImageFilter.GaussianBlur(_EDGE_BLUR_PIXELS)), np.float32)
    surroundings = np.asarray(canvas.filter(ImageFilter.BoxBlur(_SURROUNDINGS_PIXELS)))
    return Image.fromarray((edges - fineness * surroundings).clip(0, 255).astype(np.uint8))


def _cover(field: Image.Image, pressure: NDArray[np.float32], scale: float) -> NDArray[np.float32]:
    """How much of each pixel ink covers, from a field of blurred strokes: (height, width)."""
    strokes = np.asarray(field, np.float32) / 255 * (1 + 0.25 * pressure)
    # A blurred edge climbs by 1 / (blur * sqrt(2 pi)) a pixel: spread it over 1.3 pixels, but never
    # so far that it reaches down to the background.
    gain = max(_EDGE_BLUR_PIXELS * math.sqrt(2 * math.pi) * scale / 1.3, 0.55 / _INK_THRESHOLD)
    return np.clip((strokes - _INK_THRESHOLD) * gain + 0.5, 0, 1)


def _random_warp(rng: np.random.Generator, amplitude_em: float) -> NDArray[np.float64]:
    """Cosine coefficients of a smooth displacement, (2, waves, waves) in em."""
    return amplitude_em * _WAVE_AMPLITUDES * rng.standard_normal((2, *_WAVE_AMPLITUDES.shape))


def _bend(places: NDArray[np.float64], warp: NDArray[np.float64]) -> NDArray[np.float64]:
    """Displacements in em (…, 2) at places (…, 2) in em from the ink's centre."""
    waves = np.cos(np.pi * _WAVE_NUMBERS * (places[..., None] + 0.5))
    waves_x, waves_y = waves[..., 0, :], waves[..., 1, :]  # (…, waves)
    return np.stack([((waves_y @ part) * waves_x).sum(axis=-1) for part in warp], axis=-1)


def _send_through(line: Stroke, forward: NDArray[np.float64], warp: NDArray[np.float64]) -> Stroke:
    """Bend a line and send it through the matrix `forward`; its third column stays."""
    bent = line[:, :2] - EM_PIXELS * _bend(line[:, :2] / EM_PIXELS, warp)
    return np.column_stack([bent @ forward.T, line[:, 2]])


def _draw_placed(lines: list[Stroke], radius: float) -> NDArray[np.float32]:
    """Draw lines on a page that they just fill."""
    points = np.concatenate(lines)
    margin = math.ceil(radius * points[:, 2].max()) + 2
    corner = np.floor(points[:, :2].min(axis=0)) - margin
    width, height = (np.ceil(points[:, :2].max(axis=0)) + margin - corner).astype(int).tolist()
    moved = [line - (*corner, 0) for line in lines]
    return draw_lines(moved, radius, (width, height))


def _warp(
    field: Image.Image, forward: NDArray[np.float64], warp: NDArray[np.float64]
) -> Image.Image:
    """Bend a field and send it through the matrix `forward`, (2, 2), in one resampling."""
    field_size = np.array(field.size)
    reach = np.abs(warp).sum(axis=(1, 2)) * EM_PIXELS  # no point is displaced further
    width, height = np.ceil(np.abs(forward) @ (field_size + 2 * reach)).astype(int).tolist()
    columns = [width * cell // _MESH_CELLS for cell in range(_MESH_CELLS + 1)]
    rows = [height * cell // _MESH_CELLS for cell in range(_MESH_CELLS + 1)]
    vertices = np.stack(np.meshgrid(columns, rows), axis=-1) - (width / 2, height / 2)
    straight = vertices @ np.linalg.inv(forward).T  # (rows, columns, 2) from the ink's centre
    points = straight + _bend(straight / EM_PIXELS, warp) * EM_PIXELS + field_size / 2
    corners = (points[:-1, :-1], points[1:, :-1], points[1:, 1:], points[:-1, 1:])
    quads = np.concatenate(corners, axis=-1).tolist()
    mesh = [
        ((columns[j], rows[i], columns[j + 1], rows[i + 1]), quads[i][j])
        for i in range(_MESH_CELLS)
        for j in range(_MESH_CELLS)
    ]
    bilinear = Image.Resampling.BILINEAR
    warped = field.transform((width, height), Image.Transform.MESH, mesh, bilinear, fillcolor=0)
    return warped.crop(warped.getbbox())


def _smooth_noise(rng: np.random.Generator, size: tuple[int, int]) -> NDArray[np.float32]:
    """A slowly changing field of about -1 to 1, (height, width) for a `size` (width, height)."""
    cells = rng.uniform(-1, 1, (_PRESSURE_CELLS, _PRESSURE_CELLS)).astype(np.float32)
    return np.asarray(Image.fromarray(cells).resize(size, Image.Resampling.BICUBIC))
