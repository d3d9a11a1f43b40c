"""What happens around a command: signals, full disks, folders that are gone."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.in_process import run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="as on Linux and macOS")

SAVE = Path.write_bytes


def save_and_be_ended(path: Path, data: bytes) -> int:
    count = SAVE(path, data)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(30)
    return count


def test_sigterm_leaves_no_unfinished_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("data_tools.forms.printing.form_pdf", lambda codes, name: b"%PDF")
    monkeypatch.setattr(Path, "write_bytes", save_and_be_ended)
    code = run(monkeypatch, "form", "--chars", "永", "--out", str(tmp_path / "form.pdf"))
    assert code == 143  # 128 + 15, as of what SIGTERM has ended
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().err == "terminated\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device is full here")
def test_output_onto_a_full_disk_is_one_line() -> None:
    command = [sys.executable, "-m", "hanzi_lsgan.cli", "--version"]
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, env=buffered, text=True, timeout=300
        )
    problem = "fails (No space left on device); free space there"
    assert ended.stderr == f"error: standard output: {problem}\n"
    assert ended.returncode == 2


def test_a_folder_that_has_been_deleted_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert run(monkeypatch, "form", "--chars", "永", "--out", "form.pdf") == 2
    said = capsys.readouterr().err
    assert said == "error: the folder that you are in: has been deleted; change into another one\n"


def test_help_that_nobody_reads_ends_as_other_output_does() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "hanzi_lsgan.cli", "--help"]
    ended = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, timeout=300)
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (141, b"")
