"""What a GPU would run, as far as it can be seen where there is none."""

import subprocess
import sys
from unittest.mock import patch

import pytest
import torch
import torch.nn.functional as F
from torch.utils import backend_registration

from hanzi_lsgan.acceleration import MixedPrecision, best_precision
from hanzi_lsgan.models import build_discriminator
from hanzi_lsgan.models.layers import gather_samples
from hanzi_lsgan.recipe import load_recipe
from tests.tiny import CHARACTERS

RECIPES = ("quick32", "glyph64", "paper28", "dcgan32")


@pytest.mark.slow
@pytest.mark.skipif(
    not hasattr(backend_registration, "_setup_privateuseone_for_python_backend"),
    reason="this torch makes up no devices",
)
def test_steps_on_a_gpu_wait_for_nothing_and_keep_to_their_device() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "tests.training.fake_gpu"], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    trained = [line.split()[:2] for line in result.stdout.splitlines()]
    assert trained == [[name, where] for name in RECIPES for where in ("device", "memory")]


@pytest.mark.parametrize(
    ("device", "has_bfloat16", "precision"),
    [("cuda", True, "bf16"), ("cuda", False, "fp16"), ("xpu", True, "bf16"), ("mps", True, "no")],
)
def test_the_precision_is_one_that_the_device_computes_without_emulation(
    device: str, has_bfloat16: bool, precision: str
) -> None:
    def is_supported(including_emulation: bool = True) -> bool:
        return has_bfloat16 or including_emulation  # as torch says of a T4

    with patch.object(torch.cuda, "is_bf16_supported", is_supported):
        assert best_precision(torch.device(device)) == precision


@pytest.mark.parametrize("name", RECIPES)
def test_scores_are_of_float32_whatever_the_rest_is_computed_in(name: str) -> None:
    recipe = load_recipe(name, ["train.batch_size=256"])
    torch.manual_seed(0)
    discriminator = build_discriminator(recipe.model, CHARACTERS)
    size = recipe.model.size
    images = torch.rand((256, 1, size, size)) * 2 - 1
    labels = torch.zeros(256, dtype=torch.int64)
    precision = MixedPrecision(torch.device("cpu"), "bf16")
    scores = precision.forward(discriminator, images, labels).detach()
    assert scores.dtype == torch.float32
    assert (scores != scores.bfloat16().float()).float().mean() > 0.9


@pytest.mark.parametrize("padding", ["zeros", "border"])
def test_resampling_without_grid_sample_is_grid_sample(padding: str) -> None:
    torch.manual_seed(0)
    images = torch.randn((3, 2, 9, 9), dtype=torch.float64, requires_grad=True)
    places = (torch.rand((3, 5, 7, 2), dtype=torch.float64) * 3 - 1.5).requires_grad_()
    weights = torch.randn((3, 2, 5, 7), dtype=torch.float64)
    expected = F.grid_sample(images, places, padding_mode=padding, align_corners=False)
    expected_gradients = torch.autograd.grad((expected * weights).sum(), [images, places])
    found = gather_samples(images, places, padding)  # type: ignore[arg-type]
    gradients = torch.autograd.grad((found * weights).sum(), [images, places])
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(gradients, expected_gradients)
