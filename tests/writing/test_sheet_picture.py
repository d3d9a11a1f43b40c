"""Pictures of sheets, as both kinds of file show them."""

import base64
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_tools.errors import UserError
from hanzi_lsgan.writing.page_drawing import DrawnPage
from hanzi_lsgan.writing.pdf_file import pdf_bytes
from hanzi_lsgan.writing.png_file import png_pages
from hanzi_lsgan.writing.sheet_picture import SheetPicture, load_sheet_picture
from hanzi_lsgan.writing.svg_file import svg_text

CREAM, BLUE = (250, 240, 220), (60, 60, 200)
SIZE = (100, 140)  # with a band of 20 at the top


def sheet(mode: str, ground: object, band: object) -> Image.Image:
    picture = Image.new(mode, SIZE, ground)  # type: ignore[arg-type]
    picture.paste(band, (0, 0, 100, 20))  # type: ignore[arg-type]
    return picture


def with_palette(see_through: bool) -> tuple[Image.Image, dict[str, int]]:
    picture = sheet("P", 0, 1)
    picture.putpalette([*(CREAM if not see_through else (255, 0, 0)), *BLUE])
    return picture, {"transparency": 0} if see_through else {}


def deep() -> Image.Image:
    pixels = np.full((140, 100), 60000, np.uint16)
    pixels[:20] = 20000
    return Image.fromarray(pixels)


def page_of(picture: SheetPicture) -> DrawnPage:
    return DrawnPage(100, 140, picture, (), ())


def seen_in_both(picture: SheetPicture) -> list[Image.Image]:
    """The page of a PDF and the picture in an SVG, at a pixel a millimetre or nearly."""
    (png,) = png_pages(pdf_bytes([page_of(picture)], {}), 26, {})
    encoded = svg_text(page_of(picture), {}).split("data:image/jpeg;base64,")[1].split('"')[0]
    files = [png, base64.b64decode(encoded)]
    return [Image.open(io.BytesIO(file)).convert("RGB").resize(SIZE) for file in files]


@pytest.mark.parametrize(
    ("name", "make", "ground", "band"),
    [
        ("a.png", lambda: (sheet("RGB", CREAM, BLUE), {}), CREAM, BLUE),
        ("a.png", lambda: (sheet("RGBA", (0, 0, 0, 0), (*BLUE, 255)), {}), (255,) * 3, BLUE),
        ("a.png", lambda: (sheet("RGBA", (0, 0, 0, 51), (*BLUE, 255)), {}), (204,) * 3, BLUE),
        ("a.png", lambda: (sheet("LA", (0, 0), (90, 255)), {}), (255,) * 3, (90,) * 3),
        ("a.png", lambda: (deep(), {}), (233,) * 3, (78,) * 3),  # of 65,535
        ("a.tif", lambda: (deep(), {}), (233,) * 3, (78,) * 3),
        ("a.png", lambda: with_palette(False), CREAM, BLUE),
        ("a.png", lambda: with_palette(True), (255,) * 3, BLUE),
        ("a.png", lambda: (sheet("L", 240, 90), {}), (240,) * 3, (90,) * 3),
        ("a.png", lambda: (sheet("1", 1, 0), {}), (255,) * 3, (0,) * 3),
        ("a.jpg", lambda: (sheet("L", 240, 90), {}), (240,) * 3, (90,) * 3),
        ("a.jpg", lambda: (sheet("CMYK", (0, 0, 0, 51), (0, 0, 0, 204)), {}), None, None),
    ],
)
def test_a_sheet_looks_as_its_picture(
    name: str,
    make: Callable[[], tuple[Image.Image, dict[str, int]]],
    ground: tuple[int, ...] | None,
    band: tuple[int, ...] | None,
    tmp_path: Path,
) -> None:
    picture, options = make()
    picture.save(tmp_path / name, **options)  # type: ignore[arg-type]
    for seen in seen_in_both(load_sheet_picture(tmp_path / name)):
        # What programs make of the four inks differs; which part is dark does not.
        assert seen.getpixel((50, 100)) == pytest.approx(
            ground or (204,) * 3, abs=3 if ground else 40
        )
        assert seen.getpixel((50, 5)) == pytest.approx(band or (51,) * 3, abs=3 if band else 40)


@pytest.mark.parametrize(("orientation", "quarters"), [(1, 0), (3, 2), (6, 1), (8, 3)])
def test_a_photograph_lies_as_it_was_held_and_stays_small(
    orientation: int, quarters: int, tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = sheet("RGB", CREAM, BLUE)
    picture.paste(
        Image.fromarray(np.random.default_rng(0).integers(0, 255, (60, 100, 3), np.uint8)), (0, 80)
    )
    path = tmp_path / "photo.jpg"
    picture.rotate(90 * quarters, expand=True).save(path, exif=exif, quality=90)
    loaded = load_sheet_picture(path)
    for seen in seen_in_both(loaded):
        assert seen.getpixel((50, 50)) == pytest.approx(CREAM, abs=4)
        assert seen.getpixel((50, 5)) == pytest.approx(BLUE, abs=4)
    if orientation == 1:
        assert loaded.jpeg == path.read_bytes()
    # Without loss the noise alone takes 18,000 bytes, and a quarter more in a PDF.
    assert len(pdf_bytes([page_of(loaded)], {})) < 16_000


def test_damaged_exif_still_tells_how_a_camera_was_held(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "maker"
    damaged = exif.tobytes().replace(b"\x01\x0f", b"\x01\x09")  # a word where a number belongs
    sheet("RGB", CREAM, BLUE).save(tmp_path / "a.jpg", exif=damaged)
    assert load_sheet_picture(tmp_path / "a.jpg").image.size == (140, 100)


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))
    for name, said in (("a.png", "is no picture"), ("b.png", "no such file"), (".", "no picture")):
        with pytest.raises(UserError, match=said):
            load_sheet_picture(tmp_path / name)


def test_a_picture_of_too_many_pixels_is_called_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet("RGB", CREAM, BLUE).save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 6_999)  # it has 14,000
    with pytest.raises(UserError, match="has more pixels than the 13,998 that are read; make it"):
        load_sheet_picture(tmp_path / "a.png")
