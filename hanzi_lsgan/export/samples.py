"""Generated samples, to train a recogniser with, in any of the formats."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data_tools.errors import UserError
from data_tools.sources.writing_kinds import GENERATED
from hanzi_lsgan.drawing.best_of import BestOf
from hanzi_lsgan.drawing.images import draw_images, draw_latents, labels_of
from hanzi_lsgan.drawing.in_square import put_in_square
from hanzi_lsgan.export.formats import check_tags, choose_format, write_samples
from hanzi_lsgan.export.sample import OnSamples, Sample, character_folder
from hanzi_lsgan.models import Generator, favourite_font, hand_of, place_of

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
    format: str | None = None,
    force: bool = False,
    best_of: BestOf | None = None,
    in_square: bool = False,
    on_samples: OnSamples = lambda samples: None,
) -> int:
    """Draw labelled samples and write them, dark ink on 255, cropped to the ink as in HWDB.

    Args:
        generator: in evaluation mode.
        charset: label i of the generator is character i.
        characters: what to draw; each is drawn once however often it is named, since a training
            set holds no picture twice.
        out: a file of a known suffix, or a folder.
        per_class: samples of each character, at least 1; the n-th share a latent, as one hand. All
            are one hand's where the generator was adapted to a person.
        seed: of the latents.
        format: one of `Format`; by the suffix of `out`, and pictures in a folder, by default.
        force: replace what is at `out`.
        best_of: draws the samples where given, each with latents of its own.
        in_square: leave each where it stands in its square, (S, S), a comma low and small.
        on_samples: told how many are written.

    Returns:
        The number of samples written.

    Raises:
        UserError: a character is unknown or has no tag, or `out` exists or cannot be written.
    """
    chosen = choose_format(out, format)
    characters = "".join(dict.fromkeys(characters))
    check_tags(characters, chosen)
    samples = generated_samples(
        generator,
        charset,
        characters,
        per_class=per_class,
        seed=seed,
        best_of=best_of,
        in_square=in_square,
    )
    return write_samples(samples, out, chosen, force=force, on_samples=on_samples)


def generated_samples(
    generator: Generator,
    charset: str,
    characters: str,
    *,
    per_class: int,
    seed: int,
    best_of: BestOf | None = None,
    in_square: bool = False,
) -> Iterator[Sample]:
    """Samples as they are drawn; arguments as of `export_samples`.

    Raises:
        UserError: a character is unknown, or `per_class` is below 1.
    """
    if per_class < 1:
        raise UserError(f"--per-class {per_class}: at least one sample a character is needed")
    labels = labels_of(characters, charset)
    if best_of is None:
        return _hand_after_hand(generator, characters, labels, per_class, seed, in_square)
    return _best_samples(best_of, characters, labels, per_class, seed, in_square)


def _hand_after_hand(
    generator: Generator,
    characters: str,
    labels: list[int],
    per_class: int,
    seed: int,
    in_square: bool,
) -> Iterator[Sample]:
    """One latent after the other, each a writer, or all of the one whose hand is drawn."""
    is_one_person = hand_of(generator) is not None
    latents = draw_latents(generator, per_class, seed)
    batches = draw_images(generator, latents, labels)
    for index, image in enumerate(image for batch in batches for image in batch):
        character = characters[index % len(labels)]
        drawn = index // len(labels)
        if in_square:
            font = favourite_font(generator, latents[drawn])
            glyph = put_in_square(clear_haze(image), place_of(generator, character, font))
        else:
            glyph = crop_to_ink(image)
        writer = f"{GENERATED}-hand-{0 if is_one_person else drawn:05}"
        yield Sample(glyph, character, character_folder(character), writer, kind=GENERATED)


def _best_samples(
    best_of: BestOf,
    characters: str,
    labels: list[int],
    per_class: int,
    seed: int,
    in_square: bool,
) -> Iterator[Sample]:
    """One character after the other; no two samples are of one hand."""
    for character, label in zip(characters, labels, strict=True):
        for image in best_of.draw(label, per_class, seed):
            glyph = crop_to_ink(image)
            if in_square:  # no sample has a favourite among the fonts, so by the plainest
                glyph = put_in_square(clear_haze(image), place_of(best_of.generator, character))
            yield Sample(glyph, character, character_folder(character), kind=GENERATED)


def clear_haze(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Make what is lighter than any ink 255."""
    return np.where(image > _LIGHTEST_INK, np.uint8(_BACKGROUND), image)


def crop_to_ink(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Clear the haze of an image (S, S) to 255 and cut it to the ink, (h, w); a blank one stays."""
    cleared = clear_haze(image)
    ink = cleared < _BACKGROUND
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not len(rows):
        return cleared
    return cleared[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
