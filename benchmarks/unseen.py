"""What a model's samples are worth where real ones are few or missing (docs/quality.md).

    python -m benchmarks.unseen STORE TRIAL SOURCE [--run RUN] [--seeds 0] [--split test]
                                                   [--added 100] [--best-of 1] [--spread 1]
                                                   [--real-last]

STORE holds real handwriting. Twenty of its characters, `held_out`, are chosen by the hash of their
code points, so that nobody has chosen them. TRIAL says what a recogniser learns of real samples:

    unseen   none of the twenty, all of the others
    few      five of each of the twenty, all of the others
    twenty   twenty of each character
    all      all of each character

and SOURCE what else it learns: `none`, `font` (samples of the corpus), `run` (of the model) or
`real` (what was kept back, the ceiling); `--added` of each character that is short of real ones, or
of all. Read are the real test samples of the twenty, for `twenty` and `all` those of all. A model
that is to be measured must not have been trained on more of them than the recogniser: prepare its
store with `--charset`, or of `few` writers. With `--real-last` the last 40 % of steps are on real
samples alone. What is chosen by these figures is to be chosen by `--split train`.
"""

import argparse
import hashlib
from pathlib import Path

import numpy as np

from benchmarks.worth import (
    Labels,
    Samples,
    accuracy_of,
    draw_samples,
    real_samples,
    write_samples,
)
from data_tools.fonts.typefaces import has_glyph
from data_tools.splits import Split
from data_tools.store.reader import Store
from hanzi_lsgan.acceleration import keep_freed_memory
from hanzi_lsgan.runs.folder import RunFolder

_HELD_OUT = 20
_FIRST_HANDS = range(1, 4)  # there were these when the twenty were chosen, and one like them
_REAL = {"unseen": 0, "few": 5, "twenty": 20, "all": 1_000_000}
"""Real samples of each character that is short of them, by the trial."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.unseen")
    parser.add_argument("store", type=Path)
    parser.add_argument("trial", choices=tuple(_REAL))
    parser.add_argument("source", choices=("none", "font", "run", "real"))
    parser.add_argument("--run", type=Path, default=Path("hanzi_lsgan/weights"))
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--split", choices=("train", "test"), default="test")
    parser.add_argument("--added", type=int, default=100)
    parser.add_argument("--best-of", type=int, default=1)
    parser.add_argument("--spread", type=float, default=1.0)
    parser.add_argument("--real-last", action="store_true")
    arguments = parser.parse_args()
    keep_freed_memory()  # as the command line does
    if (arguments.trial, arguments.source) == ("all", "real"):
        parser.error("all leaves out no real samples that could be added")
    trial, source, size = arguments.trial, arguments.source, arguments.size
    with Store(arguments.store) as store:
        charset = store.charset
        train = real_samples(store, charset, Split.TRAIN, size)
        read = real_samples(store, charset, Split[arguments.split.upper()], size)
    short = held_out(charset) if trial in ("unseen", "few") else charset
    is_short = np.array([character in short for character in charset])
    read = read[0][is_short[read[1]]], read[1][is_short[read[1]]]
    print(f"{trial}, {source}: of {short}, {len(read[1]):,} samples read")
    for seed in arguments.seeds:
        learned = real = _real_part(train, is_short, _REAL[trial], seed)
        if source != "none":
            added = _added(source, arguments, short, train, charset, seed)
            samples = np.concatenate([learned[0], added[0]])
            learned = samples, np.concatenate([learned[1], added[1]])
        last = real if arguments.real_last else None
        share = accuracy_of(learned, read, len(charset), seed, last)
        print(f"seed {seed}: {len(learned[1]):,} samples learned, {share:.2%} read", flush=True)


def held_out(charset: str) -> str:
    """Twenty characters of those that the fonts have: by the lowest SHA-256 of `U+XXXX`."""
    drawn = [c for c in charset if all(has_glyph(font, c) for font in _FIRST_HANDS)]
    digest = {c: hashlib.sha256(f"U+{ord(c):04X}".encode()).hexdigest() for c in drawn}
    return "".join(sorted(sorted(drawn, key=digest.__getitem__)[:_HELD_OUT]))


def _real_part(
    train: tuple[Samples, Labels],
    is_short: np.ndarray[tuple[int], np.dtype[np.bool_]],
    count: int,
    seed: int,
) -> tuple[Samples, Labels]:
    """All real samples of some characters, and so many, at random, of those that are short."""
    samples, labels = train
    order = np.random.default_rng(seed).permutation(len(labels))
    taken = np.zeros(len(is_short), int)
    kept = []
    for row in order.tolist():
        label = labels[row]
        if not is_short[label] or taken[label] < count:
            taken[label] += 1
            kept.append(row)
    kept.sort()
    return samples[kept], labels[kept]


def _added(
    source: str,
    arguments: argparse.Namespace,
    short: str,
    train: tuple[Samples, Labels],
    charset: str,
    seed: int,
) -> tuple[Samples, Labels]:
    """`--added` samples of each character that is short, or all real ones."""
    count = arguments.added
    labels = np.repeat([charset.index(character) for character in short], count)
    if source == "real":
        chosen = np.isin(train[1], labels)
        return train[0][chosen], train[1][chosen]
    if source == "font":
        known = "".join(c for c in short if has_glyph(1, c))
        labels = np.repeat([charset.index(character) for character in known], count)
        return write_samples(known, count, arguments.size, seed), labels
    trained = RunFolder(arguments.run).load_generator().with_spread(arguments.spread)
    trained = trained.with_unseen(short)
    drawn = draw_samples(trained, short, count, arguments.size, seed, arguments.best_of)
    return drawn, labels


if __name__ == "__main__":
    main()
