"""Stability, table and figure of characters: the real training, made tiny."""

import csv
import hashlib
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from data_tools.errors import UserError
from data_tools.splits import Split
from data_tools.store.reader import Store
from hanzi_lsgan.batches import Position
from hanzi_lsgan.papers import cifar10, hanzi, inception, stability, table
from hanzi_lsgan.papers.judged import class_diversity, posterior_score
from hanzi_lsgan.papers.sitting import Sitting
from hanzi_lsgan.papers.stand_ins import DIGITS, small_variance_store
from hanzi_lsgan.runs.folder import RunFolder
from hanzi_lsgan.training.loop import DivergenceError
from hanzi_lsgan.training.session import Session
from tests.tiny import make_store


def read_numbers(folder: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / "numbers.csv").open()))


def test_stability_trains_each_condition_as_its_name_says(tmp_path: Path) -> None:
    store = make_store(tmp_path / "store", writers=10, test_writers=2)
    settings = stability.Settings(
        seeds=1, data=str(store), writers=10, channels=8, batch_size=8, kimg=0.016, brief_steps=2
    )
    out = tmp_path / "out"
    sitting = Sitting(out)
    summary = stability.run(sitting, settings)
    assert sitting.finished
    assert len(summary.rows) == len(read_numbers(out)) == 8
    assert (out / "figure.png").exists()
    recipes = {
        path.parent.name: RunFolder(path.parent).recipe()
        for path in sorted((out / "runs").glob("*/config.toml"))
    }
    plain, hard = recipes["0-least-squares-0"], recipes["2-non-saturating-0"]
    assert (plain.train.optimizer, hard.train.optimizer) == ("adam", "rmsprop")
    assert plain.objective.loss == "least-squares"
    assert hard.objective.loss == "non-saturating"
    assert (plain.model.architecture, hard.model.architecture) == ("dcgan", "dcgan")
    assert [
        recipes[f"{number}-least-squares-0"].model.model_dump()["generator_normalisation"]
        for number in range(4)
    ] == ["batch", "none", "none", "batch"]
    # The same command finds everything done, and trains nothing again.
    before = {path: path.stat().st_mtime_ns for path in (out / "runs").rglob("*.safetensors")}
    stability.run(Sitting(out), settings)
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_a_run_that_diverges_counts_as_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def diverge(*_: object, **__: object) -> None:
        raise DivergenceError("a loss is no number")

    monkeypatch.setattr(Session, "train", diverge)
    store = make_store(tmp_path / "store", writers=10, test_writers=2)
    settings = table.Settings(
        seeds=1, data=str(store), channels=8, batch_size=8, kimg=0.016, brief_steps=2
    )
    table.run(Sitting(tmp_path / "out"), settings)
    found = {row["objective"]: row for row in read_numbers(tmp_path / "out")}
    assert found["NS-GAN"]["diverged"] == "1"
    assert found["NS-GAN"]["readability"] == "0.0"


def test_table_has_the_same_images_seen_and_the_published_figures(tmp_path: Path) -> None:
    store = make_store(tmp_path / "store", writers=10, test_writers=2)
    settings = table.Settings(
        seeds=1, data=str(store), channels=8, batch_size=8, kimg=0.016, brief_steps=2
    )
    out = tmp_path / "out"
    summary = table.run(Sitting(out), settings)
    runs = [RunFolder(folder) for folder in sorted((out / "runs").iterdir())]
    assert [run.load_generator("last").images for run in runs] == [16] * 4
    assert [run.recipe().objective.loss for run in runs] == [
        *("non-saturating", "wasserstein-gp", "least-squares", "least-squares")
    ]
    assert [run.recipe().objective.labels for run in runs[2:]] == [(0, 1, 1), (-1, 1, 0)]
    by_name = {row[0]: row for row in summary.rows}
    assert by_name["LSGAN (−1, 1, 0)"][-4:] == ("21.55", "14.28", "68.95", "35.19")
    assert by_name["real samples"][-4:] == ("",) * 4
    assert all(head.startswith("other data") for head in summary.columns[-4:])


