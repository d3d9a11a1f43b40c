"""The files of a writing's sheets: their names, and all of them written together."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from data_tools.errors import UserError, join_message
from data_tools.files import write_together
from data_tools.outputs import check_file
from hanzi_lsgan.writing.pdf_file import pdf_bytes
from hanzi_lsgan.writing.png_file import png_pages
from hanzi_lsgan.writing.svg_file import svg_text
from hanzi_lsgan.writing.write import Writing


def sheet_paths(out: Path, pages: int) -> list[Path]:
    """What the files of so many pages are called.

    Args:
        out: `page.pdf`, the only file; of several PNGs or SVGs, `p.png` becomes `p-1.png` and on.
        pages: 1 or more.
    """
    paths = [out]
    if pages > 1 and out.suffix.lower() != ".pdf":
        digits = len(str(pages))
        paths = [out.with_stem(f"{out.stem}-{n:0{digits}}") for n in range(1, pages + 1)]
    return paths


def check_sheets(out: Path, pages: int, background: Path | None = None) -> None:
    """Make sure, before anything is drawn, that the files of so many pages can be written.

    Args:
        out: as of `sheet_paths`.
        pages: 1 or more.
        background: the picture under the text, which no sheet may replace.

    Raises:
        UserError: one of them cannot, is a folder, or is the background.
    """
    for path in sheet_paths(out, pages):
        target = check_file(path)
        if background is not None and target.exists() and target.samefile(background):
            problem = f"would replace the picture of --background {background}"
            raise UserError(join_message(f"--out {path}", problem, "name another file"))


def write_sheets(
    writing: Writing, paths: Sequence[Path], dpi: int, *, transparent: bool = False
) -> None:
    """Write the files of all pages; they appear together, or none does.

    Args:
        writing: of the pages.
        paths: as `sheet_paths` names them.
        dpi: of a PNG, pixels an inch.
        transparent: PNGs of the ink alone.

    Raises:
        UserError: one cannot be written.
    """
    suffix = paths[0].suffix.lower()
    contents: Iterable[bytes]
    if suffix == ".svg":
        contents = (svg_text(page, writing.facts).encode() for page in writing.pages)
    else:
        pdf = pdf_bytes(writing.pages, writing.facts, ink_alone=transparent)
        contents = [pdf]
        if suffix == ".png":
            contents = png_pages(pdf, dpi, writing.facts, transparent=transparent)
    write_together([check_file(path) for path in paths], contents)


def other_sheets(out: Path, paths: Sequence[Path]) -> list[Path]:
    """Files that look like sheets of an earlier text under the same name, and are none of these.

    Args:
        out: as of `sheet_paths`.
        paths: of the text's own sheets.
    """
    if out.suffix.lower() == ".pdf":
        return []
    name = re.compile(rf"{re.escape(out.stem)}(-[0-9]+)?{re.escape(out.suffix)}")
    own = {path.name for path in paths}
    found = [path for path in out.parent.iterdir() if name.fullmatch(path.name)]
    others = [path for path in found if path.name not in own and path.is_file()]
    return sorted(others, key=lambda path: (len(path.name), path.name))
