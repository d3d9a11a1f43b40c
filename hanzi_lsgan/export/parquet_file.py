"""Samples as a Parquet file, which `datasets` loads without code: `image`, `text` and `writer`.

Of samples in several splits a column `split` tells which.
"""

import json
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

from hanzi_lsgan.export.sample import OnSamples, Sample, counted, png_bytes

_ROWS_A_GROUP = 1000  # small enough that a reader of single rows reads little else

# What `datasets` takes the columns for: without it, pictures would be bytes and a path.
_FEATURES = {
    "image": {"_type": "Image"},
    "text": {"dtype": "string", "_type": "Value"},
    "writer": {"dtype": "string", "_type": "Value"},
    "split": {"dtype": "string", "_type": "Value"},
}


def write_parquet(samples: Iterable[Sample], path: Path, on_samples: OnSamples) -> int:
    """Write one file; the number of samples."""
    import pyarrow as pa  # type: ignore[import-untyped]
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    rows = _rows(counted(samples, on_samples))
    first = next(rows, None)
    columns = [name for name in _FEATURES if name != "split" or (first and first["split"])]
    features = {name: _FEATURES[name] for name in columns}
    schema = pa.schema(
        [(name, image if name == "image" else pa.string()) for name in columns],
        metadata={"huggingface": json.dumps({"info": {"features": features}})},
    )
    rows = chain([] if first is None else [first], rows)
    written = 0
    # PNGs are compressed already.
    with pq.ParquetWriter(path, schema, compression="NONE") as writer:
        while group := list(islice(rows, _ROWS_A_GROUP)):
            writer.write_table(pa.Table.from_pylist(group, schema))
            written += len(group)
    return written


def _rows(samples: Iterable[Sample]) -> Iterator[dict[str, Any]]:
    for number, sample in enumerate(samples):
        picture = {
            "bytes": png_bytes(sample.image, sample.comment),
            "path": f"{sample.folder}/{number:09}.png",
        }
        yield {
            "image": picture,
            "text": sample.text,
            "writer": sample.writer,
            "split": sample.split,
        }
