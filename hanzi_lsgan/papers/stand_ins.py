"""Stores of font-drawn glyphs, for experiments whose user names no store of handwriting."""

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from data_tools.fonts.corpus import write_corpus
from data_tools.fonts.simulated_hand import Hand, draw_sample
from data_tools.fonts.typefaces import FIRST_HANDS
from data_tools.glyphs.fit import GlyphOptions, check_fit, default_margin
from data_tools.hwdb.charset import parse_charset
from data_tools.hwdb.gnt import write_record
from data_tools.sources.writing_kinds import FONT_DRAWN_PREFIX
from data_tools.store.prepare import prepare

DIGITS = "0123456789"

_HAND_SEED, _WRITER = 0, 1  # whose hand all digits are in
_SMALL = 0.1  # share that is left of what makes samples of this hand differ


def font_drawn_store(path: Path, characters: str, writers: int, size: int, fit: str) -> Path:
    """A store of the sample corpus, made where it is missing.

    Args:
        path: of the store.
        characters: in it.
        writers: simulated ones to train on; a fifth as many to test on.
        size: of the glyphs.
        fit: `aspect` or `stretch`.

    Raises:
        UserError: a font lacks a character, or the store cannot be written.
    """
    if path.exists():
        return path
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus"
        write_corpus(
            corpus,
            characters=sorted(set(characters)),
            writers=writers,
            test_writers=max(1, writers // 5),
            jobs=1 if writers * len(characters) < 2000 else None,
        )
        return _prepare(corpus, path, characters, size, fit)


def small_variance_store(path: Path, writers: int, size: int) -> Path:
    """A store of digits that hardly differ, made where it is missing.

    All are in one hand, and what makes its samples differ is shrunk to a tenth. The papers' own
    are digits of one font, moved or turned a little.

    Args:
        path: of the store.
        writers: samples of each digit to train on; a fifth as many to test on.
        size: of the glyphs.

    Raises:
        UserError: the store cannot be written.
    """
    if path.exists():
        return path
    # With a pen each stroke would stray by itself, and that is not shrunk.
    hand = Hand.of_writer(_HAND_SEED, _WRITER, range(FIRST_HANDS))
    hand = replace(hand, looseness=hand.looseness * _SMALL, pen=None)
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus"
        for number in range(writers + max(1, writers // 5)):
            split = "trn" if number < writers else "tst"
            file = corpus / f"{FONT_DRAWN_PREFIX}-{split}_gnt" / f"{FONT_DRAWN_PREFIX}-{number}.gnt"
            file.parent.mkdir(parents=True, exist_ok=True)
            random = np.random.default_rng((_HAND_SEED, number))
            with file.open("wb") as stream:
                for digit in DIGITS:
                    write_record(stream, digit, draw_sample(digit, hand, random))
        return _prepare(corpus, path, DIGITS, size, "aspect")


def _prepare(corpus: Path, path: Path, characters: str, size: int, fit: str) -> Path:
    chosen = check_fit(fit)
    prepare(
        [corpus],
        path,
        glyph=GlyphOptions(size, chosen, default_margin(size, chosen)),
        charset=parse_charset(characters),
        jobs=1,
    )
    return path
