"""Which of lists, numbers and names tells a character, where several could."""

from itertools import product

import pytest

from data_tools.errors import UserError
from data_tools.pictures.class_lists import UncountedError
from data_tools.pictures.files_beside import may_tell_labels
from data_tools.pictures.folder_lists import Firsts
from data_tools.pictures.labels import Labels, label_pictures

CHARACTERS = "永和九年岁在癸丑暮春之初会于"
LINES = "\n".join(CHARACTERS)
NUMBERED = "\n".join(f"{number} {one}" for number, one in enumerate(CHARACTERS))


def labels_of(
    paths: list[str], beside: dict[str, str] | None = None, firsts: Firsts | None = None
) -> Labels:
    contents = {path: text.encode() for path, text in (beside or {}).items()}
    return label_pictures(paths, contents, "here", {} if firsts is None else firsts)


def error_of(paths: list[str], beside: dict[str, str]) -> str:
    with pytest.raises(UserError) as caught:
        labels_of(paths, beside)
    return str(caught.value)


@pytest.mark.parametrize("pattern", ["own/{:03}/a.png", "own/{}.png", "own/{:02}/set/a.png"])
@pytest.mark.parametrize("first", [0, 1])
def test_lines_without_numbers_count_from_where_the_pictures_do(pattern: str, first: int) -> None:
    paths = [pattern.format(first + number) for number in range(14)]
    labels = labels_of(paths, {"own/classes.txt": LINES})
    assert labels.characters == list(CHARACTERS)
    assert labels.told_by == {f"a list of classes, counted from {first}": 14}


def test_a_list_whose_beginning_stays_open_is_refused() -> None:
    paths = [f"own/{number}/a.png" for number in (1, 2, 13)]
    message = error_of(paths, {"own/classes.txt": LINES})
    assert message.startswith("own/classes.txt: does not say whether its first line is 0 or 1")
    assert "number character" in message
    assert labels_of(paths, {"own/classes.txt": NUMBERED}).characters == ["和", "九", "于"]
    # folders that have a name ask nothing of the list
    assert labels_of(["own/永/3/a.png"], {"own/classes.txt": LINES}).characters == ["永"]


def test_a_head_above_lines_without_numbers_shifts_no_label() -> None:
    beside = {"own/classes.txt": "character\n永\n和\n九\n"}
    with pytest.raises(UncountedError):  # 0 may be 永, or the class of the first line
        labels_of([f"own/{number}/a.png" for number in range(3)], beside)
    labels = labels_of([f"own/{number}/a.png" for number in range(4)], beside)
    assert labels.characters == [None, "永", "和", "九"]


def test_a_list_with_numbers_beside_says_where_the_other_begins() -> None:
    for first in (0, 1):
        numbered = "\n".join(f"{n} {one}" for n, one in enumerate(CHARACTERS, first))
        beside = {"own/chars.txt": LINES, "own/labels.txt": numbered}
        assert labels_of([f"own/{first}/a.png"], beside).characters == ["永"]
        assert labels_of(["own/3/a.png"], beside).characters == [CHARACTERS[3 - first]]
    beside = {"own/chars.txt": LINES, "own/labels.json": '{"yong": "永"}'}
    assert labels_of(["own/yong/a.png", "own/14/a.png"], beside).characters == ["永", "于"]
    beside = {"own/chars.txt": LINES, "own/labels.json": '{"3": "永", "2": "一"}'}
    labels = labels_of(["own/0/a.png"], beside)
    assert labels.characters == ["永"]
    assert "says that 3 is 永, another list says 年" in labels.problems[0]


def test_pictures_of_another_source_say_where_the_same_list_begins() -> None:
    firsts: Firsts = {}
    beside = {"classes.txt": LINES}
    with pytest.raises(UncountedError):
        labels_of(["test/3/a.png"], beside, firsts)
    labels_of([f"train/{number}/a.png" for number in range(1, 15)], beside, firsts)
    assert labels_of(["test/3/a.png"], beside, firsts).characters == ["九"]
    labels_of([f"other/{number}/a.png" for number in range(14)], beside, firsts)
    with pytest.raises(UncountedError):  # from 0 in one and from 1 in the other
        labels_of(["test/3/a.png"], beside, firsts)


def test_a_list_in_the_folder_of_one_split_is_of_the_other_too() -> None:
    paths = [f"own/train/{number}/a.png" for number in range(14)]
    paths += ["own/test/3/a.png", "own/val/set/5/a.png"]
    beside = {"own/train/classes.txt": LINES}
    assert labels_of(paths, beside).characters == [*CHARACTERS, "年", "在"]
    beside["own/test/classes.txt"] = NUMBERED.replace("3 年", "3 岁")
    labels = labels_of(paths, beside)  # which contradict each other as to a third
    assert labels.characters == [*CHARACTERS, "岁", None]
    assert labels_of(["own/0/a.png", "own/永.png"], beside).characters == [None, "永"]


