"""Labels of one picture each, as WebDataset has them: `0.txt`, `0.cls` or `0.json` by `0.png`.

A file's key is its path up to the first dot of its name.
"""

import json
from collections.abc import Callable, Iterable, Sequence

from data_tools.errors import UserError, join_message
from data_tools.sources.column_names import (
    SPLIT_COLUMNS,
    TEXT_COLUMNS,
    WRITER_COLUMNS,
    columns_among,
)
from data_tools.sources.stored import Collection, StoredFile, Value, read_beside

_MOST_BYTES = 1 << 20
_SHARE = 0.5  # of the pictures, of which more have one: what a few have is something else
_KNOWN = (*TEXT_COLUMNS, *SPLIT_COLUMNS, *WRITER_COLUMNS)


def have_sidecars(collections: Iterable[Collection]) -> bool:
    """Whether files beside most of the pictures may be labels of one each."""
    pictures = labelled = 0
    for one in collections:
        pictures += len(one.pictures)
        keys = set(map(_key, _sidecars(one.beside)))
        labelled += sum(_key(file) in keys for file in one.pictures)
    return labelled > _SHARE * pictures


def read_sidecars(collections: Sequence[Collection]) -> set[str]:
    """Give collections the columns that files beside their pictures are.

    Returns:
        Places of those files.

    Raises:
        UserError: one cannot be read.
    """
    used = set()
    for one in collections:
        said: dict[str, dict[str, Value]] = {}
        for file in _sidecars(one.beside):
            if values := _values(one, file):
                # What a text or a number of its own says comes before what JSON does.
                said[_key(file)] = {**values, **said.get(_key(file), {})}
                used.add(f"{one.place}/{file.name}")
        names = columns_among({name for of_one in said.values() for name in of_one}, _KNOWN)
        if columns_among(names, TEXT_COLUMNS):
            of_each = [said.get(_key(file), {}) for file in one.pictures]
            one.columns = {name: [values.get(name) for values in of_each] for name in names}
    return used


def _key(file: StoredFile) -> str:
    folder, slash, name = file.name.rpartition("/")
    return folder + slash + name.partition(".")[0]


def _ending(file: StoredFile) -> str:
    return file.name.rpartition("/")[2].partition(".")[2].lower()


def _sidecars(beside: Iterable[StoredFile]) -> list[StoredFile]:
    """Those with an ending that is read; JSON last."""
    found = [file for file in beside if _ending(file) in _READERS]
    return sorted(found, key=lambda file: (_ending(file) == "json", file.name))


def _values(collection: Collection, file: StoredFile) -> dict[str, Value]:
    """What a file says of its picture, by names of columns.

    Raises:
        UserError: it is damaged, or no UTF-8.
    """
    place = f"{collection.place}/{file.name}"
    data = read_beside(collection, file, _MOST_BYTES)
    try:
        return _READERS[_ending(file)](data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise UserError(join_message(place, "is no UTF-8", "write it anew as UTF-8")) from None
    except (ValueError, RecursionError) as error:
        problem = f"cannot be read as the label of a picture ({error})"
        raise UserError(join_message(place, problem, "mend it, or take it out")) from None


def _of_json(text: str) -> dict[str, Value]:
    content = json.loads(text)
    if not isinstance(content, dict):
        return {}
    known = {name.strip().lower(): name for name in content}
    found = {name: content[known[name]] for name in _KNOWN if name in known}
    return {name: value for name, value in found.items() if isinstance(value, str | int)}


_READERS: dict[str, Callable[[str], dict[str, Value]]] = {
    "txt": lambda text: {"text": text.strip()},
    "cls": lambda text: {"class": int(text)},
    "json": _of_json,
}
