"""The program in the test's own process, which is there sooner than another one."""

import pytest

from hanzi_lsgan.cli import main


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run a command line; its exit code."""
    monkeypatch.setattr("sys.argv", ["hanzi-lsgan", *arguments])
    try:
        main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0