@pytest.mark.parametrize("where", ["楷", "own/楷", "楷.zip"])
@pytest.mark.parametrize("list_above", [False, True])
def test_numbers_in_a_list_are_classes_of_a_folder_that_happens_to_be_a_character(
    where: str, list_above: bool
) -> None:
    paths = [f"{where}/{number:03}/{n}.png" for number in range(14) for n in range(2)]
    folder = where.rpartition("/")[0] if list_above else where
    for text in (LINES, NUMBERED):
        labels = labels_of(paths, {f"{folder}/classes.txt".lstrip("/"): text})
        assert labels.characters == [one for one in CHARACTERS for _ in range(2)]
    flat = [f"{where}/{number:03}.png" for number in range(14)]
    assert labels_of(flat, {f"{where}/classes.txt": NUMBERED}).characters == list(CHARACTERS)
    beside = {"own/永/labels.json": '{"1.png": "永"}'}
    assert labels_of(["own/永/1.png"], beside).characters == ["永"]


def test_several_folders_of_scripts_are_no_classes() -> None:
    paths = [f"own/{script}/{n}/a.png" for script, n in product("楷行草", range(14))]
    assert labels_of(paths, {"own/classes.txt": NUMBERED}).characters == list(CHARACTERS) * 3
    # seven classes in five scripts leave it open
    paths = [f"own/{script}/{n}/a.png" for script, n in product("篆隶楷行草", range(7))]
    beside = {"own/classes.txt": "\n".join(NUMBERED.splitlines()[:7])}
    assert "a list of classes and the name of a folder" in error_of(paths, beside)


def test_code_points_are_classes_of_a_folder_that_happens_to_be_a_character() -> None:
    paths = [f"手写字/字/{ord(one):04x}/a.png" for one in CHARACTERS]
    labels = labels_of(paths)
    assert labels.characters == list(CHARACTERS)
    assert labels.told_by == {"folders named by code points in hexadecimal": 14}
    assert labels_of([f"own/字/{ord('永'):04x}/a.png"]).characters == ["字"]


@pytest.mark.parametrize("writers", [["001"], ["001", "002", "014"], ["31001", "31002"]])
@pytest.mark.parametrize("text", [None, LINES, NUMBERED])
def test_numbered_folders_in_those_of_characters_are_writers(
    writers: list[str], text: str | None
) -> None:
    for classes in ("永和九", CHARACTERS):
        paths = [f"own/{one}/{writer}/a.png" for one, writer in product(classes, writers)]
        labels = labels_of(paths, None if text is None else {"own/classes.txt": text})
        assert labels.characters == [one for one, _ in product(classes, writers)]
    many = [f"own/{one}/{writer}/a.png" for one, writer in product(CHARACTERS, range(1, 15))]
    labels = labels_of(many, None if text is None else {"own/classes.txt": text})
    assert labels.characters == [one for one, _ in product(CHARACTERS, range(14))]


def test_many_writers_of_few_characters_of_a_list_leave_it_open() -> None:
    paths = [f"own/{one}/{writer}/a.png" for one, writer in product("永和", range(1, 14))]
    assert "tell different characters" in error_of(paths, {"own/classes.txt": NUMBERED})


def test_a_row_without_a_folder_is_of_one_picture_only() -> None:
    table = "file_name,text\n0.png,永\n"
    assert labels_of(["own/ink/0.png"], {"own/labels.csv": table}).characters == ["永"]
    paths = ["own/ink/0.png", "own/pen/0.png", "own/pen/和.png"]
    labels = labels_of(paths, {"own/labels.csv": table})
    assert labels.characters == [None, None, "和"]
    assert labels.problems[0].startswith(
        "own/labels.csv: names 0.png, which may be own/ink/0.png and own/pen/0.png; write folders"
    )
    assert "which may be own/ink/0.png and" in error_of(paths[:2], {"own/labels.csv": table})
    # a row that leads to a picture, and pictures that a nearer table has, are not for another
    beside = {"own/labels.csv": table.replace("0.png", "ink/0.png")}
    assert labels_of(paths, beside).characters == ["永", None, "和"]
    beside = {"own/labels.csv": table, "own/pen/labels.csv": table.replace("永", "九")}
    assert labels_of(paths, beside).characters == ["永", "九", "和"]


