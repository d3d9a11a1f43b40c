import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from data_tools.errors import UserError
from data_tools.glyphs.compiled import fit_glyphs
from data_tools.glyphs.fit import GLYPH_SIZES_PIXELS, Fit, GlyphOptions, default_margin, fit_glyph
from data_tools.hwdb.gnt import GntRecord


def fitted(
    bitmap: ArrayLike, *, size: int = 28, fit: Fit = "aspect", margin: int = 2
) -> NDArray[np.uint8]:
    pixels = np.asarray(bitmap, np.uint8)
    height, width = pixels.shape
    data = memoryview(pixels.tobytes())
    options = GlyphOptions(size, fit, margin)
    glyph = fit_glyph(data, width, height, options)
    # What holds for one holds for the other.
    (compiled,) = fit_glyphs([GntRecord(0, "一", width, height, data)], options)
    np.testing.assert_array_equal(compiled, glyph)
    return glyph


def page_with(rows: slice, columns: slice, value: int, size: int = 28) -> NDArray[np.uint8]:
    page = np.full((size, size), 255, np.uint8)
    page[rows, columns] = value
    return page


def test_aspect_keeps_the_proportions_of_the_ink_and_centres_it() -> None:
    # 4 × 8 pixels of ink, three times as large, fill 12 × 24 of the 24 × 24 within the margin.
    upright = page_with(slice(5, 13), slice(7, 11), 0, size=20)
    expected = page_with(slice(2, 26), slice(8, 20), 0)
    np.testing.assert_array_equal(fitted(upright), expected)
    np.testing.assert_array_equal(fitted(upright.T), expected.T)


def test_paper_around_the_ink_changes_nothing() -> None:
    ink = np.random.default_rng(0).integers(0, 255, (31, 17))
    padded = np.pad(ink, ((3, 40), (25, 1)), constant_values=255)
    np.testing.assert_array_equal(fitted(padded), fitted(ink))


def test_paper_within_the_ink_stays() -> None:
    frame = np.zeros((24, 24))
    frame[8:16, 8:16] = 255
    expected = page_with(slice(2, 26), slice(2, 26), 0)
    expected[10:18, 10:18] = 255
    np.testing.assert_array_equal(fitted(frame), expected)


@pytest.mark.parametrize("size", GLYPH_SIZES_PIXELS)
@pytest.mark.parametrize("fit", ["aspect", "stretch"])
def test_the_margin_is_never_inked_and_the_rest_is_used(size: int, fit: Fit) -> None:
    for margin in (0, 3, (size - 1) // 2):
        for shape in ((9, 100), (100, 9), (50, 50), (7, 5)):
            glyph = fitted(np.zeros(shape), size=size, fit=fit, margin=margin)
            assert glyph.shape == (size, size)
            rows, columns = np.nonzero(glyph < 255)
            assert min(rows.min(), columns.min()) == margin
            assert max(rows.max(), columns.max()) == size - margin - 1


def test_stretch_squashes_the_whole_bitmap_with_its_paper() -> None:
    # 56 × 14 pixels become 28 × 28: every second column is averaged away, each row doubled.
    bitmap = np.full((14, 56), 255)
    bitmap[:, :28] = 0
    glyph = fitted(bitmap, fit="stretch", margin=0)
    assert (glyph[:, :13] == 0).all()
    assert (glyph[:, 15:] == 255).all()
    assert (glyph == glyph[0]).all()
    wide = np.full((10, 40), 255)
    wide[:, 39] = 0
    assert fitted(wide, fit="stretch", margin=4)[:, :20].min() == 255


def test_stretch_at_the_same_size_copies_the_bitmap() -> None:
    bitmap = np.random.default_rng(1).integers(0, 256, (28, 28))
    np.testing.assert_array_equal(fitted(bitmap, fit="stretch", margin=0), bitmap)
    corner = fitted([[0, 100], [200, 255]], fit="stretch", margin=13)
    np.testing.assert_array_equal(corner[13:15, 13:15], [[0, 100], [200, 255]])


def test_shrinking_averages_so_that_thin_strokes_stay() -> None:
    # One black column in sixteen: the triangle filter is 32 pixels wide, and its peak weighs 1/16.
    bitmap = np.full((448, 448), 255)
    bitmap[:, 8::16] = 0
    glyph = fitted(bitmap, fit="stretch", margin=0)
    assert (glyph[:, 2:-2] == 239).all()  # 255 * 15 / 16


@pytest.mark.parametrize("value", [0, 1, 37, 128, 254])
@pytest.mark.parametrize("fit", ["aspect", "stretch"])
def test_even_grey_keeps_its_value(value: int, fit: Fit) -> None:
    for shape in ((57, 57), (5, 5), (24, 24)):
        glyph = fitted(np.full(shape, value), fit=fit)
        np.testing.assert_array_equal(glyph, page_with(slice(2, 26), slice(2, 26), value))


@pytest.mark.parametrize("fit", ["aspect", "stretch"])
def test_a_blank_page_stays_blank(fit: Fit) -> None:
    for shape in ((40, 30), (1, 1)):
        assert (fitted(np.full(shape, 255), fit=fit) == 255).all()


@pytest.mark.parametrize("fit", ["aspect", "stretch"])
def test_a_single_pixel_fills_the_square(fit: Fit) -> None:
    expected = page_with(slice(2, 26), slice(2, 26), 9)
    np.testing.assert_array_equal(fitted([[9]], fit=fit), expected)


def test_a_line_keeps_one_pixel_of_thickness() -> None:
    across = fitted(np.zeros((1, 4096)), margin=1)
    np.testing.assert_array_equal(across, page_with(slice(13, 14), slice(1, 27), 0))
    np.testing.assert_array_equal(fitted(np.zeros((4096, 1)), margin=1), across.T)


def test_the_default_margin_is_a_share_of_the_side() -> None:
    assert [default_margin(size, "aspect") for size in GLYPH_SIZES_PIXELS] == [0, 1, 1, 2, 3, 4]
    assert default_margin(64, "stretch") == 0


@pytest.mark.parametrize(
    ("size", "fit", "margin", "message"),
    [
        (30, "aspect", 0, "--size 30: no such glyph size; choose one of 28, 32, 48, 64, 96, 128"),
        (0, "aspect", 0, "--size 0: no such glyph size"),
        (28, "squash", 0, "--fit squash: no such way to fit; choose aspect or stretch"),
        (28, "aspect", -1, "--margin -1: outside 0 to 13 pixels"),
        (28, "aspect", 14, "--margin 14: outside 0 to 13 pixels"),
        (64, "stretch", 32, "--margin 32: outside 0 to 31 pixels"),
    ],
)
def test_options_out_of_range_are_refused(size: int, fit: str, margin: int, message: str) -> None:
    with pytest.raises(UserError) as caught:
        GlyphOptions(size, fit, margin)  # type: ignore[arg-type]
    assert str(caught.value).startswith(message)
