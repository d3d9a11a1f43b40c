"""EMNIST and Kuzushiji as they are published: one file of images and one of labels.

`torchvision.datasets` reads the same files, but needs torch, which `data_tools` does without, and
wants folders of its own; the format is a head of four to sixteen bytes before the pixels.
"""

import io
import math
import re
import struct
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_tools.errors import UserError, join_message
from data_tools.pictures.class_lists import read_class_list, uncounted
from data_tools.pictures.decode import are_bits
from data_tools.sources.members import Member
from data_tools.sources.split_names import NamedSplit
from data_tools.splits import Split

MAX_ARRAY_BYTES = 4 << 30

_REMEDY = "get the file again"
_REWRITE = "write its images as pictures, a folder for each character"
_EXPECTED = {
    1: "save labels as whole numbers, one for each image",
    3: "save images as whole numbers from 0 to 255, as (count, height, width)",
}
_IMAGES = re.compile(r"(.*?)(images-idx3-ubyte|images\.idx3-ubyte|imgs\.npz)(\.gz)?$")
_LABELS_FOR = {
    "images-idx3-ubyte": "labels-idx1-ubyte",
    "images.idx3-ubyte": "labels.idx1-ubyte",
    "imgs.npz": "labels.npz",
}
_DIGITS = "0123456789"
_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MERGED = _DIGITS + _CAPITALS + "abdefghnqrt"  # small letters that look unlike their capitals
# Cohen et al., EMNIST (2017), and Clanuwat et al., Deep Learning for Classical Japanese (2018).
_PUBLISHED = {
    "emnist-byclass": _DIGITS + _CAPITALS + _CAPITALS.lower(),
    "emnist-bymerge": _MERGED,
    "emnist-balanced": _MERGED,
    "emnist-letters": " " + _CAPITALS,  # counted from 1
    "emnist-digits": _DIGITS,
    "emnist-mnist": _DIGITS,
    "kmnist": "おきすつなはまやれを",
}
_FOLDERS_ABOVE = 2
_FOLDERS = {"kmnist": "kmnist", "kuzushiji-mnist": "kmnist", "mnist": "emnist-mnist"}


@dataclass(frozen=True)
class ArrayFile:
    """A file of images with the character of each.

    Attributes:
        images: the file.
        characters: of each image, in order.
        is_transposed: whether columns come before rows, as in EMNIST.
        named_split: train or test, as a person or else its name says.
        of_bits: whether images hold 0 and 1 alone, which stand for 0 and 255.
    """

    images: Member
    characters: tuple[str | None, ...]
    is_transposed: bool
    named_split: NamedSplit
    of_bits: bool


def pair_arrays(
    members: Sequence[Member], lists: Mapping[str, bytes]
) -> tuple[list[ArrayFile], dict[str, UserError]]:
    """Put files of images and of labels together.

    Args:
        members: of both kinds.
        lists: content of lists of classes beside them, by their names.

    Returns:
        The files of images, and what is wrong with others by their places: the labels are missing,
        do not fit, or are of no known set; a file is damaged, or no image or label by its name.
    """
    by_place = {member.place.removesuffix(".gz"): member for member in members}
    found = []
    errors = {}
    waiting = dict(by_place)
    for place, images in sorted(by_place.items()):
        if (match := _IMAGES.match(place)) is None:
            continue
        labels_name = match[1] + _LABELS_FOR[match[2]]
        labels = waiting.pop(labels_name, None)
        del waiting[place]
        try:
            found.append(_paired(images, labels, _LABELS_FOR[match[2]], lists))
        except UserError as error:
            errors[images.place] = error
    for member in waiting.values():
        problem = "holds an array of no set that is known here by its name"
        errors[member.place] = UserError(join_message(member.place, problem, _REWRITE))
    return found, errors


def _paired(
    images: Member, labels: Member | None, labels_name: str, lists: Mapping[str, bytes]
) -> ArrayFile:
    """A file of images with its labels.

    Raises:
        UserError: as `pair_arrays` hands on.
    """
    if labels is None:
        problem = f"the labels are not beside it ({labels_name})"
        raise UserError(join_message(images.place, problem, "put both files into one folder"))
    name = images.name.removesuffix(".gz")
    numbers = read_array(labels, 1)
    classes = _classes(name, images, lists, {str(one) for one in set(numbers.tolist())})
    array = read_array(images, 3)
    count = len(array)
    if len(numbers) != count:
        problem = f"holds {count:,} images, and {labels.place} {len(numbers):,} labels"
        raise UserError(join_message(images.place, problem, _REMEDY))
    characters = tuple(classes.get(str(number)) for number in numbers.tolist())
    if count and not any(characters):
        problem = f"no label in {labels.place} ({numbers.min()} to {numbers.max()}) is a class"
        raise UserError(join_message(images.place, problem, f"the classes are {_some(classes)}"))
    named_split = images.named_split
    if not named_split.name:  # nothing that a person has said
        is_test = "test" in PurePosixPath(name).name or "t10k" in name
        split = Split.TEST if is_test else Split.TRAIN
        named_split = NamedSplit(split, PurePosixPath(images.name).name)
    # By its own name: a folder around EMNIST may hold Kuzushiji too, whose rows come first.
    is_transposed = PurePosixPath(name.lower()).name.startswith("emnist")
    return ArrayFile(images, characters, is_transposed, named_split, are_bits(array))


