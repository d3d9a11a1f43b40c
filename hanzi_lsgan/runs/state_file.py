"""Files of tensors and plain values that a training goes on from."""

import io
from pathlib import Path
from typing import Any

import torch


def write_state(path: Path, state: dict[str, Any]) -> None:
    """Write what `torch.load(path, weights_only=True)` reads.

    Raises:
        OSError: it cannot be written. Written by torch itself, a full disk would be some
            RuntimeError, so it goes through memory.
    """
    serialized = io.BytesIO()
    torch.save(state, serialized)
    path.write_bytes(serialized.getbuffer())
