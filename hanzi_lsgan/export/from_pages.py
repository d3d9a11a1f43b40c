"""The lines of HWDB2.x pages: of `.dgrl` files, of folders and zip archives of them."""

import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from data_tools.errors import UserError, join_message
from data_tools.hwdb.dgrl import UNREADABLE, read_lines
from hanzi_lsgan.export.sample import Sample

_SUFFIXES = (".dgrl", ".dgr")
_MOST_PAGE_BYTES = 256 << 20  # a real page takes some megabytes


class Page(NamedTuple):
    """One `.dgrl` file, on disk or inside a zip archive.

    Attributes:
        name: the path below what the user named, without the suffix.
        path: the file on disk, the archive when `inner` is given.
        inner: the member's name inside the archive.
    """

    name: str
    path: Path
    inner: str | None

    def read(self) -> bytes:
        """The whole file.

        Raises:
            UserError: it cannot be read, or is no page by its size.
        """
        with _mendable_errors(self):
            if self.inner is None:
                with self.path.open("rb") as file:
                    data = file.read(_MOST_PAGE_BYTES + 1)
            else:
                with zipfile.ZipFile(self.path) as archive, archive.open(self.inner) as member:
                    data = member.read(_MOST_PAGE_BYTES + 1)
        if len(data) > _MOST_PAGE_BYTES:
            problem = f"is larger than {_MOST_PAGE_BYTES >> 20} MiB, which no page is"
            raise UserError(join_message(self.place, problem, "name pages of HWDB2.x"))
        return data

    @property
    def place(self) -> str:
        """Where a person finds it."""
        return str(self.path if self.inner is None else self.path / self.inner)


def find_pages(source: Path) -> list[Page]:
    """Every page in a file, a folder or a zip archive, in order of their names; possibly none.

    Raises:
        UserError: the source cannot be read.
    """
    if not source.is_dir():
        return _pages_of_file(source, source.parent)
    files = sorted(path for path in source.rglob("*") if path.is_file())
    return [page for path in files for page in _pages_of_file(path, source)]


def page_samples(
    pages: list[Page], on_left_out: Callable[[str], None] = lambda line: None
) -> Iterator[Sample]:
    """The lines of pages.

    Args:
        pages: read one at a time.
        on_left_out: told which line has no text, or a code that names no character.

    Raises:
        UserError: a page cannot be read or breaks the format.
    """
    for page in pages:
        # In HWDB2.x a page is named after its writer: 001-P16.
        writer = PurePosixPath(page.name).name.partition("-")[0]
        for number, line in enumerate(read_lines(page.read(), page.place), start=1):
            if line.text and UNREADABLE not in line.text:
                yield Sample(line.image, line.text, page.name, writer, is_line=True)
            else:
                on_left_out(f"{page.name} line {number}")


def _pages_of_file(path: Path, base: Path) -> list[Page]:
    shown = path.relative_to(base)
    if path.suffix.lower() in _SUFFIXES:
        return [Page(shown.with_suffix("").as_posix(), path, None)]
    if path.suffix.lower() != ".zip":
        return []
    with _mendable_errors(Page(shown.as_posix(), path, None)), zipfile.ZipFile(path) as archive:
        names = sorted(n for n in archive.namelist() if n.lower().endswith(_SUFFIXES))
    return [Page(_inside(name), path, name) for name in names]


def _inside(name: str) -> str:
    """A member's name without suffix, as a path below a folder, wherever the archive has it."""
    parts = PurePosixPath(name.replace("\\", "/")).with_suffix("").parts
    return "/".join(part for part in parts if part not in ("/", "..", "."))


@contextmanager
def _mendable_errors(page: Page) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        problem = f"cannot be read ({error.strerror or error})"
        raise UserError(join_message(page.place, problem, "check the path")) from None
    except Exception as error:  # on damage zipfile hands on whatever comes up
        problem = f"is damaged ({str(error) or type(error).__name__})"
        raise UserError(join_message(page.place, problem, "download it again")) from None
