"""Tables and lists of classes beside pictures: which there are, and what is wrong with them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from pathlib import PurePosixPath

from data_tools.errors import UserError, join_message
from data_tools.pictures.class_lists import is_class_list, is_pickle, key_of, read_class_list
from data_tools.pictures.folder_lists import FolderLists
from data_tools.pictures.metadata import (
    TABLE_SUFFIXES,
    HeadError,
    Row,
    Tables,
    Told,
    bare_name,
    bare_path,
    is_table,
    joined_tables,
    missing_rows,
    read_table,
)
from data_tools.pictures.table_places import by_folders
from data_tools.pictures.text_of_bytes import encoding_line


def may_tell_labels(path: str) -> bool:
    """Whether a file beside pictures may say what they show."""
    return is_table(path) or is_class_list(path)


def read_files_beside(
    beside: Mapping[str, bytes], paths: Sequence[str]
) -> tuple[FolderLists, Tables, list[UserError]]:
    """Lists of classes, tables by the folder whose pictures they are of, and what is wrong."""
    lists = FolderLists()
    of_folder: dict[PurePosixPath, dict[str, dict[str, Row]]] = {}
    problems = []
    names = {bare_name(path) for path in paths} if beside else set()

    def is_picture(name: str) -> bool:
        return bare_name(name) in names

    for path in sorted(beside):
        try:
            rows = read_table(beside[path], path, is_picture) if is_table(path) else None
            if rows is not None and is_class_list(path) and not _are_files(rows, paths, names):
                rows = None  # its numbers or names are those of classes
            if rows is not None:
                for folder, some in by_folders(rows, path, paths).items():
                    of_folder.setdefault(folder, {})[path] = some
            elif is_class_list(path):
                lists.add(read_class_list(beside[path], path), path)
        except UserError as error:
            problems.append(error)
    tables: Tables = {}
    for folder, tables_there in of_folder.items():
        tables[folder], contradictions = joined_tables(tables_there)
        problems += contradictions
    return lists, tables, problems


def _are_files(rows: Iterable[str], paths: Sequence[str], names: Set[str]) -> bool:
    """Whether rows of what may be a list of classes name files, and not folders."""
    rows = set(rows)
    if not rows or any(bare_path(row) != row.casefold() for row in rows):
        return True
    folders = {key_of(part) for folder in folders_of(paths) for part in folder.split("/")}
    return any(bare_name(row) in names for row in rows) and folders.isdisjoint(map(key_of, rows))


def folders_of(paths: Iterable[str]) -> set[str]:
    """The folders of paths with `/` between their parts."""
    return {path.rpartition("/")[0] for path in paths}


def encoding_lines(beside: Mapping[str, bytes]) -> Iterator[str]:
    """A line on the encoding of each table and list where that was found."""
    for path, data in sorted(beside.items()):
        with suppress(UserError, UnicodeDecodeError):  # it was not read either
            if not is_pickle(data, path) and (line := encoding_line(data, path)):
                yield line


def unclear_rows(told: Told) -> Iterable[UserError]:
    """An error for each table whose rows may be of several pictures."""
    for table, names in told.unclear.items():
        name, (one, other) = next(iter(names.items()))
        problem = f"names {name}, which may be {one} and {other}"
        if len(names) > 1:
            problem += f" ({len(names):,} such rows)"
        remedy = "write folders into the table, or put a table into each folder"
        yield UserError(join_message(table, problem, remedy))


def missing_row_lines(paths: Sequence[str], tables: Tables) -> Iterable[str]:
    """A line on the tables of each folder that name files which are not there."""
    for folder, rows_there in tables.items():
        if missing := missing_rows(paths, rows_there, folder):
            table = rows_there[missing[0]].table
            is_one = len(missing) == 1
            rows = (
                "1 row names a file that is"
                if is_one
                else f"{len(missing):,} rows name files that are"
            )
            yield f"{table}: {rows} not there ({missing[0]}{'' if is_one else ', …'})"


def no_tables(beside: Mapping[str, bytes], tables: Tables) -> list[UserError]:
    """An error for each file that is a table by its ending and says nothing of pictures."""
    read = {row.table for rows in tables.values() for row in rows.values()}
    problem = "has no columns of files and of texts"
    return [
        HeadError(join_message(path, problem, "call them file_name and text"))
        for path in sorted(beside)
        if path.lower().endswith(TABLE_SUFFIXES) and is_table(path) and path not in read
    ]
