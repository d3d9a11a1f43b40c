"""`import hanzi_lsgan`: what is there, and that nothing heavy comes with it."""

import importlib.metadata
import subprocess
import sys

import pytest

import hanzi_lsgan


def test_importing_it_imports_nothing_heavy() -> None:
    program = (
        "import sys, hanzi_lsgan; hanzi_lsgan.__version__; hanzi_lsgan.UserError;"
        "print([name for name in ('torch', 'h5py', 'numpy') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert result.stdout.strip() == "[]", result.stderr


def test_every_name_is_there_and_listed() -> None:
    assert set(hanzi_lsgan.__all__) <= set(dir(hanzi_lsgan))
    for name in hanzi_lsgan.__all__:
        assert getattr(hanzi_lsgan, name) is not None
    assert hanzi_lsgan.__version__ == importlib.metadata.version("hanzi-lsgan")
    with pytest.raises(AttributeError, match="module 'hanzi_lsgan' has no attribute 'nothing'"):
        hanzi_lsgan.nothing  # type: ignore[attr-defined]  # noqa: B018


def test_the_package_runs_as_the_program() -> None:
    command = [sys.executable, "-m", "hanzi_lsgan", "--help"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0
    assert "prepare" in result.stdout
