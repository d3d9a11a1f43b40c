from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from data_tools.errors import UserError
from data_tools.fonts.simulated_hand import write_glyph
from data_tools.glyphs.fit import GlyphOptions
from data_tools.splits import Split
from data_tools.store.reader import Store
from hanzi_lsgan.drawing.grid import COLUMNS_A_BLOCK, Row, compose, render_comparison
from hanzi_lsgan.drawing.images import draw_images, draw_latents, labels_of, to_pixels, to_uint8
from hanzi_lsgan.models.label_embedding import LabelEmbedding
from hanzi_lsgan.models.projection import ProjectionGenerator
from tests.tiny import CHARACTERS, make_store, tiny_generator

CHARSET = "".join(sorted(CHARACTERS))


def small_generator(classes: int = len(CHARSET)) -> ProjectionGenerator:
    torch.manual_seed(0)
    return tiny_generator(classes)


def drawn(generator: ProjectionGenerator, latents: Tensor, labels: list[int]) -> np.ndarray:
    return np.concatenate(list(draw_images(generator, latents, labels)))


def test_grey_levels_survive_the_network_s_range() -> None:
    levels = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    for pixel_range in ((-1.0, 1.0), (0.0, 1.0)):
        pixels = to_pixels(levels, pixel_range)
        assert (pixels.min().item(), pixels.max().item()) == pytest.approx(pixel_range)
        assert (to_uint8(pixels, pixel_range) == levels[:, 0].numpy()).all()


def test_pixels_outside_the_range_are_clipped_not_wrapped() -> None:
    pixels = torch.tensor([-1.2, 1.2]).view(1, 1, 1, 2)
    assert to_uint8(pixels, (-1.0, 1.0)).tolist() == [[[0, 255]]]


def test_an_image_depends_on_its_latent_and_label_alone() -> None:
    """So that any batch size, and any selection of characters, draws the same."""
    generator = small_generator()
    latents = draw_latents(generator, 3, seed=1)
    together = drawn(generator, latents, [0, 1, 2, 3]).reshape(3, 4, 32, 32)
    alone = drawn(generator, latents[1:2], [2])[0]
    assert np.abs(together[1, 2].astype(int) - alone.astype(int)).max() <= 1


def test_more_images_than_a_batch_come_in_order() -> None:
    generator = small_generator()
    latents = draw_latents(generator, 90, seed=1)
    images = drawn(generator, latents, [3, 0, 1])
    assert len(images) == 270
    last = drawn(generator, latents[89:], [1])[0]
    assert np.abs(images[-1].astype(int) - last.astype(int)).max() <= 1


def test_unknown_characters_are_listed_with_what_the_model_knows() -> None:
    with pytest.raises(UserError, match=r"2 of these are unknown to the model: 龘龙; it knows 4 "):
        labels_of("一龘二龙龘", CHARSET)
    assert labels_of("三一", CHARSET) == [CHARSET.index("三"), CHARSET.index("一")]


def test_the_same_seed_draws_the_same_picture(tmp_path: Path) -> None:
    generator = small_generator()
    with Store(make_store(tmp_path)) as store:
        one, again, other = (
            render_comparison(generator, CHARSET, "三一", store=store, rows=2, seed=seed).tobytes()
            for seed in (7, 7, 8)
        )
    assert one == again
    assert one != other


def test_without_a_store_there_are_generated_rows_only(tmp_path: Path) -> None:
    generator = small_generator()
    without = render_comparison(generator, CHARSET, "一", store=None, rows=2, seed=0, scale=2)
    with Store(make_store(tmp_path)) as store:
        with_real = render_comparison(
            generator, CHARSET, "一", store=store, rows=2, seed=0, scale=2
        )
    assert with_real.height - without.height == 2 * (32 + 2) * 2


def test_real_rows_come_from_the_test_split(tmp_path: Path) -> None:
    path = make_store(tmp_path, test_writers=1)
    with Store(path) as store:
        picture = np.asarray(
            render_comparison(
                small_generator(), CHARSET, "二", store=store, rows=1, seed=3, scale=1
            )
        )
        label = store.charset.index("二")
        (row,) = store.rows_of_class(Split.TEST, label)
        glyph = store.images(range(row, row + 1))[0]
    assert glyph_is_in(picture, glyph)


