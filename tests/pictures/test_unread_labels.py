"""What is said of files that tell labels in ways which are not read."""

import json
from pathlib import Path

import pytest

from data_tools.errors import UserError
from data_tools.pictures.gather import Gathered, gather_pictures
from data_tools.sources.find import find_members
from tests.picture_samples import draw_character, write_picture

BOX = {"shape_attributes": {"name": "rect", "x": 1}, "region_attributes": {"text": "永"}}


def gather(folder: Path, files: dict[str, str]) -> Gathered:
    for name in ("000000.png", "000001.png"):
        write_picture(folder / name, draw_character(1))
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    with find_members([folder]) as found:
        return gather_pictures(found.collections)


@pytest.mark.parametrize("source", ["own", "d", "字"])
@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("annotations.json", {"images": [{"id": 1}], "annotations": [{"bbox": [1]}]}, "boxes"),
        ("via_project.json", {"_via_img_metadata": {"000000.png9": {"regions": [BOX]}}}, "boxes"),
        ("000000.json", {"shapes": [{"label": "永"}], "imagePath": "000000.png"}, "boxes"),
        ("project-1.json", [{"annotations": [{"result": []}], "data": {"image": "x"}}], "boxes"),
        ("000000.xml", "<annotation><object><name>永</name></object></annotation>", "boxes"),
        ("000001.txt", "0 0.5 0.5 0.1 0.1\n12 0.25 0.5 0.1 0.2\n", "YOLO"),
        ("000000.txt", "永", "WebDataset"),
        ("000000.cls", "3", "WebDataset"),
    ],
)
def test_the_file_that_tells_and_is_not_read_is_named(
    tmp_path: Path, source: str, name: str, content: object, kind: str
) -> None:
    text = content if isinstance(content, str) else json.dumps(content)
    with pytest.raises(UserError) as caught:
        gather(tmp_path / source, {name: text, "readme.txt": "永", "notes.json": "{}"})
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / source / name}: is ")
    assert kind in message.partition(", which is not read; ")[0]
    remedy = message.partition(", which is not read; ")[2]
    assert remedy.startswith("write metadata.csv" if kind == "WebDataset" else "cut each box out")


@pytest.mark.parametrize("source", ["own", "字"])
@pytest.mark.parametrize("picture", ["0.png", "0/a.png"])
def test_a_spreadsheet_of_labels_is_named_with_the_way_on(
    tmp_path: Path, source: str, picture: str
) -> None:
    folder = tmp_path / source
    write_picture(folder / picture, draw_character(1))
    (folder / "labels.xlsx").write_bytes(b"PK\3\4, and so on")
    with pytest.raises(UserError) as caught, find_members([folder]) as found:
        gather_pictures(found.collections)
    message = str(caught.value)
    assert message.startswith(f"{folder}/labels.xlsx: is a spreadsheet, which is not read; save it")


def test_what_says_nothing_of_pictures_stops_none(tmp_path: Path) -> None:
    assert len(gather(tmp_path / "字", {"readme.txt": "boxes", "info.json": "{}"}).parts) == 1


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("labels/{}.txt", "{} 0.5 0.5 1.0 1.0\n", "YOLO"),
        ("{}.xml", "<annotation><object><name>{}</name></object></annotation>", "boxes"),
    ],
)
def test_numbers_of_files_are_no_classes_where_a_file_tells_each_one(
    tmp_path: Path, name: str, content: str, kind: str
) -> None:
    """The picture 0.png is of class 2, as its own file says, and not of class 0."""
    folder = tmp_path / "own"
    (folder / "labels").mkdir(parents=True)
    for number in range(3):
        write_picture(folder / f"{number}.png", draw_character(number))
        text = content.format(2 - number)
        (folder / name.format(number)).write_text(text, encoding="utf-8")
    (folder / "classes.txt").write_text("永\n和\n九\n", encoding="utf-8")
    with pytest.raises(UserError, match=kind), find_members([folder]) as found:
        gather_pictures(found.collections)


def test_numbers_of_files_are_no_classes_where_a_text_beside_each_tells_it(tmp_path: Path) -> None:
    """0.txt says 2: the picture 0.png is of the third class, as a table would have it."""
    folder = tmp_path / "own"
    folder.mkdir()
    for number in range(3):
        write_picture(folder / f"{number}.png", draw_character(number))
        (folder / f"{number}.txt").write_text(str(2 - number), encoding="utf-8")
    (folder / "classes.txt").write_text("永\n和\n九\n", encoding="utf-8")
    with find_members([folder]) as found:
        (part,) = gather_pictures(found.collections).parts
    told = {one.file.name: one.character for one in part.pictures}
    assert told == {"0.png": "九", "1.png": "和", "2.png": "永"}