@pytest.mark.parametrize("ending", ["", ".jpg", ".PNG", ".tiff"])
@pytest.mark.parametrize("folder", ["", "i/", "elsewhere/"])
def test_a_table_may_name_pictures_without_their_ending_or_by_another(
    ending: str, folder: str
) -> None:
    table = f"file_name,text\n{folder}a{ending},永\n{folder}B{ending},和\n"
    labels = labels_of(["own/i/a.png", "own/i/b.png"], {"own/metadata.csv": table})
    assert labels.characters == ["永", "和"]
    assert labels.problems == []


def test_a_name_without_ending_is_of_one_picture_only() -> None:
    table = "file_name,text\na,永\n"
    message = error_of(["own/a.png", "own/a.jpg"], {"own/metadata.csv": table})
    assert message.startswith("own/metadata.csv: names a, which may be own/a.png and own/a.jpg")
    beside = {"own/metadata.csv": "file_name,text\na.png,永\na.jpg,和\nA.png,九\n"}
    paths = ["own/A.png", "own/a.jpg", "own/a.png"]
    assert labels_of(paths, beside).characters == ["九", "和", "永"]
    beside = {"own/train.csv": "image,label\n0,永\n1,和\n"}
    paths = ["own/train/0.png", "own/train/1.png", "own/test/0.png", "own/test/年_1.png"]
    assert labels_of(paths, beside).characters == ["永", "和", None, "年"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("gt.txt", "i/a.png\t永\ni/b 2.jpg\t和\n"),
        ("label.txt", "a.png 永\r\nb 2.jpg 和\r\n"),
        ("rec_gt_train.txt", "永\ti/a.png\n和\ti/b 2.jpg\n"),
        ("gt.txt", '\ufeffa.png, "永"\nb 2.jpg, "和"\n'),
        ("val_list.txt", "image label\ni/a.png 0\ni/b 2.jpg 1\n"),
        ("labels.csv", "a.png,永\nb 2.jpg,和\n"),
        ("labels.json", '{"i/a.png": "永", "i/b 2.jpg": "和"}'),
        ("annotations.json", '{"train": [{"image": "a.png", "label": 0}], "b 2.jpg": "和"}'),
        ("data.json", '[{"file": "a.png", "text": "永"}, {"file": "b 2.jpg", "text": "和"}]'),
        ("gt.json", '{"labels": {"a.png": {"text": "永"}, "b 2.jpg": {"text": "和"}}}'),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "gbk"])
def test_tables_of_ocr_trainers_need_no_head(name: str, text: str, encoding: str) -> None:
    paths = ["own/i/a.png", "own/i/b 2.jpg"]
    assert may_tell_labels(name)
    if encoding != "utf-8":
        text = text.removeprefix("\ufeff")
    beside = {f"own/{name}": text.encode(encoding), "own/classes.txt": b"0 U+6C38\n1 U+548C\n"}
    labels = label_pictures(paths, beside, "here", {})
    assert labels.characters == ["永", "和"]
    assert labels.told_by == {"a table": 2}
    assert labels.problems == []


@pytest.mark.parametrize(
    ("encoding", "characters"),
    [
        ("gbk", "学书画永歲蘭"),
        ("big5", "學書畫永歲蘭"),
        ("cp932", "学書画永歳薗"),
        ("gb18030", "学书画永㐀岁"),
    ],
)
def test_tables_and_lists_are_read_in_the_encoding_that_they_tell(
    encoding: str, characters: str
) -> None:
    rows = "".join(f"{number}.png,{one}\n" for number, one in enumerate(characters))
    lines = "".join(f"{number} {one}\n" for number, one in enumerate(characters))
    for name, text, path in (
        ("metadata.csv", "file_name,text\n" + rows, "own/{}.png"),
        ("chars.txt", lines, "own/{}/a.png"),
    ):
        beside = {f"own/{name}": text.encode(encoding)}
        paths = [path.format(number) for number in range(len(characters))]
        labels = label_pictures(paths, beside, "here", {})
        assert labels.characters == list(characters)
        called = {"cp932": "Shift-JIS", "big5": "Big5"}.get(encoding, "GBK")
        assert labels.choices == [
            f"own/{name}: is read as {called} ({characters[:3]}…), which it does not state; if it "
            "is in another encoding, write the file anew as UTF-8"
        ]
        beside = {f"own/{name}": text.encode()}
        assert label_pictures(paths, beside, "here", {}).choices == []


def test_texts_that_are_no_tables_label_nothing() -> None:
    for name in ("readme.txt", "char_dict.txt", "a.json", "contest.txt", "digit.json"):
        assert may_tell_labels(name) == (name == "char_dict.txt")
    beside = {"own/data.txt": "see a.png\nand\nthe\nothers", "own/info.json": "{"}
    assert labels_of(["own/永/a.png"], beside).told_by == {"names of folders": 1}


