"""Samples as an LMDB environment, as trainers of text recognition read them.

Keys `image-%09d` (a PNG) and `label-%09d` (UTF-8), counted from 1, and `num-samples`: as in the
deep-text-recognition-benchmark, and what took it over. `writer-%09d` and `split-%09d`, where they
are known, are for `prepare`.
"""

import errno
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from hanzi_lsgan.export.sample import OnSamples, Sample, counted, png_bytes

if TYPE_CHECKING:
    import lmdb

_FIRST_MAP_BYTES = 1 << 24  # doubled when it is full; readers map as much
_SAMPLES_A_TRANSACTION = 1000


def write_lmdb(samples: Iterable[Sample], folder: Path, on_samples: OnSamples) -> int:
    """Write `data.mdb`; the number of samples."""
    labelled = (
        [
            ("image", png_bytes(sample.image, sample.comment)),
            ("label", sample.text.encode()),
            *((name, value.encode()) for name, value in sample.origin.items()),
        ]
        for sample in counted(samples, on_samples)
    )
    return write_entries(labelled, folder)


def write_entries(
    samples: Iterable[Sequence[tuple[str, bytes]]], folder: Path, meta: bytes | None = None
) -> int:
    """Write `data.mdb` of samples, each of which is what stands under `NAME-%09d`.

    Args:
        samples: names and values of each.
        folder: where the environment comes.
        meta: what stands under the key `meta`, if anything.

    Returns:
        The number of samples.

    Raises:
        OSError: the disk is full, or fails.
    """
    import lmdb

    # Without a lock file, since nobody else knows of the environment yet; not synced each time,
    # since a killed process leaves nothing at the final name.
    with _errors_of_the_disk():
        environment = lmdb.open(
            str(folder), map_size=_FIRST_MAP_BYTES, lock=False, sync=False, readahead=False
        )
    try:
        written = 0
        entries: list[tuple[bytes, bytes]] = [] if meta is None else [(b"meta", meta)]
        for sample in samples:
            written += 1
            entries += [(f"{name}-{written:09}".encode(), value) for name, value in sample]
            if not written % _SAMPLES_A_TRANSACTION:
                _put(environment, entries)
                entries = []
        _put(environment, [*entries, (b"num-samples", str(written).encode())])
        with _errors_of_the_disk():
            environment.sync(True)
    finally:
        environment.close()
    return written


def _put(environment: "lmdb.Environment", entries: list[tuple[bytes, bytes]]) -> None:
    import lmdb

    while True:
        try:
            with _errors_of_the_disk(), environment.begin(write=True) as transaction:
                for key, value in entries:
                    transaction.put(key, value)
            return
        except lmdb.MapFullError:
            environment.set_mapsize(2 * environment.info()["map_size"])


@contextmanager
def _errors_of_the_disk() -> Iterator[None]:
    """Turn what LMDB raises of its own into an error of the file system, but for a full map."""
    import lmdb

    try:
        yield
    except lmdb.MapFullError:
        raise
    except lmdb.Error as error:
        # What a full disk takes in part only is to LMDB an error of input and output.
        raise OSError(errno.ENOSPC, f"the disk is full, or fails: {error}") from None
