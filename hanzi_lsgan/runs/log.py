"""Where a training run's figures go: `metrics.jsonl`, and TensorBoard where it is installed."""

import json
import math
from importlib.util import find_spec
from typing import Any

from data_tools.files import replacing, writable
from hanzi_lsgan.runs.checksums import seal_line
from hanzi_lsgan.runs.folder import RunFolder


class MetricsLog:
    """The figures of one run, one line a tick."""

    def __init__(self, run: RunFolder, images: int) -> None:
        """Open the log behind the given number of images.

        Later lines, left by a session that went on after its last checkpoint, are dropped: the
        resumed run writes them again. So is a line that a killed session did not finish.
        """
        self._path = run.metrics
        self._tensorboard: Any = None
        if self._path.exists():
            lines = self._path.read_text("utf-8", errors="replace").splitlines(keepends=True)
            kept = [line for line in lines if _images_of(line) <= images]
            with replacing(self._path) as path:
                path.write_text("".join(kept), "utf-8", newline="\n")
        if find_spec("tensorboard") is not None:
            from torch.utils.tensorboard import SummaryWriter

            self._tensorboard = SummaryWriter(run.path / "tensorboard", purge_step=images + 1)

    def write(self, figures: dict[str, float | int]) -> None:
        """Append the figures of a tick, `images` among them.

        Raises:
            UserError: the file cannot be written.
        """
        with writable(self._path), self._path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(seal_line(figures) + "\n")
        if self._tensorboard is not None:
            for name, value in figures.items():
                self._tensorboard.add_scalar(name, value, figures["images"])
            self._tensorboard.flush()


def _images_of(line: str) -> float:
    """The position of a line, infinite where the line is damaged."""
    try:
        return float(json.loads(line)["images"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return math.inf
