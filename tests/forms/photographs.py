"""Forms filled in by simulated writers, and photographs of them as phones take them."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
import pypdfium2
from numpy.typing import NDArray
from PIL import Image

from data_tools.fonts.simulated_hand import Hand, draw_sample
from data_tools.fonts.typefaces import FIRST_HANDS
from data_tools.forms.layout import BOX_MM, SHEETS, Sheet
from data_tools.forms.page_code import PageCode
from data_tools.forms.printing import form_pdf, page_codes

PIXELS_A_MM = 12
BLACK, PENCIL, BLUE, RED = (25, 25, 28), (120, 120, 124), (40, 60, 150), (170, 40, 45)


@dataclass
class FilledPage:
    """A page with handwriting on it, flat and clean, at 12 pixels a mm.

    `inks` holds of each box that is filled the ink put there, (height, width) of the whole page's
    size in a bounding box: left, top and darkness 0 to 1.
    """

    code: PageCode
    picture: NDArray[np.float32]  # (height, width, 3), 0 to 1
    inks: dict[int, tuple[int, int, NDArray[np.float32]]] = field(default_factory=dict)

    @property
    def sheet(self) -> Sheet:
        return SHEETS[self.code.sheet]


def print_pages(characters: str, sheet_number: int = 0) -> list[FilledPage]:
    """Blank pages, rendered from the PDF itself."""
    codes = page_codes(characters, SHEETS[sheet_number])
    document = pypdfium2.PdfDocument(form_pdf(codes, "of a test"))
    pages = []
    for number, code in enumerate(codes):
        image = document[number].render(scale=PIXELS_A_MM * 25.4 / 72).to_pil().convert("RGB")
        pages.append(FilledPage(code, np.asarray(image, np.float32) / np.float32(255)))
    return pages


def in_black_points(page: FilledPage) -> FilledPage:
    """A blank page from a printer that has no grey: points of black in its place."""
    rng = np.random.default_rng(0)
    height, width = page.picture.shape[:2]
    few = rng.random((height // 2 + 1, width // 2 + 1)).astype(np.float32)
    limits = np.kron(few, np.ones((2, 2), np.float32))[:height, :width, None]
    return FilledPage(page.code, (page.picture > limits).astype(np.float32))


def fill(
    page: FilledPage,
    *,
    writer: int,
    ink: tuple[int, int, int] = BLACK,
    strength: float = 1.0,
    size: float = 0.78,
    stray_mm: float = 1.0,
    fineness: float | None = None,
    leave_empty: tuple[int, ...] = (),
    seed: int = 0,
) -> FilledPage:
    """Write into every box but those to leave empty.

    Args:
        page: a blank one.
        writer: whose hand.
        ink: colour on white, 0 to 255.
        strength: 1 covers, less lets the sheet shine through.
        size: of the character's longer side, in boxes.
        stray_mm: how far a character may stand from the middle of its box.
        fineness: of the pen, 0.2 is a felt pen, 1 a ballpoint; the hand's own if None.
        leave_empty: numbers of boxes.
        seed: of what else varies.
    """
    rng = np.random.default_rng((seed, writer, 7))
    hand = Hand.of_writer(seed, writer, range(FIRST_HANDS))  # which have all characters of forms
    hand = replace(hand, ink_level=0.0, pressure=0.6 * hand.pressure, pen=None)
    if fineness is not None:
        hand = replace(hand, fineness=fineness)
    picture = page.picture.copy()
    inks = {}
    colour = np.array(ink, np.float32) / 255
    for number, character in enumerate(page.code.characters):
        if number in leave_empty:
            continue
        sample = draw_sample(character, hand, rng)
        side = size * BOX_MM * PIXELS_A_MM * float(np.exp(rng.normal(0, 0.08)))
        scale = side / max(sample.shape)
        shape = (max(3, round(sample.shape[1] * scale)), max(3, round(sample.shape[0] * scale)))
        resized = np.asarray(Image.fromarray(sample).resize(shape), np.float32)
        darkness = np.float32(1) - resized / np.float32(255)
        box = page.sheet.box(number)
        centre = np.array([box.left, box.top]) + BOX_MM / 2 + rng.uniform(-1, 1, 2) * stray_mm
        left, top = (centre * PIXELS_A_MM - np.array(shape) / 2).round().astype(int).tolist()
        rows, columns = slice(top, top + shape[1]), slice(left, left + shape[0])
        cover = (darkness * strength)[..., None]
        picture[rows, columns] *= 1 - cover * (1 - colour)
        inks[number] = (left, top, darkness)
    return FilledPage(page.code, picture, inks)


@dataclass(frozen=True)
class Circumstances:
    """How a photograph is taken."""

    pixels_a_mm: float = 11.0
    angle: float = 0.0
    """Degrees by which the camera is turned; 90 and 180 turn the sheet."""
    tilt: tuple[float, float] = (0.0, 0.0)
    """Perspective: by what share sides opposite each other differ in length."""
    bend_mm: float = 0.0
    """How far the sheet's middle shifts against its edges."""
    shadow: float = 0.0
    """What share of the light is lost in the shadow of a hand."""
    light: tuple[float, float, float] = (0.93, 0.93, 0.92)
    """Of the white sheet."""
    slope: float = 0.1
    """How the light falls off across the picture."""
    blur_mm: float = 0.07
    noise: float = 0.012
    quality: int = 70
    """Of JPEG."""
    desk: tuple[float, float, float] = (0.35, 0.25, 0.18)
    around_mm: float = 12.0
    """Of the desk around the sheet."""
    seed: int = 0