def test_numbers_in_a_table_are_no_digits_where_some_have_two() -> None:
    paths = [f"own/{number}.png" for number in range(12)]
    rows = "\n".join(f"{number}.png {number}" for number in range(12))
    labels = labels_of([*paths, "own/永.png"], {"own/gt.txt": rows})
    assert labels.characters == [None] * 12 + ["永"]
    assert labels.untold == {
        "the table gives a number that no list of classes has": (12, "own/0.png")
    }
    few = "\n".join(rows.splitlines()[:10])
    assert labels_of(paths[:10], {"own/gt.txt": few}).characters == list("0123456789")


def test_digits_in_a_table_that_may_be_numbers_of_classes_are_said() -> None:
    paths = [f"own/{number}.png" for number in range(4)]
    table = {"own/labels.csv": "filename,label\n0.png,3\n1.png,0\n2.png,3\n3.png,1\n"}
    labels = labels_of(paths, table)
    assert labels.characters == list("3031")
    assert labels.choices == [
        "own/labels.csv: labels 0, 1, 3 are taken for the digits; if they are numbers of classes, "
        "put classes.txt with `number character` on each line beside it"
    ]
    listed = labels_of(paths, table | {"own/classes.txt": NUMBERED})
    assert listed.characters == list("年永年和") and listed.choices == []
    with_letters = {"own/labels.csv": "filename,label\n0.png,3\n1.png,a\n2.png,3\n3.png,1\n"}
    assert labels_of(paths, with_letters).choices == []


@pytest.mark.parametrize("column", ["value", "hanzi_shown"])
def test_characters_beside_numbers_of_classes_are_what_pictures_show(column: str) -> None:
    """As sets like Chinese MNIST have it: label 1, value 永."""
    paths = [f"own/{number}.png" for number in range(4)]
    rows = ["0.png,3,女,癸", "1.png,0,女,永", "2.png,3,男,癸", "3.png,1,男,和"]
    table = "\n".join([f"filename,label,sex,{column}", *rows])
    labels = labels_of(paths, {"own/labels.csv": table})
    assert labels.characters == list("癸永癸和") and labels.choices == []
    # whose sex is one of two characters, and no class
    others = "\n".join(["filename,label,sex", *(row.rpartition(",")[0] for row in rows)])
    assert labels_of(paths, {"own/labels.csv": others}).characters == list("3031")


def test_a_table_with_a_column_of_0_and_1_for_each_class_is_read() -> None:
    """As Roboflow exports it; a 1 is no character there."""
    paths = [f"own/{number}.png" for number in range(3)]
    table = "filename, 永\n0.png, 1\n1.png, 0\n2.png, 1\n"
    labels = labels_of(paths, {"own/_classes.csv": table})
    assert labels.characters == ["永", None, "永"]
    assert labels.untold == {"the table gives no text": (1, "own/1.png")}
    table = "filename,永,和\n0.png,1,0\n1.png,0,1\n2.png,1,1\n"
    labels = labels_of(paths, {"own/_classes.csv": table})
    assert labels.characters == ["永", "和", None]
    names = {"own/labels.json": '{"yong": "永", "he": "和"}'}
    table = "filename,yong,he\n0.png,1,0\n1.png,0,1\n2.png,1,0\n"
    assert labels_of(paths, {"own/_classes.csv": table} | names).characters == list("永和永")
    # a mark on each picture says nothing of characters
    paths = ["own/永/0.png", "own/和/1.png"]
    table = "filename,checked\n0.png,1\n1.png,0\n"
    assert labels_of(paths, {"own/marks.csv": table}).characters == list("永和")


@pytest.mark.parametrize(
    "table",
    [
        "a.png\t2023年\nb.png\t永\n",
        'a.png\t[{"transcription": "年", "points": [[1, 2]]}]\nb.png\t永\n',
        "a.png 共 3 pages\nb.png 永 8\n",
        'a.png,9,"{""label"":""年""}"\nb.png,永,"岁月"\n',
    ],
)
def test_a_line_of_text_in_a_table_is_not_labelled_by_its_only_hanzi(table: str) -> None:
    labels = labels_of(["own/a.png", "own/b.png"], {"own/gt.txt": table})
    assert labels.characters == [None, "永"]
    assert labels.untold == {"the table gives a text, not one character": (1, "own/a.png")}


def test_a_table_names_writers() -> None:
    table = (
        '{"file_name": "a.png", "text": "永", "writer": 3}\n{"file_name": "b.png", "text": "和"}'
    )
    paths = ["own/a.png", "own/b.png", "own/九.png"]
    assert labels_of(paths, {"own/metadata.jsonl": table}).writers == ["3", "", ""]


