"""Samples in tar archives, as WebDataset reads them: `000000000.png` and `.txt` of each.

Where writer or split are known, `000000000.json` has them.
"""

import io
import json
import tarfile
from collections.abc import Iterable, Iterator
from itertools import chain, count, islice
from pathlib import Path

from hanzi_lsgan.export.sample import OnSamples, Sample, counted, png_bytes

_SAMPLES_A_SHARD = 10_000


def write_tar(samples: Iterable[Sample], path: Path, on_samples: OnSamples) -> int:
    """Write one archive; the number of samples."""
    return _write_shard(path, enumerate(counted(samples, on_samples)))


def write_tar_shards(samples: Iterable[Sample], folder: Path, on_samples: OnSamples) -> int:
    """Write archives `000000.tar` and on, of 10,000 samples each; the number of samples."""
    numbered = enumerate(counted(samples, on_samples))
    written = 0
    for shard in count():
        if (first := next(numbered, None)) is None:
            break
        some = chain([first], islice(numbered, _SAMPLES_A_SHARD - 1))
        written += _write_shard(folder / f"{shard:06}.tar", some)
    return written


def _write_shard(path: Path, samples: Iterator[tuple[int, Sample]]) -> int:
    written = 0
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        for number, sample in samples:
            add_member(archive, f"{number:09}.png", png_bytes(sample.image, sample.comment))
            add_member(archive, f"{number:09}.txt", sample.text.encode())
            if sample.origin:
                facts = json.dumps(sample.origin, ensure_ascii=False)
                add_member(archive, f"{number:09}.json", facts.encode())
            written += 1
    return written


def add_member(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    """Add a file to an archive."""
    entry = tarfile.TarInfo(name)  # of nobody and of 1970, so that equal samples are equal bytes
    entry.size = len(data)
    archive.addfile(entry, io.BytesIO(data))
