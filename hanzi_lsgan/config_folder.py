"""Where recipes and the presets of pages lie. To name them takes no torch, which recipes import."""

from pathlib import Path


def config_folder() -> Path:
    """The folder `configs/`: inside an installed package, beside it in a checkout."""
    installed = Path(__file__).parent / "configs"
    return installed if installed.is_dir() else Path(__file__).parent.parent / "configs"
