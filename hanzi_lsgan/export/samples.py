"""Generated samples as files to train a recogniser with: `.gnt` records, or PNGs in folders."""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data_tools.characters import show_characters
from data_tools.errors import UserError, join_message
from data_tools.files import replacing, writable
from data_tools.hwdb.charset import has_tag
from data_tools.hwdb.gnt import write_record
from data_tools.outputs import check_file, check_folder
from hanzi_lsgan.drawing.best_of import BestOf
from hanzi_lsgan.drawing.images import draw_images, draw_latents, labels_of
from hanzi_lsgan.models import Generator

_BACKGROUND = 255
_LIGHTEST_INK = 247  # networks leave a haze of a few grey levels; HWDB's background is exactly 255
_GNT = ".gnt"
_UNFINISHED = ".unfinished"
_OF_A_CHARACTER = re.compile(r"U\+[0-9A-F]{4,6}_.?")
_VERSION = re.compile(r"\.v?\d+")


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
        characters: what to draw; each is drawn once however often it is named, since a training
            set holds no picture twice.
        out: a `.gnt` file, or a folder in which each character gets a folder of PNGs.
        per_class: samples of each character, at least 1; the n-th samples share a latent.
        seed: of the latents.
        best_of: draws the samples where given, each with latents of its own.
        force: replace an existing file, or the samples in a folder.
        on_samples: told how many are written.

    Returns:
        The number of samples written.

    Raises:
        UserError: a character is unknown or has no tag, or `out` exists or cannot be written.
    """
    if per_class < 1:
        raise UserError(f"--per-class {per_class}: at least one sample a character is needed")
    characters = "".join(dict.fromkeys(characters))
    labels = labels_of(characters, charset)
    check_tags(characters, out)
    target = check_out(out, force)
    if best_of is None:
        samples = _hand_after_hand(generator, characters, labels, per_class, seed)
    else:
        samples = _best_samples(best_of, characters, labels, per_class, seed)
    written = 0
    if is_gnt(out):
        with replacing(target) as unfinished, unfinished.open("wb") as stream:
            for character, _, bitmap in samples:
                write_record(stream, character, bitmap)
                written += 1
                on_samples(written)
        return written
    with writable(out), _replacing_samples(target) as unfinished:
        for character, number, bitmap in samples:
            folder = unfinished / _folder_name(character)
            folder.mkdir(exist_ok=True)
            Image.fromarray(bitmap).save(folder / f"{number:05}.png")
            written += 1
            on_samples(written)
    return written


def check_tags(characters: str, out: Path) -> None:
    """Make sure, before any work, that a `.gnt` file can hold the characters, if `out` is one.

    Raises:
        UserError: a character has no tag.
    """
    lacking = [character for character in characters if is_gnt(out) and not has_tag(character)]
    if lacking:
        problem = f"{len(lacking):,} have no GBK tag, so no .gnt file holds them: "
        remedy = "leave them out, or write a folder of PNGs"
        raise UserError(join_message("--chars", problem + show_characters(lacking), remedy))


def is_gnt(out: Path) -> bool:
    """Whether samples go into a `.gnt` file there, rather than into a folder."""
    return out.suffix.lower() == _GNT


def check_out(out: Path, force: bool) -> Path:
    """Make sure, before any work, that samples may be written.

    Returns:
        Where to write: the target where `out` is a link.

    Raises:
        UserError: `out` has the suffix of another kind of file, exists and may not be replaced,
            or cannot be written.
    """
    if is_gnt(out):
        target = check_file(out)
        used = target.exists()
    else:
        if out.suffix and not _VERSION.fullmatch(out.suffix):
            problem = f"samples are not written as {out.suffix}"
            remedy = "name FILE.gnt, or a folder without such a suffix for PNGs"
            raise UserError(join_message(f"--out {out}", problem, remedy))
        target = check_folder(out)
        there = _entries(target)
        used = bool(there)
        others = [path.name for path in there if not _holds_samples(path)]
        if force and others:
            problem = f"holds other things than samples, such as {sorted(others)[0]}"
            raise UserError(join_message(f"--out {out}", problem, "name another folder"))
    if used and not force:
        remedy = "pass --force to replace it, or another --out"
        raise UserError(join_message(f"--out {out}", "exists already", remedy))
    return target


def _entries(folder: Path) -> list[Path]:
    """What is in a folder that need not exist, but for what a killed process left."""
    if not folder.is_dir():
        return []
    return [path for path in folder.iterdir() if path.name != _UNFINISHED]


def _folder_name(character: str) -> str:
    """`U+4E09_三`; signs are left out, as some systems allow few of them in names."""
    return f"U+{ord(character):04X}_{character if character.isalnum() else ''}"


def _holds_samples(path: Path) -> bool:
    """Whether this is a folder of a character's PNGs as they are written here, and of no more."""
    if path.is_symlink() or not path.is_dir() or not _OF_A_CHARACTER.fullmatch(path.name):
        return False
    return all(file.suffix == ".png" for file in path.iterdir())


@contextmanager
def _replacing_samples(folder: Path) -> Iterator[Path]:
    """Yield a place for folders of samples, which replace those in `folder` once all is well."""
    is_new = not folder.exists()
    unfinished = folder / _UNFINISHED
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        yield unfinished
        for old in _entries(folder):
            shutil.rmtree(old)
        for new in unfinished.iterdir():
            new.rename(folder / new.name)
        unfinished.rmdir()
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        if is_new:
            shutil.rmtree(folder, ignore_errors=True)
        raise


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
