"""What a path leads to that is no store, nor a run: in words, and which command takes it."""

import shlex
from itertools import islice
from pathlib import Path

from data_tools.errors import UserError, join_message
from hanzi_lsgan.runs.run_or_store import (
    RUN_FILES,
    STORE_SUFFIXES,
    first_bytes,
    is_run,
    is_store,
    runs_in,
)
from hanzi_lsgan.runs.wrong_path import refuse_run_as_store

_PAGE = ".dgrl"
_SAMPLES = (".gnt", ".zip", _PAGE)
_PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".gif", ".webp")
_MOST_LOOKED_AT = 10_000  # files of a folder, of which the first that is known decides
_MOST_NAMED = 8


def refuse_no_store(path: Path) -> None:
    """Make sure that what is named as a store may be one; a missing file counts as one here.

    Raises:
        UserError: it is a run, raw data or something else.
    """
    refuse_run_as_store(path)
    if path.exists() and not is_store(path):
        raise describe_other(path, "no store")


def describe_other(path: Path, wanted: str) -> UserError:
    """What a path leads to that is neither a store nor a run, as an error to raise.

    Args:
        path: exists.
        wanted: what it is not, such as `no store`.
    """
    if path.is_dir():
        problem, remedy = _describe_folder(path)
    else:
        problem, remedy = _describe_file(path)
    return UserError(join_message(str(path), f"is {problem}, {wanted}", remedy))


def _describe_folder(path: Path) -> tuple[str, str]:
    makes = f"`hanzi-lsgan prepare {shlex.quote(str(path))}` makes a store of it"
    if runs := runs_in(path):
        named = ", ".join(map(str, runs[:_MOST_NAMED])) + (" …" if len(runs) > _MOST_NAMED else "")
        return "a folder of runs", f"name one of them: {named}"
    suffixes = [file.suffix.lower() for file in islice(path.rglob("*"), _MOST_LOOKED_AT)]
    for suffix in _SAMPLES:
        if suffix in suffixes:
            files = "archives" if suffix == ".zip" else "files"
            remedy = _brings_lines_out(path) if suffix == _PAGE else makes
            return f"a folder of {suffix} {files}", remedy
    if stores := sorted(file for file in path.iterdir() if file.suffix.lower() in STORE_SUFFIXES):
        return (
            "a folder of stores",
            f"name one of them: {', '.join(map(str, stores[:_MOST_NAMED]))}",
        )
    if any(suffix in _PICTURES for suffix in suffixes):
        return "a folder of pictures", makes
    return ("a folder" if suffixes else "an empty folder"), "name a store, or a run folder"


def _describe_file(path: Path) -> tuple[str, str]:
    quoted = shlex.quote(str(path))
    suffix = path.suffix.lower()
    if not path.is_file():
        return "a device or a pipe", "name a file or a folder"
    begins = first_bytes(path)
    if is_run(path.parent) and path.name in (*RUN_FILES, "best.safetensors", "checksums.json"):
        return "a part of a run", f"name the run, {path.parent}"
    if suffix == ".gnt":
        return "a file of samples", f"`hanzi-lsgan prepare {quoted}` makes a store of it"
    if suffix == _PAGE:
        return "a page of text lines", _brings_lines_out(path)
    if suffix == ".zip" or begins.startswith(b"PK\x03\x04"):
        return "a .zip archive", f"`hanzi-lsgan prepare {quoted}` makes a store of it"
    if suffix == ".toml":
        return "a recipe", f"`hanzi-lsgan train {quoted}` trains by it"
    if suffix == ".safetensors":
        return "a file of weights", "name the run folder that it belongs to"
    if suffix in _PICTURES:
        return "a picture", "name a store, or a run folder"
    if not begins:
        return "an empty file", "name a store, or a run folder"
    kind = f"a {suffix} file" if suffix not in ("", *STORE_SUFFIXES) else "a file of another kind"
    remedy = "name a store, or a run folder"
    if suffix in STORE_SUFFIXES:
        kind, remedy = "a damaged or another file", "make it again with `hanzi-lsgan prepare`"
    return kind, remedy


def _brings_lines_out(path: Path) -> str:
    return f"`hanzi-lsgan export {shlex.quote(str(path))} --out …` brings the lines out"
