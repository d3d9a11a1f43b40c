"""Presets of one's own, as editors leave them."""

from pathlib import Path

import pytest

from data_tools.errors import UserError
from hanzi_lsgan.writing.settings import load_settings


def test_a_preset_begins_with_a_byte_order_mark_and_has_a_suffix_in_capitals(
    tmp_path: Path,
) -> None:
    path = tmp_path / "MINE.TOML"
    path.write_bytes(b'\xef\xbb\xbfsheet = "B5"\r\nindent = 0\r\n')
    assert load_settings(path).sheet == "B5"


def test_a_setting_that_there_is_not_is_answered_with_those_that_there_are(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("size = 8\n")
    with pytest.raises(UserError, match=r"size: there is no such setting; .* character_mm, "):
        load_settings(path)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"character_mm": 500.0}, "--size: .*; give a number from 2 to 150$"),
        ({"margin_left_mm": -1.0}, "--margin: .*; give a number from 0 to 200$"),
        ({"indent": 11}, "--indent: .*; give a number from 0 to 10$"),
        ({"pressure": 2.0}, "--pressure: .*; give a number from 0 to 1$"),
        ({"tilt": float("nan")}, "--tilt: .*; give a number from -15 to 15$"),
    ],
)
def test_a_number_out_of_range_is_answered_with_the_range(
    settings: dict[str, object], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        load_settings(None, **settings)


def test_names_of_sheets_and_stationery_are_known_in_any_case(tmp_path: Path) -> None:
    assert load_settings(None, sheet="a5", stationery="TIAN") == load_settings(
        None, sheet="A5", stationery="tian"
    )
    path = tmp_path / "mine.toml"
    path.write_text('sheet = "LETTER"\n')
    assert load_settings(path).sheet == "Letter"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("pressure = true", "mine.toml: pressure: true is no number; give a number from 0 to 1$"),
        ("indent = false", "mine.toml: indent: false is no number; give a number from 0 to 10$"),
    ],
)
def test_a_truth_is_no_number(line: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(line + "\n")
    with pytest.raises(UserError, match=message):
        load_settings(path)


def test_a_preset_without_a_name_is_answered_by_the_option() -> None:
    with pytest.raises(UserError, match=r"^--preset: there is no such preset; choose one of "):
        load_settings("")
