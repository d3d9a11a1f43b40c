"""Tables of pictures as others make them, and what is gathered from them.

Others are the Hugging Face hub, trainers of OCR and WebDataset.
"""

import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import lmdb
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from data_tools.errors import UserError
from data_tools.pictures.gather import Gathered, gather_pictures
from data_tools.sources.find import find_members
from tests.picture_samples import draw_character, picture_bytes

Told = list[tuple[str, str, int, int]]


def png(seed: int) -> bytes:
    return picture_bytes(draw_character(seed))


def write_hub_parquet(
    path: Path,
    labels: Sequence[str | int],
    *,
    names: Sequence[str] = (),
    column: str = "label",
    first: int = 0,
    **more: Sequence[str],
) -> Path:
    """As `push_to_hub` of `datasets`: pictures as bytes and path, names of classes in the schema.

    Args:
        path: of the file, whose folder is made.
        labels: of each row.
        names: of the classes, where labels are their numbers.
        column: of the labels.
        first: seed of the first picture; the next has the next.
        more: further columns.
    """
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    of_labels = {"names": list(names), "_type": "ClassLabel"} if names else {"_type": "Value"}
    features = {"image": {"_type": "Image"}, column: of_labels}
    schema = pa.schema(
        [
            ("image", image),
            (column, pa.string() if isinstance(labels[0], str) else pa.int64()),
            *((name, pa.string()) for name in more),
        ],
        metadata={"huggingface": json.dumps({"info": {"features": features}})},
    )
    pictures = [{"bytes": png(first + row), "path": f"{row}.png"} for row in range(len(labels))]
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = {"image": pictures, column: list(labels), **more}
    pq.write_table(pa.Table.from_pydict(rows, schema), path, row_group_size=2)
    return path


def write_ocr_lmdb(
    path: Path, labels: Sequence[str | bytes], *, count: int | None = None, is_folder: bool = True
) -> Path:
    """As trainers of text recognition keep it, counted from 1."""
    environment = lmdb.open(str(path), map_size=1 << 22, subdir=is_folder)
    with environment.begin(write=True) as transaction:
        for number, label in enumerate(labels, start=1):
            transaction.put(b"image-%09d" % number, png(number - 1))
            data = label if isinstance(label, bytes) else label.encode()
            transaction.put(b"label-%09d" % number, data)
        transaction.put(b"num-samples", b"%d" % (len(labels) if count is None else count))
    environment.close()
    return path


def write_webdataset(
    path: Path, samples: Sequence[Mapping[str, str | bytes]], *, first: int = 0
) -> Path:
    """A tar of `000000000.png` and, by its ending, of each file that a sample names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for number, sample in enumerate(samples, start=first):
            for ending, text in {"png": png(number), **sample}.items():
                data = text if isinstance(text, bytes) else text.encode()
                entry = tarfile.TarInfo(f"{number:09}.{ending}")
                entry.size = len(data)
                archive.addfile(entry, io.BytesIO(data))
    return path


def gather(*sources: Path, test: Path | None = None) -> tuple[Told, Gathered]:
    """Character, writer's source, split and seed of each picture, and all else that is known."""
    seeds = {png(seed): seed for seed in range(20)}
    told: Told = []
    with find_members(sources, [test] if test else []) as found:
        gathered = gather_pictures(found.collections)
        for part in gathered.parts:
            for picture in part.pictures:
                seed = seeds[part.read(picture.file)]
                told.append((picture.character, part.name, int(part.split), seed))
    return told, gathered


def error_of(*sources: Path) -> str:
    with pytest.raises(UserError) as caught:
        gather(*sources)
    assert "\n" not in str(caught.value)
    return str(caught.value)
