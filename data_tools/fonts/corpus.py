"""The sample corpus: labelled `.gnt` files of simulated writers, drawn from the bundled fonts.

It stands in for CASIA HWDB, which needs a licence, so that the same conversion and training run
without it. A simulated writer is a `Hand`: one of twelve handwriting fonts, or of strokes that are
known, bent, slanted, stretched and inked in a way of its own. Who has a font writes three times in
four with a pen along its strokes, else as its outlines are; along known strokes there is always a
pen. Each sample then strays a little from its hand.
"""

import math
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from data_tools.characters import show_characters
from data_tools.errors import UserError, join_message
from data_tools.files import flush, writable
from data_tools.fonts.pen import Pen, draw_lines, stray
from data_tools.fonts.strokes import Stroke, strokes_of
from data_tools.fonts.typefaces import (
    EM_PIXELS,
    HANDS,
    KAITI,
    Font,
    draw_reference,
    has_glyph,
    take_font,
)
from data_tools.glyphs.fit import GlyphOptions, fit_glyph
from data_tools.hwdb.charset import PAPER_FIGURE_CHARACTERS, parse_charset, tag_of_character
from data_tools.hwdb.gnt import write_record
from data_tools.hwdb.standard_sets import named_set
from data_tools.parallel import process_count, process_map
from data_tools.replaced_folder import BESIDE, replacing_folder
from data_tools.sources.writing_kinds import FONT_DRAWN_PREFIX

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
    bitmap = draw_sample(character, hand, _sample_rng(0, writer, character))
    height, width = bitmap.shape
    return fit_glyph(memoryview(bitmap.tobytes()), width, height, options)


def _sample_rng(seed: int, writer: int, character: str) -> np.random.Generator:
    return np.random.default_rng((seed, writer, ord(character)))


@dataclass(frozen=True)
class CorpusSummary:
    """What `write_corpus` has written."""

    out: Path
    characters: int
    writers: int
    """How many were asked for; who has nothing to write has no file."""
    test_writers: int
    """Likewise."""
    samples: int
    """Records in all files together: a writer leaves out what his font lacks."""


def corpus_characters(charset: str, fonts: Sequence[Path] = ()) -> str:
    """The characters that a corpus for a character set has.

    The paper's 63 where no particular ones are asked for (`hanzi`, `all`). A standard set gives
    what the fonts can draw of it; characters named one by one stay, for `write_corpus` to check.

    Raises:
        UserError: `charset` is no character set.
    """
    characters = parse_charset(charset).characters
    if characters is None:
        return PAPER_FIGURE_CHARACTERS
    if named_set(charset) is not None:
        chosen = [take_font(font) for font in fonts] or HANDS_OF_WRITERS
        characters = frozenset(c for c in characters if any(has_glyph(font, c) for font in chosen))
    return "".join(sorted(characters))


