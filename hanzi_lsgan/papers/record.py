"""What an experiment leaves in its folder, and how an interrupted one goes on.

settings.json    every setting, the versions of what computed, seconds of work so far
results.jsonl    one line a finished part (a seed, or a configuration and a seed), appended
numbers.csv      the same numbers as one table, in order of the parts
figure.png       the figure, and figure.svg
"""

import csv
import dataclasses
import importlib.metadata
import io
import json
import math
import platform
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from data_tools.errors import UserError, join_message
from data_tools.files import replacing, writable

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Row = dict[str, str | int | float]
"""One line of `numbers.csv`."""

_VERSIONS = ("hanzi-lsgan", "torch", "numpy", "matplotlib")
_SEEDS = "seeds"  # more of them may be asked for later: not part of what must stay the same


@dataclass(frozen=True)
class Summary:
    """The table that a command prints.

    Attributes:
        title: what it shows.
        columns: their heads.
        rows: a text for each column.
        notes: sentences below it.
    """

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]
    notes: tuple[str, ...] = ()


class Record:
    """The folder of one experiment."""

    def __init__(self, folder: Path, experiment: str, settings: "DataclassInstance") -> None:
        """Begin an experiment, or go on with it.

        Args:
            folder: made where it is missing.
            experiment: its name.
            settings: a frozen dataclass of plain values.

        Raises:
            UserError: the folder holds something else, or results of other settings.
        """
        self.folder = folder
        self._results = folder / "results.jsonl"
        self._settings_path = folder / "settings.json"
        self._started = time.monotonic()
        self._seconds_before = 0.0
        self._facts: dict[str, Any] = {
            "experiment": experiment,
            "settings": json.loads(json.dumps(dataclasses.asdict(settings))),
            "versions": {name: _version(name) for name in _VERSIONS}
            | {"python": platform.python_version()},
            "machine": f"{platform.machine()}, {torch.get_num_threads()} threads",
        }
        self._compare_settings()
        self._parts = self._load()
        self._write_settings()

    def _compare_settings(self) -> None:
        """Refuse a folder that holds anything but results of these settings."""
        if not self.folder.exists():
            return
        where, remedy = str(self.folder), "name another --out, or delete it"
        if not self.folder.is_dir():
            raise UserError(join_message(where, "this is not a folder", remedy))
        if not self._settings_path.exists():
            if any(self.folder.iterdir()):
                raise UserError(join_message(where, "there is something already", remedy))
            return
        try:
            before = json.loads(self._settings_path.read_text("utf-8"))
            kept, chosen = dict(before["settings"]), dict(self._facts["settings"])
            self._seconds_before = float(before["seconds"])
            other = before["experiment"] != self._facts["experiment"]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            problem = "settings.json is no record of an experiment"
            raise UserError(join_message(where, problem, remedy)) from None
        changed = [
            f"{name} = {kept.get(name)}, not {chosen.get(name)}"
            for name in sorted(kept.keys() | chosen.keys())
            if name != _SEEDS and kept.get(name) != chosen.get(name)
        ]
        if other or changed:
            held = str(before["experiment"]) if other else ", ".join(changed)
            raise UserError(join_message(where, f"holds results of {held}", remedy))

    def _load(self) -> dict[str, list[Row]]:
        parts: dict[str, list[Row]] = {}
        if not self._results.exists():
            return parts
        for line in self._results.read_text("utf-8", errors="replace").splitlines():
            try:
                part = json.loads(line)
                parts[part["part"]] = part["rows"]
            except (ValueError, KeyError, TypeError):
                continue  # of a process that was killed while it wrote
        return parts

    @property
    def parts(self) -> list[str]:
        """Names of the parts that are done, in the order in which they were."""
        return list(self._parts)

    def has(self, part: str) -> bool:
        """Whether a part is done."""
        return part in self._parts

    def add(self, part: str, rows: Iterable[Row]) -> None:
        """Keep the numbers of a finished part.

        Raises:
            UserError: the folder cannot be written.
        """
        self._parts[part] = [{name: _rounded(value) for name, value in row.items()} for row in rows]
        line = json.dumps({"part": part, "rows": self._parts[part]}, ensure_ascii=False)
        with writable(self._results), self._results.open("a+b") as file:
            # Behind a line that a killed process left unfinished, a new one begins.
            torn = file.tell() > 0 and self._results.read_bytes()[-1:] != b"\n"
            file.write((b"\n" if torn else b"") + line.encode() + b"\n")

    def rows(self, parts: Sequence[str] | None = None) -> list[Row]:
        """The numbers of these parts, or of all, as far as they are done."""
        return [row for part in parts or self._parts for row in self._parts.get(part, [])]

    def close(self, parts: Sequence[str]) -> None:
        """Write `numbers.csv` in the order of these parts, and the seconds into `settings.json`.

        Raises:
            UserError: the folder cannot be written.
        """
        rows = self.rows(parts)
        columns = list(dict.fromkeys(name for row in rows for name in row))
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        with replacing(self.folder / "numbers.csv") as unfinished:
            unfinished.write_text(text.getvalue(), "utf-8", newline="\n")
        self._write_settings()

    def _write_settings(self) -> None:
        seconds = self._seconds_before + time.monotonic() - self._started
        facts = self._facts | {"seconds": round(seconds, 1)}
        with replacing(self._settings_path) as unfinished:
            unfinished.write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _rounded(value: str | int | float) -> str | int | float:
    """Ten digits, which hides what the last bits of a sum owe to the order of its terms."""
    return float(f"{value:.10g}") + 0.0 if isinstance(value, float) else value


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def mean_and_spread(values: Sequence[float], digits: int = 3) -> str:
    """Mean ± standard deviation over seeds, as a person reads it; the mean alone of one."""
    if not values:
        return "–"
    shown = f"{np.mean(values):.{digits}g}"
    if len(values) < 2:
        return shown
    return f"{shown} ± {np.std(values, ddof=1):.1g}"


def success_share(successes: int, runs: int) -> str:
    """So many of so many, with the 95 % interval of the share (Wilson, 1927)."""
    if runs == 0:
        return "–"
    z, share = 1.96, successes / runs
    centre = (share + z**2 / (2 * runs)) / (1 + z**2 / runs)
    half = z / (1 + z**2 / runs) * math.sqrt(share * (1 - share) / runs + z**2 / (4 * runs**2))
    return f"{successes} of {runs} ({max(0.0, centre - half):.0%} to {min(1.0, centre + half):.0%})"
