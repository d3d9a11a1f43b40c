"""`write` and `hands` as a user types them."""

from pathlib import Path

import pypdfium2
import pytest
from PIL import Image

from tests.cli.in_process import run
from tests.tiny import make_store


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_file_becomes_a_pdf_by_a_preset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "letter.txt").write_text("王老师：\n您好！\n李明\n8月1日\n", "utf-8")
    assert run(monkeypatch, "write", "letter.txt", "--preset", "letter", "--out", "a.pdf") == 0
    assert "wrote a.pdf: 1 sheet by hand 3, generated" in capsys.readouterr().out
    text = pypdfium2.PdfDocument(tmp_path / "a.pdf")[0].get_textpage().get_text_range()
    assert text.split() == ["王老师：", "您好！", "李明", "8月1日"]


def test_more_sheets_are_numbered_and_a_picture_lies_under_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (50, 70), (250, 240, 220)).save(tmp_path / "sheet.png")
    options = ["--sheet", "A5", "--size", "30", "--margin", "10", "--line-spacing", "1"]
    options += ["--dpi", "50", "--background", "sheet.png", "--indent", "0"]
    # 128 mm hold 4 characters, 190 mm hold 6 lines: 24 characters a sheet.
    assert run(monkeypatch, "write", "好" * 25, *options, "--out", "p.png") == 0
    assert sorted(path.name for path in tmp_path.glob("p*")) == ["p-1.png", "p-2.png"]
    assert Image.open(tmp_path / "p-2.png").getpixel((2, 2)) == pytest.approx((250, 240, 220), 2)
    assert run(monkeypatch, "write", "好" * 25, *options, "--out", "p.svg") == 0
    assert (tmp_path / "p-2.svg").exists()


def test_sheets_are_written_together_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--sheet", "A5", "--size", "60", "--margin", "10", "--dpi", "30", "--indent", "0"]
    options += ["--line-spacing", "1", "--out", "p.png"]  # two columns of three: 6 a sheet
    (tmp_path / "p-1.png").write_text("mine")
    (tmp_path / "p-3.png").mkdir()
    monkeypatch.setattr("hanzi_lsgan.writing.write.write_characters", None)  # nothing is drawn
    assert run(monkeypatch, "write", "好" * 13, *options) == 2
    assert capsys.readouterr().err == "error: --out p-3.png: is a folder; name a file\n"
    assert (tmp_path / "p-1.png").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p-1.png", "p-3.png"]


