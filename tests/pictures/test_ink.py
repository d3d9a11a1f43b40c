import numpy as np
import pytest
from numpy.typing import NDArray

from data_tools.errors import UserError
from data_tools.pictures.decode import Picture, decode
from data_tools.pictures.ink import Ground, Ink, check_ink, on_white, survey
from tests.picture_samples import draw_character, picture_bytes


def picture(grey: NDArray[np.uint8], *, lossy: bool = False) -> Picture:
    return Picture(grey, lossy, pages=1)


CHARACTERS = [draw_character(seed) for seed in range(12)]


def big_character(seed: int, side: int = 160) -> NDArray[np.uint8]:
    page: NDArray[np.uint8] = draw_character(seed, side // 8).repeat(8, axis=0).repeat(8, axis=1)
    return page


def photograph(page: NDArray[np.uint8], *, noise: float = 3, seed: int = 0) -> NDArray[np.uint8]:
    """The page under light that falls off to a corner, seen by a noisy camera."""
    height, width = page.shape
    rows, columns = np.mgrid[:height, :width] / max(height, width)
    light = 225 - 70 * columns - 40 * rows**2
    seen = page / 255 * light + np.random.default_rng(seed).normal(0, noise, page.shape)
    clipped: NDArray[np.float64] = np.clip(np.rint(seen), 0, 255)
    return clipped.astype(np.uint8)


@pytest.mark.parametrize("seed", range(12))
def test_dark_ink_on_clean_white_stays_byte_for_byte(seed: int) -> None:
    page = CHARACTERS[seed]
    for ground in (Ground(), Ground(light_ink=True), Ground(clean=False)):
        result = on_white(picture(page), ground)
        np.testing.assert_array_equal(result.grey, page)
        assert (result.turned, result.levelled) == (False, False)


@pytest.mark.parametrize("seed", range(12))
def test_light_ink_on_black_is_turned(seed: int) -> None:
    page = CHARACTERS[seed]
    for ground in (Ground(), Ground(light_ink=True), Ground(clean=False)):
        result = on_white(picture(255 - page), ground)
        np.testing.assert_array_equal(result.grey, page)
        assert (result.turned, result.levelled) == (True, False)


def crops() -> list[NDArray[np.uint8]]:
    """Dark ink that touches all four sides, as HWDB's bitmaps and `generate` have it."""
    bar = np.full((5, 40), 60, np.uint8)
    bar[0, :9], bar[-1, 30:] = 255, 255
    frame = np.full((30, 30), 255, np.uint8)
    frame[:3], frame[-3:], frame[:, :3], frame[:, -3:] = 40, 40, 40, 40
    field = frame.copy()
    field[13:16], field[:, 13:16] = 40, 40
    dot = np.array([[90, 80], [70, 255]], np.uint8)
    line = np.arange(80, 150, 2, dtype=np.uint8)[None]
    cross = np.full((31, 31), 255, np.uint8)
    cross[13:18], cross[:, 13:18] = 30, 30
    return [bar, frame, field, dot, line, cross, np.full((1, 1), 64, np.uint8)]


@pytest.mark.parametrize("number", range(7))
def test_a_crop_without_margin_follows_its_source(number: int) -> None:
    crop = crops()[number]
    as_it_is = on_white(picture(crop), Ground())
    np.testing.assert_array_equal(as_it_is.grey, crop)
    turned = on_white(picture(255 - crop), Ground(light_ink=True))
    np.testing.assert_array_equal(turned.grey, crop)


def test_a_source_is_what_most_of_its_pictures_show() -> None:
    crowd = [picture(page) for page in CHARACTERS[:8]]
    inverse = [picture(255 - one.grey) for one in crowd]
    assert survey([], "auto").ground("auto") == Ground()
    assert survey(crowd + inverse[:3], "auto").ground("auto") == Ground()
    assert survey(inverse + crowd[:3], "auto").ground("auto") == Ground(light_ink=True)
    assert survey(crowd, "light").ground("light").light_ink
    assert not survey(inverse, "dark").ground("dark").light_ink
    scanned = [picture(photograph(one.grey)) for one in crowd]
    assert survey(scanned, "auto").ground("auto") == Ground(clean=False)


def test_a_user_who_insists_is_believed() -> None:
    page = CHARACTERS[0]
    for ink, turned in (("dark", False), ("light", True)):
        choice = check_ink(ink)
        result = on_white(picture(page), survey([picture(page)], choice).ground(choice), choice)
        assert result.turned is turned
    with pytest.raises(UserError, match="--ink grey"):
        check_ink("grey")


@pytest.mark.parametrize("ink", ["dark", "light"])
@pytest.mark.parametrize("seed", range(4))
def test_a_background_of_shadows_and_noise_becomes_exactly_white(ink: Ink, seed: int) -> None:
    page = big_character(seed)
    seen = photograph(page, seed=seed)
    seen = 255 - seen if ink == "light" else seen
    result = on_white(picture(seen), survey([picture(seen)], "auto").ground("auto"))
    assert result.levelled
    assert result.turned is (ink == "light")
    background, strokes = page == 255, page < 255
    assert np.mean(result.grey[background] == 255) > 0.999
    # A stroke keeps its own shade under any light, but for the camera's noise.
    difference = result.grey[strokes].astype(float) - page[strokes]
    assert np.abs(difference).mean() < 8
    assert np.mean(result.grey[strokes] < 255) > 0.999


def test_ink_lies_where_it_lay_when_a_shadow_is_taken_away() -> None:
    page = big_character(5)
    rows, columns = np.nonzero(on_white(picture(photograph(page)), Ground(clean=False)).grey < 255)
    expected_rows, expected_columns = np.nonzero(page < 255)
    box = (rows.min(), rows.max(), columns.min(), columns.max())
    expected = (
        *(expected_rows.min(), expected_rows.max()),
        *(expected_columns.min(), expected_columns.max()),
    )
    assert np.abs(np.subtract(box, expected)).max() <= 1


def test_grey_paper_is_levelled_and_pale_pencil_stays() -> None:
    page = np.full((48, 48), 231, np.uint8)
    page[10:38, 22:26] = 180
    result = on_white(picture(page), survey([picture(page)], "auto").ground("auto"))
    assert result.levelled
    expected = np.full((48, 48), 255, np.uint8)
    expected[10:38, 22:26] = round(180 / 231 * 255)
    assert np.abs(result.grey.astype(int) - expected).max() <= 2
    assert np.all(result.grey[page == 231] == 255)


def test_the_haze_of_jpeg_around_strokes_goes() -> None:
    page = np.pad(big_character(7), 3, constant_values=255)  # off the blocks of JPEG
    seen = decode(picture_bytes(page, "JPEG", quality=75))
    assert np.mean(seen.grey[page == 255] == 255) < 0.99
    result = on_white(seen, Ground())
    assert np.mean(result.grey[page == 255] == 255) > 0.995
    assert not result.levelled


@pytest.mark.parametrize("level", [0, 64, 230, 255])
def test_an_even_picture_is_blank_unless_it_may_be_one_stroke(level: int) -> None:
    page = np.full((9, 9), level, np.uint8)
    result = on_white(picture(page), Ground())
    assert np.all(result.grey == 255)
    assert result.levelled == (level < 255)
    np.testing.assert_array_equal(on_white(picture(page[:4]), Ground()).grey, page[:4])
    pale = np.maximum(draw_character(0), 235)[4:-4, 4:-4]  # cut close, on paper that is white
    np.testing.assert_array_equal(on_white(picture(pale), Ground()).grey, pale)


def test_an_empty_scan_is_white() -> None:
    page = np.full((9, 9), 228, np.uint8)
    page[3, 3] = 220
    assert np.all(on_white(picture(page), Ground(clean=False)).grey == 255)
