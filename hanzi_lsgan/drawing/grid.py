"""Images → the picture a person looks at: real above generated, one column a character.

The layout is that of figure 8 in Mao et al., ICCV 2017, with a printed row above. Many columns wrap
into several blocks.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from data_tools.errors import UserError, join_message
from data_tools.fonts.typefaces import ALL_FONTS, PLAINEST, has_glyph, load_typeface
from data_tools.glyphs.fit import GLYPH_SIZES_PIXELS, GlyphOptions, default_margin
from data_tools.sources.writing_kinds import GENERATED
from data_tools.splits import Split
from hanzi_lsgan.drawing.best_of import BestOf
from hanzi_lsgan.drawing.images import draw_images, draw_latents, labels_of
from hanzi_lsgan.models import Generator

if TYPE_CHECKING:  # HDF5 takes a while to load, and the weights that ship are drawn without it
    from data_tools.store.reader import Store

COLUMNS_A_BLOCK = 24

_BACKGROUND = 255
_GREY = 110
_GAP_PIXELS = 2
_REMARK_SHARE = 0.42  # of the size of a printed character, that a remark has
_FURTHER_WRITERS = 10_000  # numbers from here on belong to no corpus
_CELL_PIXELS = 64  # the least side of a cell where the user names no scale
_HEADER_SHARE = 0.62  # of a cell, that a printed character has
_MOST_PIXELS = 1 << 30  # a gigabyte, and no program opens a larger picture

OnSamples = Callable[[str, int, int], None]
"""Told of the phase, the samples done and their number."""


@dataclass(frozen=True)
class Row:
    """One line of cells: what it shows, and an image for each character, (columns, S, S) uint8."""

    label: str
    images: NDArray[np.uint8]


def check_page(size: int, columns: int, rows: int, scale: int | None) -> None:
    """Make sure, before any drawing, that the picture of so many cells is no giant.

    Args:
        size: side of an image in pixels.
        columns: as many as characters; they wrap.
        rows: of images, real and generated.
        scale: each pixel becomes this many; by default a cell is at least 64 pixels wide.

    Raises:
        UserError: it would have more than 2^30 pixels.
    """
    scale = scale or default_scale(size)
    cell = (size + _GAP_PIXELS) * scale
    blocks = -(-columns // COLUMNS_A_BLOCK)
    width = min(columns, COLUMNS_A_BLOCK) * cell
    height = blocks * round((rows + _HEADER_SHARE) * cell)
    if width * height > _MOST_PIXELS:
        problem = f"the picture would have about {width:,} × {height:,} pixels"
        raise UserError(join_message("render", problem, "lower --scale or --rows, or --chars"))


def default_scale(size: int) -> int:
    """How many times pixels are enlarged where the user names no scale."""
    return max(1, -(-_CELL_PIXELS // size))


def render_comparison(
    generator: Generator,
    charset: str,
    characters: str,
    *,
    store: "Store | None",
    rows: int,
    seed: int,
    scale: int | None = None,
    best_of: BestOf | None = None,
    font_drawn: bool = False,
    kind: str = "",
    sources: Sequence[int] | None = None,
    remarks: Mapping[str, str] | None = None,
    on_samples: OnSamples = lambda phase, done, total: None,
) -> Image.Image:
    """Draw real samples above samples of a generator, one column a character.

    Args:
        generator: in evaluation mode.
        charset: label i of the generator is character i.
        characters: one column each, in this order.
        store: source of the real rows, of the test split where it has the character.
        rows: real rows, and as many generated ones.
        seed: decides samples and latents; each generated row has one latent, so it looks like one
            hand.
        scale: each pixel becomes this many; by default a cell is at least 64 pixels wide.
        best_of: draws the generated images where given, and the rows say so; a row is not one hand
            then.
        font_drawn: whether the generator's samples were font-drawn. Simulated writers write the
            real rows then where a store, or its samples of a character, are missing.
        kind: of writing, that the real rows are of where the store knows it.
        sources: of the store, from which alone the real rows are, as where a person wrote them.
        remarks: a word under the head of some characters' columns.
        on_samples: told of progress.

    Raises:
        UserError: a character is unknown to the generator.
    """
    labels = labels_of(characters, charset)
    name = "Generated"
    if best_of is None:
        latents = draw_latents(generator, rows, seed)
        batches = _report(draw_images(generator, latents, labels), rows * len(labels), on_samples)
        drawn = np.concatenate(list(batches))
        generated = drawn.reshape(rows, len(labels), *drawn.shape[1:])
    else:
        name = f"Best of {best_of.candidates}"
        columns = (best_of.draw(label, rows, seed) for label in labels)
        generated = np.stack(list(_report(columns, rows * len(labels), on_samples)), axis=1)
    size = generated.shape[-1]
    shown = [Row(name, images) for images in generated]
    font_drawn = store.is_font_drawn(kind) if store is not None else font_drawn
    if store is not None or font_drawn:
        real = np.full_like(generated, _BACKGROUND)
        if font_drawn:
            real = _written(characters, rows, size, on_samples)
        if store is not None:
            _take_real_samples(store, characters, seed, kind, sources, real)
        label = "Font-drawn" if font_drawn else "Real"
        if store is not None and GENERATED in ({kind} & {*store.kinds} or store.kinds):
            label = "Model-drawn"
        shown = [Row(label, images) for images in real] + shown
    return compose(characters, shown, scale or default_scale(size), remarks)


def _report(
    batches: Iterable[NDArray[np.uint8]], total: int, on_samples: OnSamples
) -> Iterator[NDArray[np.uint8]]:
    """Hand on batches of images as they are drawn."""
    done = 0
    for batch in batches:
        done += len(batch)
        on_samples("draw", done, total)
        yield batch


def _take_real_samples(
    store: "Store",
    characters: str,
    seed: int,
    kind: str,
    sources: Sequence[int] | None,
    samples: NDArray[np.uint8],
) -> None:
    """Choose samples of each character that the store has, into (rows, columns, size, size)."""
    rows, _, size, _ = samples.shape
    random = np.random.default_rng(seed)
    label_of = {character: label for label, character in enumerate(store.charset)}
    for column, character in enumerate(characters):
        if character not in label_of:
            continue
        label = label_of[character]
        is_told = kind in store.kinds and sources is None  # else it is that of the sources
        number = store.kinds.index(kind) if is_told else None
        available: list[int] = []
        for split in (Split.TEST, Split.TRAIN):
            found = np.array(store.rows_of_class(split, label, number), np.intp)
            if sources is not None:
                found = found[np.isin(store.writers[found], sources)]
            available = available or found.tolist()
        chosen = random.permutation(len(available))[:rows]
        for line, index in enumerate(chosen.tolist()):
            row = available[index]
            samples[line, column] = _reduce(store.images(range(row, row + 1))[0], size)


def _reduce(glyph: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Shrink a glyph by averaging over squares, as training reduces a larger store."""
    return np.asarray(Image.fromarray(glyph).resize((size, size), Image.Resampling.BOX))


