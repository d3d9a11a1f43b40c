"""Opening a file that claims to be a store, and taking parts of it, whoever made it.

HDF5 lets a file point elsewhere: at data sets outside of it, at other HDF5 files, at parts of
others that it presents as its own. A store does none of that, so that reading one reads nothing
else. Nothing is read before its type, shape and size are known to be possible.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from data_tools.errors import UserError, join_message

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_RAW_SUFFIXES = (".gnt", ".zip")
_REMEDY = "make it again with `hanzi-lsgan prepare`"
_COPY_REMEDY = "copy it once more, or make it again with `hanzi-lsgan prepare`"
_MOST_COMPRESSED = 1100  # deflate makes nothing smaller than a 1,032nd
_DAMAGE = (
    *(OSError, LookupError, TypeError, ValueError, AttributeError, RuntimeError, ArithmeticError),
    MemoryError,
    UserError,  # the glyph options are checked by their class
)


class StoreError(UserError):
    """A store that cannot be used, with its path and what is wrong."""

    def __init__(self, path: Path, problem: str, remedy: str = _REMEDY) -> None:
        super().__init__(join_message(str(path), problem, remedy))


def open_file(path: Path) -> h5py.File:
    """Open an HDF5 file for reading.

    Raises:
        StoreError: there is none, or it is none; with what to do about it.
    """
    try:
        if path.is_dir():
            raise _folder_error(path)
        with path.open("rb") as file:
            beginning = file.read(len(_SIGNATURE))
    except FileNotFoundError:
        remedy = f"make one with `hanzi-lsgan prepare --out {path}`"
        raise StoreError(path, "there is no such store", remedy) from None
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
        raise StoreError(path, problem, "check the path and its permissions") from None
    if beginning != _SIGNATURE:
        problem = "is no store: it is empty" if not beginning else "is no store, nor any HDF5 file"
        remedy = "name the .h5 file that `hanzi-lsgan prepare` has made"
        if path.suffix.lower() in _RAW_SUFFIXES:
            remedy = f"make a store of it with `hanzi-lsgan prepare {path}`"
        raise StoreError(path, problem, remedy)
    try:
        return h5py.File(path, "r")
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            problem, remedy = "another program has it open for writing", "close it there"
            raise StoreError(path, problem, remedy) from None
        raise StoreError(path, "is cut short or damaged", _COPY_REMEDY) from None


def _folder_error(path: Path) -> StoreError:
    remedy = f"name a store, or make one of a folder's data with `hanzi-lsgan prepare {path}`"
    if (path / "model.json").exists():
        remedy = f"name the store that it was trained on: `hanzi-lsgan info {path}` says which"
        return StoreError(path, "is a run and no store", remedy)
    if stores := sorted(path.glob("*.h5")):
        remedy = f"name a store, such as {stores[0]}"
    return StoreError(path, "is a folder and no store", remedy)


@contextmanager
def damage(path: Path, part: str = "") -> Iterator[None]:
    """Turn what h5py, numpy and json raise on a broken file into one line that names it."""
    where = f"{part} is damaged" if part else "is damaged"
    try:
        yield
    except StoreError:
        raise
    except _DAMAGE as error:
        # HDF5's own messages are about its insides: they start so and hold addresses.
        told = str(error)
        internal = isinstance(error, (OSError, RuntimeError)) or "synchronously" in told
        if isinstance(error, OSError) and error.errno:
            told, internal = os.strerror(error.errno), False
        problem = where if internal or not told else f"{where} ({told})"
        raise StoreError(path, problem, _COPY_REMEDY if internal else _REMEDY) from None


def dataset(
    path: Path, group: h5py.Group, name: str, kind: str, shape: tuple[int | None, ...]
) -> h5py.Dataset:
    """A data set that lies in this file alone and is what it should be; nothing of it is read.

    Args:
        path: of the file, for messages.
        group: the file, or a group in it.
        name: of the data set in the group.
        kind: of numpy, such as `int32`; `S` for texts of a fixed length.
        shape: None stands for any length.

    Raises:
        StoreError: it is missing, points elsewhere, has another type or shape, or claims more than
            the file can hold.
    """
    full = f"/{name}" if group.name == "/" else f"{group.name}/{name}"
    _refuse_links(path, group, name, full)
    found = group[name]
    if not isinstance(found, h5py.Dataset):
        raise StoreError(path, f"{full} is no data set")
    if found.is_virtual or found.external:
        raise StoreError(path, f"{full} is kept outside the file, where a store never keeps it")
    is_kind = found.dtype.kind == "S" if kind == "S" else found.dtype == kind
    fits = len(found.shape or ()) == len(shape) and all(
        wanted is None or length == wanted
        for length, wanted in zip(found.shape or (), shape, strict=True)
    )
    if found.shape is None or not is_kind or not fits:
        expected = ", ".join("N" if length is None else str(length) for length in shape)
        named = "text of a fixed length" if kind == "S" else kind
        problem = f"{full} is {found.dtype} {found.shape}, not {named} ({expected})"
        raise StoreError(path, problem)
    _refuse_filters(path, found, full)
    held = min(int(found.id.get_storage_size()), path.stat().st_size)
    most = held if found.chunks is None else held * _MOST_COMPRESSED
    if int(found.nbytes) > most:
        raise StoreError(path, f"{full} claims {found.nbytes:,} bytes, more than the file holds")
    return found


def group(path: Path, file: h5py.File, name: str) -> h5py.Group:
    """A group of this file.

    Raises:
        StoreError: it is missing, points elsewhere or is none.
    """
    _refuse_links(path, file, name, f"/{name}")
    found = file[name]
    if not isinstance(found, h5py.Group):
        raise StoreError(path, f"/{name} is no group")
    return found


def scalar(path: Path, attributes: h5py.AttributeManager, name: str) -> int:
    """An attribute that is one whole number, or a truth.

    Raises:
        StoreError: it is missing or of another kind.
    """
    if name not in attributes:
        raise StoreError(path, f"attribute {name} is missing")
    kind = attributes.get_id(name)
    if kind.shape != () or kind.dtype.kind not in "biu":
        raise StoreError(path, f"attribute {name} is not a whole number")
    return int(attributes[name])


def _refuse_links(path: Path, group: h5py.Group, name: str, full: str) -> None:
    link = group.get(name, getlink=True)
    if link is None:
        raise StoreError(path, f"{full} is missing")
    if not isinstance(link, h5py.HardLink):
        raise StoreError(path, f"{full} is a link, perhaps to another file, which no store has")


def _refuse_filters(path: Path, found: h5py.Dataset, full: str) -> None:
    creation = found.id.get_create_plist()
    for number in range(creation.get_nfilters()):
        code = creation.get_filter(number)[0]
        if not h5py.h5z.filter_avail(code):
            problem = f"{full} is compressed by HDF5's filter number {code}, unknown here"
            raise StoreError(path, problem, f"write it with gzip: h5repack -f GZIP=6 {path} NEW.h5")