def photograph(page: FilledPage, how: Circumstances) -> NDArray[np.uint8]:
    """What a camera sees of a page: (height, width, 3) RGB, after JPEG."""
    rng = np.random.default_rng((how.seed, 11))
    sheet = np.array([page.sheet.width, page.sheet.height])
    corners = np.array([(0, 0), (sheet[0], 0), sheet, (0, sheet[1])]) - sheet / 2
    turn = np.deg2rad(how.angle)
    turned = corners @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    depth = 1 + (turned / np.abs(turned).max(axis=0)) @ np.array(how.tilt)
    seen = turned / depth[:, None]
    seen = seen - seen.min(axis=0) + how.around_mm
    size = np.ceil((seen.max(axis=0) + how.around_mm) * how.pixels_a_mm).astype(int)
    source = (corners + sheet / 2).astype(np.float32)
    target = (seen * how.pixels_a_mm).astype(np.float32)
    back = cv2.getPerspectiveTransform(target, source)
    columns, rows = np.meshgrid(*(np.arange(side, dtype=np.float32) for side in size))
    pixels = np.stack([columns, rows, np.ones_like(rows)], axis=-1) @ back.T.astype(np.float32)
    points = pixels[..., :2] / pixels[..., 2:]  # mm on the page
    share = points / sheet
    phase = rng.uniform(0, 0.5)
    # A sheet that curls along its height, and a little along its width.
    curl = np.sin(np.pi * (share[..., 1] + phase)), np.sin(np.pi * share[..., 0])
    points[..., 0] += how.bend_mm * 0.5 * curl[0]
    points[..., 1] += how.bend_mm * (curl[0] * 0.5 + curl[1] * 0.7)
    on_sheet = ((points >= 0) & (points <= sheet)).all(axis=-1)
    places = (points * PIXELS_A_MM - 0.5).astype(np.float32)
    blurred = cv2.GaussianBlur(page.picture, (0, 0), max(how.blur_mm * PIXELS_A_MM, 0.3))
    sheet_seen = cv2.remap(blurred, places, None, cv2.INTER_LINEAR)
    desk = np.array(how.desk, np.float32) * (
        1 + 0.25 * np.sin(columns / 37 + 3 * np.sin(rows / 400))[..., None].astype(np.float32)
    )
    picture = np.where(on_sheet[..., None], sheet_seen * np.array(how.light, np.float32), desk)
    y, x = rows / size[1], columns / size[0]
    direction = rng.uniform(0, 2 * np.pi)
    fall = 1 - how.slope * ((x - 0.5) * np.cos(direction) + (y - 0.5) * np.sin(direction) + 0.5)
    # A hand and an arm from one side, with a soft edge.
    middle = rng.uniform(0.3, 0.7)
    arm = 1 / (1 + np.exp(-(x - 0.45 - 0.25 * (y - middle) ** 2 * 8) * rng.uniform(25, 60)))
    picture = picture * (fall * (1 - how.shadow * arm))[..., None].astype(np.float32)
    picture = picture + how.noise * rng.standard_normal(picture.shape, np.float32)
    image = Image.fromarray((picture.clip(0, 1) * 255 + 0.5).astype(np.uint8))
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=how.quality)
    return np.asarray(Image.open(stream).convert("RGB"))


def overlap(page: FilledPage, number: int, cut: NDArray[np.uint8]) -> float:
    """Intersection over union of the ink put into a box and of what was cut out of it.

    Both have 12 pixels a mm; they are laid over each other where they agree best.
    """
    _, _, darkness = page.inks[number]
    truth = _cropped(darkness > 0.35)
    got = _cropped(cut < 160)
    if not truth.any() or not got.any():
        return 0.0
    rows, columns = got.shape
    around = np.pad(truth.astype(np.float32), ((rows, rows), (columns, columns)))
    common = cv2.matchTemplate(around, got.astype(np.float32), cv2.TM_CCORR)
    shared = float(np.max(common))
    return shared / (float(truth.sum()) + float(got.sum()) - shared)


def _cropped(ink: NDArray[np.bool_]) -> NDArray[np.bool_]:
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not len(rows):
        return ink
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def shares(overlaps: Mapping[int, float], least: float = 0.5) -> float:
    """What share of boxes was cut right."""
    return sum(value > least for value in overlaps.values()) / max(1, len(overlaps))