def _written(characters: str, rows: int, size: int, on_samples: OnSamples) -> NDArray[np.uint8]:
    """Rows by simulated writers: (rows, columns, size, size), background where no font has one.

    A row is by one writer, whose font has as many of the characters as any; another helps out where
    that lacks one.
    """
    # Which numba compiles parts of.
    from data_tools.fonts.simulated_hand import HANDS_OF_WRITERS, font_of_writer, write_glyph

    written_size = next(known for known in GLYPH_SIZES_PIXELS if known % size == 0)
    options = GlyphOptions(written_size, "aspect", default_margin(written_size, "aspect"))
    samples = np.full((rows, len(characters), size, size), _BACKGROUND, np.uint8)
    writers = range(_FURTHER_WRITERS, _FURTHER_WRITERS + len(HANDS_OF_WRITERS) * rows)
    able = {w: [has_glyph(font_of_writer(w), c) for c in characters] for w in writers}
    chosen = sorted(writers, key=lambda writer: -sum(able[writer]))
    for line, writer in enumerate(chosen[:rows]):
        others = [writer, *chosen]
        for column, character in enumerate(characters):
            by = next((one for one in others if able[one][column]), None)
            if by is not None:
                samples[line, column] = _reduce(write_glyph(character, by, options), size)
            on_samples("write", line * len(characters) + column + 1, rows * len(characters))
    return samples