def test_tables_of_one_folder_do_not_overrule_each_other() -> None:
    paths = ["own/ink/0.png", "own/pen/0.png", "own/pen/1.png"]
    beside = {
        "own/one.csv": "file_name,text\n0.png,永\n",
        "own/two.csv": "file_name,text\n0.png,和\n1.png,九\n",
    }
    labels = labels_of(paths, beside)
    assert labels.characters == [None, None, "九"]
    assert labels.problems == [
        "own/two.csv: says of 0.png that it shows 和, another table says 永; put each table into "
        "the folder of its pictures, or leave one of them"
    ]
    assert "another table says 永" in error_of(paths[:2], beside)


@pytest.mark.parametrize(
    ("tables", "folders"),
    [
        (("train.csv", "test.csv"), ("train", "test")),
        (("labels_train.csv", "labels_test.csv"), ("images/Training", "images/Testing")),
        (("TrainLabels.tsv", "val.csv"), ("train.zip", "valid.zip")),
        (("ink.csv", "pen.csv"), ("ink", "Pen/set")),
    ],
)
def test_bare_names_are_of_the_folder_that_their_table_names(
    tables: tuple[str, str], folders: tuple[str, str]
) -> None:
    names = ["0.png", "1.png", "2.png"]
    paths = [f"own/{folder}/{name}" for folder in folders for name in names]
    rows = ("永", "和", "九"), ("和", "年", "岁")
    beside = {
        f"own/{table}": "\n".join(["file,text", *map(",".join, zip(names, some, strict=True))])
        for table, some in zip(tables, rows, strict=True)
    }
    labels = labels_of(paths, beside)
    assert labels.characters == list("永和九和年岁")
    assert labels.problems == []
    # of 1.png the other table says nothing, whatever else has its name
    one = f"own/{tables[0]}"
    beside[one] = beside[one].replace("1.png", "3.png")
    labels = labels_of([path for path in paths if path != paths[4]], beside)
    assert labels.characters == ["永", None, "九", "和", "岁"]
    missing = "1 row names a file that is not there"
    assert set(labels.problems) == {
        f"{one}: {missing} (3.png)",
        f"own/{tables[1]}: {missing} (1.png)",
    }


def test_what_a_competition_wants_to_be_handed_in_labels_nothing() -> None:
    beside = {
        "own/test.csv": "file,text\n0.png,永\n1.png,和\n",
        "own/sample_submission.csv": "file,label\n0.png,一\n1.png,一\n",
    }
    kept = {path: text for path, text in beside.items() if may_tell_labels(path)}
    assert labels_of(["own/0.png", "own/1.png"], kept).characters == ["永", "和"]


def test_a_table_is_of_its_own_folder_where_that_has_its_pictures() -> None:
    table = {"own/train.csv": "file,text\ni/0.png,永\ni/1.png,和\n"}
    paths = ["own/i/0.png", "own/i/1.png", "own/train/0.png", "own/train/九.png"]
    assert labels_of(paths, table).characters == ["永", "和", None, "九"]
    paths = ["own/moved/0.png", "own/moved/1.png", "own/train/九.png"]
    assert labels_of(paths, table).characters == ["永", "和", "九"]


@pytest.mark.parametrize("encoding", ["gbk", "utf-16-be"])
def test_numbers_behind_0x_are_read_over_all_folders_together(encoding: str) -> None:
    numbers = [f"0x{one.encode(encoding).hex().upper()}" for one in CHARACTERS]
    paths = [f"own/{number}/{number}_1.png" for number in numbers]
    labels = labels_of(paths)
    assert labels.characters == list(CHARACTERS)
    way = "GBK tags" if encoding == "gbk" else "code points"
    assert labels.told_by == {f"folders named by {way} in hexadecimal": len(paths)}


def test_numbers_behind_0x_that_may_be_either_are_refused() -> None:
    assert "may be GBK tags in hexadecimal (0x8D77 is " in error_of(["own/0x8D77/1.png"], {})
    assert labels_of(["own/0x3042/1.png", "own/0x3044/1.png"]).characters == ["あ", "い"]


@pytest.mark.parametrize("text", [LINES, NUMBERED])
@pytest.mark.parametrize("pattern", ["own/{0}/{1:02}.png", "own/a{0}/{1}.png", "own/a/{0}/{1}.png"])
@pytest.mark.parametrize("writers", [range(1, 3), range(1, 40)])
def test_numbers_of_files_are_classes_where_folders_are_writers(
    text: str, pattern: str, writers: range
) -> None:
    pairs = list(product(writers, range(14)))
    paths = [pattern.format(writer, number) for writer, number in pairs]
    labels = labels_of(paths, {"own/chars.txt": text})
    assert labels.characters == [CHARACTERS[number] for _, number in pairs]
    # one left a character out, and another has numbers of more places
    kept = [path for n, path in enumerate(paths) if pairs[n][1] != 3 or n == 3]
    expected = [CHARACTERS[int(one.rpartition("/")[2][:-4])] for one in kept]
    assert labels_of(kept, {"own/chars.txt": text}).characters == expected


