from functools import partial

import numpy as np
import pytest
import torch

from hanzi_lsgan.drawing.best_of import BestOf
from hanzi_lsgan.drawing.grid import render_comparison
from hanzi_lsgan.drawing.images import draw_class
from hanzi_lsgan.judging.recogniser import Recogniser, read_log_posteriors
from tests.tiny import tiny_generator


def make(candidates: int) -> BestOf:
    torch.manual_seed(0)
    generator = tiny_generator(4)
    return BestOf(generator, partial(read_log_posteriors, Recogniser(4, 32).eval()), candidates)


@pytest.mark.parametrize("at_once", [1, 10, 2048])
def test_the_candidate_that_is_read_best_is_kept(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hanzi_lsgan.drawing.best_of._READ_AT_ONCE", at_once)
    best_of = make(5)
    chosen = best_of.draw(2, 3, seed=7)
    candidates = draw_class(best_of.generator, 2, 15, seed=7).reshape(3, 5, 32, 32)
    for image, offered in zip(chosen, candidates, strict=True):
        likelihood = best_of.read(offered)[:, 2]
        assert np.array_equal(image, offered[likelihood.argmax()])
        assert likelihood.argmin() != likelihood.argmax()


def test_the_picture_says_that_it_is_a_choice() -> None:
    best_of = make(3)
    pictures = [
        render_comparison(
            best_of.generator, "一三二十", "三", store=None, rows=2, seed=0, best_of=chooser
        )
        for chooser in (None, best_of)
    ]
    # The label on the left is another, so the columns begin elsewhere.
    assert pictures[0].width != pictures[1].width or pictures[0] != pictures[1]
