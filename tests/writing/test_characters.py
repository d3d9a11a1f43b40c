"""A hand, and the characters that it writes."""

import numpy as np
import pytest
import torch

import hanzi_lsgan
from data_tools.errors import UserError
from hanzi_lsgan.drawing.best_of import BestOf
from hanzi_lsgan.drawing.images import draw_latents
from hanzi_lsgan.runs.trained_generator import TrainedGenerator
from hanzi_lsgan.writing.characters import write_characters
from hanzi_lsgan.writing.hand import Hand
from hanzi_lsgan.writing.settings import load_settings


@pytest.fixture(scope="module")
def trained() -> TrainedGenerator:
    return hanzi_lsgan.load().trained


def test_a_departure_of_nothing_is_the_hand_itself(trained: TrainedGenerator) -> None:
    hand = Hand.named(trained.network, "7")
    latents = hand.latents(range(3), departure=0)
    torch.testing.assert_close(latents, draw_latents(trained.network, 1, 7).expand(3, -1))


def test_departures_are_small_differ_and_keep_the_forms(trained: TrainedGenerator) -> None:
    hand = Hand.named(trained.network, "7")
    latents = hand.latents(range(400), departure=0.35)
    # Two independent latents of n elements are √(2n) apart, so that departures are
    # √((1 - √(1 - d²))² + d²) / √2 of that for a latent of the usual length.
    # Those elements that choose a font stay, and noise at places is another each time.
    assert hand.noise == 256
    habits = slice(hand.fonts.hands, -hand.noise)
    free = hand.latent[habits]
    length = float(free.norm())
    expected = np.sqrt(((1 - np.sqrt(1 - 0.35**2)) * length) ** 2 + 0.35**2 * len(free))
    strayed = (latents - hand.latent)[:, habits]
    assert float(strayed.norm(dim=1).mean()) == pytest.approx(expected, rel=0.05)
    between = np.corrcoef(latents[:, -hand.noise :].numpy())[np.triu_indices(400, k=1)]
    assert abs(between.mean()) < 0.01
    assert len(set(map(tuple, latents.tolist()))) == 400
    assert (latents[:, : trained.fonts.hands].argmax(dim=1) == hand.font).all()
    torch.testing.assert_close(hand.latents(range(5, 9)), hand.latents(range(9))[5:])


def test_a_mixed_hand_lies_between_and_is_no_shorter(trained: TrainedGenerator) -> None:
    first, second = (draw_latents(trained.network, 1, number)[0] for number in (7, 12))
    mixed = Hand.named(trained.network, "7+12").latent
    apart = float((first - second).norm())
    assert max(float((mixed - one).norm()) for one in (first, second)) < apart
    assert float(mixed.norm()) == pytest.approx(float(first.norm() + second.norm()) / 2, rel=1e-5)
    same = Hand.named(trained.network, "7+7").latent
    torch.testing.assert_close(same, first)


@pytest.mark.parametrize("name", ["", "x", "-1", "1.5", "7+", "7 12", "9999999999"])
def test_a_name_that_is_no_hand_is_refused(trained: TrainedGenerator, name: str) -> None:
    with pytest.raises(UserError, match="--hand"):
        Hand.named(trained.network, name)


def test_a_hand_that_is_too_large_and_a_colour_by_name_are_called_so(
    trained: TrainedGenerator,
) -> None:
    with pytest.raises(UserError, match="9999999999 is too large: hands go up to 999,999,999"):
        Hand.named(trained.network, "9999999999")
    with pytest.raises(UserError, match=r"^--ink: 'red' is no colour; write it as #rrggbb"):
        load_settings(ink="red")


def test_ink_fills_its_place_and_keeps_its_proportions(trained: TrainedGenerator) -> None:
    known = trained.with_unseen("好一，2")
    written = list(write_characters(known, "好一，2", Hand.named(known.network, "3")))
    assert [one.character for one in written] == list("好一，2")
    for one in written:
        scale, along, right, down = one.pixels_to_square()
        assert along == scale
        left, top, far_right, bottom = one.ink_box
        columns = (left * scale + right, far_right * scale + right)
        rows = (top * scale + down, bottom * scale + down)
        assert (sum(columns) / 2, sum(rows) / 2) == pytest.approx(one.place.centre)
        longer = max(columns[1] - columns[0], rows[1] - rows[0])
        assert longer == pytest.approx(max(one.place.width, one.place.height))


def test_of_several_drawings_the_one_that_is_read_best_is_kept(trained: TrainedGenerator) -> None:
    """What reads here likes ink: so the darkest of four drawings of each character is kept."""
    known = trained.with_unseen("永和九年")

    def read(images: np.ndarray) -> np.ndarray:
        ink = (255.0 - images).sum(axis=(1, 2))
        return np.repeat(ink[:, None], len(known.charset), axis=1).astype(np.float32)

    hand = Hand.named(known.network, "3")
    chooser = BestOf(known.network, read, 4)
    chosen = [one.image for one in write_characters(known, "永和九年", hand, best_of=chooser)]
    plain = [one.image for one in write_characters(known, "永和九年", hand)]
    ink = [int((255 - image.astype(int)).sum()) for image in chosen]
    assert all(a >= int((255 - b.astype(int)).sum()) for a, b in zip(ink, plain, strict=True))
    assert any(not np.array_equal(a, b) for a, b in zip(chosen, plain, strict=True))
    again = [one.image for one in write_characters(known, "永和九年", hand, best_of=chooser)]
    np.testing.assert_array_equal(np.array(chosen), np.array(again))
