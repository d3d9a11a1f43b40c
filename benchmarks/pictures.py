"""Preparing pictures, beside decoding them and nothing else in as many processes."""

import io
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from benchmarks.measurement import MIB, Measurement, run_program, watch_program
from benchmarks.noise import some_characters

_SIDE_PIXELS = 64
_CLASSES = 200
_DRAWINGS = 100
_STROKES = 6
_GREY_PAPER = 225

_PREPARE = """
import sys, time
from pathlib import Path
from data_tools.store.prepare import prepare
started = time.perf_counter()
prepare([Path(sys.argv[2])], Path(sys.argv[1]))
print(time.perf_counter() - started)
"""
# Files lie where they lie; a zip is read to memory before the clock starts.
_DECODE = """
import io, os, sys, time, zipfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
import numpy as np
from PIL import Image

def decode(files):
    for file in files:
        with Image.open(file) as image:
            np.asarray(image)

source = Path(sys.argv[1])
if source.is_dir():
    files = sorted(source.rglob("*.*"))
else:
    with zipfile.ZipFile(source) as archive:
        files = [io.BytesIO(archive.read(name)) for name in archive.namelist()]
processes = len(os.sched_getaffinity(0))
parts = [files[start : start + 500] for start in range(0, len(files), 500)]
started = time.perf_counter()
with ProcessPoolExecutor(processes) as pool:
    list(pool.map(decode, parts))
print(time.perf_counter() - started)
"""


def measure_preparing_pictures(samples: int, runs: int) -> Iterator[Measurement]:
    """Clean PNGs in folders and in a zip, and JPEGs on grey paper; the best run of each."""
    with tempfile.TemporaryDirectory() as name:
        sources = write_pictures(Path(name), samples)
        for what, source in sources.items():
            ours, alone = [], []
            for _ in range(runs):
                with tempfile.TemporaryDirectory() as folder:
                    ours.append(run_program(_PREPARE, Path(folder) / "store.h5", source))
                alone.append(run_program(_DECODE, source))
            yield Measurement(
                "prepare",
                f"{samples:,} pictures of {_SIDE_PIXELS} pixels, {what}",
                samples / min(ours),
                "samples/s",
                f"decoding alone: {samples / min(alone):,.0f} samples/s",
                min(alone) / min(ours),
            )
            with tempfile.TemporaryDirectory() as folder:
                _, peak = watch_program(_PREPARE, Path(folder) / "store.h5", source)
            yield Measurement("prepare", f"peak memory, pictures, {what}", peak / MIB, "MiB")


def write_pictures(folder: Path, samples: int) -> dict[str, Path]:
    """The same drawings in three forms, a folder for each character."""
    forms = {
        "PNG in folders": folder / "png",
        "PNG in a zip": folder / "png.zip",
        "JPEG on grey": folder / "jpeg",
    }
    random = np.random.default_rng(0)
    drawings = [_draw(random) for _ in range(_DRAWINGS)]
    clean = [_encoded(drawing, "PNG") for drawing in drawings]
    grey = [_encoded(drawing * (_GREY_PAPER / 255), "JPEG") for drawing in drawings]
    characters = some_characters(_CLASSES)
    with zipfile.ZipFile(forms["PNG in a zip"], "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(samples):
            place = Path(characters[number % _CLASSES], str(number))
            drawing = number // _CLASSES % _DRAWINGS
            for form, data, suffix in (("png", clean, "png"), ("jpeg", grey, "jpg")):
                path = folder / form / place.with_suffix(f".{suffix}")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data[drawing])
            archive.writestr(str(place.with_suffix(".png")), clean[drawing])
    return forms


def _draw(random: np.random.Generator) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Strokes with soft edges on white."""
    page = Image.new("L", (4 * _SIDE_PIXELS, 4 * _SIDE_PIXELS), 255)
    pen = ImageDraw.Draw(page)
    for _ in range(_STROKES):
        ends = random.integers(_SIDE_PIXELS // 2, 7 * _SIDE_PIXELS // 2, 4).tolist()
        pen.line(ends, fill=int(random.integers(20, 90)), width=12)
    return np.asarray(page.resize((_SIDE_PIXELS, _SIDE_PIXELS)), np.float64)


def _encoded(drawing: np.ndarray[tuple[int, ...], np.dtype[np.float64]], kind: str) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(drawing.astype(np.uint8)).save(stream, kind)
    return stream.getvalue()
