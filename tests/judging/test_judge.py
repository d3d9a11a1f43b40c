from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from data_tools.errors import UserError
from data_tools.files import replacing
from data_tools.glyphs.fit import GlyphOptions
from data_tools.splits import Split
from data_tools.store.prepare import prepare
from data_tools.store.reader import Store
from hanzi_lsgan.judging import judge
from hanzi_lsgan.judging.judge import (
    obtain_judge,
    obtain_moments,
    obtain_reading,
    obtain_recogniser,
)
from hanzi_lsgan.judging.recogniser import train_recogniser
from tests.tiny import make_store, write_writers


def quiet(phase: str, done: int, total: int) -> None:
    """Nobody watches."""


@pytest.fixture(autouse=True)
def short_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "training_steps", lambda samples: 2)


def forbid(*args: object, **kwargs: object) -> None:
    raise AssertionError("was made again")


def make_large_enough(folder: Path) -> Path:
    """A store with enough training samples for a batch of the recogniser."""
    return make_store(folder, writers=40, test_writers=6)


def test_training_lasts_thirteen_epochs_or_fewer_of_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert judge.training_steps(31_351) == -(-13 * 31_351 // 128)
    assert judge.training_steps(200) == -(-100_000 // 128)
    assert judge.training_steps(100_000) == -(-800_000 // 128)
    assert judge.training_steps(200_000) == -(-7 * 200_000 // 128)
    assert judge.training_steps(3_000_000) == -(-2_400_000 // 128)


@pytest.mark.parametrize(("role", "images"), [(judge.JUDGE, 2_400_000), (judge.TEACHER, 800_000)])
def test_a_teacher_of_many_samples_is_made_sooner_than_a_judge(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, role: judge.Role, images: int
) -> None:
    class EnoughError(Exception):
        pass

    def stop(*args: object, steps: int, **kwargs: object) -> None:
        assert steps * 128 == images
        raise EnoughError

    monkeypatch.setattr(judge, "training_steps", lambda samples: 2_400_000 // 128)
    monkeypatch.setattr(judge, "train_recogniser", stop)
    with Store(make_large_enough(tmp_path)) as store, pytest.raises(EnoughError):
        judge.obtain_recogniser(store, 32, quiet, role)


def test_recogniser_and_readings_are_made_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported: list[tuple[str, int, int]] = []
    with Store(make_large_enough(tmp_path)) as store:
        made = obtain_judge(store, 32, lambda *progress: reported.append(progress))
        assert {phase for phase, _, _ in reported} == {"recogniser", "reading"}
        assert ("recogniser", 256, 256) in reported
        assert ("reading", 160, 160) in reported
        monkeypatch.setattr(judge, "train_recogniser", forbid)
        monkeypatch.setattr(judge, "read_glyphs", forbid)
        again = obtain_judge(store, 32, quiet)
        assert made.charset == again.charset == store.charset
        assert made.train.labels.tolist() == store.labels[:160].tolist()
        assert made.test.labels.tolist() == store.labels[160:].tolist()
        for one, other in ((made.train, again.train), (made.test, again.test)):
            assert np.array_equal(one.features, other.features)
            assert np.array_equal(one.guesses, other.guesses)
        assert len(list(tmp_path.glob(f"tiny.*{store.fingerprint[:12]}-32*"))) == 3


def test_another_store_of_the_same_name_gets_its_own_recogniser(tmp_path: Path) -> None:
    with Store(make_large_enough(tmp_path)) as store:
        obtain_recogniser(store, 32, quiet)
    (tmp_path / "tiny.h5").unlink()
    for split in ("train", "test"):
        for file in (tmp_path / split).iterdir():
            file.unlink()
        (tmp_path / split).rmdir()
    with Store(make_store(tmp_path, writers=41)) as store:
        obtain_recogniser(store, 32, quiet)
    assert len(list(tmp_path.glob("tiny.recogniser-*"))) == 2


def test_what_another_recogniser_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(make_large_enough(tmp_path)) as store:
        before = obtain_judge(store, 32, quiet)
        (weights,) = tmp_path.glob("tiny.recogniser-*")
        weights.unlink()
        monkeypatch.setattr(
            judge,
            "train_recogniser",
            lambda *args, **kw: train_recogniser(*args, **kw | {"seed": 5}),
        )
        after = obtain_judge(store, 32, quiet)
        assert not np.array_equal(before.test.features, after.test.features)


def test_a_reading_that_was_cut_off_is_made_again(tmp_path: Path) -> None:
    with Store(make_large_enough(tmp_path)) as store:
        recogniser = obtain_recogniser(store, 32, quiet)
        before = obtain_reading(store, recogniser, Split.TEST, quiet)
        (path,) = tmp_path.glob("tiny.test-read-*")
        path.write_bytes(path.read_bytes()[:100])
        after = obtain_reading(store, recogniser, Split.TEST, quiet)
        assert np.array_equal(before.features, after.features)


def test_what_another_process_keeps_at_the_same_moment_is_no_error(tmp_path: Path) -> None:
    with Store(make_large_enough(tmp_path)) as store, ExitStack() as others:
        recogniser = obtain_recogniser(store, 32, quiet)
        for what in ("train-moments", "test-read"):
            others.enter_context(replacing(judge._beside(store, what, 32)))
        assert obtain_moments(store, recogniser, quiet).count == 160
        assert obtain_reading(store, recogniser, Split.TEST, quiet).labels.tolist() == [
            *([0] * 6 + [1] * 6 + [2] * 6 + [3] * 6)
        ]


@pytest.mark.parametrize("content", [b"", b"{}", b"\0" * 1000])
def test_a_damaged_recogniser_is_named_with_the_remedy(tmp_path: Path, content: bytes) -> None:
    with Store(make_large_enough(tmp_path)) as store:
        obtain_recogniser(store, 32, quiet)
        (path,) = tmp_path.glob("tiny.recogniser-*")
        path.write_bytes(content)
        with pytest.raises(UserError, match=r"recogniser-.*is no recogniser .*; delete it"):
            obtain_recogniser(store, 32, quiet)


def test_a_store_without_a_test_split_is_refused(tmp_path: Path) -> None:
    with (
        Store(make_store(tmp_path, writers=40, test_writers=0)) as store,
        pytest.raises(UserError, match=r"tiny.h5: has no test split; prepare it with --test"),
    ):
        obtain_judge(store, 32, quiet)


def test_fewer_samples_than_a_batch_are_enough(tmp_path: Path) -> None:
    with Store(make_store(tmp_path)) as store:
        assert obtain_recogniser(store, 32, quiet).classes == 4


def test_a_store_without_a_train_split_is_refused(tmp_path: Path) -> None:
    test = write_writers(tmp_path / "test", 3)
    prepare([], tmp_path / "s.h5", test_sources=[test], glyph=GlyphOptions(32, "aspect", 1), jobs=1)
    with (
        Store(tmp_path / "s.h5") as store,
        pytest.raises(UserError, match=r"s.h5: has no train split"),
    ):
        obtain_judge(store, 32, quiet)


def test_a_place_that_cannot_be_written_is_found_before_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(*_: object, **__: object) -> None:
        raise AssertionError("minutes of work would be lost")

    monkeypatch.setattr(judge, "train_recogniser", train)
    with Store(make_store(tmp_path)) as store:
        judge._weights(store, judge.JUDGE, 32).with_suffix(".safetensors.partial").mkdir()
        with pytest.raises(UserError, match="cannot be written"):
            judge.obtain_recogniser(store, 32, lambda phase, done, total: None)


def test_what_another_process_trains_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judge, "_WAIT_SECONDS", 0.01)
    said: list[str] = []
    with Store(make_store(tmp_path)) as store:
        path = judge._weights(store, judge.JUDGE, 32)
        obtain_recogniser(store, 32, quiet)
        made = path.read_bytes()
        path.unlink()

        def until_it_is_there(phase: str, done: int, total: int) -> None:
            said.append(phase)
            if len(said) == 3:
                unfinished.write_bytes(made)
                other.close()

        other = ExitStack()
        unfinished = other.enter_context(replacing(path))
        monkeypatch.setattr(judge, "train_recogniser", forbid)
        obtain_recogniser(store, 32, until_it_is_there)
    assert said == ["wait for the recogniser that another process trains"] * 3
    assert path.read_bytes() == made
