"""The program as a user types it, on a tiny corpus."""

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from data_tools.hwdb.gnt import read_records
from data_tools.store.reader import Store
from hanzi_lsgan.judging import judge
from hanzi_lsgan.judging.scores import Scores
from tests.cli.own_process import fail, succeed
from tests.tiny import CHARACTERS, OVERRIDES, make_store, write_writers

README = Path(__file__).parents[2] / "README.md"


def settings() -> list[str]:
    return [word for override in OVERRIDES for word in ("--set", override)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a prepared store and a trained run, where their defaults are looked for."""
    folder = tmp_path_factory.mktemp("home")
    write_writers(folder / "raw", 12)
    succeed("prepare", "raw", "--size", "32", "--out", "data/hanzi.h5", cwd=folder)
    succeed("train", *settings(), cwd=folder)
    return folder


def test_the_whole_way_from_gnt_to_a_picture_and_back(home: Path) -> None:
    """Prepare, train and render have just run with their defaults; draw, and read back."""
    assert "grid.png" in succeed("render", "--chars", "三一", cwd=home)
    picture = home / "runs" / "quick32-01" / "grid.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    said = succeed("generate", "--all", "--per-class", "3", "--out", "fake.gnt", cwd=home)
    assert "that a model drew them: `prepare --kind generated=PATH` does" in said
    with (home / "fake.gnt").open("rb") as stream:
        drawn = [record.character for record in read_records(stream, "fake.gnt")]
    assert sorted(drawn) == sorted(CHARACTERS * 3)
    said = succeed("prepare", "fake.gnt", "--size", "32", "--out", "fake.h5", cwd=home)
    assert "12 samples, 4 classes" in said
    as_drawn = ("prepare", "fake.gnt", "--kind", "generated=fake.gnt", "--out", "kinds.h5")
    assert "generated" in succeed(*as_drawn, cwd=home)


def test_the_same_seed_renders_the_same_bytes(home: Path) -> None:
    for name in ("a.png", "b.png"):
        succeed("render", "--chars", "一二", "--rows", "2", "--seed", "4", "--out", name, cwd=home)
    assert (home / "a.png").read_bytes() == (home / "b.png").read_bytes()


def test_a_picture_too_high_for_its_format_is_refused(home: Path) -> None:
    arguments = ["--chars", "一", "--rows", "50", "--scale", "10", "--out", "high.webp"]
    said = fail("render", *arguments, cwd=home)
    assert "and a WEBP at most 16,383 a side" in said
    assert not (home / "high.webp").exists()


def test_render_without_the_store_says_so(home: Path, tmp_path: Path) -> None:
    store = home / "data" / "hanzi.h5"
    moved = store.rename(tmp_path / "moved.h5")
    try:
        said = succeed("render", "--chars", "一", "--out", tmp_path / "x.png", cwd=home)
        assert "no real rows" in said
        succeed("render", "--chars", "一", "--data", moved, "--out", tmp_path / "y.png", cwd=home)
    finally:
        moved.rename(store)
    assert (tmp_path / "x.png").stat().st_size < (tmp_path / "y.png").stat().st_size


def test_a_store_that_happens_to_be_called_as_the_weights_say_is_not_theirs(
    home: Path, tmp_path: Path
) -> None:
    succeed("render", "--chars", "一", "--out", "alone.png", cwd=tmp_path)
    shutil.copyfile(home / "data" / "hanzi.h5", tmp_path / "trained.h5")
    said = succeed("render", "--chars", "一", "--out", "beside.png", cwd=tmp_path)
    assert "trained.h5 here is another store" in said
    assert (tmp_path / "beside.png").read_bytes() == (tmp_path / "alone.png").read_bytes()


def test_a_run_is_evaluated_and_drawn_from_its_best(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judge, "training_steps", lambda samples: 2)
    store = make_store(tmp_path, writers=40, test_writers=6)
    scored = [*settings(), "--set", "train.score_samples=8"]
    with Store(store) as opened:  # here, since a recogniser of the usual length takes a minute
        judge.obtain_recogniser(opened, 32, lambda *progress: None)
    said = succeed("train", *scored, "--data", store, "--out", "run", cwd=tmp_path)
    assert re.search(r"checkpoint at 80 images: readability .*%, Fréchet .*, the best so far", said)
    said = succeed("evaluate", "--run", ".", "--per-class", "6", cwd=tmp_path / "run")
    assert "run, best checkpoint, 80 images seen" in said
    scores = Scores.model_validate_json((tmp_path / "run" / "scores.json").read_text("utf-8"))
    assert scores.checkpoint == "best"
    for figure in scores.figures:
        assert figure.name.split()[0] in said
    assert "<!doctype html>" in (tmp_path / "run" / "report.html").read_text("utf-8")
    drawing = ("--run", "run", "--chars", "一三", "--best-of", "3")
    succeed("render", *drawing, "--checkpoint", "last", cwd=tmp_path)
    said = succeed("generate", *drawing, "--per-class", "4", "--out", "f.gnt", cwd=tmp_path)
    assert "8 samples, each the best of 3" in said
    with (tmp_path / "f.gnt").open("rb") as stream:
        drawn = [record.character for record in read_records(stream, "f.gnt")]
    assert drawn == list("一一一一三三三三")


def test_what_cannot_be_judged_is_one_line(home: Path, tmp_path: Path) -> None:
    assert "hanzi.h5: has no test split; prepare it with --test" in fail("evaluate", cwd=home)
    write_writers(tmp_path / "raw", 2, "一二")
    other = tmp_path / "other.h5"
    succeed("prepare", "raw", "--size", "32", "--out", other, cwd=tmp_path)
    for command in (
        ["evaluate"],
        ["render", "--best-of", "2"],
        ["generate", "--all", "--best-of", "2", "--out", tmp_path / "x.gnt"],
    ):
        said = fail(*command, "--data", other, cwd=home)
        assert "other.h5: has other characters (2) than the model knows" in said
    assert "say best or last" in fail("render", "--checkpoint", "newest", cwd=home)
    assert "has no best.safetensors" in fail("render", "--checkpoint", "best", cwd=home)


def test_an_unknown_character_is_one_line(home: Path) -> None:
    said = fail("render", "--chars", "一龘", cwd=home)
    assert "unknown to the model: 龘; it knows 4 by label" in said
    assert "label_embedding=glyph" in said


def test_a_glyph_model_draws_what_it_never_saw(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    glyph = [*settings(), "--set", "model.label_embedding=glyph"]
    succeed("train", *glyph, "--data", store, "--out", "run", cwd=tmp_path)
    succeed("render", "--run", "run", "--chars", "一四", cwd=tmp_path)
    drawing = ("--run", "run", "--per-class", "2", "--out", "f.gnt")
    succeed("generate", "--chars", "一四", *drawing, cwd=tmp_path)
    with (tmp_path / "f.gnt").open("rb") as stream:
        drawn = [record.character for record in read_records(stream, "f.gnt")]
    assert sorted(drawn) == sorted("一一四四")
    said = fail("render", "--run", "run", "--chars", "一\U0002a6d6", cwd=tmp_path)
    assert "the reference font lacks 1 of the characters: \U0002a6d6; leave them out" in said


def test_training_stops_on_ctrl_c_and_the_printed_command_resumes(home: Path) -> None:
    command = [sys.executable, "-m", "hanzi_lsgan.cli", "train", "--out", "runs/long"]
    command += [*settings(), "--kimg", "1000"]
    with subprocess.Popen(command, cwd=home, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "images/s" in line:
                process.send_signal(2)
                break
        rest = process.stdout.read()
    assert process.returncode == 130
    resume = re.search(r"resume with: hanzi-lsgan (.*)", rest)
    assert resume is not None
    assert "saved runs/long" in succeed(*resume[1].split(), "--minutes", "0.01", cwd=home)


def test_a_dry_run_shows_settings_and_costs_and_keeps_nothing(home: Path, tmp_path: Path) -> None:
    said = succeed(
        "train", *settings(), "--dry-run", "--data", home / "data" / "hanzi.h5", cwd=tmp_path
    )
    for expected in ("batch_size = 8", "parameters", "multiply-adds", "weights and optimizers"):
        assert expected in said
    assert list(tmp_path.iterdir()) == []


def test_without_sources_a_font_drawn_corpus_is_built(tmp_path: Path) -> None:
    writers = ("--writers", "2", "--test-writers", "3")
    said = succeed("corpus", "--out", "c", *writers, "--charset", "人三", cwd=tmp_path)
    assert "10 font-drawn samples" in said
    said = succeed("prepare", "c", "--size", "32", cwd=tmp_path)
    assert "font-drawn stand-in" in said
    assert "train       │ 4 samples" in said
    assert "test        │ 6 samples" in said


def test_raw_data_is_taken_where_it_lies(tmp_path: Path) -> None:
    write_writers(tmp_path / "data" / "raw", 2)
    assert "taking data/raw" in succeed("prepare", "--size", "32", cwd=tmp_path)


def test_info_shows_a_run_and_finds_damage_in_it(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home / "runs" / "quick32-01", tmp_path / "run")
    said = succeed("info", "run", "--verify", cwd=tmp_path)
    assert "projection, 32 pixels" in said
    assert "80 images seen" in said
    assert "every checksum is right" in said
    with (tmp_path / "run" / "config.toml").open("a") as file:
        file.write("\n")
    assert "config.toml is damaged" in fail("info", "run", "--verify", cwd=tmp_path)
    assert "80 images seen" in succeed("info", tmp_path, cwd=tmp_path)  # a folder of runs


def test_info_finds_damage(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    assert "every checksum is right" in succeed("info", store, "--verify", cwd=tmp_path)
    with Store(store) as opened:
        image = opened.images(range(1)).tobytes()
    store.write_bytes(store.read_bytes().replace(image, bytes(len(image))))
    assert "is damaged in /images" in fail("info", store, "--verify", cwd=tmp_path)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["train"], "data/hanzi.h5: there is no such store"),
        (["train", "nosuch"], "nosuch: there is no such recipe"),
        (["train", "--resume"], "no trained run is here"),
        (["train", "--resume", "--set", "train.seed=1"], "--resume: a run keeps its recipe"),
        (["evaluate"], "the run's store is gone; name a store with --data"),
        (["render", "--run", "nowhere"], "nowhere: there is no such run"),
        (["generate", "--out", "x.gnt"], "--chars, or pass --all"),
        (["prepare", "nowhere.gnt"], "nowhere.gnt"),
        (["prepare", ".", "--size", "50"], "--size 50"),
        (["prepare", ".", "--fit", "squash"], "--fit squash"),
        (["info", "nowhere.h5"], "nowhere.h5: there is no such store"),
        (["corpus", "--out", "c", "--charset", "龘"], "cannot draw 1"),
    ],
)
def test_a_mistake_is_one_line_that_names_it(
    tmp_path: Path, arguments: list[str], expected: str
) -> None:
    assert expected in fail(*arguments, cwd=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_help_answers_at_once(tmp_path: Path) -> None:
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        said = succeed("--help", cwd=tmp_path)
        seconds.append(time.perf_counter() - started)
    assert "prepare" in said
    # 0.1 s measured; the margin is for a busy machine, and importing torch takes longer than it.
    assert min(seconds) < 1.0


def test_no_heavy_import_at_start(tmp_path: Path) -> None:
    program = (
        "import sys, hanzi_lsgan.cli;"
        "print([name for name in ('torch', 'h5py', 'numpy') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert result.stdout.strip() == "[]"


def test_every_command_in_the_readme_exists(tmp_path: Path) -> None:
    text = README.read_text("utf-8")
    commands = set(re.findall(r"^\s*hanzi-lsgan (\w+)", text, flags=re.MULTILINE))
    assert commands >= {"prepare", "train", "evaluate", "render", "generate", "info", "corpus"}
    for command in commands:
        help_text = re.sub(r"\s", "", succeed(command, "--help", cwd=tmp_path))
        for line in re.findall(rf"^\s*hanzi-lsgan {command} (.*)$", text, flags=re.MULTILINE):
            for option in re.findall(r"(--[a-z-]+)", line):
                assert option in help_text, f"hanzi-lsgan {command} has no {option}"
