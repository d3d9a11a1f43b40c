"""A member: one file of samples on the disk or in an archive, and how it is read."""

import os
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import ClassVar, Self

from isal.isal_zlib import adler32, crc32

from data_tools.errors import UserError, join_message
from data_tools.hwdb.gnt import GntError, GntRecord, TagError, read_records, read_tags
from data_tools.hwdb.gnt_mistakes import have_swapped_sides, other_encoding_of
from data_tools.sources.gnt_ground import (
    GNT_LEVELLED,
    GNT_TURNED,
    are_light_on_dark,
    are_on_grey,
    levelled,
    turned,
)
from data_tools.sources.inflate import ByteStream, open_member
from data_tools.sources.kinds import GNT, Kind
from data_tools.sources.mendable_errors import ARCHIVE_REMEDY, mendable_errors
from data_tools.sources.sample_stream import SampleStream
from data_tools.sources.samples import Sample
from data_tools.sources.split_names import TRAIN_UNTOLD, NamedSplit
from data_tools.splits import Split

_SKIP_REMEDY = f"{ARCHIVE_REMEDY}, or pass --skip-bad to go on without this file"
_SIDES_REMEDY = "swap bytes 6 and 7 with 8 and 9 of each record, counted from 0"

_TAGS_REMEDY = "write its samples as pictures, a folder for each character, or its tags in GBK"

_JUDGED = 40  # samples of a file, by which it is told from one that was written otherwise
_ENDINGS = re.compile(r"(\.[^\W\d_]\w*)+$")  # of 001.gnt.gz both, of 1.0train-gb1.gnt the last
# 1001-c.gnt and 1001-f.gnt are one writer in the first release of HWDB1.1 and in the second.
_RELEASE_LETTER = re.compile(r"(?<=\d)-[a-z]$")


@dataclass(frozen=True, order=True)
class Member:
    """One file of samples, which in HWDB is one writer, on disk or inside an archive.

    Attributes:
        name: the source's own name and the path below it; the same wherever the source lies.
        path: the file on disk that holds the bytes: itself, its archive, or a copy of an archive
            that lies in another.
        inner: the member's name inside the zip archive at `path`.
        span: the member's first byte and size inside `path`, where a tar archive holds it.
        place: where a person finds it.
        kind: of the file.
        named_split: train or test, and what said so: a name, an option, or nothing.
        is_dark: whether a person has said that its ink is dark, as the format has it.
    """

    name: str
    path: Path
    inner: str | None = None
    span: tuple[int, int] | None = None
    place: str = field(default="", compare=False)
    kind: Kind = field(default=GNT, compare=False)
    named_split: NamedSplit = field(default=TRAIN_UNTOLD, compare=False)
    is_dark: bool = field(default=False, compare=False)
    number: ClassVar[int] = 0  # it is read in one part

    @property
    def split(self) -> Split:
        """Train or test."""
        return self.named_split.split

    @property
    def writer(self) -> str:
        """The writer's name: that of the file, whichever folder, archive or release it is in."""
        return _RELEASE_LETTER.sub("", _ENDINGS.sub("", PurePosixPath(self.name).name))

    def open(self) -> "MemberStream":
        """A stream for one reading from the beginning, to be used in a `with` statement."""
        return MemberStream(self)


@lru_cache(maxsize=8)
def _open_archive(path: Path, state: tuple[int, ...], process: int) -> zipfile.ZipFile:
    """An archive whose directory is read once for all its members.

    `state` tells one file at `path` from the next. `process` is the caller's own: a handle
    inherited by a fork shares its position in the file.
    """
    return zipfile.ZipFile(path)


class MemberStream(SampleStream):
    """Bytes of a member, read forward, counted and summed up on the way.

    Attributes:
        bytes_read: how many so far.
        notes: how many samples were light on dark and turned, or on grey and levelled.
    """

    def __init__(self, member: Member) -> None:
        super().__init__()
        self._member = member
        self._stream: ByteStream | None = None

    def samples(
        self,
        is_wanted: Callable[[str], bool],
        on_bad: Callable[[str, int], None] | None = None,
    ) -> Iterator[Sample]:
        """Read the samples in order.

        Args:
            is_wanted: whether a character's pixels are needed; here they come in any case.
            on_bad: called with a line on what is damaged, and how many samples that costs. Without
                it the first damage raises.

        Raises:
            UserError: the file is damaged, when `on_bad` is None, cannot be read, has its samples'
                height before their width, or tags in another encoding.
        """

        def note(error: GntError) -> None:
            if on_bad is not None:
                line = f"{error.name}: byte {error.offset:,}: {error.problem}"
                on_bad(line, error.records_lost)

        records = self._records(note if on_bad else None)
        first = list(islice(records, _JUDGED))
        if have_swapped_sides(first):
            problem = "the headers have height before width, which scrambles the pixels"
            raise UserError(join_message(self._member.name, problem, _SIDES_REMEDY))
        is_light = not self._member.is_dark and are_light_on_dark(first)
        is_grey = not is_light and are_on_grey(first)
        for record in chain(first, records):
            if is_grey:
                record = levelled(record)
                self.notes[GNT_LEVELLED] += 1
            if is_light:
                record = turned(record)
                self.notes[GNT_TURNED] += 1
            key = crc32(record.pixels, record.width) << 32 | adler32(record.pixels)
            yield Sample(record, key)

    def _records(self, on_bad: Callable[[GntError], None] | None) -> Iterator[GntRecord]:
        """The records, as `read_records` yields them; a file in another encoding is refused."""
        checked: set[type[GntError]] = set()

        def note(error: GntError) -> None:
            if isinstance(error, TagError) and TagError not in checked:  # once a file
                checked.add(TagError)
                self._check_encoding()
            if on_bad is not None:
                on_bad(error)

        try:
            yield from read_records(self, self._member.name, note if on_bad else None)
        except TagError:
            self._check_encoding()
            raise

    def _check_encoding(self) -> None:
        """Make sure that a tag that is not GBK is damage, and not one of a file of such.

        Raises:
            UserError: nearly all of the file's tags are in another encoding.
        """
        with self._member.open() as again:
            called = other_encoding_of(set(read_tags(again)))
        if called:
            problem = (
                f"the tags are {called}, and not GBK, so that many would name other characters"
            )
            raise UserError(join_message(self._member.name, problem, _TAGS_REMEDY))

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, and none only at the end.

        Raises:
            UserError: the file or archive cannot be opened or read, or is damaged here.
        """
        with mendable_errors(self._member.name, _SKIP_REMEDY):
            if self._stream is None:
                self._stream = self._open()
            data = self._stream.read(size)
        self._digest.update(data)
        self.bytes_read += len(data)
        return data

    def _open(self) -> ByteStream:
        path = self._member.path
        if self._member.span is not None:
            return _Span(path, *self._member.span)
        if self._member.inner is None:
            return path.open("rb")
        status = path.stat()
        state = (status.st_ino, status.st_size, status.st_mtime_ns)
        return open_member(_open_archive(path, state, os.getpid()), self._member.inner)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._stream is not None:
            self._stream.close()


class _Span:
    """The bytes of a part of a file."""

    def __init__(self, path: Path, start: int, size: int) -> None:
        self._file = path.open("rb")
        self._file.seek(start)
        self._left = size

    def read(self, size: int, /) -> bytes:
        data = self._file.read(min(size, self._left))
        if not data and self._left:
            raise EOFError("the archive ends before its time")
        self._left -= len(data)
        return data

    def close(self) -> None:
        self._file.close()
