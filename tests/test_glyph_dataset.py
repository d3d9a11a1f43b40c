import pickle
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils.data import DataLoader, WeightedRandomSampler

import hanzi_lsgan
from data_tools.errors import UserError
from data_tools.glyphs.fit import GlyphOptions
from data_tools.hwdb.gnt import write_record
from data_tools.splits import Split
from data_tools.store.prepare import prepare
from data_tools.store.reader import Store
from tests.tiny import CHARACTERS, make_store, write_writers

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Path]:
    """The same samples, plain and compressed."""
    folder = tmp_path_factory.mktemp("stores")
    train = write_writers(folder / "train", 6)
    test = write_writers(folder / "test", 2, seed=1)
    made = {}
    for compress in (False, True):
        made[compress] = folder / f"{compress}.h5"
        prepare(
            [train],
            made[compress],
            test_sources=[test],
            glyph=GlyphOptions(28, "aspect", 1),
            jobs=1,
            compress=compress,
        )
    return made


def invert(image: Tensor) -> Tensor:
    return 1 - image


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize(("split", "count"), [("train", 24), ("test", 8), ("all", 32)])
def test_it_gives_the_rows_of_its_split(
    stores: dict[bool, Path], compressed: bool, split: str, count: int
) -> None:
    data = hanzi_lsgan.dataset(str(stores[compressed]), split=split)
    assert len(data) == count
    assert data.charset == "".join(data.classes) == "一三二十"
    assert data.class_to_idx == {"一": 0, "三": 1, "二": 2, "十": 3}
    with Store(stores[compressed]) as store:
        start = store.rows_of(Split.TEST).start if split == "test" else 0
        images = store.images(range(start, start + count))
        labels = store.labels[start : start + count]
    assert data.targets.tolist() == labels.tolist()
    for index in (*range(count), -1):
        image, label = data[index]
        assert (image.shape, image.dtype, label) == ((1, 28, 28), torch.float32, labels[index])
        np.testing.assert_array_equal(np.rint(image[0].numpy() * 255), images[index])
    for index in (count, -count - 1):
        with pytest.raises(IndexError):
            data[index]


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_workers_of_both_kinds_give_what_one_process_gives(
    stores: dict[bool, Path], compressed: bool, method: str
) -> None:
    data = hanzi_lsgan.dataset(stores[compressed], transform=invert)
    alone = list(DataLoader(data, batch_size=5))
    loader = DataLoader(data, batch_size=5, num_workers=2, multiprocessing_context=method)
    for (images, labels), (other_images, other_labels) in zip(alone, loader, strict=True):
        assert torch.equal(images, other_images)
        assert torch.equal(labels, other_labels)
    assert torch.equal(alone[0][0][0], 1 - hanzi_lsgan.dataset(stores[compressed])[0][0])


def test_it_travels_as_a_few_bytes_and_opens_the_store_anew(stores: dict[bool, Path]) -> None:
    data = hanzi_lsgan.dataset(stores[False])
    packed = pickle.dumps(data)
    assert len(packed) < 24 * 28 * 28
    again = pickle.loads(packed)
    assert torch.equal(again[7][0], data[7][0])


def test_a_store_that_was_replaced_meanwhile_is_refused(tmp_path: Path) -> None:
    path = make_store(tmp_path)
    packed = pickle.dumps(hanzi_lsgan.dataset(path))
    make_store(tmp_path / "other", writers=13).replace(path)
    with pytest.raises(UserError, match="has been replaced since the data set was made"):
        pickle.loads(packed)[0]


def test_targets_suit_a_sampler_that_balances(stores: dict[bool, Path]) -> None:
    data = hanzi_lsgan.dataset(stores[False])
    weights = 1.0 / torch.bincount(data.targets)[data.targets]
    sampler = WeightedRandomSampler(weights.tolist(), 10)
    images, labels = next(iter(DataLoader(data, batch_size=10, sampler=sampler)))
    assert (images.shape, labels.dtype) == ((10, 1, 28, 28), torch.int64)


def test_nonsense_is_one_line(tmp_path: Path) -> None:
    path = make_store(tmp_path, test_writers=0)
    with pytest.raises(UserError, match="split 'valid': there is no such split; choose train"):
        hanzi_lsgan.dataset(path, split="valid")
    with pytest.raises(UserError, match="has no test split; prepare it with --test"):
        hanzi_lsgan.dataset(path, split="test")
    with pytest.raises(UserError, match="there is no such store"):
        hanzi_lsgan.dataset(tmp_path / "no.h5")


def test_the_recogniser_of_the_examples_learns(tmp_path: Path) -> None:
    """Four strokes in noise, told apart by their place alone, so that only learning reads them."""
    random = np.random.default_rng(0)
    for name, writers in (("train", 40), ("test", 10)):
        (tmp_path / name).mkdir()
        with (tmp_path / name / "1.gnt").open("wb") as stream:
            for _ in range(writers):
                for place, character in enumerate(CHARACTERS):
                    glyph = random.integers(120, 255, (28, 28), np.uint8)
                    glyph[6 * place + 2 : 6 * place + 6] = 0
                    write_record(stream, character, glyph)
    store = tmp_path / "x.h5"
    prepare(
        [tmp_path / "train"],
        store,
        test_sources=[tmp_path / "test"],
        glyph=GlyphOptions(28),
        jobs=1,
    )
    command = [sys.executable, str(ROOT / "examples" / "recogniser.py"), str(store), "10"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    said = re.fullmatch(
        r"epoch 10: (.*)% of 40 test samples read right", result.stdout.splitlines()[-1]
    )
    assert said is not None
    assert float(said[1]) > 60  # 25 by chance


def test_the_python_of_the_store_guide_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ROOT / "docs" / "store.md").read_text(encoding="utf-8")
    snippets = [part.split("```")[0] for part in text.split("```python\n")[1:]]
    assert len(snippets) == 2
    (tmp_path / "data").mkdir()
    make_store(tmp_path / "data", writers=20).rename(tmp_path / "data" / "hanzi.h5")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for snippet in snippets:
        exec(snippet, names)
    assert names["character"] == "一"
    assert np.shape(names["image"]) == (32, 32)
    assert names["images"].shape == (64, 1, 32, 32)
