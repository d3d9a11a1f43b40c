"""Lists of classes that lie elsewhere than with the pictures: above their source, or in another."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from data_tools.pictures.class_lists import MAX_LIST_BYTES, is_class_list
from data_tools.sources.mendable_errors import mendable_errors
from data_tools.sources.stored import Collection, read_beside

_FOLDERS_ABOVE = 2  # of a source, in which a list of classes is looked for


def agreed_lists(collections: Sequence[Collection]) -> dict[str, bytes]:
    """The lists of classes at the top of some sources, where all that have one say the same."""
    of_each = []
    for one in collections:
        files = [file for file in one.beside if is_class_list(file.name)]
        files = [file for file in files if "/" not in file.name and file.size <= MAX_LIST_BYTES]
        if files:
            of_each.append({file.name: read_beside(one, file, MAX_LIST_BYTES) for file in files})
    return of_each[0] if of_each and all(one == of_each[0] for one in of_each) else {}


def lists_above(source: Path) -> dict[str, bytes]:
    """Lists of classes in the nearest folder above a source that has one.

    Raises:
        UserError: one cannot be read.
    """
    for folder in list(source.absolute().parents)[:_FOLDERS_ABOVE]:
        found = {}
        with suppress(OSError):  # a folder that may not be looked into has none
            found = {path.name: path for path in sorted(folder.iterdir()) if _is_list(path)}
        if found:
            with mendable_errors(str(folder)):
                return {name: path.read_bytes() for name, path in found.items()}
    return {}


def _is_list(path: Path) -> bool:
    return is_class_list(path.name) and path.is_file() and path.stat().st_size <= MAX_LIST_BYTES