def write_corpus(
    out: Path,
    *,
    characters: Sequence[str] = tuple(PAPER_FIGURE_CHARACTERS),
    writers: int = 400,
    test_writers: int | None = None,
    per_character: int | None = None,
    seed: int = 0,
    fonts: Sequence[Path] = (),
    jobs: int | None = None,
    on_samples: Callable[[int], None] | None = None,
) -> CorpusSummary:
    """Write a corpus: a `.gnt` file for each writer who has something to write, in it a sample of
    each character that is his to write and that his font has.

    A sample depends on the seed, its writer's number and its character alone, so the bytes of a
    file do not change with the number of jobs, nor, if all write all, with how many others write.

    Args:
        out: the folder to make; `font-drawn-trn_gnt` and `font-drawn-tst_gnt` come in it.
        characters: what each writer writes of it, in code point order and without repetitions.
        writers: how many writers to train on, numbered from 1.
        test_writers: how many further writers to test on; a tenth as many if None, at least 1.
        per_character: so many of the writers to train on, drawn at random among those whose font
            has it, write each character, or all of these if they are fewer or it is None. Many
            writers who write a part each show more hands in as many samples.
        seed: another seed means other writers, 0 or more.
        fonts: files that writers write with, in the place of the hands' fonts.
        jobs: processes; one for each usable core if None.
        on_samples: called with the number of samples written so far.

    Raises:
        UserError: a number is too small, no font has a character or no writer such a font, a
            character has no GBK tag, or the folder is not empty or cannot be written. After any
            error the folder is as it was, since a part of the writers would look like all of them.
    """
    if test_writers is None:
        test_writers = max(1, writers // 10)
    _check_numbers(writers=writers, test_writers=test_writers)
    if per_character is not None:
        _check_numbers(per_character=per_character)
    if seed < 0:
        raise UserError(join_message("--seed", f"{seed} is negative", "give 0 or more"))
    chosen: Sequence[Font] = [take_font(font) for font in fonts] or HANDS_OF_WRITERS
    characters = _drawable(characters, writers, test_writers, chosen)
    parts = [f"{FONT_DRAWN_PREFIX}-{part}_gnt" for part in ("trn", "tst")]
    _refuse_used(out, parts)

    numbers = range(1, writers + test_writers + 1)
    shares = _share_out(characters, range(1, writers + 1), per_character, seed, chosen)
    everything = "".join(characters)
    with ExitStack() as stack:
        train, test = [stack.enter_context(replacing_folder(out / part)) for part in parts]
        stack.enter_context(writable(out))
        tasks = [
            (
                number,
                (train if number <= writers else test) / f"{FONT_DRAWN_PREFIX}-{number:04}.gnt",
                shares.get(number, everything),
            )
            for number in numbers
        ]
        with process_map(process_count(jobs, len(tasks))) as parallel:
            samples = 0
            for written in parallel(partial(_write_writer, seed, chosen), tasks):
                samples += written
                if on_samples is not None:
                    on_samples(samples)
    return CorpusSummary(out, len(characters), writers, test_writers, samples)


def _refuse_used(out: Path, parts: Sequence[str]) -> None:
    """Make sure that a folder is new or empty, but for what a killed process has left.

    Raises:
        UserError: there is something in it, or it is none.
    """
    left = {part + ending for part in parts for ending in BESIDE}
    with writable(out):
        if not out.exists() or (out.is_dir() and {path.name for path in out.iterdir()} <= left):
            return
    problem = "there is something already" if out.is_dir() else "this is not a folder"
    raise UserError(join_message(str(out), problem, "name a new or an empty folder"))


def _check_numbers(**numbers: int) -> None:
    for name, number in numbers.items():
        if number < 1:
            option = f"--{name.replace('_', '-')}"
            raise UserError(join_message(option, f"{number} is too few", "give at least 1"))


def _drawable(
    characters: Sequence[str], writers: int, test_writers: int, fonts: Sequence[Font]
) -> list[str]:
    """The characters in code point order, each once, if so many writers can write them."""
    if not characters:
        raise UserError(join_message("--charset", "no character is in it", "name at least one"))
    characters = sorted(set(characters))
    if lacking := [c for c in characters if not any(has_glyph(font, c) for font in fonts)]:
        some = show_characters(lacking, most=10)
        problem = f"the fonts cannot draw {len(lacking):,} of the characters: {some}"
        raise UserError(join_message("--charset", problem, "leave them out"))
    for character in characters:
        tag_of_character(character)
    used = {font_of_writer(number, fonts) for number in range(1, writers + 1)}
    if lacking := [c for c in characters if not any(has_glyph(font, c) for font in used)]:
        problem = f"no font of so few writers has {show_characters(lacking, most=10)}"
        raise UserError(
            join_message(f"--writers {writers}", problem, f"give at least {len(fonts)}")
        )
    numbers = range(writers + 1, writers + test_writers + 1)
    tested = {font_of_writer(number, fonts) for number in numbers}
    if not any(has_glyph(font, c) for font in tested for c in characters):
        problem = "no font of so few writers has any of the characters"
        remedy = f"give at least {len(fonts)}"
        raise UserError(join_message(f"--test-writers {test_writers}", problem, remedy))
    return characters


def _share_out(
    characters: Sequence[str],
    writers: range,
    per_character: int | None,
    seed: int,
    fonts: Sequence[Font],
) -> dict[int, str]:
    """The characters that each of some writers is to write, or none where all write all."""
    if per_character is None:
        return {}
    shares: dict[int, list[str]] = {number: [] for number in writers}
    font_of = {number: font_of_writer(number, fonts) for number in writers}
    for character in characters:
        having = {font for font in set(font_of.values()) if has_glyph(font, character)}
        able = [number for number, font in font_of.items() if font in having]
        order = _sample_rng(seed, 0, character).permutation(len(able))  # no writer has number 0
        for place in order[:per_character].tolist():
            shares[able[place]].append(character)
    return {number: "".join(share) for number, share in shares.items()}


def _write_writer(
    seed: int, fonts: Sequence[Font], writer_path_characters: tuple[int, Path, str]
) -> int:
    """Write the file of one writer; how many samples it has."""
    writer, path, characters = writer_path_characters
    hand = Hand.of_writer(seed, writer, fonts)
    known = [character for character in characters if has_glyph(hand.font, character)]
    if not known:  # a file without records is no file
        return 0
    with path.open("wb") as stream:
        for character in known:
            rng = _sample_rng(seed, writer, character)
            write_record(stream, character, draw_sample(character, hand, rng))
    flush(path)
    return len(known)


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