def test_hanzi_goes_on_from_sitting_to_sitting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make_store(tmp_path / "store", writers=16, test_writers=2, size=28)
    settings = hanzi.Settings(data=str(store), kimg=0.128, characters=4, brief_steps=2)
    out = tmp_path / "out"
    first = Sitting(out)
    monkeypatch.setattr(first, "on_progress", lambda *_: first.signals.append(2))
    hanzi.run(first, settings)
    assert not first.finished
    assert [row["images"] for row in read_numbers(out)] == ["", "64"]
    assert (out / "figure.svg").exists()
    second = Sitting(out)
    hanzi.run(second, settings)
    assert second.finished
    assert [row["images"] for row in read_numbers(out)] == ["", "64", "128"]


def test_digits_of_small_variance_hardly_differ(tmp_path: Path) -> None:
    with Store(small_variance_store(tmp_path / "digits.h5", writers=10, size=32)) as store:
        assert store.charset == DIGITS
        assert [len(store.rows_of(split)) for split in Split] == [100, 20]
        ink = 255 - store.images(store.rows_of(Split.TRAIN)).astype(float)
        same, other = ink[:10], ink[10:20]
        within = np.abs(same[0] - same[1:]).mean()
        assert 0 < within < 0.3 * np.abs(same[0] - other).mean()


def test_diversity_is_the_mean_distance_within_a_class() -> None:
    features = np.array([[0, 0], [3, 4], [0, 0], [0, 2]], np.float32)
    assert class_diversity(features, np.array([0, 0, 1, 1])) == pytest.approx(3.5)


def test_posterior_score_is_the_number_of_classes_drawn_surely() -> None:
    sure = np.log(np.array([[0.998, 0.001, 0.001], [0.001, 0.998, 0.001]]))
    assert posterior_score(sure.astype(np.float32)) == pytest.approx(2, abs=0.05)
    assert posterior_score(np.log(np.full((4, 5), 0.2, np.float32))) == pytest.approx(1)