def test_numbers_of_files_are_samples_of_classes_in_numbered_folders() -> None:
    beside = {"own/chars.txt": NUMBERED}
    for samples in (range(2), range(1, 15), range(40)):
        pairs = list(product(range(14), samples))
        labels = labels_of([f"own/{one}/{n}.png" for one, n in pairs], beside)
        assert labels.characters == [CHARACTERS[one] for one, _ in pairs]
    # of few classes, numbers that differ from folder to folder, or are many
    for paths in (
        ["own/3/1.png", "own/3/2.png", "own/4/1.png"],
        ["own/3/1.png", "own/4/1.png"],
        [f"own/{one}/{n}.png" for one in (3, 4) for n in range(20)],
        ["own/3/3.png", "own/4/4.png"],
    ):
        labels = labels_of(paths, beside)
        assert labels.characters == [{"3": "年", "4": "岁"}[path[4]] for path in paths]


@pytest.mark.parametrize(
    ("folders", "files"),
    [(range(14), range(14)), (range(3), range(3)), (range(3), range(8)), (range(7, 8), range(3))],
)
def test_numbers_that_may_be_of_folders_or_of_files_are_said(folders: range, files: range) -> None:
    pairs = list(product(folders, files))
    beside = {"own/chars.txt": NUMBERED}
    labels = labels_of([f"own/{one}/{n}.png" for one, n in pairs], beside)
    assert labels.characters == [CHARACTERS[one] for one, _ in pairs]
    other = 1 if folders[0] == 0 else 0
    assert labels.choices == [
        "own/chars.txt: folders have its numbers, and so have files "
        f"(own/{folders[0]}/{other} is {CHARACTERS[folders[0]]} and not {CHARACTERS[other]}); "
        "if files are the classes, give their folders a letter, as in writer1/3.png"
    ]
    assert labels_of([f"own/{one}/{n}_.png" for one, n in pairs], beside).choices == []


def test_numbers_of_writers_around_or_in_classes_are_no_classes() -> None:
    beside = {"own/chars.txt": NUMBERED}
    pairs = list(product(range(14), range(1, 4)))
    for pattern in ("own/{0}/{1}/{1}.png", "own/{1}/{0}/{1}.png", "own/{1}/{0}/{1}_.png"):
        labels = labels_of([pattern.format(*pair) for pair in pairs], beside)
        assert labels.characters == [CHARACTERS[one] for one, _ in pairs]
    # a class that the list lacks is not its writer's number
    paths = [f"own/{writer}/{one}/a.png" for one, writer in pairs]
    labels = labels_of([*paths, "own/1/99/a.png"], beside)
    assert labels.characters[-1] is None


@pytest.mark.parametrize(
    "folders", [["2023年"], ["2023年", "2024年"], ["T恤"], ["3楼", "anna"], ["1楼", "2楼", "3楼"]]
)
def test_a_folder_of_a_text_is_not_labelled_by_its_only_hanzi(folders: list[str]) -> None:
    pairs = list(product(folders, CHARACTERS))
    labels = labels_of([f"own/{folder}/{one}_1.png" for folder, one in pairs])
    assert labels.characters == [one for _, one in pairs]
    labels = labels_of([*(f"own/{folder}/a.png" for folder in folders), "own/永/a.png"])
    assert labels.characters == [*[None] * len(folders), "永"]
    assert "its name and its folders' tell none" in labels.untold
    around = labels_of([f"own/{folder}/{one}/a.png" for folder, one in pairs])
    assert around.characters == [one for _, one in pairs]


@pytest.mark.parametrize("pattern", ["{0}{1}", "{1}{0}", "c{0}{1}"])
def test_folders_of_a_number_and_a_character_each_are_classes(pattern: str) -> None:
    paths = [f"own/{pattern.format(n, one)}/a.png" for n, one in enumerate(CHARACTERS)]
    assert labels_of(paths).characters == list(CHARACTERS)


@pytest.mark.parametrize("separator", [",", "\t", ";"])
@pytest.mark.parametrize("last", ['"', '""""', "永", '"永"'])
def test_a_quote_as_a_label_swallows_no_rows(separator: str, last: str) -> None:
    texts = ['"', "和", '"', "年", last]
    rows = [f"{n}.png{separator}{text}{separator}x" for n, text in enumerate(texts)]
    table = "\n".join([separator.join(("file", "text", "source")), *rows, ""])
    labels = labels_of([f"own/{n}.png" for n in range(5)], {"own/metadata.csv": table})
    shown = last.strip('"') or '"'
    assert labels.characters == ['"', "和", '"', "年", shown]