def _some(classes: Mapping[str, str]) -> str:
    """Between which numbers classes lie."""
    numbers = sorted(map(int, filter(str.isdecimal, classes)))
    return f"{numbers[0]} to {numbers[-1]}" if numbers else "without numbers"


def _classes(
    name: str, images: Member, lists: Mapping[str, bytes], asked: set[str]
) -> dict[str, str]:
    """Characters by number, for those asked: from a list beside the file, else as published."""
    path = PurePosixPath(name.lower())
    sets = [one for one in (*_PUBLISHED, "k49") if path.name.startswith(one)]
    # Not of any folder above: FashionMNIST/raw/ may well lie in one called mnist.
    near = reversed(path.parts[:-1][-_FOLDERS_ABOVE:])
    sets += [_FOLDERS[folder] for folder in near if folder in _FOLDERS]
    for where, content in sorted(lists.items()):
        listed = PurePosixPath(where).name.lower()
        of_set = re.sub(r"[-_](classmap|mapping)\..*", "", listed)
        if of_set in sets and PurePosixPath(where).parent == PurePosixPath(name).parent:
            classes = read_class_list(content, where)
            if classes.lines:
                if (first := classes.first_number(asked)) is None:
                    raise uncounted(where)
                classes = classes.counted_from(first)
            return classes.characters
    if sets and sets[0] in _PUBLISHED:
        return {str(number): one for number, one in enumerate(_PUBLISHED[sets[0]]) if one != " "}
    problem = "nothing tells which characters its labels are"
    remedy = "put its list beside it, such as k49_classmap.csv or emnist-balanced-mapping.txt"
    raise UserError(join_message(images.place, problem, remedy))


def read_array(member: Member, dimensions: int) -> NDArray[Any]:
    """The array in an IDX or NPZ file, mapped where it lies by itself.

    Args:
        member: the file.
        dimensions: 1 of labels, whole numbers of any type; 3 of images, of 0 to 255.

    Raises:
        UserError: it is damaged, has another number of dimensions, or numbers that do not fit.
    """
    try:
        status = member.path.stat()
        state = (status.st_ino, status.st_size, status.st_mtime_ns)
        array = _read(member.path, member.inner, member.span, member, state)
    except UserError:
        raise
    except Exception as error:  # numpy and zipfile hand on whatever comes up
        raise UserError(join_message(member.place, f"is damaged ({error})", _REMEDY)) from None
    are_whole = array.dtype.kind in "iu"
    if array.ndim == dimensions and (array.dtype == np.uint8 or (are_whole and dimensions == 1)):
        return array
    problem = f"holds {array.dtype} of shape {array.shape}"
    if array.ndim == dimensions and are_whole:
        problem += f" from {array.min()} to {array.max()}"
    raise UserError(join_message(member.place, problem, _EXPECTED[dimensions]))


@lru_cache(maxsize=4)
def _read(
    path: Path,
    inner: str | None,
    span: tuple[int, int] | None,
    member: Member,
    state: tuple[int, ...],
) -> NDArray[Any]:
    """The array of a file; `state` tells one at `path` from the next."""
    if inner is not None or span is not None:
        with member.open() as stream:
            content = b"".join(iter(lambda: stream.read(1 << 20), b""))
        return _of_bytes(content)
    with path.open("rb") as file:
        head = file.read(4)
        if head[:2] == b"PK":
            return _of_bytes(path.read_bytes())
        count = head[3] if len(head) == 4 else 0
        sides = struct.unpack(f">{count}I", file.read(4 * count))
    if path.stat().st_size != 4 + 4 * count + math.prod(sides):
        raise ValueError(f"its head says {' × '.join(map(str, sides))}")
    return np.memmap(path, np.uint8, "r", 4 + 4 * count, sides)


def _of_bytes(content: bytes) -> NDArray[Any]:
    """The array in a file; of whole numbers of any type as bytes, where they fit."""
    if content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MAX_ARRAY_BYTES:
                raise ValueError("unpacks to more than 4 GiB")
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            array: NDArray[Any] = arrays[arrays.files[0]]
        fits = array.dtype.kind in "iu" and array.size and 0 <= array.min() <= array.max() <= 255
        return array.astype(np.uint8, copy=False) if fits else array
    count = content[3]
    sides = struct.unpack(f">{count}I", content[4 : 4 + 4 * count])
    return np.frombuffer(content, np.uint8, offset=4 + 4 * count).reshape(sides)
