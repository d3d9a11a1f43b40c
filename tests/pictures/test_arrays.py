import gzip
import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torchvision.datasets.mnist import (  # type: ignore[import-untyped]
    read_image_file,
    read_label_file,
)

from data_tools.errors import UserError
from data_tools.glyphs.fit import GlyphOptions, fit_glyph
from data_tools.hwdb.charset import parse_charset
from data_tools.store.prepare import PrepareResult, prepare
from data_tools.store.reader import Store
from tests.picture_samples import draw_character

IMAGES = np.stack([255 - draw_character(seed, 28) for seed in range(6)])
GLYPH = GlyphOptions(28, "aspect", 1)


def idx(array: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> bytes:
    head = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return head + array.tobytes()


def npz(array: np.ndarray[tuple[int, ...], np.dtype[Any]]) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, array)
    return stream.getvalue()


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return folder


def convert(folder: Path) -> PrepareResult:
    out = folder.with_suffix(".h5")
    return prepare([folder], out, glyph=GLYPH, charset=parse_charset("all"), jobs=1)


def labelled_glyphs(result: PrepareResult) -> set[tuple[str, int, bytes]]:
    with Store(result.out) as store:
        images = store.images(range(len(store)))
        characters = [store.charset[label] for label in store.labels]
        splits = store.splits.tolist()
        return {(c, s, i.tobytes()) for c, s, i in zip(characters, splits, images, strict=True)}


def fitted(seed: int) -> bytes:
    page = draw_character(seed, 28)
    return fit_glyph(memoryview(page.tobytes()), 28, 28, GLYPH).tobytes()


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_emnist_is_read_upright_as_torchvision_reads_its_bytes(tmp_path: Path, suffix: str) -> None:
    stored = np.ascontiguousarray(IMAGES.swapaxes(1, 2))
    numbers = np.array([0, 10, 36, 46, 9, 11], np.uint8)
    stem = "gzip/emnist-balanced-test"
    folder = write(
        tmp_path / "own",
        {
            f"{stem}-images-idx3-ubyte{suffix}": idx(stored),
            f"{stem}-labels-idx1-ubyte{suffix}": idx(numbers),
        },
    )
    if not suffix:
        images = read_image_file(str(folder / f"{stem}-images-idx3-ubyte")).numpy()
        np.testing.assert_array_equal(images, stored)
        labels = read_label_file(str(folder / f"{stem}-labels-idx1-ubyte")).tolist()
        assert labels == numbers.tolist()
    expected = {(character, 1, fitted(seed)) for seed, character in enumerate("0Aat9B")}
    assert labelled_glyphs(convert(folder)) == expected


def test_kuzushiji_in_a_folder_that_names_emnist_too_is_read_upright(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "emnist-and-kuzushiji",
        {
            "kmnist/train-images-idx3-ubyte": idx(IMAGES[:3]),
            "kmnist/train-labels-idx1-ubyte": idx(np.arange(3, dtype=np.uint8)),
        },
    )
    expected = {(character, 0, fitted(seed)) for seed, character in enumerate("おきす")}
    assert labelled_glyphs(convert(folder)) == expected


def test_a_file_that_is_replaced_is_read_anew(tmp_path: Path) -> None:
    """As in a notebook, where wrong labels are mended and prepared again."""
    first, second = np.arange(6), np.arange(6)[::-1]
    for numbers in (first, second):
        files = {"kmnist-train-imgs.npz": npz(IMAGES), "kmnist-train-labels.npz": npz(numbers)}
        folder = write(tmp_path / "own", files)
        glyphs = labelled_glyphs(convert(folder))
        (tmp_path / "own.h5").unlink()
        expected = {("おきすつなは"[number], 0, fitted(s)) for s, number in enumerate(numbers)}
        assert glyphs == expected