def test_a_quote_that_is_left_open_is_refused_with_its_line() -> None:
    for text in ('"永', '"永, 和', '"永"和'):
        table = f'file,text\n0.png,永\n1.png,{text}\n2.png,和\n3.png,"年\n'
        message = error_of(["own/0.png"], {"own/metadata.csv": table})
        assert message.startswith("own/metadata.csv: cannot be read as a table (line 3: the quote")


def test_a_text_in_quotes_may_have_several_lines() -> None:
    for table in (
        'file,text\n0.png,"永\n和, 九"\n1.png,"年"\n',
        'text,file\n"永\n和",0.png\n年,1.png\n',
    ):
        labels = labels_of(["own/0.png", "own/1.png"], {"own/metadata.csv": table})
        assert labels.characters == [None, "年"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("train.csv", "a 永\nb 和\n"),
        ("train.csv", "a,永\nb,和\n"),
        ("train.tsv", "a\t永\nb\t和\n"),
        ("gt.txt", 'a,"永"\nb,"和"\n'),
        ("train.csv", "image_id,label\na,永\nb,和\n"),
        ("train.csv", "id;label;source\na;永;x\nb;和;x\n"),
        ("labels.csv", "id,character\na,永\nb,和\n"),
        ("train.csv", "file,text\ra.png,永\rb.png,和\r"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_tables_name_pictures_by_what_is_before_their_ending(
    name: str, text: str, encoding: str
) -> None:
    beside = {f"own/{name}": text.encode(encoding)}
    labels = label_pictures(["own/i/a.png", "own/i/b.png"], beside, "here", {})
    assert labels.characters == ["永", "和"]
    assert labels.told_by == {"a table": 2}


@pytest.mark.parametrize("name", ["labels.csv", "classes.csv"])
def test_ids_and_characters_of_folders_are_a_list_of_classes(name: str) -> None:
    beside = {f"own/{name}": "id,character\n0,永\n1,和\n"}
    paths = [f"own/{folder}/{n}.png" for folder, n in product(("0", "01"), range(3))]
    assert labels_of(paths, beside).characters == list("永永永和和和")


def test_what_was_chosen_in_a_list_of_classes_is_said() -> None:
    beside = {"own/classes.txt": "0 国 國\n1 永 永\n"}
    labels = labels_of(["own/0/a.png", "own/1/a.png"], beside)
    assert labels.characters == ["國", "永"]
    assert [line.partition(",")[0] for line in labels.choices] == [
        "own/classes.txt: has two columns of characters"
    ]


@pytest.mark.parametrize("first", ["永", "一", "万"])
def test_lists_in_utf_16_need_no_mark(first: str) -> None:
    for encoding in ("utf-16-le", "utf-16-be"):
        beside = {"own/classes.txt": f"{first}\n和\n".encode(encoding)}
        paths = ["own/0/a.png", "own/1/a.png"]
        assert label_pictures(paths, beside, "here", {}).characters == [first, "和"]


@pytest.mark.parametrize("name", ["d", "字"])
def test_the_name_of_a_source_alone_is_told_as_such(name: str) -> None:
    table = {f"{name}/labels.csv": "picture;what\nfirst;永\n"}
    labels = labels_of([f"{name}/1.png", f"{name}/ink/2.png"], table)
    assert labels.by_own_name
    assert str(labels.unread[0]).startswith(f"{name}/labels.csv: has no columns of files and of")
    assert not labels_of([f"{name}/1.png", f"{name}/永/2.png"]).by_own_name
    assert not labels_of(["own/d/1.png"]).by_own_name
    assert labels_of([f"{name}/1.png"]).unread == []


@pytest.mark.parametrize(
    "pattern", ["{}.png", "w1/{}_3.png", "字/{}.png", "001/{}.png", "{}-12.PNG"]
)
@pytest.mark.parametrize("encoding", ["utf-16-be", "gbk"])
def test_files_named_by_codes_in_hexadecimal_are_read(pattern: str, encoding: str) -> None:
    codes = [one.encode(encoding).hex().upper() for one in CHARACTERS]
    labels = labels_of([f"own/{pattern.format(code)}" for code in codes])
    assert labels.characters == list(CHARACTERS)
    way = "code points" if encoding == "utf-16-be" else "GBK tags"
    assert labels.told_by == {f"files named by {way} in hexadecimal": 14}


def test_files_that_happen_to_be_called_by_numbers_are_no_codes() -> None:
    few = [f"own/{ord(one):04x}.png" for one in CHARACTERS[:7]]
    assert "nothing tells which character" in error_of(few, {})
    counted = [f"own/{number}.png" for number in range(20000, 20014)]  # as code points all hanzi
    assert "nothing tells which character" in error_of(counted, {})
    codes = [f"{ord(one):04x}" for one in CHARACTERS]
    folders = [f"own/{one}/{code}.png" for one, code in zip("一丁" * 7, codes, strict=True)]
    assert labels_of(folders).characters == list("一丁" * 7)
    mixed = [f"own/字/{code}.png" for code in codes] + ["own/字/a.png"]
    assert labels_of(mixed).characters == ["字"] * 15


def test_few_files_named_by_code_points_in_a_folder_of_one_character_are_said() -> None:
    labels = labels_of(["own/字/6c38.png", "own/字/548c_2.png", "own/字/2011.png"])
    assert labels.characters == ["字"] * 3 and labels.choices == []
    labels = labels_of(["own/字/6c38.png", "own/字/548c_2.png"])
    assert labels.characters == ["字"] * 2
    assert labels.choices == [
        "own/字/548c_2.png: is 字 by its folder, and 和 if names of files are code points in "
        "hexadecimal (2 such pictures); if those are right, call it 和_2.png"
    ]
    for paths in (
        ["own/永/6c38.png", "own/永/6c38_2.png"],  # as the folder has it
        ["own/字/5484.png", "own/字/6038.png"],  # as numbers of samples may be
        ["own/字/1a2b.png", "own/字/6c38.png"],  # not all hanzi
        ["own/字/6c38.png", "own/永/548c.png"],  # several classes
    ):
        assert labels_of(paths).choices == []


def test_chinese_mnist_is_read_by_its_table() -> None:
    """As Kaggle has it: `input_1_2_3.jpg` is of suite 1, sample 2 and code 3."""
    table = "suite_id,sample_id,code,value,character\n1,1,10,9,九\n1,2,11,10,十\n12,1,1,0,零\n"
    paths = [f"own/data/data/input_{name}.jpg" for name in ("12_1_1", "1_1_10", "1_2_11")]
    labels = labels_of(paths, {"own/chinese_mnist.csv": table})
    assert labels.characters == ["零", "九", "十"]
    assert labels.writers == ["suite 12", "suite 1", "suite 1"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "_annotations.csv",
            "filename,width,height,class,xmin,ymin,xmax,ymax\na.png,9,9,永,1,1,8,8\n",
        ),
        ("labels.csv", "image;label;bbox\na.png;永;1 1 8 8\n"),
        ("metadata.jsonl", '{"file_name": "a.png", "text": "永", "bbox": [1, 1, 8, 8]}\n'),
        ("annotations.json", '[{"image": "a.png", "label": "永", "bbox": [1, 1, 8, 8]}]'),
    ],
)
def test_a_table_of_boxes_labels_no_whole_pictures(name: str, text: str) -> None:
    message = error_of(["own/a.png"], {f"own/{name}": text})
    assert message.startswith(f"own/{name}: tells of boxes in pictures (")
    assert "; cut each out as a picture in a folder for its character; or leave" in message
    assert labels_of(["own/和/a.png"], {f"own/{name}": text}).characters == ["和"]


