"""Samples as PNGs: a folder a class as `torchvision.datasets.ImageFolder` reads, with metadata.

`metadata.jsonl` has a line a picture, `file_name` and `text`, as `datasets`' imagefolder reads it.
Names of what a font or a model has drawn begin with `font-drawn` or `generated`, by which `prepare`
knows them; of the latter the PNGs say so too, and their lines by `made_by`.
Beside lines of text lies `label.txt`, a picture and its text in each line, as PaddleOCR reads it.
"""

import json
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

from hanzi_lsgan.export.sample import OnSamples, Sample, counted, png_bytes


def write_image_folder(samples: Iterable[Sample], folder: Path, on_samples: OnSamples) -> int:
    """Write PNGs and what they read, below `train` and `test` where samples tell their split."""
    numbers: Counter[tuple[str, str]] = Counter()
    files: dict[tuple[str, str], TextIO] = {}
    with ExitStack() as stack:

        def listing(split: str, name: str) -> TextIO:
            if (split, name) not in files:
                (folder / split).mkdir(exist_ok=True)
                opened = (folder / split / name).open("w", encoding="utf-8", newline="\n")
                files[split, name] = stack.enter_context(opened)
            return files[split, name]

        for sample in counted(samples, on_samples):
            place = (sample.split, sample.folder)
            parent = folder / sample.split / sample.folder
            if not numbers[place]:
                parent.mkdir(parents=True, exist_ok=True)
            name = f"{sample.name_prefix}{numbers[place]:05}.png"
            numbers[place] += 1
            (parent / name).write_bytes(png_bytes(sample.image, sample.comment))
            facts = {"file_name": f"{sample.folder}/{name}", "text": sample.text}
            if sample.writer:
                facts["writer"] = sample.writer
            if sample.comment:
                facts["made_by"] = sample.comment
            line = json.dumps(facts, ensure_ascii=False)
            listing(sample.split, "metadata.jsonl").write(line + "\n")
            if sample.is_line:
                labels = listing(sample.split, "label.txt")
                labels.write(f"{sample.folder}/{name}\t{sample.text}\n")
    return numbers.total()
