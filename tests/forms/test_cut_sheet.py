"""The picture of what was cut of forms."""

from pathlib import Path

import numpy as np
from PIL import Image

from data_tools.forms.cut_sheet import draw_cut_sheet
from data_tools.forms.page_code import PageCode
from data_tools.forms.page_reading import ReadPage


def test_pages_are_told_apart_by_the_folders_of_their_writers(tmp_path: Path) -> None:
    code = PageCode(0, 0, 1, 0, "")
    titles = []
    for name in ("class/li/1.jpg", "class/wang/1.jpg", "other/li/1.jpg"):
        drawn = draw_cut_sheet([ReadPage(name, code, [], 6)], tmp_path / "a.png")
        titles.append(np.asarray(Image.open(drawn)))
    assert (titles[0] != titles[1]).any()
    np.testing.assert_array_equal(titles[0], titles[2])
