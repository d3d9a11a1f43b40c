"""Generated samples as files to train a recogniser with: `.gnt` records, or PNGs in folders."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data_tools.errors import UserError, join_message
from data_tools.files import replacing, writable
from data_tools.hwdb.gnt import write_record
from hanzi_lsgan.drawing.best_of import BestOf
from hanzi_lsgan.drawing.images import draw_images, draw_latents, labels_of
from hanzi_lsgan.models import Generator

_BACKGROUND = 255
_LIGHTEST_INK = 247  # networks leave a haze of a few grey levels; HWDB's background is exactly 255


def export_samples(
    generator: Generator,
    charset: str,
    characters: str,
    out: Path,
    *,
    per_class: int,
    seed: int,
    force: bool = False,
    best_of: BestOf | None = None,
    on_samples: Callable[[int], None] = lambda samples: None,
) -> int:
    """Draw labelled samples and write them, dark ink on 255, cropped to the ink as in HWDB.

    Args:
        generator: in evaluation mode.
        charset: label i of the generator is character i.
        characters: what to draw.
        out: a `.gnt` file, or a folder in which each character gets a folder of PNGs.
        per_class: samples of each character; the n-th samples share a latent, as one hand.
        seed: of the latents.
        best_of: draws the samples where given, each with latents of its own.
        force: replace an existing file, or write into a folder that is not empty.
        on_samples: told how many are written.

    Returns:
        The number of samples written.

    Raises:
        UserError: a character is unknown, or `out` exists or cannot be written.
    """
    if per_class < 1:
        raise UserError(f"--per-class {per_class}: at least one sample a character is needed")
    labels = labels_of(characters, charset)
    if not force and out.exists() and (out.is_file() or any(out.iterdir())):
        raise UserError(join_message(str(out), "exists already", "pass --force, or another --out"))
    if best_of is None:
        samples = _hand_after_hand(generator, characters, labels, per_class, seed)
    else:
        samples = _best_samples(best_of, characters, labels, per_class, seed)
    written = 0
    if out.suffix.lower() == ".gnt":
        with replacing(out) as unfinished, unfinished.open("wb") as stream:
            for character, _, bitmap in samples:
                write_record(stream, character, bitmap)
                written += 1
                on_samples(written)
        return written
    with writable(out):
        for character, number, bitmap in samples:
            folder = out / f"U+{ord(character):04X}_{character}"
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(bitmap).save(folder / f"{number:05}.png")
            written += 1
            on_samples(written)
    return written


def _hand_after_hand(
    generator: Generator, characters: str, labels: list[int], per_class: int, seed: int
) -> Iterator[tuple[str, int, NDArray[np.uint8]]]:
    """Character, number and bitmap of each sample, one latent after the other."""
    latents = draw_latents(generator, per_class, seed)
    batches = draw_images(generator, latents, labels)
    for index, image in enumerate(image for batch in batches for image in batch):
        yield characters[index % len(labels)], index // len(labels), crop_to_ink(image)


def _best_samples(
    best_of: BestOf, characters: str, labels: list[int], per_class: int, seed: int
) -> Iterator[tuple[str, int, NDArray[np.uint8]]]:
    """Character, number and bitmap of each sample, one character after the other."""
    for character, label in zip(characters, labels, strict=True):
        for number, image in enumerate(best_of.draw(label, per_class, seed)):
            yield character, number, crop_to_ink(image)


def crop_to_ink(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Clear the haze of an image (S, S) to 255 and cut it to the ink, (h, w); a blank one stays."""
    cleared = np.where(image > _LIGHTEST_INK, np.uint8(_BACKGROUND), image)
    ink = cleared < _BACKGROUND
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not len(rows):
        return cleared
    return cleared[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
