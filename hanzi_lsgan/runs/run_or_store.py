"""How a run folder and a store are known from outside: by names of files and by first bytes."""

from pathlib import Path

from data_tools.errors import UserError, join_message

RUN_FILES = ("model.json", "config.toml", "generator.safetensors")
"""By any of which a folder is known for a run's, if a damaged one."""

STORE_SUFFIXES = (".h5", ".hdf5")
"""Of the names that people give to stores."""

_HDF5_BEGINS = b"\x89HDF\r\n\x1a\n"


def is_run(path: Path) -> bool:
    """Whether a folder holds a run, if a damaged one."""
    return any((path / name).is_file() for name in RUN_FILES)


def runs_in(path: Path) -> list[Path]:
    """The runs right inside a folder, in order of their names."""
    return sorted(folder for folder in path.iterdir() if folder.is_dir() and is_run(folder))


def is_store(path: Path) -> bool:
    """Whether a file may be a store, by its first bytes.

    Raises:
        UserError: the file cannot be read.
    """
    return path.is_file() and first_bytes(path) == _HDF5_BEGINS


def first_bytes(path: Path) -> bytes:
    """As many bytes of a file as tell its kind.

    Raises:
        UserError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(len(_HDF5_BEGINS))
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
        raise UserError(join_message(str(path), problem, "check its permissions")) from None
