"""`--chars` as a user writes it, before a model that knows every character."""

from types import SimpleNamespace
from typing import Any

import pytest

from hanzi_lsgan.cli.characters import read_characters


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gb2312-1", "--chars gb2312-1: its letters are drawn; the set of this name is @gb2312-1"),
        ("gb", ""),
    ],
)
def test_the_name_of_a_set_without_its_at_sign_is_said(
    text: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    knows_all: Any = SimpleNamespace(knows=lambda character: True)
    assert read_characters(text, knows_all) == text
    assert capsys.readouterr().out.strip() == said
