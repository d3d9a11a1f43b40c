"""What samples are worth to a recogniser: trained on them alone, what it reads of real handwriting.

    python -m benchmarks.worth STORE [--run RUN] [--source corpus|run] [--per-class 100] [--seeds 0]
                                     [--best-of 1] [--spread 1]

STORE holds real handwriting. Of its characters those count that the run's hands have. A recogniser
learns them from so many samples of the font corpus, and another from as many that the
run's model draws, with `generate`'s options; both read the store's test split. What is chosen by
these figures is to be chosen by `--split train`, or it would be learned from what is tested.
"""

import argparse
from collections.abc import Callable
from functools import partial
from itertools import chain, count, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data_tools.fonts.simulated_hand import font_of_writer, write_glyph
from data_tools.fonts.typefaces import has_glyph
from data_tools.glyphs.fit import GlyphOptions, default_margin
from data_tools.splits import Split
from data_tools.store.reader import Store
from hanzi_lsgan.acceleration import keep_freed_memory
from hanzi_lsgan.batches import load_rows
from hanzi_lsgan.drawing.best_of import BestOf
from hanzi_lsgan.drawing.images import draw_class
from hanzi_lsgan.judging.cas import shuffled_batches
from hanzi_lsgan.judging.judge import training_steps
from hanzi_lsgan.judging.kept_recogniser import load_recogniser
from hanzi_lsgan.judging.metrics import top_k_accuracy
from hanzi_lsgan.judging.recogniser import read_glyphs, train_recogniser
from hanzi_lsgan.runs.folder import RunFolder
from hanzi_lsgan.runs.trained_generator import TrainedGenerator

LAST_SHARE = 0.4
"""Of a recogniser's steps, that it may learn some samples alone in."""

Samples = NDArray[np.uint8]
"""Of one character after the other: (N, S, S)."""

Labels = NDArray[np.int64]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.worth")
    parser.add_argument("store", type=Path)
    parser.add_argument("--run", type=Path, default=Path("hanzi_lsgan/weights"))
    parser.add_argument("--source", choices=("corpus", "run"), action="append")
    parser.add_argument("--per-class", type=int, default=100)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--split", choices=("train", "test"), default="test")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--best-of", type=int, default=1)
    parser.add_argument("--spread", type=float, default=1.0)
    arguments = parser.parse_args()
    keep_freed_memory()  # as the command line does
    trained = RunFolder(arguments.run).load_generator()
    per_class, size = arguments.per_class, arguments.size
    with Store(arguments.store) as store:
        charset = "".join(c for c in store.charset if trained.knows(c))
        split = Split.TRAIN if arguments.split == "train" else Split.TEST
        real, labels = real_samples(store, charset, split, size)
    trained = trained.with_spread(arguments.spread).with_unseen(charset)
    print(f"{len(charset)} characters, {per_class} samples of each; {len(labels):,} real ones")
    for source in arguments.source or ("corpus", "run"):
        for seed in arguments.seeds:
            if source == "corpus":
                samples = write_samples(charset, per_class, size, seed)
            else:
                samples = draw_samples(trained, charset, per_class, size, seed, arguments.best_of)
            learned = samples, np.repeat(np.arange(len(charset)), per_class)
            accuracy = accuracy_of(learned, (real, labels), len(charset), seed)
            print(f"{source}, seed {seed}: {accuracy:.2%}", flush=True)


def real_samples(store: Store, charset: str, split: Split, size: int) -> tuple[Samples, Labels]:
    """The store's samples of some characters, and which of these they are."""
    images, labels = [], []
    for label, character in enumerate(charset):
        rows = store.rows_of_class(split, store.charset.index(character))
        images.append(load_rows(store, rows, size))
        labels.append(np.full(len(rows), label))
    return np.concatenate(images), np.concatenate(labels)


def write_samples(charset: str, per_class: int, size: int, seed: int) -> Samples:
    """Samples by simulated writers, each of whom writes a character once."""
    options = GlyphOptions(size, "aspect", default_margin(size, "aspect"))
    first = 1 + seed * 100_000
    samples = []
    for character in charset:
        able = (writer for writer in count(first) if has_glyph(font_of_writer(writer), character))
        samples += [write_glyph(character, w, options) for w in islice(able, per_class)]
    return np.stack(samples)


def draw_samples(
    trained: TrainedGenerator,
    charset: str,
    per_class: int,
    size: int,
    seed: int,
    candidates: int = 1,
) -> Samples:
    """Samples that a model draws, each from a latent of its own, reduced to `size` pixels.

    Of several candidates for each the one is kept that the recogniser reads best which came along
    with the model.
    """
    draw: Callable[[int, int, int], Samples] = partial(draw_class, trained.network)
    if candidates > 1:
        if trained.recogniser is None:
            raise SystemExit("--best-of: the run brings no recogniser; see export-weights --data")
        read = load_recogniser(trained.recogniser).reading(trained.charset)
        draw = BestOf(trained.network, read, candidates).draw
    samples = []
    for character in charset:
        drawn = draw(trained.charset.index(character), per_class, seed)
        fold = drawn.shape[1] // size
        cells = drawn.reshape(per_class, size, fold, size, fold)
        samples.append(np.rint(cells.mean(axis=(2, 4))).astype(np.uint8))
    return np.concatenate(samples)


def accuracy_of(
    learned: tuple[Samples, Labels],
    read: tuple[Samples, Labels],
    classes: int,
    seed: int,
    last: tuple[Samples, Labels] | None = None,
) -> float:
    """Share of some samples that is read rightly by a recogniser that has learned others alone.

    Where some are given as `last`, it learns these alone in the last `LAST_SHARE` of its steps.
    """
    steps = training_steps(len(learned[0]))
    batches = shuffled_batches(*learned, seed)
    if last is not None:
        before = islice(batches, int(steps * (1 - LAST_SHARE)))
        batches = chain(before, shuffled_batches(*last, seed + 1))
    size = learned[0].shape[1]
    recogniser = train_recogniser(batches, classes=classes, size=size, steps=steps, seed=seed)
    _, guesses = read_glyphs(recogniser, read[0])
    return top_k_accuracy(guesses, read[1], 1)


if __name__ == "__main__":
    main()
