"""Conditional Least Squares GAN for handwritten Chinese characters.

import hanzi_lsgan

model = hanzi_lsgan.load("runs/quick32-01")
images = model.draw("永和九年", seed=1)  # (4, 32, 32) uint8, 255 is background

with hanzi_lsgan.Session.begin("quick32", "data/hanzi.h5") as session:
    session.train(minutes=5)

data = hanzi_lsgan.dataset("data/hanzi.h5", split="test")  # for torch.utils.data.DataLoader
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from data_tools.errors import UserError
    from hanzi_lsgan.drawing.loaded_model import LoadedModel, load
    from hanzi_lsgan.glyph_dataset import GlyphDataset, dataset
    from hanzi_lsgan.training.loop import Listener
    from hanzi_lsgan.training.session import Session

    __version__: str

__all__ = [
    "GlyphDataset",
    "Listener",
    "LoadedModel",
    "Session",
    "UserError",
    "__version__",
    "dataset",
    "load",
]

# Torch takes seconds to import: each of these comes when it is first asked for.
_HOMES = {
    "GlyphDataset": "hanzi_lsgan.glyph_dataset",
    "Listener": "hanzi_lsgan.training.loop",
    "LoadedModel": "hanzi_lsgan.drawing.loaded_model",
    "Session": "hanzi_lsgan.training.session",
    "UserError": "data_tools.errors",
    "dataset": "hanzi_lsgan.glyph_dataset",
    "load": "hanzi_lsgan.drawing.loaded_model",
}


if not TYPE_CHECKING:  # which knows the names above, and that there are no others

    def __getattr__(name: str) -> object:
        if name == "__version__":
            from importlib.metadata import version

            value = version("hanzi-lsgan")
        elif name in _HOMES:
            value = getattr(import_module(_HOMES[name]), name)
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