@pytest.mark.parametrize("is_packed", [False, True])
@pytest.mark.parametrize("test", ["all/extra", "other/all"])
def test_what_a_person_names_for_the_test_split_is_it(
    tmp_path: Path, is_packed: bool, test: str
) -> None:
    """Whatever the file's name says, also out of a folder of train data and with equal names."""

    def files(images: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> dict[str, bytes]:
        numbers = np.arange(len(images), dtype=np.uint8)
        if not is_packed:
            return {"kmnist-train-imgs.npz": npz(images), "kmnist-train-labels.npz": npz(numbers)}
        return {
            "kmnist-train-images-idx3-ubyte.gz": idx(images),
            "kmnist-train-labels-idx1-ubyte.gz": idx(numbers),
        }

    write(tmp_path / "all", files(IMAGES[:3]))
    write(tmp_path / test, files(IMAGES[3:]))
    result = prepare(
        [tmp_path / "all"],
        tmp_path / "s.h5",
        test_sources=[tmp_path / test],
        glyph=GLYPH,
        charset=parse_charset("all"),
        jobs=1,
    )
    characters = zip("おきすおきす", [0, 0, 0, 1, 1, 1], strict=True)
    expected = {(one, split, fitted(seed)) for seed, (one, split) in enumerate(characters)}
    assert labelled_glyphs(result) == expected
    assert result.notes[0] == "test by --test: 1 file"


def test_kuzushiji_is_read_by_its_lists(tmp_path: Path) -> None:
    numbers = np.array([0, 1, 2, 0, 1, 2], np.uint8)
    mnist = write(
        tmp_path / "one",
        {
            "KMNIST/raw/train-images-idx3-ubyte.gz": idx(IMAGES),
            "KMNIST/raw/train-labels-idx1-ubyte.gz": idx(numbers),
        },
    )
    expected = {(character, 0, fitted(seed)) for seed, character in enumerate("おきすおきす")}
    assert labelled_glyphs(convert(mnist)) == expected
    listed = "index,codepoint,char\n0,U+3042,あ\n1,U+3044,い\n2,U+3046,う\n".encode()
    files = {"k49-train-imgs.npz": npz(IMAGES), "k49-train-labels.npz": npz(numbers)}
    k49 = write(tmp_path / "two", {**files, "k49_classmap.csv": listed})
    expected = {(character, 0, fitted(seed)) for seed, character in enumerate("あいうあいう")}
    assert labelled_glyphs(convert(k49)) == expected


@pytest.mark.parametrize("first", [0, 1])
def test_lines_without_numbers_count_from_where_the_labels_do(tmp_path: Path, first: int) -> None:
    numbers = np.array([0, 1, 2, 0, 1, 2], np.uint8) + np.uint8(first)
    files = {"k49-train-imgs.npz": npz(IMAGES), "k49-train-labels.npz": npz(numbers)}
    files["k49_classmap.txt"] = "あ\nい\nう\n".encode()
    expected = {(character, 0, fitted(seed)) for seed, character in enumerate("あいうあいう")}
    assert labelled_glyphs(convert(write(tmp_path / "own", files))) == expected
    files["k49-train-labels.npz"] = npz(np.full(6, 2, np.uint8))
    with pytest.raises(UserError, match="does not say whether its first line is 0 or 1"):
        convert(write(tmp_path / "open", files))


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"kmnist-train-imgs.npz": npz(IMAGES)}, "the labels are not beside it"),
        (
            {
                "kmnist-train-imgs.npz": npz(IMAGES),
                "kmnist-train-labels.npz": npz(IMAGES[:3, 0, 0]),
            },
            "holds 6 images",
        ),
        (
            {
                "train-images-idx3-ubyte": idx(IMAGES),
                "train-labels-idx1-ubyte": idx(np.zeros(6, np.uint8)),
            },
            "nothing tells which characters its labels are",
        ),
        (
            {
                "kmnist-train-images-idx3-ubyte": idx(IMAGES)[:-1],
                "kmnist-train-labels-idx1-ubyte": idx(np.zeros(6, np.uint8)),
            },
            "is damaged",
        ),
        ({"hwdb.npz": npz(IMAGES)}, "an array of no set that is known here by its name"),
        (
            {
                "mnist/FashionMNIST/raw/train-images-idx3-ubyte": idx(IMAGES),
                "mnist/FashionMNIST/raw/train-labels-idx1-ubyte": idx(np.zeros(6, np.uint8)),
            },
            "nothing tells which characters its labels are",
        ),
    ],
)
def test_what_does_not_fit_is_said_in_one_line(
    tmp_path: Path, files: dict[str, bytes], problem: str
) -> None:
    with pytest.raises(UserError, match=problem) as caught:
        convert(write(tmp_path / "own", files))
    assert "\n" not in str(caught.value)


