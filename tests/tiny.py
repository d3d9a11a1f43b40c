"""A store and settings small enough that training takes a second."""

from pathlib import Path

import numpy as np
import torch

from data_tools.glyphs.fit import GlyphOptions
from data_tools.hwdb.gnt import write_record
from data_tools.store.prepare import prepare
from hanzi_lsgan.models.label_embedding import LabelEmbedding
from hanzi_lsgan.models.projection import ProjectionGenerator
from hanzi_lsgan.recipe import Recipe, parse_recipe
from hanzi_lsgan.runs.folder import RunFolder

CHARACTERS = "一二三十"
OVERRIDES = [
    "train.batch_size=8",
    "train.kimg=0.08",
    "train.tick_kimg=0.04",
    "train.tick_seconds=0",
    "train.decay_kimg=0",
    "train.score_samples=0",
    "model.latent_features=8",
    "model.label_features=8",
    "model.score_features=8",
    "model.generator_channels=[16, 8, 8, 8]",
    "model.discriminator_channels=[8, 8, 8, 16]",
    "model.pack_size=2",
    "objective.r1_every=2",
]
"""Make `quick32` tiny: ten steps, two ticks."""


def write_writers(folder: Path, writers: int, characters: str = CHARACTERS, seed: int = 0) -> Path:
    """Files of `writers` writers with one random sample of each character."""
    random = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    for writer in range(writers):
        with (folder / f"{writer:03}.gnt").open("wb") as stream:
            for character in characters:
                shape = tuple(random.integers(20, 60, 2))
                write_record(stream, character, random.integers(0, 256, shape, dtype=np.uint8))
    return folder


def make_store(
    folder: Path,
    writers: int = 12,
    size: int = 32,
    test_writers: int = 2,
    characters: str = CHARACTERS,
) -> Path:
    """A prepared store of `writers` training and `test_writers` test samples a class."""
    train = write_writers(folder / "train", writers, characters)
    test = []
    if test_writers:
        test = [write_writers(folder / "test", test_writers, characters, seed=1)]
    store = folder / "tiny.h5"
    prepare([train], store, test_sources=test, glyph=GlyphOptions(size, "aspect", 1), jobs=1)
    return store


def tiny_generator(classes: int) -> ProjectionGenerator:
    """Draws 32 pixels, with fresh weights."""
    return ProjectionGenerator(LabelEmbedding(classes, 8, std=1.0), 8, [16, 8, 8, 8]).eval()


def paper_recipe(**train: float) -> Recipe:
    """The original networks with other training settings."""
    values = {"model": {"architecture": "paper28"}, "train": {"batch_size": 8, **train}}
    return parse_recipe(values, where="test")


def assert_same_networks(one: Path, other: Path) -> None:
    """Two run folders hold the same weights, bit for bit."""
    states = [RunFolder(folder).load_state() for folder in (one, other)]
    for network in ("generator", "discriminator", "ema"):
        first, second = (state[network] for state in states)
        assert first.keys() == second.keys()
        for name, value in first.items():
            assert torch.equal(second[name], value), name