@pytest.mark.parametrize(("text", "sheet"), [("好", "p.png"), ("好" * 13, "p-2.png")])
def test_no_sheet_replaces_the_picture_under_it(
    text: str,
    sheet: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = ["--sheet", "A5", "--size", "60", "--margin", "10", "--dpi", "30", "--indent", "0"]
    options += ["--line-spacing", "1", "--out", "p.png"]  # 6 a sheet
    Image.new("RGB", (50, 70), (250, 240, 220)).save(tmp_path / sheet)
    scan = (tmp_path / sheet).read_bytes()
    assert run(monkeypatch, "write", text, *options, "--background", f"./{sheet}") == 2
    problem = f"would replace the picture of --background {sheet}; name another file\n"
    assert capsys.readouterr().err == f"error: --out {sheet}: {problem}"
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {sheet: scan}


def test_sheets_of_an_earlier_text_are_named_and_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--sheet", "A5", "--size", "60", "--margin", "10", "--dpi", "30", "--indent", "0"]
    options += ["--line-spacing", "1", "--out", "p.png"]  # 6 a sheet
    (tmp_path / "p-2.svg").write_text("other")
    (tmp_path / "xp-2.png").write_text("other")
    assert run(monkeypatch, "write", "好" * 13, *options) == 0
    said = capsys.readouterr().out
    assert "wrote p-1.png, p-2.png, p-3.png: 3 sheets" in said and "from before" not in said
    assert run(monkeypatch, "write", "好" * 7, *options) == 0
    said = capsys.readouterr().out
    assert "wrote p-1.png, p-2.png: 2 sheets" in said
    assert "there from before, no sheets of this text: p-3.png\n" in said
    assert run(monkeypatch, "write", "好", *options) == 0
    said = capsys.readouterr().out
    assert "there from before, no sheets of this text: p-1.png, p-2.png, p-3.png\n" in said
    assert sorted(path.name for path in tmp_path.glob("p*.png"))[:3] == [
        *("p-1.png", "p-2.png", "p-3.png")
    ]
    assert run(monkeypatch, "write", "好", "--out", "p.pdf") == 0
    assert "from before" not in capsys.readouterr().out


def test_a_text_is_cleaned_as_coverage_and_lines_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "letter.txt").write_text("cafe\u0301 好\n\u200b\n永\u200b\n", "utf-8")
    assert run(monkeypatch, "write", "letter.txt", "--title", "e\u0301", "--out", "a.pdf") == 0
    said = capsys.readouterr().out
    assert "left out of 2 lines of letter.txt, as they cannot be seen: U+200B\n" in said
    text = pypdfium2.PdfDocument(tmp_path / "a.pdf")[0].get_textpage().get_text_range()
    assert text.split() == ["é", "café", "好", "永"]
    monkeypatch.setattr("data_tools.fonts.installed._folders", list)  # to search none is quick
    (tmp_path / "letter.txt").write_text("永\n好\ue000\n1\u20e3\n", "utf-8")
    assert run(monkeypatch, "write", "letter.txt", "--out", "b.pdf") == 2
    assert "letter.txt, line 3: U+0031 U+20E3 is no single" in capsys.readouterr().err
    (tmp_path / "letter.txt").write_text("永\n好\ue000\n\ue001\n", "utf-8")
    assert run(monkeypatch, "write", "letter.txt", "--out", "b.pdf") == 2
    said = capsys.readouterr().err
    assert said.startswith("error: letter.txt: 2 of the characters cannot be drawn: U+E000 U+E001")
    assert " (lines 2, 3); " in said
    assert run(monkeypatch, "write", "永", "--title", "\ue000", "--out", "b.pdf") == 2
    assert "--title: 1 of the characters cannot be drawn: U+E000; " in capsys.readouterr().err
    assert not (tmp_path / "b.pdf").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["", "--out", "a.pdf"], "an argument is empty"),
        (["--out=a.pdf", ""], "the text: is empty; give it"),
        (["--out", "a.pdf", "--down", ""], "the text: is empty; give it"),
        (["没有.txt", "--out", "a.pdf"], "there is no such file"),
        (["poems/spring", "--out", "a.pdf"], "there is no such file"),
        ([".", "--out", "a.pdf"], "is a folder"),
        (["好\udcc4", "--out", "a.pdf"], "the text: has bytes that are no UTF-8"),
        (["一\ue000", "--out", "a.pdf"], "U+E000"),
        (["一", "--out", "a.doc"], "choose one of .pdf, .png, .svg"),
        (["一", "--out", "a.pdf", "--transparent"], "for .png alone"),
        (
            ["一", "--out", "a.png", "--transparent", "--background", "b.png"],
            "--transparent: leaves all but the ink see-through, the picture of --background too",
        ),
        (["一", "--out", "a.pdf", "--preset", "note"], "choose one of copybook, diary"),
        (["一", "--out", "a.pdf", "--sheet", "A3"], "choose one of A4, A5, B5, Letter"),
        (["一", "--out", "a.pdf", "--margin", "104"], "choose smaller margins"),
        (["一", "--out", "a.pdf", "--pressure", "2"], "pressure"),
        (["一", "--out", "a.pdf", "--ink", "blue"], "ink"),
        (["一", "--out", "a.pdf", "--hand", "mine"], "--hand"),
        (["一", "--out", "a.pdf", "--background", "b.png"], "there is no such file"),
        (
            ["一" * 40, "--tilt", "15", "--margin", "15", "--out", "a.pdf"],
            "--tilt: 15 degrees take",
        ),
        (
            ["一" * 40, "--tilt", "5", "--margin", "0", "--out", "a.pdf"],
            "take lines off the sheet; choose 0, or --margin 9 or more",  # 109.5 × 0.0875 / 1.0875
        ),
        (["一", "--out", "a.png", "--dpi", "2000"], "choose at most 1710"),
        (["一", "--out", "a.pdf", "--title", "\u200b"], "--title"),
        (["一" * 50_001, "--out", "a.pdf"], "write it in parts"),
        (["好שלום", "--fallback", "--out", "a.pdf"], "the text: שלום run from right to left"),
        (
            ["一" * 5000, "--preset", "copybook", "--out", "a.pdf"],
            "has 55,000 characters with those to trace, more than 50,000",  # 11 in a line
        ),
    ],
)
def test_what_cannot_be_written_is_one_line_and_no_file(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(monkeypatch, "write", *arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1
    assert said in error
    assert not list(tmp_path.iterdir())


def test_hands_draws_a_gallery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, "hands", "--count", "2", "--text", "永，", "--out", "h.pdf") == 0
    text = pypdfium2.PdfDocument(tmp_path / "h.pdf")[0].get_textpage().get_text_range()
    assert "hand 0" in text and "hand 1" in text
    assert run(monkeypatch, "hands", "--count", "2", "--text", "永，") == 0
    assert Image.open(tmp_path / "hands.png").size[0] > 100


def test_the_longest_numbers_stand_beside_what_their_hands_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ["--first", "999999998", "--count", "2", "--text", "一", "--out", "h.pdf"]
    assert run(monkeypatch, "hands", *options) == 0
    page = pypdfium2.PdfDocument(tmp_path / "h.pdf")[0].get_textpage()
    text = page.get_text_range()
    right_of_label = page.get_charbox(text.index("999999999") + 8)[2]
    assert right_of_label + 3 < page.get_charbox(text.index("一"), loose=True)[0]  # in points
    assert page.get_charbox(text.index("999999999"))[0] > page.get_charbox(0)[2]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--first", "999999999", "--count", "2"], "--first 999999999: 2 hands from there go"),
        (["--data", "a.h5", "--kind", "pen", "--count", "12"], "--kind, --count: does not go with"),
        (
            ["--data", "a.h5", "--text", "永", "--run", "a"],
            "--text, --run: does not go with --data",
        ),
        (["--data", "a.h5"], "a.h5: there is no such store"),
    ],
)
def test_what_hands_cannot_do_is_one_line(
    options: list[str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(monkeypatch, "hands", *options) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {said}") and error.count("\n") == 1


def test_weights_that_bring_a_recogniser_choose_among_drawings_without_a_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "write", "一二", "--best-of", "3", "--out", "a.svg") == 0
    assert run(monkeypatch, "export-weights", "--out", "bare") == 0
    bare = ["--run", "bare", "--best-of", "3"]
    assert run(monkeypatch, "write", "一二", *bare, "--out", "bare.svg") == 2
    assert "these weights bring no recogniser along" in capsys.readouterr().err
    monkeypatch.setattr("hanzi_lsgan.judging.judge.training_steps", lambda samples: 3)
    store = make_store(tmp_path / "data", size=64)
    assert run(monkeypatch, "export-weights", "--data", str(store), "--out", "given") == 0
    store.unlink()
    options = ["--best-of", "3", "--run", "given"]
    assert run(monkeypatch, "write", "一二永", *options, "--out", "b.svg") == 0
    assert "drawn once, since no recogniser has learned them: 永" in capsys.readouterr().out
    assert run(monkeypatch, "write", "一二永", "--run", "given", "--out", "c.svg") == 0
    assert Path("b.svg").read_text() != Path("c.svg").read_text()
    assert run(monkeypatch, "render", "--chars", "一二", *options, "--out", "d.png") == 0
