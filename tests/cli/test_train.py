"""`train` as a user types it, interrupts it and pipes it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from data_tools.errors import UserError
from hanzi_lsgan.cli.app import app
from hanzi_lsgan.cli.lasting_output import LastingOutput
from hanzi_lsgan.runs.checksums import find_damage
from hanzi_lsgan.runs.folder import RunFolder
from tests.tiny import OVERRIDES, make_store

HANG_UP: int = getattr(signal, "SIGHUP", 0)
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1"}


def settings(*more: str) -> list[str]:
    return [word for override in (*OVERRIDES, *more) for word in ("--set", override)]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "hanzi_lsgan", "train", *arguments]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with a store."""
    make_store(tmp_path).rename(tmp_path / "s.h5")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def train(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["train", *arguments])


def refuse(*arguments: str) -> str:
    """The one line that `main` prints, without a traceback."""
    result = train(*arguments)
    assert isinstance(result.exception, UserError), result.exception
    return str(result.exception)


@pytest.mark.parametrize("option", ["--kimg", "--minutes"])
@pytest.mark.parametrize("limit", ["0", "-3", "nan", "inf", "1e12"])
def test_a_limit_out_of_range_is_one_line_and_leaves_nothing(
    home: Path, option: str, limit: str
) -> None:
    shown = f"{float(limit):g}"
    said = refuse("quick32", "--data", "s.h5", *settings(), option, limit, "--out", "r")
    assert said.startswith(f"{option} {shown}: is no limit; ")
    assert not Path("r").exists()


def test_training_fits_in_the_current_folder(home: Path) -> None:
    (home / "empty").mkdir()
    os.chdir(home / "empty")
    result = train("quick32", "--data", "../s.h5", *settings(), "--out", ".")
    assert result.exit_code == 0, result.exception
    assert "saved . at 80 images; draw with: hanzi-lsgan render --run ." in result.stdout
    assert find_damage(Path()) == []
    for out in (".", "", "/"):
        assert "there is something already" in refuse("--data", "../s.h5", "--out", out)


def test_what_a_limit_has_been_reached_by_already_is_said(home: Path) -> None:
    train("quick32", "--data", "s.h5", *settings(), "--kimg", "0.016", "--out", "r")
    before = RunFolder("r").state.read_bytes()
    result = train("--resume", "--out", "r", "--kimg", "0.008")
    assert result.exit_code == 0
    assert "r has seen 16 images already, and the limit is 8; draw with: " in result.stdout
    assert "saved" not in result.stdout
    assert RunFolder("r").state.read_bytes() == before


@pytest.mark.skipif(not HANG_UP, reason="Windows has no SIGHUP")
def test_a_closed_terminal_saves_and_a_second_process_is_kept_out_until_then(home: Path) -> None:
    endless = command("quick32", "--data", "s.h5", *settings("train.kimg=1000"), "--out", "r")
    with subprocess.Popen(
        endless, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
    ) as process:
        deadline = time.monotonic() + 120
        while not RunFolder("r").metrics.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert refuse("--resume", "--out", "r", "--data", "s.h5") == (
            f"r: another process ({process.pid}) is training here; "
            "wait until it has ended, or train into another folder"
        )
        # The terminal takes no more output either.
        assert process.stdout is not None
        process.stdout.close()
        process.send_signal(HANG_UP)
        process.wait(timeout=60)
        assert process.returncode == 128 + HANG_UP
        assert process.stderr is not None
        assert process.stderr.read() == ""
    images = RunFolder("r").load_state()["images"]
    lines = RunFolder("r").metrics.read_text("utf-8").splitlines()
    assert json.loads(lines[-1])["images"] == images >= 40
    assert not Path("r", "training.lock").exists()


def test_output_that_nobody_reads_ends_nothing(tmp_path: Path) -> None:
    read, write = os.pipe()
    with os.fdopen(write, "w", encoding="utf-8") as stream:
        output = LastingOutput(stream)
        assert output.write("one\n") == 4
        assert os.read(read, 100) == b"one\n"
        os.close(read)
        for _ in range(3):
            assert output.write("nobody hears this\n") == 18
        output.flush()
        assert output.encoding == "utf-8"
        assert output.isatty() is False  # type: ignore[operator]
