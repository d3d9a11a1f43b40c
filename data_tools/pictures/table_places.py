"""The folder whose pictures a table is of: its own, or as `train.csv` beside `train/` has it."""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from data_tools.pictures.metadata import Row, bare_name
from data_tools.sources.split_names import split_of_names

_MOST = 0.5  # of the rows: what is not there may have been left out


def by_folders(
    rows: Mapping[str, Row], table: str, paths: Sequence[str]
) -> dict[PurePosixPath, dict[str, Row]]:
    """Part a table's rows by the folder that their paths begin in.

    A row that leads to a picture from the table's folder stays there. Others are of the folder that
    the table's name tells, where that has pictures for most of them; pictures of the same names may
    lie in other folders, of which the table says nothing.

    Args:
        rows: by paths as the table gives them.
        table: its path.
        paths: of all pictures.
    """
    own = PurePosixPath(table).parent
    below = "" if own == PurePosixPath() else f"{own}/"
    inside = {path.removeprefix(below) for path in paths if path.startswith(below)}
    away = {path: row for path, row in rows.items() if path not in inside}
    folder = _folder_named(PurePosixPath(table).stem, inside) if away else None
    if folder is not None:
        there = {bare_name(path) for path in inside if path.startswith(f"{folder}/")}
        found = sum(bare_name(path) in there for path in away)
        if found > _MOST * len(away):
            staying = {path: row for path, row in rows.items() if path in inside}
            return {own: staying, own / folder: away} if staying else {own / folder: away}
    return {own: dict(rows)}


def _folder_named(stem: str, paths: set[str]) -> str | None:
    """The one folder with a table's name, or else the one whose name tells the same split."""
    folders = {path.rpartition("/")[0] for path in paths} - {""}
    folders |= {str(one) for folder in folders for one in PurePosixPath(folder).parents} - {"."}
    split = split_of_names([stem])
    of_name, of_split = set(), set()
    for folder in folders:
        name = PurePosixPath(folder).name
        if name.lower() == stem.lower():
            of_name.add(folder)
        if split is not None and (named := split_of_names([name])) is not None:
            of_split |= {folder} if named.split == split.split else set()
    for some in (of_name, of_split):
        topmost = {one for one in some if some.isdisjoint(map(str, PurePosixPath(one).parents))}
        if len(topmost) == 1:
            return topmost.pop()
    return None
