"""What happens around a command: signals, full disks, folders that are gone."""

import os
import signal
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