def write_cifar10(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of CIFAR-10's format: five pickled batches, one of test, one of names."""
    from torchvision.datasets import CIFAR10  # type: ignore[import-untyped]

    base = folder / "cifar-10-batches-py"
    base.mkdir(parents=True)
    random = np.random.default_rng(0)

    def write(name: str, content: dict[str, object]) -> str:
        data = pickle.dumps(content, protocol=2)
        (base / name).write_bytes(data)
        return hashlib.md5(data).hexdigest()

    def write_batch(name: str) -> list[str]:
        return [
            name,
            write(
                name,
                {
                    "batch_label": name,
                    "labels": random.integers(0, 10, 16).tolist(),
                    "data": random.integers(0, 256, (16, 3072), dtype=np.uint8),
                    "filenames": [f"{number}.png" for number in range(16)],
                },
            ),
        ]

    # torchvision compares the checksums of the real files: here, of these.
    monkeypatch.setattr(
        CIFAR10, "train_list", [write_batch(f"data_batch_{number}") for number in range(1, 6)]
    )
    monkeypatch.setattr(CIFAR10, "test_list", [write_batch("test_batch")])
    names = write("batches.meta", {"label_names": [f"class {n}" for n in range(10)]})
    monkeypatch.setattr(CIFAR10, "meta", CIFAR10.meta | {"md5": names})
    return folder


def few_features(path: Path) -> inception.Inception:
    """Random weights in the place of Inception: 12 features, 10 classes."""
    random = torch.Generator().manual_seed(0)
    features = torch.randn((3 * 32 * 32, 12), generator=random)
    classes = torch.randn((12, 10), generator=random)

    def read(images: Tensor) -> tuple[Tensor, Tensor]:
        described = (images.flatten(1).float() / 255) @ features / 50
        return described, described @ classes

    return read


def test_table_on_a_folder_of_cifar10s_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_cifar10(tmp_path / "cifar", monkeypatch)
    monkeypatch.setattr(cifar10, "load_inception", few_features)
    settings = table.Settings(
        seeds=1,
        data=str(folder),
        inception="random.pth",
        channels=8,
        batch_size=16,
        kimg=0.032,
        samples=40,
    )
    sitting = Sitting(tmp_path / "out")
    summary = cifar10.run(sitting, settings)
    assert sitting.finished
    rows = read_numbers(tmp_path / "out")
    assert [row["objective"] for row in rows] == [table.REAL, *table.OVERRIDES]
    real, *generated = (float(row["fid"]) for row in rows)
    assert all(fid > real for fid in generated)
    assert summary.columns[1:3] == ("FID", "Inception Score")
    state = torch.load(tmp_path / "out" / "runs" / "0-0.pt", weights_only=True)
    assert state["images"] == 32
    assert state["generator"]["to_pixels.weight"].shape[1] == 3


def test_batches_of_cifar10_are_its_images_and_go_on_where_they_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_cifar10(tmp_path, monkeypatch)
    data = cifar10.Cifar10.of_folder(folder / "cifar-10-batches-py")
    assert data.images.shape == (80, 3, 32, 32)
    with (folder / "cifar-10-batches-py" / "data_batch_1").open("rb") as file:
        first = pickle.load(file)
    assert data.images[0].tobytes() == first["data"][0].tobytes()
    batches = data.batches(32, 0, Position())
    several = [next(batches) for _ in range(3)]
    assert [batch.following for batch in several] == [
        Position(0, 1),
        Position(0, 2),
        Position(1, 1),
    ]
    again = next(data.batches(32, 0, Position(0, 1)))
    assert torch.equal(again.images, several[1].images)
    assert not torch.equal(several[0].labels, several[2].labels)


def test_what_cifar10_lacks_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = table.Settings(data=str(tmp_path), inception="none.pth")
    with pytest.raises(UserError, match="holds no whole cifar-10-batches-py"):
        cifar10.run(Sitting(tmp_path / "out"), settings)
    folder = write_cifar10(tmp_path, monkeypatch)
    with pytest.raises(UserError, match=r"none\.pth: there is no such file"):
        cifar10.run(Sitting(tmp_path / "out"), settings)
    with pytest.raises(UserError, match="--inception"):
        cifar10.run(Sitting(tmp_path / "out"), replace(settings, inception=""))
    (tmp_path / "none.pth").write_bytes(b"no weights")
    with pytest.raises(UserError, match="is no file of Inception"):
        inception.load_inception(tmp_path / "none.pth")
    with (folder / "cifar-10-batches-py" / "data_batch_3").open("ab") as file:
        file.write(b"x")
    with pytest.raises(UserError, match="holds no whole cifar-10-batches-py"):
        cifar10.run(Sitting(tmp_path / "out"), settings)
    assert not (tmp_path / "out").exists()


def test_torchvisions_inception_is_read_from_its_file(tmp_path: Path) -> None:
    from torchvision.models import inception_v3  # type: ignore[import-untyped]

    torch.manual_seed(0)
    network = inception_v3(weights=None, init_weights=False, aux_logits=True).eval()
    torch.save(network.state_dict(), tmp_path / "inception.pth")
    read = inception.load_inception(tmp_path / "inception.pth")
    images = np.random.default_rng(0).integers(0, 256, (2, 3, 32, 32), dtype=np.uint8)
    features, posteriors = inception.read_images(read, images, lambda done: None)
    assert (features.shape, posteriors.shape) == ((2, 2048), (2, 1000))
    np.testing.assert_allclose(np.exp(posteriors).sum(axis=1), 1, rtol=1e-4)
    with torch.inference_mode():
        large = torch.nn.functional.interpolate(
            torch.from_numpy(images).float() / 255, (299, 299), mode="bilinear", antialias=True
        )
        mean, deviation = (
            torch.tensor(v)[:, None, None] for v in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
        )
        expected = network((large - mean) / deviation).log_softmax(dim=1)
    np.testing.assert_allclose(posteriors, expected.numpy(), rtol=1e-3, atol=1e-4)
