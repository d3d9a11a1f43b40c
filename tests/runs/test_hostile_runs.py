"""Run folders from strangers: whatever is in them, one line of error, and no code runs."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from data_tools.errors import UserError
from hanzi_lsgan.cli.display import run_table
from hanzi_lsgan.runs.checksums import find_damage
from hanzi_lsgan.runs.folder import RunFolder
from hanzi_lsgan.training.session import Session

DEEP = 100_000


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> RunFolder:
    return RunFolder(shutil.copytree(trained, tmp_path / "run"))


def refused(use: Callable[[], object], *expected: str) -> None:
    with pytest.raises(UserError) as caught:
        use()
    said = str(caught.value)
    assert "\n" not in said
    assert len(said) < 600
    for text in expected:
        assert text in said


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * DEEP,
        "a = " + "1" * 5000,
        "[model]\n" * 2,
        "train = 3\n",
        "train.kimg = '9'",
        "model.architecture = 'projection'\nmodel.generator_channels = [" + "8," * DEEP + "]",
        "model.architecture = 'os.system'",
    ],
)
def test_a_hostile_recipe_is_refused(run: RunFolder, text: str) -> None:
    run.config.write_text(text)
    refused(run.recipe, "config.toml")
    refused(lambda: Session.resume(run.path), "config.toml")


def test_files_of_gigabytes_are_not_read(run: RunFolder) -> None:
    for path in (run.config, run.model):
        with path.open("r+b") as file:
            file.truncate(1 << 36)  # takes no room until it is written
    refused(run.recipe, "config.toml: is longer than 4,194,304 bytes")
    refused(run.info, "model.json: is longer than 4,194,304 bytes")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("charset", 7),
        ("charset", ""),
        ("charset", "一二三三"),
        ("charset", "".join(map(chr, range(0x20000, 0x20000 + 120_000)))),
        ("format_version", 2),
        ("model", {"architecture": "projection"}),
        ("model", {"architecture": "projection", "generator_channels": [10**9] * 4}),
        ("store", None),
        ("tool_version", []),
        ("places", {"一": [0, 0, 1]}),
        ("places", {"一": [0, 0.5, 1, 0.5]}),
        ("places", {"一": [0, 0, 1, 1e300]}),
        ("places", {"一": [0, 0, 1, float("nan")]}),
    ],
)
def test_a_hostile_model_json_is_refused(run: RunFolder, name: str, value: object) -> None:
    info = json.loads(run.model.read_text("utf-8"))
    run.model.write_text(json.dumps(info | {name: value}), "utf-8")
    refused(run.load_generator, "model.json")


def test_a_model_of_another_version_is_not_called_damaged(run: RunFolder) -> None:
    info = json.loads(run.model.read_text("utf-8"))
    changes = {"format_version": 2, "model": info["model"] | {"invented_later": 1}}
    for name, value in changes.items():
        run.model.write_text(json.dumps(info | {name: value}), "utf-8")
        refused(run.load_generator, "model.json", name, "install the version that wrote it")
    run.model.write_text(json.dumps(info)[:-1], "utf-8")
    refused(run.load_generator, "model.json: is damaged", "copy the run again")


@pytest.mark.parametrize("text", ["[" * DEEP, '{"charset": ' * DEEP, "null", "1" * 5000])
def test_json_that_is_no_model_is_refused(run: RunFolder, text: str) -> None:
    run.model.write_text(text)
    refused(run.load_generator, "model.json")
    (run.path / "checksums.json").write_text(text)
    assert find_damage(run.path) == ["checksums.json is missing or damaged"]


def test_weights_of_other_shapes_or_names_are_refused(run: RunFolder) -> None:
    weights = load_file(run.generator)
    for broken in (
        {name: value for name, value in weights.items() if name != "to_pixels.bias"},
        weights | {"another": torch.zeros(1)},
        weights | {"to_pixels.bias": torch.zeros(2)},
        {},
    ):
        save_file(broken, run.generator, {"images": "16"})
        refused(run.load_generator, "generator.safetensors", "does not suit model.json")


@pytest.mark.parametrize("images", ["", "many", "nan", "1e999", "9" * 5000])
def test_numbers_beside_the_weights_are_checked(run: RunFolder, images: str) -> None:
    save_file(load_file(run.generator), run.generator, {"images": images})
    refused(run.load_generator, "generator.safetensors: says images = ")
    refused(lambda: run_table(run), "generator.safetensors: says images = ")


def test_a_state_of_other_things_is_refused(run: RunFolder) -> None:
    state = run.load_state()
    for broken in (
        {},
        [1, 2],
        state | {"images": "many"},
        state | {"generator": 3},
        state | {"generator": {}},
        state | {"generator_optimizer": {"state": {}, "param_groups": []}},
        state | {"epoch": None},
    ):
        torch.save(broken, run.state)
        refused(lambda: Session.resume(run.path), "training.pt: does not fit these networks")


def test_a_state_of_other_things_is_nothing_to_begin_from(run: RunFolder, tmp_path: Path) -> None:
    state, store = run.load_state(), run.info().store.path
    for broken, said in (
        ({}, "training.pt: is no checkpoint"),
        ([1, 2], "training.pt: is no checkpoint"),
        (state | {"discriminator": 3}, "its discriminator is another network"),
        (state | {"generator": {}}, "its generator is another network"),
    ):
        torch.save(broken, run.state)
        refused(lambda: Session.begin(None, store, tmp_path / "new", trained=run.path), said)


def test_hostile_lines_of_metrics_are_dropped(run: RunFolder) -> None:
    before = run.metrics.read_text("utf-8")
    with run.metrics.open("ab") as file:
        for line in (b"[" * DEEP, b"\xff\xfe", b"{}", b'{"images": []}', b'{"images": NaN}'):
            file.write(line + b"\n")
    with Session.resume(run.path) as session:
        session.train()
    assert run.metrics.read_text("utf-8").startswith(before)
    assert all("images" in json.loads(line) for line in run.metrics.read_text().splitlines())