def compose(
    characters: str,
    rows: Sequence[Row],
    scale: int,
    remarks: Mapping[str, str] | None = None,
) -> Image.Image:
    """Put rows of images under printed characters, with the rows' labels on the left.

    Args:
        characters: of the columns.
        rows: from top to bottom, each with one image a column.
        scale: each pixel becomes this many, smoothly.
        remarks: a word under the head of some characters' columns.
    """
    remarks = remarks or {}
    size = rows[0].images.shape[-1]
    cell = (size + _GAP_PIXELS) * scale
    printed = max(12, round(size * scale * _HEADER_SHARE))
    remark = round(printed * _REMARK_SHARE) if set(characters) & set(remarks) else 0
    header = round(printed * 1.35) + remark
    label_font = load_typeface(PLAINEST, max(12, round(size * scale * 0.4)))
    label_width = max(round(label_font.getlength(row.label)) for row in rows) + 3 * printed // 4
    columns = min(len(characters), COLUMNS_A_BLOCK)
    blocks = -(-len(characters) // COLUMNS_A_BLOCK)
    block_height = header + len(rows) * cell
    page = Image.new("L", (label_width + columns * cell, blocks * block_height), _BACKGROUND)
    draw = ImageDraw.Draw(page)
    for block in range(blocks):
        top = block * block_height
        first = block * COLUMNS_A_BLOCK
        chosen = characters[first : first + COLUMNS_A_BLOCK]
        for column, character in enumerate(chosen):
            middle = label_width + (column + 0.5) * cell
            centre = (middle, top + (header - remark) / 2)
            _print_character(draw, centre, character, printed)
            if word := remarks.get(character):
                font = load_typeface(PLAINEST, remark)
                draw.text((middle, top + header - remark), word, _GREY, font, anchor="mm")
        for number, row in enumerate(rows):
            line_top = top + header + number * cell
            if number == 0 or row.label != rows[number - 1].label:
                place = (label_width - printed // 4, line_top + cell / 2)
                draw.text(place, row.label, 0, label_font, anchor="rm")
            images = row.images[first : first + COLUMNS_A_BLOCK]
            page.paste(_strip(images, scale), (label_width, line_top))
    return page


def _print_character(
    draw: ImageDraw.ImageDraw,
    centre: tuple[float, float],
    character: str,
    size_pixels: int,
) -> None:
    """Print the head of a column; a character that no font has is named by its code point."""
    font = ALL_FONTS.font_of(character)
    text, size = character, size_pixels
    if font is None:
        font, text, size = PLAINEST, f"{ord(character):X}", size_pixels // 2
    draw.text(centre, text, _GREY, load_typeface(font, size), anchor="mm")


def _strip(images: NDArray[np.uint8], scale: int) -> Image.Image:
    """Images (columns, S, S) side by side, with a gap behind and below each, enlarged."""
    padded = np.pad(
        images, ((0, 0), (0, _GAP_PIXELS), (0, _GAP_PIXELS)), constant_values=_BACKGROUND
    )
    strip = Image.fromarray(np.concatenate(list(padded), axis=1))
    enlarged = (strip.width * scale, strip.height * scale)
    return strip.resize(enlarged, Image.Resampling.BICUBIC)
