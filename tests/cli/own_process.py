"""The program in a process of its own, as people start it."""

import subprocess
import sys
from pathlib import Path


def run(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command line in a folder."""
    command = [sys.executable, "-m", "hanzi_lsgan.cli", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300)


def succeed(*arguments: str | Path, cwd: Path) -> str:
    """What a command line says that ends well."""
    result = run(*arguments, cwd=cwd)
    assert result.returncode == 0, result.stderr
    return result.stdout


def fail(*arguments: str | Path, cwd: Path) -> str:
    """The one line of a command line that is refused."""
    result = run(*arguments, cwd=cwd)
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1, result.stderr
    assert result.stderr.startswith("error: ")
    return result.stderr