def test_writers_stand_in_for_a_font_drawn_store_that_is_gone() -> None:
    """Real rows as a store of the corpus would hold them, by writers that no corpus has."""
    picture = np.asarray(
        render_comparison(
            small_generator(), CHARSET, "三", store=None, rows=2, seed=0, scale=1, font_drawn=True
        )
    )
    options = GlyphOptions(32, "aspect", 1)
    for writer in (10_000, 10_001):
        assert glyph_is_in(picture, write_glyph("三", writer, options))


def test_stand_ins_of_a_size_that_no_store_has_are_reduced_as_training_reduces() -> None:
    torch.manual_seed(0)
    generator = ProjectionGenerator(LabelEmbedding(len(CHARSET), 8, std=1.0), 8, [8, 8, 8]).eval()
    picture = np.asarray(
        render_comparison(
            generator, CHARSET, "三", store=None, rows=1, seed=0, scale=1, font_drawn=True
        )
    )
    written = write_glyph("三", 10_000, GlyphOptions(32, "aspect", 1)).astype(float)
    squares = written.reshape(16, 2, 16, 2).mean(axis=(1, 3))
    windows = np.lib.stride_tricks.sliding_window_view(picture.astype(float), (16, 16))
    assert (np.abs(windows - squares).max(axis=(2, 3)) <= 1).any()  # rounded twice


def test_columns_with_a_remark_have_it_under_their_head() -> None:
    images = np.full((2, 32, 32), 255, np.uint8)
    plain = compose("一三", [Row("", images)], scale=2)
    marked = compose("一三", [Row("", images)], scale=2, remarks={"三": "unseen"})
    cell = (32 + 2) * 2
    remark = marked.height - plain.height
    assert remark > 0
    header = np.asarray(marked)[: marked.height - cell]
    below = header[-remark:] < 255  # the line under the printed characters
    assert below[:, -cell:].any()
    assert not below[:, :-cell].any()


def glyph_is_in(picture: np.ndarray, glyph: np.ndarray) -> bool:
    windows = np.lib.stride_tricks.sliding_window_view(picture, glyph.shape)
    return bool((windows == glyph).all(axis=(2, 3)).any())


def test_one_column_a_character_and_wrapped_blocks() -> None:
    images = np.zeros((COLUMNS_A_BLOCK + 1, 8, 8), np.uint8)
    narrow = compose("一" * 3, [Row("Real", images[:3])], scale=4)
    wide = compose("一" * COLUMNS_A_BLOCK, [Row("Real", images[:-1])], scale=4)
    wrapped = compose("一" * len(images), [Row("Real", images)], scale=4)
    assert wide.width - narrow.width == (COLUMNS_A_BLOCK - 3) * (8 + 2) * 4
    assert wrapped.size == (wide.width, 2 * wide.height)


@pytest.mark.parametrize("pair", ["龘龗", "\U0002a6d6\U0002a6d5"])
def test_a_character_is_headed_by_a_form_that_some_font_has_or_by_its_code_point(pair: str) -> None:
    """The hands' fonts have none of these; the reference font has the first two."""
    images = np.full((1, 32, 32), 255, np.uint8)
    one, other = (compose(character, [Row("", images)], scale=2).tobytes() for character in pair)
    assert one != other  # a font would draw the same empty box for both


def test_every_kind_of_row_is_labelled_once() -> None:
    images = np.full((1, 32, 32), 255, np.uint8)
    rows = [Row("Real", images), Row("Real", images), Row("Generated", images)]
    picture = np.asarray(compose("一", rows, scale=2))
    margin = picture[:, : picture.shape[1] - (32 + 2) * 2]
    inked: np.ndarray = np.any(margin < 255, axis=1)
    assert np.count_nonzero(inked[1:] & ~inked[:-1]) == 2