def test_arrays_that_are_not_read_are_said_beside_what_is(tmp_path: Path) -> None:
    numbers = np.array([0, 1, 2, 0, 1, 99], np.uint8)
    folder = write(
        tmp_path / "own",
        {
            "kmnist-train-imgs.npz": npz(IMAGES),
            "kmnist-train-labels.npz": npz(numbers),
            "mnist/train-images-idx3-ubyte": idx(IMAGES)[:-1],
            "mnist/train-labels-idx1-ubyte": idx(numbers),
            "hwdb.npz": npz(IMAGES),
        },
    )
    result = convert(folder)
    expected = {(character, 0, fitted(seed)) for seed, character in enumerate("おきすおき")}
    assert labelled_glyphs(result) == expected
    notes = "\n".join(result.notes)
    assert f"left out: 1 images of {folder}/kmnist-train-imgs.npz: their numbers are" in notes
    assert f"passed over: {folder}/mnist/train-images-idx3-ubyte: is damaged" in notes
    assert f"passed over: {folder}/hwdb.npz: holds an array of no set" in notes
    alone = write(tmp_path / "alone", {"hwdb.npz": npz(IMAGES)})
    with pytest.raises(UserError, match="holds an array of no set"):  # named by itself
        prepare([folder, alone], tmp_path / "x.h5", glyph=GLYPH, jobs=1)


def test_images_of_0_and_1_are_black_and_white(tmp_path: Path) -> None:
    images = IMAGES > 128
    pages = np.where(images, 0, 255).astype(np.uint8)
    numbers = np.arange(6)
    files = {
        "kmnist-train-imgs.npz": npz(images.astype(np.int64)),
        "kmnist-train-labels.npz": npz(numbers),
    }
    result = convert(write(tmp_path / "own", files))
    expected = {
        (character, 0, fit_glyph(memoryview(page.tobytes()), 28, 28, GLYPH).tobytes())
        for character, page in zip("おきすつなは", pages, strict=True)
    }
    assert labelled_glyphs(result) == expected
    assert "levels: 6 pictures of 0 and 1 alone, taken for black and white" in result.notes


def test_labels_of_which_none_is_a_class_are_named(tmp_path: Path) -> None:
    numbers = np.arange(20, 26)
    files = {"kmnist-train-imgs.npz": npz(IMAGES), "kmnist-train-labels.npz": npz(numbers)}
    problem = r"imgs\.npz: no label in .*labels\.npz \(20 to 25\) is a class; .* are 0 to 9$"
    with pytest.raises(UserError, match=problem):
        convert(write(tmp_path / "own", files))


@pytest.mark.parametrize("kind", [np.int64, np.uint16, np.int8])
def test_whole_numbers_of_any_type_are_labels_and_images(tmp_path: Path, kind: type) -> None:
    images = IMAGES if kind is np.int8 else IMAGES.astype(kind)
    numbers: np.ndarray[tuple[int, ...], np.dtype[Any]] = np.arange(6).astype(kind)
    files = {"kmnist-train-imgs.npz": npz(images), "kmnist-train-labels.npz": npz(numbers)}
    expected = {(character, 0, fitted(seed)) for seed, character in enumerate("おきすつなは")}
    assert labelled_glyphs(convert(write(tmp_path / "own", files))) == expected


def test_labels_beyond_a_byte_are_read_by_their_list(tmp_path: Path) -> None:
    numbers = np.arange(300, 306)
    files = {"k49-train-imgs.npz": npz(IMAGES), "k49-train-labels.npz": npz(numbers)}
    listed = "\n".join(f"{n},{one}" for n, one in zip(range(300, 306), "永和九年岁在", strict=True))
    files["k49_classmap.csv"] = f"index,char\n{listed}\n".encode()
    expected = {(character, 0, fitted(seed)) for seed, character in enumerate("永和九年岁在")}
    assert labelled_glyphs(convert(write(tmp_path / "own", files))) == expected


@pytest.mark.parametrize(
    ("images", "numbers", "problem"),
    [
        (IMAGES, np.eye(6), "labels.npz: holds float64 of shape .6, 6.; save labels as whole"),
        (IMAGES, np.zeros(6), "labels.npz: holds float64 of shape .6,.; save labels as whole"),
        (IMAGES / 255, np.zeros(6, int), "imgs.npz: holds float64 .* numbers from 0 to 255, as"),
        (IMAGES * np.int64(2), np.zeros(6, int), "imgs.npz: holds int64 .* from 0 to 468; save"),
        (
            IMAGES[..., None],
            np.zeros(6, int),
            "imgs.npz: holds uint8 of shape .6, 28, 28, 1.;",
        ),
    ],
)
def test_numbers_that_do_not_fit_are_told_how_to_be_saved(
    tmp_path: Path,
    images: np.ndarray[tuple[int, ...], np.dtype[Any]],
    numbers: np.ndarray[tuple[int, ...], np.dtype[Any]],
    problem: str,
) -> None:
    files = {"kmnist-train-imgs.npz": npz(images), "kmnist-train-labels.npz": npz(numbers)}
    with pytest.raises(UserError, match=problem):
        convert(write(tmp_path / "own", files))
