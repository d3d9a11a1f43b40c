import numpy as np
import pytest
import torch

from hanzi_lsgan.drawing.images import draw_class, draw_classes
from tests.tiny import tiny_generator

_CLASSES = 40


@pytest.mark.parametrize("count", [1, 3, 70])
def test_many_characters_are_drawn_as_each_by_itself(count: int) -> None:
    torch.manual_seed(0)
    generator = tiny_generator(_CLASSES)
    labels = list(range(_CLASSES))[::-1]
    batches = list(draw_classes(generator, labels, count, seed=5))
    together = np.concatenate(batches)
    apart = np.concatenate([draw_class(generator, label, count, seed=5) for label in labels])
    assert together.shape == (count * _CLASSES, 32, 32)
    # To a grey level: sums are taken in another order in a batch of another size.
    np.testing.assert_allclose(together.astype(int), apart.astype(int), atol=1)
    assert len(np.unique(together, axis=0)) == len(together)
    assert max(map(len, batches)) <= 64


def test_few_samples_of_many_characters_make_full_batches() -> None:
    batches = list(draw_classes(tiny_generator(_CLASSES), range(_CLASSES), 3, seed=0))
    assert [len(batch) for batch in batches] == [63, 57]
