"""Pictures that a Parquet file or a database holds, copied one behind the other into a file.

Neither gives a picture by its number in little time, or to several processes at once. From the copy
they are read as from a tar archive.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from data_tools.sources.archives import scratch
from data_tools.sources.stored import Columns, StoredFile, Value


class UnpackedPictures(NamedTuple):
    """What was copied.

    Attributes:
        files: a picture each, by its place in the copy.
        columns: what is said of each.
    """

    files: list[StoredFile]
    columns: Columns


class Unpacking:
    """A copy that is being written; `done` is what it has so far."""

    def __init__(self, file: IO[bytes], columns: list[str]) -> None:
        self.done = UnpackedPictures([], {name: [] for name in columns})
        self._file = file
        self._end = 0
        self._texts: dict[str, str] = {}  # one object for all that are equal

    def add(self, name: str, data: bytes | memoryview, values: dict[str, Value]) -> None:
        """Copy a picture; an empty one is said to be so when its turn comes."""
        self._file.write(data)
        self.done.files.append(StoredFile(name, len(data), self._end))
        self._end += len(data)
        for column, seen in self.done.columns.items():
            value = values.get(column)
            seen.append(self._texts.setdefault(value, value) if isinstance(value, str) else value)


@contextmanager
def unpacking(copy: Path, columns: list[str]) -> Iterator[Unpacking]:
    """Begin a copy of pictures.

    Args:
        copy: the file to write.
        columns: names of what will be said of each.

    Raises:
        ScratchError: there is no space for the copy.
    """
    with scratch(copy, "the pictures in a table") as file:
        yield Unpacking(file, columns)
