import random
from pathlib import Path

import pytest

from hanzi_lsgan.runs import checksums
from hanzi_lsgan.runs.checksums import announce, find_damage, open_line, seal_line
from hanzi_lsgan.runs.folder import RunFolder
from hanzi_lsgan.training.session import Session
from tests.tiny import OVERRIDES, make_store


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("verified")
    with Session.begin("quick32", make_store(folder), folder / "run", OVERRIDES) as session:
        session.train()
    RunFolder(folder / "run").offer_best(session.trainer.ema, 80, 1.5)
    return folder / "run"


def files_of(run: Path) -> list[Path]:
    """All but TensorBoard's, which are another program's."""
    return [path for path in sorted(run.rglob("*")) if path.is_file() and "events" not in path.name]


def test_a_whole_run_has_no_damage(run: Path) -> None:
    assert find_damage(run) == []
    assert {path.name for path in files_of(run)} == {
        "best.safetensors",
        "checksums.json",
        "config.toml",
        "generator.safetensors",
        "metrics.jsonl",
        "model.json",
        "training.pt",
        "0000000040.png",
        "0000000080.png",
    }


def test_a_flipped_bit_is_found_anywhere(run: Path) -> None:
    chance = random.Random(0)
    for path in files_of(run):
        whole = path.read_bytes()
        places = {0, len(whole) - 1, *(chance.randrange(len(whole)) for _ in range(60))}
        for place in places:
            damaged = bytearray(whole)
            damaged[place] ^= 1 << chance.randrange(8)
            path.write_bytes(damaged)
            found = find_damage(run)
            assert found, f"{path.name}: byte {place}"
            assert any(path.name in line or "checksums.json" in line for line in found)
        path.write_bytes(whole)
    assert find_damage(run) == []


def test_a_missing_file_is_named(run: Path) -> None:
    whole = (run / "model.json").read_bytes()
    (run / "model.json").unlink()
    assert find_damage(run) == ["model.json is missing"]
    (run / "model.json").write_bytes(whole)
    checksums = (run / "checksums.json").read_bytes()
    (run / "checksums.json").unlink()
    assert find_damage(run) == ["checksums.json is missing or damaged"]
    (run / "checksums.json").write_bytes(checksums)


def test_files_older_than_a_list_begun_anew_have_no_checksum(tmp_path: Path) -> None:
    content = tmp_path / "unfinished"
    content.write_bytes(b"of any kind")
    for name in ("config.toml", "model.json"):
        announce(tmp_path, tmp_path / name, content)
        (tmp_path / name).write_bytes(b"of any kind")
    assert find_damage(tmp_path) == []
    (tmp_path / "checksums.json").write_bytes(b"damaged")
    announce(tmp_path, tmp_path / "generator.safetensors", content)
    (tmp_path / "generator.safetensors").write_bytes(b"of any kind")
    assert find_damage(tmp_path) == ["config.toml has no checksum", "model.json has no checksum"]


def test_a_kill_before_the_new_content_took_its_place_is_no_damage(tmp_path: Path) -> None:
    file, content = tmp_path / "weights", tmp_path / "weights.partial"
    content.write_bytes(b"first")
    announce(tmp_path, file, content)
    assert find_damage(tmp_path) == []  # killed before there was anything
    content.replace(file)
    for text in (b"second", b"third"):  # killed twice between announcing and replacing
        content.write_bytes(text)
        announce(tmp_path, file, content)
        assert find_damage(tmp_path) == []
    content.replace(file)
    assert find_damage(tmp_path) == []
    file.write_bytes(b"second")
    assert find_damage(tmp_path) == ["weights is damaged"]


def test_a_checkpoint_written_meanwhile_is_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, content = tmp_path / "weights", tmp_path / "weights.partial"

    def write(text: bytes) -> None:
        content.write_bytes(text)
        announce(tmp_path, file, content)
        content.replace(file)

    write(b"first")
    sha256 = checksums._sha256

    def train_on_and_read(path: Path) -> str:
        monkeypatch.undo()
        write(b"second")
        return sha256(path)

    monkeypatch.setattr(checksums, "_sha256", train_on_and_read)
    assert find_damage(tmp_path) == []


def test_a_line_of_metrics_answers_for_itself() -> None:
    line = seal_line({"images": 40, "loss": 0.1, "name": "名"}).encode()
    assert open_line(line) == {"images": 40, "loss": 0.1, "name": "名"}
    for broken in (line.replace(b"40", b"41"), line[:-1], b"{}", b"[]", b"3", b"\xff"):
        assert open_line(broken) is None