@pytest.mark.parametrize("seen", ["王/0.png", "王/永/0.png", "甲乙/王_0.png"])
def test_a_table_that_contradicts_names_is_said(seen: str) -> None:
    table = f"file_name,text\n{seen},和\n永/1.png,永\n九/2.png,岁\n"
    paths = [f"own/{seen}", "own/永/1.png", "own/九/2.png", "own/b/年.png"]
    labels = labels_of(paths, {"own/metadata.csv": table})
    assert labels.characters == ["和", "永", "岁", "年"]
    assert labels.choices == [
        "own/metadata.csv: counts before names: own/九/2.png is 岁, and 九 by names of folders"
        " (2 such pictures); if those are right, remove it"
    ]


def test_a_list_that_contradicts_names_is_said() -> None:
    paths = [f"own/王/{number}.png" for number in range(14)]
    labels = labels_of(paths, {"own/王/classes.txt": NUMBERED})
    assert labels.characters == list(CHARACTERS)
    assert labels.choices == [
        "own/王/classes.txt: counts before names: own/王/0.png is 永, and 王 by names of folders"
        " (14 such pictures); if those are right, remove it"
    ]
    paths = [f"own/{number}/0.png" for number in range(14)]
    assert labels_of(paths, {"own/classes.txt": NUMBERED}).choices == []
