"""LMDB environments of pictures and labels, as trainers of text recognition have them.

Keys `image-%09d` and `label-%09d`, counted from 1, and `num-samples`; what is exported here may
also have `writer-%09d` and `split-%09d`.
"""

from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TYPE_CHECKING

from data_tools.errors import UserError, join_message
from data_tools.parallel import call_apart
from data_tools.sources.mendable_errors import mendable_errors
from data_tools.sources.stored import Value
from data_tools.sources.unpacked_pictures import UnpackedPictures, unpacking

if TYPE_CHECKING:
    import lmdb

_IMAGE = b"image-"
_COLUMNS = ["label", "split", "writer"]
_COUNT = b"num-samples"
_AGAIN = "get the file again"


def unpack_lmdb(path: Path, place: str, copy: Path) -> UnpackedPictures:
    """Copy the pictures of an environment one after the other, and what it says of each.

    Args:
        path: of the file with the data.
        place: what messages call it.
        copy: the file to write.

    Raises:
        UserError: it is cut off, has other keys, or a label that is no UTF-8, or lacks pictures.
        ScratchError: there is no space for the copy.
    """
    try:
        # LMDB believes what is in its pages, and ends the process where that leads astray.
        return call_apart(_unpack, path, place, copy)
    except BrokenProcessPool:
        raise UserError(join_message(place, "is damaged inside", _AGAIN)) from None


def _unpack(path: Path, place: str, copy: Path) -> UnpackedPictures:
    import lmdb

    with (
        mendable_errors(place, _AGAIN),
        lmdb.open(str(path), subdir=False, readonly=True, lock=False, readahead=False) as opened,
        opened.begin(buffers=True) as transaction,
        unpacking(copy, _COLUMNS) as copying,
    ):
        _check_size(opened, path, place)
        cursor = transaction.cursor()
        is_there = cursor.set_range(_IMAGE)
        while is_there and (key := bytes(cursor.key())).startswith(_IMAGE):
            number = key.removeprefix(_IMAGE)
            values: dict[str, Value] = {}
            for column in _COLUMNS:
                other = column.encode() + b"-" + number
                values[column] = _text(transaction.get(other), place, other)
            copying.add(key.decode(errors="replace"), cursor.value(), values)
            is_there = cursor.next()
        count = transaction.get(_COUNT)
        _check_count(len(copying.done.files), None if count is None else bytes(count), place)
    return copying.done


def _check_size(opened: "lmdb.Environment", path: Path, place: str) -> None:
    """Make sure that all pages are there: to read behind the end of the file ends the process."""
    needed = (opened.info()["last_pgno"] + 1) * opened.stat()["psize"]
    there = path.stat().st_size
    if there < needed:
        problem = f"is cut off after {there:,} of {needed:,} bytes"
        raise UserError(join_message(place, problem, _AGAIN))


def _check_count(pictures: int, count: bytes | None, place: str) -> None:
    if not pictures:
        problem = "has no keys image-000000001 and label-000000001, as trainers of OCR have them"
        remedy = "write its images as pictures, a folder for each character"
        raise UserError(join_message(place, problem, remedy))
    if count is not None and count != str(pictures).encode():
        said = count.decode(errors="replace")
        problem = f"holds {pictures:,} pictures, and its num-samples says {said}"
        raise UserError(join_message(place, problem, _AGAIN))


def _text(value: object, place: str, key: bytes) -> str | None:
    if value is None:
        return None
    try:
        return bytes(value).decode()  # type: ignore[call-overload, no-any-return]
    except UnicodeDecodeError:
        where = f"{place}: {key.decode(errors='replace')}"
        raise UserError(join_message(where, "is no UTF-8", "write it anew as UTF-8")) from None
