"""Checksums of the files in a run folder, so that a flipped byte is found.

`checksums.json` holds, for each file, the SHA-256 of what it was and of what it is about to become:
it is written before the file takes its new content, so that a kill between the two is no damage.
Pictures and metrics are not in it: a PNG has checksums of its own, and so has a line of metrics.
"""

import hashlib
import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from data_tools.files import replacing

NAME = "checksums.json"
_LISTED = (
    "config.toml",
    "model.json",
    "generator.safetensors",
    "best.safetensors",
    "state/training.pt",
)
_CRC = "crc32"
_PNG_END = b"\0\0\0\0IEND\xaeB`\x82"


def announce(folder: Path, file: Path, content: Path) -> None:
    """Note that `file`, somewhere in the folder, is about to become what is in `content`.

    Raises:
        UserError: the list cannot be written.
    """
    known = _read(folder) or {}
    accepted = [_sha256(content)]
    if file.exists():
        accepted.insert(0, _sha256(file))
    known[file.relative_to(folder).as_posix()] = accepted
    with replacing(folder / NAME) as unfinished:
        unfinished.write_text(_sealed(known), "utf-8", newline="\n")


def checksums_of(contents: Mapping[Path, bytes]) -> bytes:
    """What `checksums.json` holds where all files of a folder are written at once."""
    known = {path.name: [hashlib.sha256(data).hexdigest()] for path, data in contents.items()}
    return _sealed(known).encode()


def is_lost(folder: Path, file: Path) -> bool:
    """Whether `file`, somewhere in the folder, was written, and somebody has taken it away.

    One that is being written for the first time, or was when its process was killed, is not.
    """
    announced = file.relative_to(folder).as_posix() in (_read(folder) or {})
    being_written = file.with_name(f"{file.name}.partial")
    return announced and not file.is_file() and not being_written.exists()


def find_damage(folder: Path) -> list[str]:
    """Compare every file of a run folder with its checksum; return what is wrong, a line a file."""
    known = _read(folder)
    if known is None:
        return [f"{NAME} is missing or damaged"]
    damaged = []
    for name, accepted in known.items():
        path = folder / name
        if is_lost(folder, path):
            damaged.append(f"{name} is missing")
        # A training that goes on may have written a checkpoint since the list was read.
        elif path.is_file() and _sha256(path) not in accepted + (_read(folder) or {}).get(name, []):
            damaged.append(f"{name} is damaged")
    # A list that was damaged or lost began anew, with what has been written since.
    listed = _read(folder) or {}
    damaged += [
        f"{name} has no checksum"
        for name in _LISTED
        if (folder / name).is_file() and name not in listed
    ]
    damaged += [
        f"{path.relative_to(folder).as_posix()} is damaged"
        for path in sorted(folder.glob("samples/*.png"))
        if not _is_whole(path)
    ]
    metrics = folder / "metrics.jsonl"
    lines = metrics.read_bytes().split(b"\n") if metrics.exists() else []
    damaged += [
        f"line {number} of {metrics.name} is damaged"
        for number, line in enumerate(lines, 1)
        if line and open_line(line) is None
    ]
    return damaged


def seal_line(figures: dict[str, Any]) -> str:
    """One line of JSON that ends with its own CRC-32."""
    return json.dumps(figures | {_CRC: zlib.crc32(json.dumps(figures).encode())})


def open_line(line: bytes) -> dict[str, Any] | None:
    """The figures in a line that `seal_line` made, or None where it is damaged."""
    try:
        figures: dict[str, Any] = json.loads(line)
        del figures[_CRC]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return figures if seal_line(figures).encode() == line else None


def _is_whole(path: Path) -> bool:
    """Whether a PNG's chunks have the checksums they state; the last one is always the same."""
    if not path.read_bytes().endswith(_PNG_END):
        return False
    try:
        with Image.open(path) as picture:
            picture.verify()
    except (OSError, SyntaxError, ValueError):
        return False
    return True


def _read(folder: Path) -> dict[str, list[str]] | None:
    """The checksums of a folder by name, or None where their file is missing or damaged."""
    try:
        text = (folder / NAME).read_text("utf-8")
        known: dict[str, list[str]] = json.loads(text)["files"]
        return known if _sealed(known) == text else None
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None


def _sealed(known: dict[str, list[str]]) -> str:
    """The file's text, which holds a checksum of itself."""
    own = hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()
    return json.dumps({"files": known, "sha256": own}, indent=2, sort_keys=True) + "\n"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
