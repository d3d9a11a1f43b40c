"""What columns of tables are called: those of files, texts, splits, writers and boxes."""

from collections.abc import Iterable

FILE_COLUMNS = (
    *("file_name", "filename", "file", "image", "path", "img", "image_path", "img_path"),
    *("image_name", "img_name", "file_path", "filepath"),
    *("image_id", "img_id", "file_id", "id"),
)
TEXT_COLUMNS = ("text", "label", "char", "character", "class", "transcription", "unicode", "hanzi")
SPLIT_COLUMNS = ("split", "subset", "partition", "usage")
WRITER_COLUMNS = ("writer", "writer_id", "writer_name", "author", "scribe", "hand", "person")
BOX_COLUMNS = ("xmin", "x_min", "xmax", "x_max", "bbox", "bbox_x", "region_shape_attributes")


def columns_among(head: Iterable[object], names: tuple[str, ...]) -> list[str]:
    """The columns with one of the names, in the order of those."""
    known = {name.strip().lower(): name for name in head if isinstance(name, str)}
    return [known[name] for name in names if name in known]
