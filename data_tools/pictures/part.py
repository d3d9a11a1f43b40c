"""Pictures of one writer as `prepare` reads them: samples with pixels as `.gnt` has them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from isal.isal_zlib import adler32, crc32

from data_tools.errors import UserError, join_message
from data_tools.hwdb.gnt import GntRecord
from data_tools.pictures.decode import MAX_FILE_BYTES, Picture, PictureError, decode
from data_tools.pictures.ink import Ground, Ink, on_white
from data_tools.sources.sample_stream import SampleStream
from data_tools.sources.samples import Sample
from data_tools.sources.split_names import NamedSplit
from data_tools.sources.stored import StoredFile, read_whole
from data_tools.splits import Split

_REMEDY = "get the file again, or pass --skip-bad to go on without this picture"
_NO_PIXELS = memoryview(b"")

DRAWN = "drawn"
TURNED = "light on dark"
LEVELLED = "levelled"
FIRST_PAGE = "of several pages"
OF_BITS = "of levels 0 and 1"
"""What is counted of pictures."""


class LabelledFile(NamedTuple):
    """A picture's file and the character that it shows."""

    file: StoredFile
    character: str


@dataclass(frozen=True)
class PicturePart:
    """Pictures of one writer, all of them or so many that one process is done with them soon.

    Attributes:
        name: of the source: the writer's own, behind that of the folder or archive.
        writer: the writer's name.
        number: of the part among those of one writer.
        path: the folder or archive that holds the files.
        origin: that, or the source that it is one of several shards of.
        folder: where a person finds that.
        named_split: train or test, and what said so.
        pictures: in order of their names.
        ground: what most pictures of the source show.
        ink: what the user insists on.
    """

    name: str
    writer: str
    number: int
    path: Path
    origin: Path
    folder: str
    named_split: NamedSplit
    pictures: tuple[LabelledFile, ...] = field(compare=False, repr=False)
    ground: Ground
    ink: Ink = "auto"

    @property
    def place(self) -> str:
        """Where a person finds it."""
        return f"{self.folder}/{self.pictures[0].file.name}"

    @property
    def split(self) -> Split:
        """Train or test."""
        return self.named_split.split

    def open(self) -> "PictureStream":
        """The pictures for one reading."""
        return PictureStream(self)

    def read(self, file: StoredFile) -> bytes:
        """Read one of the files.

        Raises:
            PictureError: it cannot be read, is too large, or is damaged in its archive.
        """
        return read_picture_file(self.path, file)


def read_picture_file(base: Path, file: StoredFile) -> bytes:
    """Read a picture's file from a folder or archive.

    Raises:
        PictureError: it cannot be read, is too large, or is damaged in its archive.
    """
    try:
        return read_whole(base, file, MAX_FILE_BYTES)
    except OSError as error:
        raise PictureError(f"cannot be read ({error.strerror or error})") from None
    except ValueError as error:
        raise PictureError(str(error)) from None


class PictureStream(SampleStream):
    """Samples of a part, read forward, counted and summed up on the way.

    Attributes:
        bytes_read: of files so far.
        notes: how many of the wanted pictures were turned, levelled, or had more pages.
    """

    def __init__(self, part: PicturePart) -> None:
        super().__init__()
        self._part = part

    def samples(
        self,
        is_wanted: Callable[[str], bool],
        on_bad: Callable[[str, int], None] | None = None,
    ) -> Iterator[Sample]:
        """Read the pictures in order.

        Args:
            is_wanted: whether the pixels of a character's pictures are needed. Others come without,
                and are decoded only to find damage where that is left out.
            on_bad: called with a line on each picture that cannot be read, and 1. Without it the
                first such raises.

        Yields:
            Dark ink on 255, `offset` being the picture's number. Copies are found by the bytes of
            the files.

        Raises:
            UserError: a picture cannot be read, when `on_bad` is None.
        """
        for number, (file, character) in enumerate(self._part.pictures):
            try:
                data = self._part.read(file)
                self.bytes_read += len(data)
                self._digest.update(f"{character}{len(data)} ".encode())
                self._digest.update(data)
                key = crc32(data) << 32 | adler32(data)
                if not is_wanted(character):
                    if on_bad is not None:
                        decode(data)
                    yield Sample(GntRecord(number, character, 0, 0, _NO_PIXELS), key)
                    continue
                picture = decode(data)
            except PictureError as error:
                place = f"{self._part.folder}/{file.name}"
                if on_bad is None:
                    raise UserError(join_message(place, str(error), _REMEDY)) from None
                on_bad(f"{place}: {error}", 1)
                continue
            grey, turned, levelled = on_white(picture, self._part.ground, self._part.ink)
            self._note(picture, turned, levelled)
            height, width = grey.shape
            record = GntRecord(number, character, width, height, grey.reshape(-1).data)
            yield Sample(record, key)

    def _note(self, picture: Picture, turned: bool, levelled: bool) -> None:
        self.notes[DRAWN] += 1
        if turned:
            self.notes[TURNED] += 1
        if levelled:
            self.notes[LEVELLED] += 1
        if picture.pages > 1:
            self.notes[FIRST_PAGE] += 1
        if picture.of_bits:
            self.notes[OF_BITS] += 1
