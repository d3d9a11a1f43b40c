"""Parquet files with a column of pictures, as `datasets` and the Hugging Face hub have them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_tools.errors import UserError, join_message
from data_tools.sources.column_names import (
    FILE_COLUMNS,
    SPLIT_COLUMNS,
    TEXT_COLUMNS,
    WRITER_COLUMNS,
    columns_among,
)
from data_tools.sources.stored import Value
from data_tools.sources.unpacked_pictures import UnpackedPictures, unpacking

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]

_Features = Mapping[str, Mapping[str, Any]]

_ROWS_AT_ONCE = 100
_REWRITE = "write its images as pictures, a folder for each character"
_NO_LABELS = "call the column with the characters text, or that with their numbers label"


def unpack_parquet(path: Path, place: str, copy: Path) -> UnpackedPictures:
    """Copy the pictures of a file, a few rows at a time, and what it says of each.

    Args:
        path: of the file.
        place: what messages call it.
        copy: the file to write.

    Raises:
        UserError: no column, or more than one, has pictures, none tells what they show, or a row
            has a path in the place of a picture, a text that is no UTF-8, or the number of no
            class.
        ScratchError: there is no space for the copy.
        ValueError, OSError and others, on damage.
    """
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    # Mapped, since else all of a group's pictures are read before the first.
    with pq.ParquetFile(
        path, memory_map=True, pre_buffer=False, page_checksum_verification=True
    ) as file:
        schema = file.schema_arrow
        features = _features(schema.metadata)
        image = _image_column(schema, features, place)
        texts = _plain_columns(schema, features)
        if not columns_among(texts, TEXT_COLUMNS) and not _classes_in(texts, features):
            there = ", ".join(schema.names)
            problem = f"has no column that tells what its pictures show ({there})"
            raise UserError(join_message(place, problem, _NO_LABELS))
        names = {column: features.get(column, {}).get("names") for column in texts}
        with unpacking(copy, texts) as copying:
            batches = file.iter_batches(_ROWS_AT_ONCE, columns=[image, *texts])
            for batch in batches:
                of_rows = {column: batch.column(column).to_pylist() for column in texts}
                for number, picture in enumerate(batch.column(image).to_pylist()):
                    row = len(copying.done.files)
                    where = f"{place}: row {row:,}"
                    values = {
                        column: _value(of_rows[column][number], names[column], where, column)
                        for column in texts
                    }
                    copying.add(f"row {row:09}", _bytes_of(picture, where), values)
    return copying.done


def _features(metadata: Mapping[bytes, bytes] | None) -> _Features:
    """What `datasets` takes the columns for; nothing where others have written the file."""
    try:
        features = json.loads((metadata or {})[b"huggingface"])["info"]["features"]
        return {name: one for name, one in features.items() if isinstance(one, dict)}
    except (KeyError, TypeError, ValueError, AttributeError):
        return {}


def _image_column(schema: "pa.Schema", features: _Features, place: str) -> str:
    """The column of pictures.

    Raises:
        UserError: there is none, or more than one and none is called so.
    """
    found = [one.name for one in schema if _may_be_pictures(one.type)]
    found = [name for name in found if not columns_among([name], TEXT_COLUMNS)]
    declared = [name for name in found if features.get(name, {}).get("_type") == "Image"]
    found = declared or found
    if len(found) > 1:
        found = columns_among(found, FILE_COLUMNS)[:1] or found
    if len(found) == 1:
        return found[0]
    there = ", ".join(f"{one.name}: {one.type}" for one in schema)
    problem = f"has no column of pictures as files ({there})"
    remedy = f"save them as `datasets` does, bytes of PNG or JPEG, or {_REWRITE}"
    if found:
        problem = f"has several columns of pictures ({', '.join(found)})"
        remedy = "call the one to read image"
    raise UserError(join_message(place, problem, remedy))


def _may_be_pictures(kind: "pa.DataType") -> bool:
    """Whether values of a type are the bytes of files, or structures that have those."""
    import pyarrow as pa

    if pa.types.is_struct(kind):
        return any(one.name == "bytes" and _may_be_pictures(one.type) for one in kind)
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _plain_columns(schema: "pa.Schema", features: _Features) -> list[str]:
    """The columns of texts, splits and writers whose values are texts or numbers."""
    import pyarrow as pa

    def is_plain(kind: "pa.DataType") -> bool:
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        return not (pa.types.is_nested(kind) or pa.types.is_null(kind))

    plain = [one.name for one in schema if is_plain(one.type)]
    known = columns_among(plain, (*TEXT_COLUMNS, *SPLIT_COLUMNS, *WRITER_COLUMNS))
    texts = columns_among(known, TEXT_COLUMNS)
    return known if texts else [*_classes_in(plain, features, known), *known]


def _classes_in(
    columns: Sequence[str], features: _Features, known: Sequence[str] = ()
) -> list[str]:
    """The columns of classes with names, whatever they are called, but for those known already."""
    return [
        name
        for name in columns
        if features.get(name, {}).get("_type") == "ClassLabel" and name not in known
    ]


def _value(value: object, names: Sequence[str] | None, where: str, column: str) -> Value:
    """A text, the name of a class, or its number where the file does not name it.

    Raises:
        UserError: a text is no UTF-8, or a number none of the classes.
    """
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            problem = f"{column} is no UTF-8"
            raise UserError(join_message(where, problem, "write it anew as text")) from None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int):
        return None if value is None else str(value)
    if not names:
        return value
    if not -1 <= value < len(names):
        problem = f"{column} is {value}, and the file names {len(names):,} classes"
        raise UserError(join_message(where, problem, "get the file again"))
    return None if value < 0 else str(names[value])  # as `datasets` has it where nobody knows


def _bytes_of(picture: object, where: str) -> bytes:
    """The file of a picture; none of it where the row has none.

    Raises:
        UserError: there is a path in its place.
    """
    path = None
    if isinstance(picture, dict):
        path = picture.get("path")
        picture = picture["bytes"]
    if isinstance(picture, bytes):
        return picture
    if path:
        problem = f"holds the path of a picture ({path}), and not the picture"
        remedy = "name the folder of pictures with metadata.csv, or write the file with them in it"
        raise UserError(join_message(where, problem, remedy))
    return b""
