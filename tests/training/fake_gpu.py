"""Steps as a GPU would run them, on fake tensors: these have shapes and a device, and no values.

A program of its own, since a device that is made up stays so for the whole process. torch refuses
to go backwards on fake CUDA tensors where there is no driver, so that a made-up device stands in
for CUDA there; `test_devices.py` runs it.
"""

import copy
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from data_tools.store.reader import Store
from hanzi_lsgan.batches import BatchStream
from hanzi_lsgan.judging.recogniser import Recogniser
from hanzi_lsgan.models import build_generator
from hanzi_lsgan.models.label_embedding import GlyphEmbedding
from hanzi_lsgan.recipe import load_recipe
from hanzi_lsgan.training.step import Trainer
from tests.tiny import CHARACTERS, make_store

WGAN = [
    "objective.loss=wasserstein-gp",
    "model.discriminator_normalisation=none",
    "train.discriminator_steps=2",
]
RECIPES: dict[str, list[str]] = {"quick32": [], "glyph64": [], "paper28": [], "dcgan32": WGAN}


def gpu() -> torch.device:
    """CUDA, or a device made up for this process."""
    if not torch.cuda.is_available():
        from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

        _setup_privateuseone_for_python_backend("fake_gpu")
        module: Any = torch.get_device_module("fake_gpu")
        module.get_amp_supported_dtype = lambda: [torch.bfloat16, torch.float16]
        return torch.device("fake_gpu", 0)
    return torch.device("cuda", 0)


GPU = gpu()


class FakeGenerator(torch.Generator):
    """Random numbers of the GPU, which have no values either."""

    device = GPU

    def __new__(cls, device: torch.device) -> "FakeGenerator":
        return super().__new__(cls)


def to_gpu(network: nn.Module, *_: object, **__: object) -> nn.Module:
    """In the place of `Module.to`, which cannot move fake tensors."""
    for module in network.modules():
        for name, weight in module.named_parameters(recurse=False):
            setattr(
                module,
                name,
                nn.Parameter(torch.empty_like(weight, device=GPU), weight.requires_grad),
            )
        for name, values in module.named_buffers(recurse=False):
            setattr(module, name, torch.empty(values.shape, dtype=values.dtype, device=GPU))
    return network


class NeverWaiting(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Refuses copies that the host waits for; reading a value, fake tensors refuse themselves."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        before = {value.device for value in tree_leaves(args) if isinstance(value, torch.Tensor)}
        after = {value.device for value in tree_leaves(result) if isinstance(value, torch.Tensor)}
        waits = not (kwargs or {}).get("non_blocking")
        if before and after and before != after and waits:
            raise RuntimeError(f"{func} copies values from {before} to {after}, and waits")
        return result


def check_that_waiting_is_found() -> None:
    """What this file relies on."""
    values = torch.ones(3, device=GPU)
    waiting: list[Callable[[], object]] = [
        values.sum().item,
        values.tolist,
        lambda: bool(values.sum() > 0),
        values.cpu,
        lambda: torch.ones(3).to(GPU),
        lambda: torch.tensor([1.0], device=GPU),
        lambda: values.masked_select(values > 0),
    ]
    for wait in waiting:
        try:
            with NeverWaiting():  # type: ignore[no-untyped-call]
                wait()
        except Exception:
            continue
        raise SystemExit(f"{wait} waits, and is not found")


def train_three_steps(name: str, residence: str, store: Store) -> None:
    """The first step of a recipe may prepare things; those after it may neither wait nor mix."""
    recipe = load_recipe(name, ["train.batch_size=8", "train.precision=no", *RECIPES[name]])
    fresh = build_generator(recipe.model, CHARACTERS)  # fake tensors have no storage to copy
    with patch.object(copy, "deepcopy", lambda network: fresh):
        trainer = Trainer(recipe, CHARACTERS)
    if recipe.objective.reading_weight > 0:
        trainer.teach_with(Recogniser(len(CHARACTERS), 32).eval().requires_grad_(False))
    stream = BatchStream(
        store,
        size=recipe.model.size,
        batch_size=8,
        pack_size=recipe.model.pack_size,
        seed=0,
        residence="device" if residence == "device" else "memory",
        device=GPU,
    )
    batches = stream.batches()
    trainer.train_step(next(batches))
    seen: set[str] = set()
    with NeverWaiting():  # type: ignore[no-untyped-call]
        for _ in range(2):
            batch = next(batches)
            assert (batch.images.device == GPU) == (residence == "device")
            trainer.images = 8 * recipe.objective.r1_every * (2 + len(seen))  # with R1
            values = trainer.train_step(batch)
            seen |= values.keys()
            assert {value.device for value in values.values()} == {GPU}
            trainer.images += 8
    assert "discriminator_loss" in seen
    assert ("r1" in seen) == (recipe.objective.r1_gamma > 0)
    for network in (trainer.generator, trainer.discriminator, trainer.ema):
        assert {weight.device for weight in network.state_dict().values()} == {GPU}
    print(name, residence, *sorted(seen))


def main() -> None:
    """Take steps of each recipe, with samples on the GPU and in the host's memory."""
    alone = SimpleNamespace(device=GPU, num_processes=1, process_index=0, is_main_process=True)
    stores = {}
    with tempfile.TemporaryDirectory() as folder:
        for size in (28, 32, 64):
            stores[size] = make_store(Path(folder) / str(size), size=size)
        with (
            patch("hanzi_lsgan.training.processes.process_state", lambda: alone),
            patch.object(torch, "Generator", FakeGenerator),
            patch.object(nn.Module, "to", to_gpu),
            # Glyphs are drawn on the host, once, before the first step.
            patch.object(GlyphEmbedding, "_missing", lambda *_: []),
            FakeTensorMode(allow_non_fake_inputs=True),
        ):
            check_that_waiting_is_found()
            for name in RECIPES:
                for residence in ("device", "memory"):
                    with Store(stores[load_recipe(name).model.size]) as store:
                        train_three_steps(name, residence, store)


if __name__ == "__main__":
    main()
