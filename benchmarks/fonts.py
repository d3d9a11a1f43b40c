"""Which glyphs of the hands' fonts are not the character that they stand for.

    python -m benchmarks.fonts --out misread.json --kept
    python -m benchmarks.fonts --out misread.json [--parts 0 1 2] [--size 32] [--per-glyph 3]
                               [--images 600000]

With `--kept` the recogniser that comes with the weights reads all glyphs as they are, in minutes.
It has learned from all fonts, but what a single one draws wrongly it seldom reads as that.

Without, the fonts are parted into three. A recogniser learns from the writers of two parts, and
reads what the third part's fonts show: so each font is read by what learned from others (and of
hand 12 its writers and the reference font's outlines, which stand for its plain glyphs). A glyph is
listed that is read as another character, plain and in most of what writers make of it. What a
person finds wrong of these goes into `data_tools/fonts/misdrawn.py`. A part of 400,000
images takes half an hour of one core; each is added to what the file has of others.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data_tools.fonts.reference_glyphs import REFERENCE_SIZE_PIXELS
from data_tools.fonts.simulated_hand import Hand, draw_sample
from data_tools.fonts.typefaces import HANDS, TYPEFACES, draw_reference, has_glyph
from data_tools.glyphs.fit import GlyphOptions, default_margin, fit_glyph
from data_tools.hwdb.standard_sets import STANDARD_SETS
from data_tools.parallel import process_count, process_map
from hanzi_lsgan.acceleration import keep_freed_memory
from hanzi_lsgan.judging.cas import shuffled_batches
from hanzi_lsgan.judging.judge import training_steps
from hanzi_lsgan.judging.kept_recogniser import load_recogniser
from hanzi_lsgan.judging.recogniser import (
    BATCH,
    Recogniser,
    read_log_posteriors,
    train_recogniser,
)
from hanzi_lsgan.runs.folder import SHIPPED, RunFolder

_PARTS = 3
_FIRST_WRITER = 500_000  # of no corpus
_CERTAIN = 0.5  # of the readings of a glyph, that must be of one other character
_CHUNK = 2000
_KEPT_SIZE = 64  # of what the recogniser that comes along reads
_PLAIN = -1

Glyphs = NDArray[np.uint8]
_Place = tuple[int, str, int]
"""A font, a character and the number of a sample, or `_PLAIN`."""


def main() -> None:
    """Find them, print how many there are, and write them down."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fonts")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--kept", action="store_true")
    parser.add_argument("--parts", type=int, nargs="+", choices=range(_PARTS), default=[0, 1, 2])
    parser.add_argument("--size", type=int, default=REFERENCE_SIZE_PIXELS)
    parser.add_argument("--per-glyph", type=int, default=3)
    parser.add_argument("--images", type=int, default=600_000)
    arguments = parser.parse_args()
    keep_freed_memory()  # as the command line does
    characters = sorted(set().union(*(STANDARD_SETS[name]() for name in ("gb2312", "big5-1"))))
    having = {c: [font for font in HANDS if has_glyph(font, c)] for c in characters}
    names = [*(path.stem for path in TYPEFACES), "kaiti-strokes"]
    misread: dict[str, dict[str, str]] = {}
    if arguments.out.exists():
        misread = json.loads(arguments.out.read_text("utf-8"))
    if arguments.kept:
        kept = load_recogniser(RunFolder(SHIPPED).recogniser)
        read = [(font, c, _PLAIN) for c in characters if c in kept.charset for font in having[c]]
        misread |= {names[font]: {} for font in HANDS}
        for (font, c), other in _misread(kept.network, read, kept.charset, _KEPT_SIZE).items():
            misread[names[font]][c] = other
        arguments.out.write_text(json.dumps(misread, ensure_ascii=False, indent=1), "utf-8")
    for part in () if arguments.kept else arguments.parts:
        known = [c for c in characters if any(font % _PARTS != part for font in having[c])]
        places = [
            (font, c, number)
            for c in known
            for font in having[c]
            for number in range(_PLAIN, arguments.per_glyph)
        ]
        taught = [p for p in places if p[0] % _PARTS != part and p[2] >= 0]
        read = [p for p in places if p[0] % _PARTS == part]
        recogniser = _train(taught, known, arguments.size, arguments.images)
        misread |= {names[font]: {} for font in HANDS if font % _PARTS == part}
        for (font, character), other in _misread(recogniser, read, known, arguments.size).items():
            misread[names[font]][character] = other
        arguments.out.write_text(json.dumps(misread, ensure_ascii=False, indent=1), "utf-8")
        print(f"part {part}: learned {len(taught):,} samples of {len(known):,} characters")
    for name, found in misread.items():
        print(f"{name}: {len(found)}: {''.join(list(found)[:40])}")


def _train(places: list[_Place], known: list[str], size: int, most_images: int) -> Recogniser:
    label_of = {character: label for label, character in enumerate(known)}
    labels = np.array([label_of[character] for _, character, _ in places])
    return train_recogniser(
        shuffled_batches(_draw(places, size), labels),
        classes=len(known),
        size=size,
        steps=min(training_steps(len(places)), -(-most_images // BATCH)),
    )


def _misread(
    recogniser: Recogniser, places: list[_Place], known: Sequence[str], size: int
) -> dict[tuple[int, str], str]:
    """Glyphs that are read as another character, and as which."""
    readings: dict[tuple[int, str], list[str]] = {}
    for start in range(0, len(places), _CHUNK):
        chunk = places[start : start + _CHUNK]
        guesses = read_log_posteriors(recogniser, _draw(chunk, size)).argmax(axis=1)
        for (font, character, _), guess in zip(chunk, guesses.tolist(), strict=True):
            readings.setdefault((font, character), []).append(known[guess])
    found = {}
    for (font, character), read in readings.items():
        likeliest = max(set(read), key=read.count)
        plain = read[0]
        if plain == likeliest != character and read.count(likeliest) > _CERTAIN * len(read):
            found[font, character] = likeliest
    return found


def _draw(places: list[_Place], size: int) -> Glyphs:
    chunks = [(places[i : i + _CHUNK], size) for i in range(0, len(places), _CHUNK)]
    with process_map(process_count(None, len(chunks))) as parallel:
        return np.concatenate(list(parallel(_draw_chunk, chunks)))


def _draw_chunk(chunk: tuple[list[_Place], int]) -> Glyphs:
    places, size = chunk
    options = GlyphOptions(size, "aspect", default_margin(size, "aspect"))
    drawn = []
    for font, character, number in places:
        if number == _PLAIN:
            bitmap = 255 - np.asarray(draw_reference(font, character))
        else:
            writer = _FIRST_WRITER + number
            rng = np.random.default_rng((writer, font, ord(character)))
            hand = Hand.of_writer(font, writer, [font])
            bitmap = draw_sample(character, hand, rng)
        height, width = bitmap.shape
        drawn.append(fit_glyph(memoryview(bitmap.tobytes()), width, height, options))
    return np.stack(drawn)


if __name__ == "__main__":
    main()
