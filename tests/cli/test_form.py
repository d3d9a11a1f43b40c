"""`form`, and `prepare --form`, as a user types them."""

from pathlib import Path

import pypdfium2
import pytest
from PIL import Image

from data_tools.forms.page_code import PageCode
from data_tools.forms.page_reading import ReadPage
from data_tools.forms.reading import ReadForms, WriterPages
from data_tools.sources.split_names import NamedSplit
from data_tools.splits import Split
from data_tools.store.reader import Store
from hanzi_lsgan.cli.prepare import _draw_cut_sheet
from tests.cli.in_process import run
from tests.forms.photographs import Circumstances, fill, photograph, print_pages


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_form_is_printed_for_a_set_a_file_and_characters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "form") == 0
    said = capsys.readouterr().out
    assert "wrote form.pdf: 100 characters (" in said and "on 1 page of A4" in said
    assert (
        run(monkeypatch, "form", "--chars", "form-200", "--sheet", "letter", "--out", "b.pdf") == 0
    )
    assert len(pypdfium2.PdfDocument(tmp_path / "b.pdf")) == 2
    words = pypdfium2.PdfDocument(tmp_path / "b.pdf")[1].get_textpage().get_text_range()
    assert "form of hanzi-lsgan" in words and "form-200, page 2 of 2" in words
    (tmp_path / "mine.txt").write_text("永和 九年永\n", "utf-8")
    assert run(monkeypatch, "form", "--chars", "@mine.txt", "--out", "c.pdf") == 0
    said = capsys.readouterr().out
    assert "4 characters (永和九年)" in said and "each character once" in said
    assert run(monkeypatch, "--quiet", "form", "--chars", "永", "--out", "d.pdf") == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["form", "--out", "a.png"], "choose one of .pdf"),
        (["form", "--sheet", "A3"], "choose A4 or Letter"),
        (["form", "--chars", " "], "no character is in it"),
        (["form", "--chars", "@none.txt"], "there is no such file"),
        (["form", "--chars", "永\U0002a6d6"], "no bundled font has 1 of them"),
        (["prepare", "--form"], "--form: no photograph is named"),
        (["prepare", "--form", "a.jpg"], "there is no such file"),
        (["prepare", "--form", "a.gnt"], "--form takes nothing else"),
        (["prepare", "--form", "a.jpg", "--ink", "dark"], "--ink: has no meaning with --form"),
        (["prepare", "--form", "a.jpg", "--writer-pattern", "(.)"], "--writer-pattern: has no"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_no_file(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if arguments[0] == "prepare":
        arguments = [*arguments, "--out", "a.h5"]
    assert run(monkeypatch, *arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and error.count("\n") == 1
    assert said in error
    assert not list(tmp_path.iterdir())


def test_photographs_become_a_store_of_one_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = fill(print_pages("永和九年春A")[0], writer=2, leave_empty=(3,))
    picture = photograph(page, Circumstances(pixels_a_mm=6, angle=91))
    Image.fromarray(picture).save("li.jpg", quality=80)
    assert run(monkeypatch, "prepare", "--form", "li.jpg", "--out", "mine.h5", "--size", "32") == 0
    said = capsys.readouterr().out
    assert "li.jpg, page 1 of 1: 5 of 6 boxes taken; empty: 年" in said
    assert "what was cut: mine.cut.png" in said
    with Store(tmp_path / "mine.h5") as store:
        # A form's own characters are taken, be they hanzi or not.
        assert store.charset == "A九和春永"
        assert [source.name for source in store.sources] == ["li"]
        assert store.images(range(5)).shape == (5, 32, 32)
        assert store.images(range(5)).min() < 60
    assert Image.open("mine.cut.png").size[0] > 300
    before = (tmp_path / "mine.h5").read_bytes()
    assert run(monkeypatch, "prepare", "--form", "li.jpg", "--out", "mine.h5", "--size", "32") == 2
    assert "exists already" in capsys.readouterr().err
    options = ["--out", "mine.h5", "--size", "32", "--force", "--jobs", "2"]
    assert run(monkeypatch, "prepare", "--form", "li.jpg", *options) == 0
    assert (tmp_path / "mine.h5").read_bytes() == before
    assert run(monkeypatch, "info", "mine.h5", "--verify") == 0


def test_pages_that_the_picture_of_what_was_cut_leaves_out_are_told(tmp_path: Path) -> None:
    codes = [PageCode(0, number, 25, 0, "") for number in range(25)]
    pages = {(0, code.page): ReadPage(f"{code.page}.jpg", code, [], 6) for code in codes}
    for many, said in ((25, " (the first 24 of 25 pages)"), (24, "")):
        some = {key: page for key, page in pages.items() if key[1] < many}
        writer = WriterPages("li", tmp_path, NamedSplit(Split.TRAIN, ""), some)
        shown = _draw_cut_sheet(ReadForms([writer], [], []), tmp_path / "mine.h5")
        assert shown == f"{tmp_path / 'mine.cut.png'}{said}"


def test_without_opencv_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "cv2", None)
    assert run(monkeypatch, "prepare", "--form", "a.jpg", "--out", "a.h5") == 2
    assert "pip install 'hanzi-lsgan[forms]'" in capsys.readouterr().err
