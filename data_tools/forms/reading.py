"""Photographs of forms → what each writer has written, for a store.

Photographs that are named one by one are one writer's, called as the first of them; so is each
folder with photographs in it, called as the folder.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from data_tools.characters import show_characters
from data_tools.errors import UserError, join_message
from data_tools.forms.cutting import State
from data_tools.forms.form_part import FormPart
from data_tools.forms.page_reading import ReadPage, marks_missing, read_page
from data_tools.forms.photograph import (
    PHOTOGRAPH_SUFFIXES,
    UNREADABLE_SUFFIXES,
    read_photographs,
)
from data_tools.forms.printing import CREATOR
from data_tools.sources.kinds import CLUTTER, Kind, kind_of_name
from data_tools.sources.passed_over import PassedOver, passed_over_lines
from data_tools.sources.split_choice import TEST_OPTION
from data_tools.sources.split_names import NamedSplit
from data_tools.splits import Split

EXTRA = "pip install 'hanzi-lsgan[forms]'"

_OTHER_SOURCES = (".gnt", ".zip", ".tar", ".gz", ".tgz", ".h5", ".hdf5", ".dgrl", ".parquet")
_OWN_PICTURES = (".cut.png", ".contact.png", ".levelled.png")  # beside a store of forms
_NO_PHOTOGRAPH = Kind("a file that is no photograph", "files that are no photographs")


@dataclass
class WriterPages:
    """Pages that one writer has filled in, the last photograph of each."""

    name: str
    path: Path
    split: NamedSplit
    pages: dict[tuple[int, int], ReadPage] = field(default_factory=dict)

    def part(self) -> FormPart:
        """The characters that are taken, in the order of pages and boxes."""
        samples = tuple(
            (box.character, box.bitmap, box.place)
            for key in sorted(self.pages)
            for box in self.pages[key].boxes
            if box.state.is_taken
        )
        return FormPart(self.name, self.path, self.split, samples)


@dataclass(frozen=True)
class ReadForms:
    """What was read of some photographs.

    Attributes:
        writers: in order of their names.
        lines: what a person should know, a line each.
        damaged: a line on each photograph that was left out.
    """

    writers: list[WriterPages]
    lines: list[str]
    damaged: list[str]

    def parts(self) -> list[FormPart]:
        """What goes into a store, of writers who have written anything."""
        return [part for writer in self.writers if (part := writer.part()).samples]


def require_opencv() -> None:
    """Find out before the work whether photographs can be read.

    Raises:
        UserError: OpenCV is not installed.
    """
    try:
        import cv2  # noqa: F401
    except ImportError:
        problem = "needs OpenCV, which is not installed"
        raise UserError(join_message("--form", problem, EXTRA)) from None


def read_forms(
    sources: Sequence[Path],
    test_sources: Sequence[Path] = (),
    *,
    skip_bad: bool = False,
    on_photograph: Callable[[int, int], None] = lambda done, total: None,
) -> ReadForms:
    """Read photographs of forms.

    Args:
        sources: photographs and folders of them.
        test_sources: the same, of writers for the test split.
        skip_bad: go on past photographs that cannot be read, instead of stopping at the first.
        on_photograph: told how many files of how many are read.

    Raises:
        UserError: a source is of another kind, a photograph is no use, or no box holds ink.
    """
    require_opencv()
    train = NamedSplit(Split.TRAIN, "")
    test = NamedSplit(Split.TEST, TEST_OPTION)
    passed_over: list[PassedOver] = []
    found = _once(_find(sources, train, passed_over), _find(test_sources, test, passed_over))
    total = sum(len(files) for _, files in found)
    if not total:
        remedy = "name photographs of a form, or a folder of them"
        raise UserError(join_message("--form", "no photograph is named", remedy))
    damaged: list[str] = []
    lines = passed_over_lines(passed_over)
    done = 0
    for writer, files in found:
        for file in files:
            for error in _take_pages(writer, file, lines):
                if not skip_bad:
                    raise error
                damaged.append(str(error))
            done += 1
            on_photograph(done, total)
        lines += _writer_lines(writer)
    writers = [writer for writer, _ in found if writer.pages]
    if not any(writer.part().samples for writer in writers):
        problem = "no box of any page holds a character"
        if not writers:
            problem = f"none of the photographs can be used, the first of them: {damaged[0]}"
        raise UserError(join_message("--form", problem, "photograph forms that are filled in"))
    return ReadForms(writers, lines, damaged)


_Found = list[tuple[WriterPages, list[Path]]]
"""Writers and their files."""


def _once(train: _Found, test: _Found) -> _Found:
    """All of them, those for `--test` taken out of folders that hold them too."""
    of_test = {file.resolve() for _, files in test for file in files}
    left = [
        (writer, [file for file in files if file.resolve() not in of_test])
        for writer, files in train
    ]
    found = [(writer, files) for writer, files in (*left, *test) if files]
    writers: dict[Path, WriterPages] = {}
    for writer, files in found:
        for file in files:
            if writers.setdefault(file.resolve(), writer) is not writer:
                problem = "the same photograph is given twice"
                raise UserError(join_message(str(file), problem, "name each file once"))
    return found


def _find(sources: Sequence[Path], split: NamedSplit, passed_over: list[PassedOver]) -> _Found:
    """Writers and their files, and what else is in folders."""
    found: _Found = []
    named_files: list[Path] = []
    for source in sources:
        if source.suffix.lower() in _OTHER_SOURCES:
            problem = "is no photograph, and --form takes nothing else"
            remedy = "make a store of other sources by a `prepare` of their own"
            raise UserError(join_message(str(source), problem, remedy))
        if not source.is_dir():
            named_files.append(source)
            continue
        inside = sorted(
            file for file in source.rglob("*") if file.is_file() and _is_seen(file, source)
        )
        folders = sorted({file.parent for file in inside if _is_photograph(file)})
        if not folders:
            remedy = "name photographs of a form, or a folder of them"
            raise UserError(join_message(str(source), "holds no photograph", remedy))
        top = source.resolve().name
        for folder in folders:
            below = folder.relative_to(source).as_posix()
            name = top if below == "." else f"{top}/{below}"
            files = [file for file in inside if file.parent == folder and _is_photograph(file)]
            found.append((WriterPages(name, folder, split), sorted(files, key=_by_name)))
        passed_over += [
            PassedOver(str(file), _NO_PHOTOGRAPH)
            for file in inside
            if not (_is_photograph(file) or file.name.endswith(_OWN_PICTURES))
        ]
    if named_files:
        writer = WriterPages(named_files[0].stem, named_files[0], split)
        found.insert(0, (writer, named_files))
    return found


def _by_name(file: Path) -> tuple[list[str | int], str]:
    """Order in which people name photographs: `IMG_9` before `IMG_10`, `page` before `page (2)`."""
    parts = re.split(r"(\d+)", file.stem)  # every second one is a number
    return [int(part) if place % 2 else part for place, part in enumerate(parts)], file.name


def _is_photograph(file: Path) -> bool:
    suffix = file.suffix.lower()
    if file.name.endswith(_OWN_PICTURES):
        return False
    if suffix == ".pdf":
        return not _is_printed_form(file)
    return suffix in PHOTOGRAPH_SUFFIXES or suffix in UNREADABLE_SUFFIXES


def _is_printed_form(file: Path) -> bool:
    """Whether a PDF is the empty form itself, which may lie beside its photographs."""
    try:
        return f"({CREATOR})".encode() in file.read_bytes()
    except OSError:
        return False  # what reads it says why


def _is_seen(file: Path, source: Path) -> bool:
    """Whether a person knows of a file: not of thumbnails that systems keep beside photographs."""
    below = file.relative_to(source)
    is_hidden = any(part.startswith(".") for part in below.parts)
    return not is_hidden and kind_of_name(below.as_posix()) not in CLUTTER


def _take_pages(writer: WriterPages, file: Path, lines: list[str]) -> Iterator[UserError]:
    """Take the pages of a file that are of use, and yield what is wrong with each other one."""
    try:
        for name, pixels in read_photographs(file):
            try:
                page = read_page(name, pixels)
            except UserError as error:  # such as the empty back of a sheet: more may follow it
                yield error
            else:
                _keep(writer, page, lines)
    except UserError as error:
        yield error


def _keep(writer: WriterPages, page: ReadPage, lines: list[str]) -> None:
    key = (page.code.form, page.code.page)
    if (before := writer.pages.get(key)) is not None:
        lines.append(f"{page.name} shows the same page as {before.name}, and takes its place")
    writer.pages[key] = page


def _writer_lines(writer: WriterPages) -> list[str]:
    """What was cut of each page, and which boxes a person should look at."""
    lines = []
    for key in sorted(writer.pages):
        page = writer.pages[key]
        counts = Counter(box.state for box in page.boxes)
        taken = sum(count for state, count in counts.items() if state.is_taken)
        line = f"{page.name}, page {page.code.page + 1} of {page.code.pages}: "
        line += f"{taken} of {len(page.boxes)} boxes taken"
        for state in State:
            if state is not State.TAKEN and counts[state]:
                some = [box.character for box in page.boxes if box.state is state]
                line += f"; {state.value}: {show_characters(some)}"
        if missing := marks_missing(page):
            line += f"; {missing} of the six marks not seen"
        lines.append(line)
    of_forms = Counter(form for form, _ in writer.pages)
    for form, count in of_forms.items():
        pages = next(page for key, page in writer.pages.items() if key[0] == form).code.pages
        if count < pages:
            lines.append(f"{writer.name}: {count} of {pages} pages are there")
    return lines
