import random
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from data_tools.pictures.decode import PictureError, decode
from tests.picture_samples import draw_character, picture_bytes

CHARACTER = draw_character(1)


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_that_claims(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose head speaks of so many pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    content = zlib.compress(b"\0" * 1000)
    chunks = [(b"IHDR", head), (b"IDAT", content), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)


def problem_of(data: bytes) -> str:
    with pytest.raises(PictureError) as caught:
        decode(data)
    return str(caught.value)


@pytest.mark.parametrize(
    ("kind", "options"),
    [("PNG", {}), ("BMP", {}), ("TIFF", {}), ("GIF", {}), ("WEBP", {"lossless": True})],
)
def test_formats_without_loss_give_the_grey_that_was_saved(
    kind: str, options: dict[str, bool]
) -> None:
    picture = decode(picture_bytes(CHARACTER, kind, **options))
    np.testing.assert_array_equal(picture.grey, CHARACTER)
    assert not picture.lossy
    assert picture.pages == 1


@pytest.mark.parametrize(
    ("kind", "options"),
    [("JPEG", {"quality": 95}), ("WEBP", {}), ("TIFF", {"compression": "jpeg", "quality": 95})],
)
def test_formats_with_loss_come_close_and_say_so(kind: str, options: dict[str, Any]) -> None:
    picture = decode(picture_bytes(CHARACTER, kind, **options))
    assert np.abs(picture.grey.astype(int) - CHARACTER).mean() < 6
    assert picture.lossy


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA"])
def test_every_mode_gives_the_grey_that_its_colours_have(mode: str) -> None:
    sharp = np.where(CHARACTER < 255, 0, 255).astype(np.uint8)
    image = Image.fromarray(sharp).convert(mode)
    np.testing.assert_array_equal(decode(picture_bytes(image)).grey, sharp)


def test_cmyk_and_colour_become_luminance() -> None:
    white_and_black = Image.fromarray(np.array([[255, 0]], np.uint8)).convert("RGB")
    grey = decode(picture_bytes(white_and_black.convert("CMYK"), "TIFF")).grey
    assert grey.tolist() == [[255, 0]]
    red_green_blue = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
    expected = [round(255 * share) for share in (0.299, 0.587, 0.114)]  # ITU-R 601
    assert decode(picture_bytes(red_green_blue)).grey[0].tolist() == expected


@pytest.mark.parametrize(
    ("largest", "factor"), [(65535, 257), (4095, 16.06), (1023, 4.012), (255, 1)]
)
def test_16_bits_are_scaled_by_as_many_as_are_used(largest: int, factor: float) -> None:
    levels = np.array([[0, largest // 2, largest]], np.uint16)
    grey = decode(picture_bytes(levels)).grey[0].tolist()
    assert grey[0] == 0
    assert grey[2] == 255
    assert abs(grey[1] - (largest // 2) / factor) <= 1


def test_real_numbers_are_taken_from_0_to_1_or_to_255() -> None:
    for full in (1.0, 255.0):
        levels = np.array([[0, full / 5, full]], np.float32)
        assert decode(picture_bytes(levels, "TIFF")).grey[0].tolist() == [0, 51, 255]
    broken = np.array([[0, np.nan]], np.float32)
    assert "no numbers" in problem_of(picture_bytes(broken, "TIFF"))


def see_through(ink: int, *, hidden: int) -> bytes:
    """Strokes of one level over see-through pixels of another."""
    pixels = np.zeros((*CHARACTER.shape, 4), np.uint8)
    is_ink = CHARACTER < 255
    pixels[..., :3] = np.where(is_ink, ink, hidden)[..., None]
    pixels[..., 3] = np.where(is_ink, 255, 0)
    return picture_bytes(pixels)


@pytest.mark.parametrize("hidden", [0, 255])
@pytest.mark.parametrize("ink", [0, 40, 215, 255])
def test_ink_on_nothing_is_laid_on_what_it_differs_from(ink: int, hidden: int) -> None:
    grey = decode(see_through(ink, hidden=hidden)).grey
    assert np.all(grey[CHARACTER < 255] == ink)
    assert np.all(grey[CHARACTER == 255] == (255 if ink < 128 else 0))


def soft_character(ink: int = 20, side: int = 48) -> NDArray[np.uint8]:
    """A ring and a bar of soft edges, dark on white."""
    image = Image.new("L", (4 * side, 4 * side), 255)
    draw = ImageDraw.Draw(image)
    draw.ellipse((6 * 4, 6 * 4, 42 * 4, 42 * 4), outline=ink, width=17)
    draw.line((5 * 4 + 1, 44 * 4, 44 * 4, 5 * 4 + 2), fill=ink, width=14)
    return np.asarray(image.reduce(4))


def around_it(page: NDArray[np.uint8], least: int) -> NDArray[np.bool_]:
    """The pixels of at least that level which are connected with the corner."""
    is_light = page >= least
    reached = np.zeros_like(is_light)
    reached[0, 0] = True
    while True:
        grown = reached.copy()
        grown[1:] |= reached[:-1]
        grown[:-1] |= reached[1:]
        grown[:, 1:] |= reached[:, :-1]
        grown[:, :-1] |= reached[:, 1:]
        grown &= is_light
        if (grown == reached).all():
            return reached
        reached = grown


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
@pytest.mark.parametrize("mode", ["L", "P"])
def test_a_ground_of_a_colour_that_is_see_through_is_put_back(kind: str, mode: str) -> None:
    page = soft_character()
    data = picture_bytes(Image.fromarray(page).convert(mode), kind, transparency=255)
    np.testing.assert_array_equal(decode(data).grey, page)


@pytest.mark.parametrize("is_light", [False, True])
@pytest.mark.parametrize("least", [255, 240, 200])
@pytest.mark.parametrize("is_everywhere", [False, True])
def test_a_ground_that_was_cut_off_with_a_wand_is_put_back(
    is_light: bool, least: int, is_everywhere: bool
) -> None:
    page = soft_character()
    is_cut = page >= least if is_everywhere else around_it(page, least)
    level = 255 - page if is_light else page
    pixels = np.stack([level] * 3 + [np.where(is_cut, 0, 255).astype(np.uint8)], axis=-1)
    expected = np.where(is_cut, 0 if is_light else 255, level)
    np.testing.assert_array_equal(decode(picture_bytes(pixels)).grey, expected)


@pytest.mark.parametrize("is_light", [False, True])
def test_a_sheet_that_stands_free_is_laid_on_its_own_colour(is_light: bool) -> None:
    page = 255 - soft_character() if is_light else soft_character()
    pixels = np.zeros((64, 64, 4), np.uint8)
    pixels[8:56, 8:56] = np.stack([page] * 3 + [np.full_like(page, 255)], axis=-1)
    assert np.array_equal(decode(picture_bytes(pixels)).grey[8:56, 8:56], page)
    assert np.all(decode(picture_bytes(pixels)).grey[:8] == (0 if is_light else 255))


def test_uneven_ink_without_soft_edges_is_laid_on_what_it_differs_from() -> None:
    is_ink = np.kron(CHARACTER, np.ones((4, 4), np.uint8)) < 255
    pixels = np.zeros((*is_ink.shape, 4), np.uint8)
    pixels[is_ink, 3] = 255
    pixels[is_ink, :3] = np.random.default_rng(0).choice([0, 60, 120], (int(is_ink.sum()), 1))
    assert np.all(decode(picture_bytes(pixels)).grey[~is_ink] == 255)


def test_a_sheet_with_round_corners_keeps_its_own_colour() -> None:
    pixels = np.stack([CHARACTER] * 3 + [np.full_like(CHARACTER, 255)], axis=-1)
    for row, column in ((0, 0), (0, -1), (-1, 0), (-1, -1)):
        pixels[row, column] = 0
    np.testing.assert_array_equal(decode(picture_bytes(pixels)).grey, CHARACTER)


def test_half_transparent_edges_are_mixed_with_the_ground() -> None:
    pixels = np.zeros((4, 4, 4), np.uint8)
    pixels[1:3, 1:3, 3] = [[255, 255], [255, 102]]
    assert decode(picture_bytes(pixels)).grey[2, 2] == 255 - 102


def test_a_photograph_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright
    turned = decode(picture_bytes(np.rot90(CHARACTER).copy(), exif=exif)).grey
    np.testing.assert_array_equal(turned, CHARACTER)


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "PNG", "WEBP"])
def test_the_first_of_several_pages_is_taken_and_they_are_counted(kind: str) -> None:
    others = [Image.fromarray(draw_character(seed)) for seed in (2, 3)]
    options = {"lossless": True} if kind == "WEBP" else {}
    picture = decode(picture_bytes(CHARACTER, kind, save_all=True, append_images=others, **options))
    np.testing.assert_array_equal(picture.grey, CHARACTER)
    assert picture.pages == 3


def tiff_of(*pages: tuple[NDArray[np.uint8], int]) -> bytes:
    """A TIFF of pages without compression, each with its NewSubfileType."""
    data = struct.pack("<2sHI", b"II", 42, 8)
    for number, (page, kind) in enumerate(pages):
        height, width = page.shape
        pixels = len(data) + 2 + 9 * 12 + 4
        behind = pixels + page.size if number + 1 < len(pages) else 0
        entries = [(254, kind), (256, width), (257, height), (258, 8), (259, 1), (262, 1)]
        entries += [(273, pixels), (278, height), (279, page.size)]
        data += struct.pack("<H", len(entries))
        data += b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
        data += struct.pack("<I", behind) + page.tobytes()
    return data


def test_a_preview_before_the_page_of_a_tiff_is_not_taken_for_it() -> None:
    preview, mask = CHARACTER[::4, ::4], np.zeros_like(CHARACTER)
    for pages in [(preview, 1), (CHARACTER, 0)], [(CHARACTER, 0), (preview, 1), (mask, 4)]:
        picture = decode(tiff_of(*pages))
        np.testing.assert_array_equal(picture.grey, CHARACTER)
        assert picture.pages == 1
    picture = decode(tiff_of((preview, 1), (CHARACTER, 2), (mask, 2)))  # pages of several
    np.testing.assert_array_equal(picture.grey, CHARACTER)
    assert picture.pages == 2
    only = decode(tiff_of((preview, 1)))
    np.testing.assert_array_equal(only.grey, preview)


@pytest.mark.parametrize("sides", [(4097, 1), (1, 4097), (60_000, 60_000), (2**31 - 1, 2**31 - 1)])
def test_a_size_beyond_reason_is_refused_before_a_pixel_is_unpacked(sides: tuple[int, int]) -> None:
    assert "4096" in problem_of(png_that_claims(*sides))


def test_the_largest_size_is_read() -> None:
    assert decode(picture_bytes(np.full((1, 4096), 255, np.uint8))).grey.shape == (1, 4096)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "TIFF", "GIF", "WEBP"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_file_that_is_cut_off_is_damaged(kind: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    whole = picture_bytes(noise, kind)
    assert problem_of(whole[: int(len(whole) * share)])


def test_a_png_without_its_last_bytes_is_cut_off() -> None:
    whole = picture_bytes(CHARACTER)
    for missing in (1, 4, 12):
        assert "is cut off" in problem_of(whole[:-missing])


def test_a_wrong_bit_in_a_png_is_found_wherever_it_is() -> None:
    whole = picture_bytes(CHARACTER)
    for place in range(8, len(whole) - 12):
        broken = bytearray(whole)
        broken[place] ^= 4
        assert problem_of(bytes(broken))


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "is an empty file"),
        (b"<!DOCTYPE html><html>", "is no PNG, JPEG, BMP, TIFF, WebP or GIF"),
        (png_that_claims(0, 5), ""),
        (png_that_claims(100, 100), "is damaged"),
    ],
)
def test_what_is_no_picture_is_said(data: bytes, problem: str) -> None:
    assert problem in problem_of(data)


def test_mutated_files_are_decoded_or_refused(cases: int) -> None:
    chance = random.Random(0)
    kinds = [
        (kind, picture_bytes(CHARACTER, kind))
        for kind in ("PNG", "JPEG", "BMP", "TIFF", "GIF", "WEBP")
    ]
    for _ in range(cases // 4):
        _, whole = chance.choice(kinds)
        data = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(data))
            match chance.randrange(3):
                case 0:
                    data[place] = chance.randrange(256)
                case 1:
                    data[place : place + 4] = chance.choice([b"\xff" * 4, b"\0" * 4, b"\x7f\xff"])
                case 2:
                    del data[place : place + chance.randint(1, 30)]
            if not data:
                break
        try:
            picture = decode(bytes(data))
        except PictureError as error:
            assert "\n" not in str(error)
        else:
            assert picture.grey.dtype == np.uint8
            assert picture.grey.ndim == 2
            assert picture.grey.size > 0
