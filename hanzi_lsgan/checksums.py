"""Checksums of the files in a run folder, so that a flipped byte is found.

`checksums.json` holds, for each file, the SHA-256 of what it was and of what it is about to become:
it is written before the file takes its new content, so that a kill between the two is no damage.
Pictures and metrics are not in it: a PNG has checksums of its own, and so has a line of metrics.
"""

import hashlib
import json
import zlib
from pathlib import Path
from typing import Any

from PIL import Image

from data_tools.files import replacing

_NAME = "checksums.json"
_CRC = "crc32"


def announce(folder: Path, file: Path, content: Path) -> None:
    """Note that `file`, somewhere in the folder, is about to become what is in `content`.

    Raises:
        UserError: the list cannot be written.
    """
    try:
        known = json.loads((folder / _NAME).read_text("utf-8"))
    except (OSError, ValueError):
        known = {}
    accepted = [_sha256(content)]
    if file.exists():
        accepted.insert(0, _sha256(file))
    known[file.relative_to(folder).as_posix()] = accepted
    with replacing(folder / _NAME) as unfinished:
        unfinished.write_text(_canonical(known), "utf-8")


def find_damage(folder: Path) -> list[str]:
    """Compare every file of a run folder with its checksum; return what is wrong, a line a file."""
    try:
        text = (folder / _NAME).read_text("utf-8")
        known: dict[str, list[str]] = json.loads(text)
        if _canonical(known) != text:
            return [f"{_NAME} is damaged"]
    except (OSError, ValueError, AttributeError, TypeError) as error:
        return [f"{_NAME} cannot be read ({error})"]
    damaged = []
    for name, accepted in known.items():
        path = folder / name
        if not path.is_file():
            damaged.append(f"{name} is missing")
        elif _sha256(path) not in accepted:
            damaged.append(f"{name} is damaged")
    damaged += [
        f"{path.relative_to(folder)} is damaged"
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
    except (ValueError, TypeError, KeyError):
        return None
    return figures if seal_line(figures).encode() == line else None


def _is_whole(path: Path) -> bool:
    try:
        with Image.open(path) as picture:
            picture.verify()
    except (OSError, SyntaxError, ValueError):
        return False
    return True


def _canonical(known: dict[str, list[str]]) -> str:
    return json.dumps(known, indent=2, sort_keys=True) + "\n"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
