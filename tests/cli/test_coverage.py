"""`coverage`, and sets of characters for `--chars`, in an empty folder."""

import io
import json
from pathlib import Path

import pypdfium2
import pytest

from hanzi_lsgan.runs.folder import SHIPPED
from tests.cli import in_process
from tests.cli.own_process import run

RARE = "\U0002a6d6"  # in no font


def test_a_text_a_file_and_a_set_are_covered(tmp_path: Path) -> None:
    said = run("coverage", "永學 丐\u200b", cwd=tmp_path)
    assert said.returncode == 0, said.stderr
    assert "3 different characters" in said.stdout
    assert "left out of the text, as they cannot be seen: U+200B" in said.stdout
    (tmp_path / "letter.txt").write_text("永學\n永\n", encoding="utf-8")
    assert "2 different characters" in run("coverage", "letter.txt", cwd=tmp_path).stdout
    said = run("coverage", "general-standard-3", "--json", "--quiet", cwd=tmp_path)
    found = json.loads(said.stdout)
    assert sum(part["count"] for part in found.values()) == 1605
    assert all(part["count"] == len(part["characters"]) for part in found.values())
    assert "谞" in found["reference"]["characters"]
    # `info` counts them, of all levels: what `coverage general-standard` says
    said = run("info", str(SHIPPED), cwd=tmp_path)
    words = " ".join(said.stdout.replace("│", " ").split())
    assert "0 of gb2312, 390 of general-standard, 8 of big5-1" in words


def test_what_is_covered_is_what_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No hand has ①, ² and Ⅰ, a printed form shows them: neither is taken in its plain form."""
    monkeypatch.chdir(tmp_path)
    assert in_process.run(monkeypatch, "coverage", "①好²Ⅰ", "--json", "--quiet") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["reference"]["characters"] == "①²Ⅰ"
    assert in_process.run(monkeypatch, "write", "①好²Ⅰ", "--out", "a.pdf") == 0
    said = capsys.readouterr().out
    assert "which no hand's font has: ①²Ⅰ" in said and "plain form" not in said
    text = pypdfium2.PdfDocument(tmp_path / "a.pdf")[0].get_textpage().get_text_range()
    assert text.strip() == "①好²Ⅰ"


def test_standard_input_is_covered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("永學\n\n和永".encode())))
    assert in_process.run(monkeypatch, "coverage", "-") == 0
    assert "3 different characters" in capsys.readouterr().out


def test_what_is_missing_ends_with_one_and_a_remedy(tmp_path: Path) -> None:
    for arguments in (["--all"], ["--json"]):
        said = run("coverage", "永" + RARE, *arguments, cwd=tmp_path)
        assert said.returncode == 1
        assert "missing: 1 of the characters; leave them out" in said.stdout + said.stderr
    assert json.loads(said.stdout)["missing"] == {"count": 1, "characters": RARE}


def test_short_lists_and_whole_ones(tmp_path: Path) -> None:
    text = "".join(chr(0x4E00 + number) for number in range(60))
    short, whole = (run("coverage", text, *more, cwd=tmp_path).stdout for more in ([], ["--all"]))
    assert "…" in short and "…" not in whole
    assert all(character in whole for character in text)


def test_what_is_no_text_is_one_line(tmp_path: Path) -> None:
    for text, expected in (("letter.md", "there is no such file"), (" ", "no character is in")):
        said = run("coverage", text, cwd=tmp_path)
        assert said.returncode == 2
        assert said.stderr.count("\n") == 1 and expected in said.stderr


@pytest.mark.slow
def test_a_set_is_drawn_and_what_no_hand_has_is_named(tmp_path: Path) -> None:
    named = ("--chars", "@general-standard-3", "--per-class", "1", "--out", "images")
    said = run("generate", *named, cwd=tmp_path)
    assert said.returncode == 0, said.stderr
    assert "from the reference font alone, as no hand has them: " in said.stdout
    assert len(list((tmp_path / "images").rglob("*.png"))) == 1605
