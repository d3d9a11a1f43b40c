"""Samples as HWDB's own records: in one file, or in a folder of a file a writer."""

import io
from collections.abc import Iterable
from pathlib import Path

from data_tools.errors import UserError, join_message
from data_tools.hwdb.gnt import write_record
from hanzi_lsgan.export.sample import OnSamples, Sample, counted

_BUFFERED_BYTES = 64 << 20  # of all writers together, since so many files cannot be open at once
_NOBODY = "unknown"


def write_gnt(samples: Iterable[Sample], path: Path, on_samples: OnSamples) -> int:
    """Write one file; the number of samples.

    Raises:
        UserError: a sample is no single character with a GBK tag.
    """
    written = 0
    with path.open("wb") as stream:
        for sample in counted(samples, on_samples):
            _write(stream, sample)
            written += 1
    return written


def write_gnt_folder(samples: Iterable[Sample], folder: Path, on_samples: OnSamples) -> int:
    """Write `WRITER.gnt` for each writer, below `train` and `test` where samples tell their split.

    Raises:
        UserError: a sample is no single character with a GBK tag.
    """
    written = buffered = 0
    buffers: dict[Path, io.BytesIO] = {}
    for sample in counted(samples, on_samples):
        path = folder / sample.split / f"{sample.writer or sample.name_prefix + _NOBODY}.gnt"
        buffered += _write(buffers.setdefault(path, io.BytesIO()), sample)
        if buffered > _BUFFERED_BYTES:
            _flush(buffers)
            buffered = 0
        written += 1
    _flush(buffers)
    return written


def _write(stream: io.BufferedWriter | io.BytesIO, sample: Sample) -> int:
    if sample.is_line:
        problem = "a .gnt record holds one character, and these are lines"
        remedy = "choose --format images, lmdb, tar or parquet"
        raise UserError(join_message("--format gnt", problem, remedy))
    write_record(stream, sample.text, sample.image)
    return sample.image.size


def _flush(buffers: dict[Path, io.BytesIO]) -> None:
    for path, buffer in buffers.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as stream:
            stream.write(buffer.getbuffer())
    buffers.clear()
