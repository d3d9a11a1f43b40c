"""Files beside pictures that say what they show in ways that are known, but not read here."""

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress

from data_tools.errors import UserError, join_message
from data_tools.pictures.metadata import bare_name
from data_tools.sources.kinds import SPREADSHEET, SPREADSHEET_SUFFIXES, Kind
from data_tools.sources.stored import Collection, StoredFile, read_beside

_MOST_BYTES = 16 << 20
_HEAD_BYTES = 1 << 16
_MOST_FILES = 20  # of each ending
_CUT = "cut each box out as a picture of its own, in a folder for its character"
_WRITE_TABLE = "write metadata.csv with file_name and text beside the pictures"

BOXES = Kind(
    "a file of boxes in pictures (COCO, VIA, labelme, label-studio, VOC)", "files of boxes", _CUT
)
YOLO = Kind("a file of boxes as YOLO has them", "files of boxes as YOLO has them", _CUT)
SIDECAR = Kind(
    "the label of one picture (as in WebDataset), where most have none",
    "labels of one picture each",
    _WRITE_TABLE,
)
_BOXES_IN_JSON = re.compile(
    r'"(annotations|shapes|regions|_via_img_metadata|via_settings|completions|bbox)"\s*:\s*[\[{]'
)
_BOXES_IN_XML = re.compile(r"<(annotation|object|bndbox)>")
_BOXES_IN_CSV = re.compile(r"region_shape_attributes|\bxmin\b|\bbbox\b")
_YOLO_LINE = re.compile(r"\d+(?:\s+[01]?\.\d+){4,}")


def unread_labels(
    collections: Sequence[Collection], *, boxes_alone: bool = False
) -> UserError | None:
    """What to say of the first file beside pictures that tells their labels and is not read.

    Args:
        collections: pictures and what lies beside them.
        boxes_alone: labels of one picture each are read.
    """
    for one in collections:
        stems = {bare_name(picture.name) for picture in one.pictures}
        for file in _some_of_each_ending(one.beside):
            with suppress(UserError):  # what cannot be read tells nothing
                text = read_beside(one, file, _MOST_BYTES)[:_HEAD_BYTES].decode(errors="replace")
                kind = _kind_of(file.name, text, stems)
                if kind is not None and (kind in (BOXES, YOLO) or not boxes_alone):
                    problem = f"is {kind.one}, which is not read"
                    return UserError(join_message(f"{one.place}/{file.name}", problem, kind.remedy))
    return None


def _some_of_each_ending(files: Iterable[StoredFile]) -> Iterable[StoredFile]:
    counts: dict[str, int] = {}
    for file in sorted(files):
        ending = file.name.rpartition(".")[2].lower()
        counts[ending] = counts.get(ending, 0) + 1
        if counts[ending] <= _MOST_FILES:
            yield file


def _kind_of(name: str, text: str, stems: set[str]) -> Kind | None:
    ending = name.rpartition(".")[2].lower()
    if name.lower().endswith(SPREADSHEET_SUFFIXES):
        return SPREADSHEET
    boxes = {"json": _BOXES_IN_JSON, "xml": _BOXES_IN_XML, "csv": _BOXES_IN_CSV}.get(ending)
    if boxes is not None and boxes.search(text):
        return BOXES
    is_of_picture = name.rpartition("/")[2].casefold().rpartition(".")[0] in stems
    if not is_of_picture or ending not in ("txt", "cls", "json", "label"):
        return None
    lines = [line for line in text.splitlines() if line.strip()]
    if lines and all(_YOLO_LINE.fullmatch(line.strip()) for line in lines):
        return YOLO
    return SIDECAR
