import csv
import json
import os
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest

from data_tools.errors import UserError
from hanzi_lsgan.papers.record import Row, mean_and_spread, success_share
from hanzi_lsgan.papers.sitting import Sitting, Unfinished


@dataclass(frozen=True)
class Settings:
    seeds: int = 3
    steps: int = 5


PARTS = ["seed 0", "seed 1", "seed 2"]


def compute(index: int) -> list[Row]:
    return [{"seed": index, "value": index / 3}]


def test_a_sitting_that_was_interrupted_goes_on_with_what_is_lacking(tmp_path: Path) -> None:
    computed = []

    def interrupted(index: int) -> list[Row]:
        computed.append(index)
        if index == 1:
            os.kill(os.getpid(), signal.SIGINT)  # the part still comes to its end
        return compute(index)

    first = Sitting(tmp_path)
    assert not first.work(first.begin("test", Settings()), PARTS, interrupted)
    assert first.signals == [signal.SIGINT]
    assert computed == [0, 1]
    kept = list(csv.DictReader((tmp_path / "numbers.csv").open()))
    assert [row["seed"] for row in kept] == ["0", "1"]

    second = Sitting(tmp_path)
    assert second.work(second.begin("test", Settings()), PARTS, interrupted)
    assert computed == [0, 1, 2]
    kept = list(csv.DictReader((tmp_path / "numbers.csv").open()))
    assert [row["value"] for row in kept] == ["0.0", "0.3333333333", "0.6666666667"]


def test_a_part_that_stopped_early_is_not_kept(tmp_path: Path) -> None:
    def stop(index: int) -> list[Row]:
        raise Unfinished

    sitting = Sitting(tmp_path)
    record = sitting.begin("test", Settings())
    assert not sitting.work(record, PARTS, stop)
    assert record.rows() == []


def test_no_part_begins_after_the_limit(tmp_path: Path) -> None:
    sitting = Sitting(tmp_path, minutes=0)
    assert not sitting.work(sitting.begin("test", Settings()), PARTS, compute)
    assert (tmp_path / "numbers.csv").read_text() == "\n"


def test_more_seeds_go_on_and_other_settings_are_refused(tmp_path: Path) -> None:
    Sitting(tmp_path).begin("test", Settings()).add("seed 0", compute(0))
    assert Sitting(tmp_path).begin("test", Settings(seeds=9)).has("seed 0")
    with pytest.raises(UserError, match="holds results of steps = 5, not 6"):
        Sitting(tmp_path).begin("test", Settings(steps=6))
    with pytest.raises(UserError, match="holds results of test"):
        Sitting(tmp_path).begin("another", Settings())


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(UserError, match="there is something already"):
        Sitting(tmp_path).begin("test", Settings())
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_line_torn_by_a_killed_process_is_forgotten(tmp_path: Path) -> None:
    Sitting(tmp_path).begin("test", Settings()).add("seed 0", compute(0))
    with (tmp_path / "results.jsonl").open("a") as file:
        file.write('{"part": "seed 1", "rows": [{"se')
    record = Sitting(tmp_path).begin("test", Settings())
    assert (record.has("seed 0"), record.has("seed 1")) == (True, False)
    record.add("seed 1", compute(1))
    assert Sitting(tmp_path).begin("test", Settings()).has("seed 1")


def test_settings_json_says_what_computed(tmp_path: Path) -> None:
    Sitting(tmp_path).begin("test", Settings())
    facts = json.loads((tmp_path / "settings.json").read_text())
    assert facts["settings"] == {"seeds": 3, "steps": 5}
    assert {"torch", "python", "hanzi-lsgan"} <= facts["versions"].keys()


def test_spread_is_the_standard_deviation_over_seeds() -> None:
    assert mean_and_spread([1.0, 2.0, 3.0]) == "2 ± 1"
    assert mean_and_spread([0.25]) == "0.25"
    # Wilson's interval, worked out by hand for 99 of 100.
    assert success_share(99, 100) == "99 of 100 (95% to 100%)"
    assert success_share(5, 100) == "5 of 100 (2% to 11%)"
