"""Where results go, checked before the work that makes them."""

import tempfile
from collections.abc import Collection
from pathlib import Path

from data_tools.errors import UserError, join_message

_PARTIAL = ".partial"  # what `files.replacing` adds to a name


def check_file(path: Path, suffixes: Collection[str] = (), example: str = "") -> Path:
    """Make sure that a file can be written at `path`, whether one is there or not.

    Args:
        path: as the user gave it for `--out`; an empty one has become `.`.
        suffixes: one of which the name must have, in small letters; any if none are given.
        example: of a name, for the message.

    Returns:
        The path to write: the target where it is a link, which thus stays.

    Raises:
        UserError: it is a folder, a device or a pipe, its suffix does not suit, or its folder is
            none or cannot be written.
    """
    remedy = "name a file" + (f" such as {example}" if example else "")
    target = _follow(path)
    # Where /dev/stdout leads to a pipe, the name that it leads to is none of a file.
    if _exists(path) and not path.is_file():
        problem = "is a folder" if path.is_dir() else "is no regular file"
        raise UserError(join_message(f"--out {path}", problem, remedy))
    if suffixes and path.suffix.lower() not in suffixes:
        has = f"{path.suffix} is no kind of file" if path.suffix else "the name has no suffix"
        known = ", ".join(suffixes)
        problem = f"{has} that can be written here"
        raise UserError(join_message(f"--out {path}", problem, f"choose one of {known}"))
    _probe(path, target.parent, target.name + _PARTIAL)
    return target


def check_folder(path: Path) -> Path:
    """Make sure that files can be written into a folder, which need not exist yet.

    Returns:
        The folder: the target where it is a link.

    Raises:
        UserError: it is a file, a device or a pipe, or it cannot be made or written.
    """
    target = _follow(path)
    if _exists(path) and not path.is_dir():
        problem = "is a file" if path.is_file() else "is no folder but a device or a pipe"
        raise UserError(join_message(f"--out {path}", problem, "name a folder"))
    _probe(path, target, "")
    return target


def _follow(path: Path) -> Path:
    try:
        return path.resolve() if path.is_symlink() else path
    except (OSError, RuntimeError) as error:  # links in a circle
        raise _unwritable(path, error) from None


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:  # a name that is too long, or a part of it that is a file
        raise _unwritable(path, error) from None


def _probe(path: Path, folder: Path, name: str) -> None:
    """Write something that leaves no trace into what there is of a folder already."""
    try:
        (folder / name).exists()  # raises where the name is too long
        while not folder.exists():
            folder = folder.parent
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: Exception) -> UserError:
    problem = f"cannot be written ({getattr(error, 'strerror', None) or error})"
    return UserError(join_message(f"--out {path}", problem, "check the path and its permissions"))
