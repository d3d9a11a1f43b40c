"""Put lines together from the test samples of a store, or from glyphs of the font corpus.

    python examples/lines_of_samples.py STORE COUNT OUT           # a line, one source's samples
    python examples/lines_of_samples.py STORE COUNT OUT --fonts   # the same characters by fonts

They are set as `hanzi-lsgan lines --clean` sets its own, of the same characters, so that a reader
trained on one kind can be asked to read another: see `line_reader.py`.
"""

import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data_tools.fonts.placement import placement
from data_tools.fonts.simulated_hand import Hand, write_glyph
from data_tools.fonts.typefaces import PLAINEST, has_glyph
from data_tools.glyphs.fit import GlyphOptions, default_margin
from data_tools.splits import Split
from data_tools.store.reader import Store
from hanzi_lsgan.export.line_files import LabelledLine, write_lines
from hanzi_lsgan.export.sample import png_bytes
from hanzi_lsgan.writing.characters import WrittenCharacter
from hanzi_lsgan.writing.line_setting import Habit, set_line

MOST = 25  # characters of a line, of at least one
FIRST_WRITER = 20_000  # of numbers that no corpus has
GLYPH = GlyphOptions(64, "aspect", default_margin(64, "aspect"))

Samples = dict[str, Callable[[], NDArray[np.uint8]]]


def samples_of_writers(store: Store, characters: str) -> list[Samples]:
    """What each test writer has of these characters."""
    rows = store.rows_of(Split.TEST)
    samples: dict[int, Samples] = {}
    for row in rows:
        character = store.charset[store.labels[row]]
        if character not in characters:
            continue
        samples.setdefault(int(store.writers[row]), {})[character] = lambda row=row: store.images(
            range(row, row + 1)
        )[0]
    return list(samples.values())


def samples_of_fonts(characters: str, count: int) -> list[Samples]:
    """What as many simulated writers write."""
    return [
        {
            character: lambda character=character, writer=writer: font_glyph(character, writer)
            for character in characters
            if has_glyph(Hand.of_writer(0, writer).font, character)
        }
        for writer in range(FIRST_WRITER, FIRST_WRITER + count)
    ]


@lru_cache(maxsize=100_000)  # of four kilobytes each
def font_glyph(character: str, writer: int) -> NDArray[np.uint8]:
    """A glyph by a simulated writer, who writes it always alike."""
    return write_glyph(character, writer, GLYPH)


def lines(writers: list[Samples], count: int, seed: int) -> Iterator[LabelledLine]:
    """Lines of characters by lot, each by one writer."""
    for number in range(count):
        rng = np.random.default_rng((seed, number))
        writer = int(rng.integers(len(writers)))
        known = sorted(writers[writer])
        text = "".join(known[i] for i in rng.integers(len(known), size=rng.integers(1, MOST + 1)))
        characters = [
            WrittenCharacter(c, np.asarray(writers[writer][c]()), placement(c)) for c in text
        ]
        line = set_line(characters, Habit.of_hand(writer), rng)
        boxes = line.boxes.round().astype(int).tolist()
        named = tuple((c, tuple(box)) for c, box in zip(text, boxes, strict=True))
        yield LabelledLine(png_bytes(line.image), text, named, {"writer": writer})


if __name__ == "__main__":
    path, count, out = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    with Store(path) as store:
        fonts = "--fonts" in sys.argv
        # Where others stand in their squares, nobody knows; and no model of ours draws them.
        characters = "".join(c for c in store.charset if has_glyph(PLAINEST, c))
        writers = (
            samples_of_fonts(characters, min(count, 400))
            if fonts
            else samples_of_writers(store, characters)
        )
        kind = "lines of the font corpus" if fonts else f"lines of test samples of {path}"
        written = write_lines(
            lines(writers, count, int(fonts)), out, {"made_by": kind, "format": "lines"}
        )
        print(f"wrote {written:,} {kind} to {out}; its characters: {characters}")
