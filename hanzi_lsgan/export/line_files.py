"""Lines with boxes of their characters: a folder, an LMDB environment or a tar archive.

A folder has `images/000000001.png` and on, `label.txt` (a picture, a tab and its text in each
line, as PaddleOCR reads it) and `boxes.jsonl`. An environment has `image-%09d`, `label-%09d`,
`boxes-%09d`, `num-samples` and `meta`. An archive has `000000001.png`, `.txt` and `.json`.
"""

import json
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from data_tools.errors import UserError, join_message
from data_tools.files import replacing
from data_tools.replaced_folder import replacing_folder
from hanzi_lsgan.export.formats import (
    FACTS,
    Format,
    check_out,
    choose_format,
    is_folder_suffix,
    is_one_file,
)
from hanzi_lsgan.export.lmdb_folder import write_entries
from hanzi_lsgan.export.sample import OnSamples
from hanzi_lsgan.export.tar_shards import add_member

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; the last two lie outside."""


class LabelledLine(NamedTuple):
    """A picture of a line, what it reads, and where its characters are.

    Attributes:
        png: the picture as a file.
        text: the label.
        boxes: each character of the text but its spaces, in order, and the box of its ink.
        facts: what else is known, such as the hand.
    """

    png: bytes
    text: str
    boxes: tuple[tuple[str, Box], ...]
    facts: Mapping[str, object]

    def boxes_json(self, **more: object) -> str:
        """Text, boxes and facts as one line of JSON."""
        boxes = [{"character": character, "box": box} for character, box in self.boxes]
        values = {**more, "text": self.text, "boxes": boxes, **self.facts}
        return json.dumps(values, ensure_ascii=False)


def check_lines_out(out: Path, force: bool) -> Format:
    """Make sure, before any work, that lines may be written; in which form.

    Raises:
        UserError: no lines are written as such a file, its package is missing, or `out` may not
            be replaced or cannot be written.
    """
    suffix = out.suffix.lower()
    if suffix not in (f".{Format.LMDB}", f".{Format.TAR}") and not is_folder_suffix(suffix):
        remedy = "name FILE.tar, NAME.lmdb, or a folder"
        problem = f"lines are not written as {out.suffix}"
        raise UserError(join_message(f"--out {out}", problem, remedy))
    chosen = choose_format(out, None)
    check_out(out, chosen, force)
    return chosen


def write_lines(
    lines: Iterable[LabelledLine],
    out: Path,
    facts: Mapping[str, object],
    *,
    force: bool = False,
    on_samples: OnSamples = lambda samples: None,
) -> int:
    """Write lines; the file or folder appears whole or not at all.

    Args:
        lines: taken one at a time.
        out: a folder, NAME.lmdb or FILE.tar.
        facts: of all lines, kept beside them in a folder and in an LMDB environment.
        force: replace a file, or a folder that was written here.
        on_samples: told how many are written.

    Returns:
        How many lines were written.

    Raises:
        UserError: `out` may not be replaced or cannot be written.
    """
    chosen = check_lines_out(out, force)
    target = check_out(out, chosen, force)
    if is_one_file(out, chosen):
        with replacing(target) as unfinished:
            return _write_tar(_counted(lines, on_samples), unfinished)
    with replacing_folder(target) as folder:
        meta = json.dumps(facts, ensure_ascii=False)
        if chosen is Format.LMDB:
            entries = (_entries(line) for line in _counted(lines, on_samples))
            written = write_entries(entries, folder, meta.encode())
        else:
            written = _write_folder(_counted(lines, on_samples), folder)
        (folder / FACTS).write_text(meta + "\n", encoding="utf-8")
    return written


def _counted(lines: Iterable[LabelledLine], on_samples: OnSamples) -> Iterator[LabelledLine]:
    for written, line in enumerate(lines, start=1):
        yield line
        on_samples(written)


def _entries(line: LabelledLine) -> list[tuple[str, bytes]]:
    boxes = line.boxes_json().encode()
    return [("image", line.png), ("label", line.text.encode()), ("boxes", boxes)]


def _write_tar(lines: Iterable[LabelledLine], path: Path) -> int:
    written = 0
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        for written, line in enumerate(lines, start=1):
            add_member(archive, f"{written:09}.png", line.png)
            add_member(archive, f"{written:09}.txt", line.text.encode())
            add_member(archive, f"{written:09}.json", line.boxes_json().encode())
    return written


def _write_folder(lines: Iterable[LabelledLine], folder: Path) -> int:
    written = 0
    (folder / "images").mkdir()
    with ExitStack() as stack:
        labels, boxes = (
            stack.enter_context((folder / name).open("w", encoding="utf-8", newline="\n"))
            for name in ("label.txt", "boxes.jsonl")
        )
        for written, line in enumerate(lines, start=1):
            name = f"images/{written:09}.png"
            (folder / name).write_bytes(line.png)
            labels.write(f"{name}\t{line.text}\n")
            boxes.write(line.boxes_json(file_name=name) + "\n")
    return written
