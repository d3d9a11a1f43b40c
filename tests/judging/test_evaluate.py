"""Known answers: what an evaluation must say of real samples, of a collapse and of noise."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from hanzi_lsgan.judging import matching
from hanzi_lsgan.judging.evaluate import evaluate, measure, read_generated
from hanzi_lsgan.judging.judge import Judge
from hanzi_lsgan.judging.look_alikes import look_alikes_of
from hanzi_lsgan.judging.matching import take_per_class
from hanzi_lsgan.judging.recogniser import FEATURES, Reading, Recogniser
from hanzi_lsgan.judging.scores import Figure
from tests.tiny import tiny_generator

CHARSET = "一三二十"
CLASSES = len(CHARSET)
WIDTH = 32  # fewer features than a recogniser has take less time


def make_reading(
    per_class: int | list[int], seed: int, wrong: int = 0, writers: bool = False, width: int = WIDTH
) -> Reading:
    """Gaussian features around one centre a class; `wrong` samples a class are misread."""
    random = np.random.default_rng(seed)
    counts = [per_class] * CLASSES if isinstance(per_class, int) else per_class
    labels = np.repeat(np.arange(CLASSES), counts)
    rank = np.concatenate([np.arange(count) for count in counts])
    features = random.normal(size=(len(labels), width))
    features[:, :CLASSES] += 10 * np.eye(CLASSES)[labels]
    guesses = np.stack([labels, *((labels + step) % CLASSES for step in (1, 2, 3))], axis=1)
    misread = rank < wrong
    guesses[misread] = guesses[misread][:, [1, 0, 2, 3]]
    wrote = rank.astype(np.int32) if writers else None
    return Reading(labels, features.astype(np.float32), guesses.astype(np.int32), wrote)


def make_judge(
    train: int | list[int] = 120, test: int | list[int] = 60, unlearned: int = 0, width: int = WIDTH
) -> Judge:
    """A judge of so many samples a class, of whose writers the first have not been learned."""
    torch.manual_seed(0)
    recogniser = Recogniser(CLASSES, 32).eval()
    of_train = make_reading(train, 1, writers=True, width=width)
    of_test = make_reading(test, 2, 3, writers=True, width=width)
    assert of_train.writers is not None
    return Judge(recogniser, CHARSET, of_train, of_test, of_train.writers < unlearned)


def by_name(figures: list[Figure]) -> dict[str, Figure]:
    return {figure.name: figure for figure in figures}


def with_features(reading: Reading, features: np.ndarray) -> Reading:
    return Reading(reading.labels, features.astype(np.float32), reading.guesses)


SETS = ("Fréchet distance", "kernel distance", "precision", "recall", "density", "coverage")


def test_the_test_split_itself_reaches_the_ideal() -> None:
    judge = make_judge()
    figures = by_name(measure(judge.test, judge).figures)
    assert figures["diversity"].value == pytest.approx(1)
    assert figures["memorisation"].value == pytest.approx(1)
    assert figures["Fréchet distance"].value == pytest.approx(0, abs=1e-3)
    assert figures["precision"].value == figures["recall"].value == 1
    assert figures["coverage"].value == 1
    for name in ("readability top-1", "readability top-5", "memorisation"):
        assert figures[name].value == pytest.approx(figures[name].real)
    assert figures["readability top-1"].value == pytest.approx(57 / 60)
    assert figures["readability top-5"].value == 1
    # What stands as real is not the test split.
    assert (figures["Fréchet distance"].real or 0) > 0.5
    assert figures["precision"].real != 1


@pytest.mark.parametrize(
    ("train", "test", "unlearned"),
    [(24, 24, 0), (24, 60, 0), ([40, 5, 24, 12], [9, 60, 24, 30], 0), (200, 50, 30)],
)
def test_a_perfect_generator_scores_as_what_stands_as_real(
    train: int | list[int], test: int | list[int], unlearned: int
) -> None:
    """102 samples a class, of the distribution that real ones have, however few those are."""
    judge = make_judge(train, test, unlearned)
    found = measure(make_reading(102, 7), judge)
    assert not found.left_out
    figures = by_name(found.figures)
    for name in (*SETS, "diversity"):
        figure = figures[name]
        assert figure.error is not None
        assert figure.real is not None
        assert figure.real_error is not None
        margin = 3.5 * np.hypot(figure.error, figure.real_error) + 0.01
        assert abs(figure.value - figure.real) < margin, figure
        assert figure.error < figure.value or name == "kernel distance"


def test_both_sides_have_as_many_samples_of_each_class() -> None:
    judge = make_judge(train=[40, 5, 0, 12], test=[9, 0, 24, 30])
    figures = by_name(measure(make_reading([10, 20, 30, 40], 7), judge).figures)
    # 9 and 12 of the first and the last class; the others lack train or test samples.
    expected = "21 generated with 21 test; real: 21 train, learned by the judge"
    assert figures["Fréchet distance"].compared == expected
    assert figures["coverage"].compared == figures["diversity"].compared == expected
    said = figures["readability top-1"].compared
    assert said == "100 generated of 4 characters; real: 63 test of 3 characters"
    judge = make_judge(train=[40, 50, 60, 70], unlearned=8)
    figures = by_name(measure(make_reading(10, 7), judge).figures)
    expected = "32 generated with 32 test; real: 32 train, not learned by the judge"
    assert figures["Fréchet distance"].compared == expected


def test_what_stands_as_real_is_what_the_judge_has_not_learned() -> None:
    judge = make_judge(unlearned=30)
    judge.train.features[judge.unlearned] += 100
    figures = by_name(measure(make_reading(30, 7), judge).figures)
    assert figures["Fréchet distance"].real == pytest.approx(WIDTH * 100**2, rel=0.01)
    assert figures["precision"].real == 0
    assert figures["precision"].value > 0.5


def test_many_samples_are_compared_in_part_and_equally(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "_MOST_PAIRED", 70)
    judge = make_judge()
    figures = by_name(measure(make_reading(60, 7), judge).figures)
    expected = "70 generated with 70 test; real: 70 train, learned by the judge"
    for name in ("kernel distance", "precision", "recall", "density", "coverage"):
        assert figures[name].compared == expected
    assert figures["Fréchet distance"].compared.startswith("240 generated with 240 test")


def test_training_samples_are_their_own_nearest() -> None:
    judge = make_judge()
    figures = by_name(measure(take_per_class(judge.train, np.full(CLASSES, 60)), judge).figures)
    assert figures["memorisation"].value == pytest.approx(0, abs=1e-4)
    assert figures["memorisation"].real == pytest.approx(1)


MANIFOLD = {"precision", "recall", "density", "coverage"}


@pytest.mark.parametrize(
    ("train", "test", "per_class", "missing"),
    [
        (30, [1, 1, 0, 0], 102, MANIFOLD | {"diversity"}),
        (30, [5, 5, 0, 0], 6, set()),
        (30, [1, 0, 0, 0], 102, {"Fréchet distance", "kernel distance", "diversity", *MANIFOLD}),
        (30, 1, 6, MANIFOLD | {"diversity"}),
        (1, 1, 102, MANIFOLD | {"diversity"}),
        (1, 30, 102, MANIFOLD | {"diversity"}),
        (
            [30, 30, 0, 0],
            [0, 0, 30, 30],
            102,
            {"Fréchet distance", "kernel distance", "diversity", "memorisation", *MANIFOLD},
        ),
    ],
)
def test_what_small_splits_do_not_allow_is_left_out_and_said(
    train: int | list[int], test: int | list[int], per_class: int, missing: set[str]
) -> None:
    judge = make_judge(train, test)
    found = measure(make_reading(per_class, 7), judge)
    assert set(found.left_out) == missing
    figures = by_name(found.figures)
    assert not missing & set(figures)
    assert {"readability top-1", "readability top-5"} <= set(figures)
    for figure in found.figures:
        assert np.isfinite(figure.value)
    if test == [1, 1, 0, 0]:
        assert found.left_out["precision"].startswith("2 test samples have as many train samples")
        assert found.left_out["precision"].endswith("6 are needed")


def test_real_samples_that_are_all_alike_are_no_measure() -> None:
    judge = make_judge()
    for label in range(CLASSES):
        judge.test.features[judge.test.labels == label] = judge.train.features[label * 120]
    found = measure(make_reading(30, 7), judge)
    reason = "the real samples of each character are all alike"
    assert found.left_out["diversity"] == found.left_out["memorisation"] == reason


def test_a_collapse_is_readable_but_not_diverse() -> None:
    judge = make_judge()
    real = make_reading(60, 7)
    centres = np.eye(CLASSES, WIDTH)[real.labels] * 10
    figures = by_name(measure(with_features(real, centres), judge).figures)
    assert figures["readability top-1"].value == 1
    assert figures["diversity"].value == 0
    # What is lost is the variance within classes, 1 in each direction.
    assert figures["Fréchet distance"].value == pytest.approx(WIDTH, rel=0.1)


def test_the_error_is_that_of_the_figure_beside_it() -> None:
    """Of 400 samples three tenths are misread; 60 writers of whom three are misread throughout."""
    judge = make_judge()
    figure = by_name(measure(make_reading(100, 5, wrong=30), judge).figures)["readability top-1"]
    assert figure.value == pytest.approx(0.7)
    assert figure.error == pytest.approx(np.sqrt(0.7 * 0.3 / 400), rel=0.3)
    assert figure.real_error == pytest.approx(np.sqrt(0.05 * 0.95 / 60), rel=0.4)
    few = by_name(measure(make_reading(1, 5), judge).figures)
    assert few["Fréchet distance"].error is not None
    assert "±" in figure.shown and "±" in figure.real_shown


def test_characters_are_told_apart() -> None:
    judge = make_judge()
    generated = make_reading(20, 3)
    generated.guesses[20:25, :2] = [[2, 1]] * 5  # five of 三 are read as 二
    generated.guesses[25, :2] = [3, 1]
    characters = measure(generated, judge).characters
    assert [score.character for score in characters] == list(CHARSET)
    three = characters[1]
    assert three.top1 == pytest.approx(14 / 20)
    assert three.top5 == 1
    assert (three.read_as, three.misread) == ("二", 5)
    assert three.real_top1 == pytest.approx(57 / 60)
    assert three.diversity == pytest.approx(1, abs=0.05)
    assert characters[0].top1 == 1
    assert (characters[0].read_as, characters[0].misread) == ("", 0)


def test_characters_never_trained_on_are_judged_apart() -> None:
    judge = make_judge()
    generated = make_reading(20, 3)
    generated.guesses[20:25, :2] = [[2, 1]] * 5  # five of 三 are read as 二
    figures, characters, _ = measure(generated, judge, unseen="三")
    by = by_name(figures)
    assert by["readability, unseen"].value == pytest.approx(15 / 20)
    assert by["readability, unseen"].real == pytest.approx(57 / 60)
    others = [score.top1 for score in characters if not score.unseen]
    assert by["readability, trained"].value == pytest.approx(np.mean(others))
    assert [score.character for score in characters if score.unseen] == ["三"]
    assert not any("unseen" in figure.name for figure in measure(generated, judge).figures)


def test_marks_are_judged_apart_and_look_alikes_are_one() -> None:
    marks = replace(make_judge(), charset="一-O０")  # a store holds o and 0 equally large
    generated = make_reading(20, 3)
    generated.guesses[20:26, :2] = [[0, 1]] * 6  # six of - are read as 一
    generated.guesses[40:50, :2] = [[3, 2]] * 10  # ten of O as ０
    generated.guesses[60:64, :2] = [[1, 3]] * 4  # four of ０ as -
    by = by_name(measure(generated, marks).figures)
    assert by["readability, marks"].value == pytest.approx(56 / 60)
    assert by["readability top-1"].value == pytest.approx(76 / 80)
    assert by["readability, marks"].real == pytest.approx((57 + 60 + 57) / 180)
    assert look_alikes_of("一-O０") == ["一-", "O０"]


def test_taking_some_of_each_class_repeats_none_and_is_always_the_same() -> None:
    reading = make_reading(30, 4)
    counts = np.array([7, 0, 30, 9])
    taken = take_per_class(reading, counts)
    assert np.bincount(taken.labels).tolist() == counts.tolist()
    assert (np.diff(taken.labels) >= 0).all()
    assert len(np.unique(taken.features, axis=0)) == counts.sum()
    assert np.array_equal(taken.features, take_per_class(reading, counts).features)
    assert len(take_per_class(reading, np.full(CLASSES, 1000)).labels) == 30 * CLASSES


def test_a_generator_is_drawn_as_often_as_asked_with_latents_of_its_own() -> None:
    torch.manual_seed(0)
    generator = tiny_generator(CLASSES)
    judge = make_judge(width=FEATURES)
    reported: list[tuple[str, int, int]] = []
    figures, characters, _ = evaluate(
        generator,
        judge,
        per_class=10,
        on_samples=lambda *progress: reported.append(progress),
    )
    assert reported[-1] == ("seed 2", 16, 16)  # 10 a class are 4 for each of three seeds
    assert "48 generated" in by_name(figures)["readability top-1"].compared
    assert len(characters) == CLASSES
    first, other = (read_generated(generator, judge, 4, seed) for seed in (0, 1))
    assert len(np.unique(np.concatenate([first.features, other.features]), axis=0)) == 32
    assert evaluate(generator, judge, per_class=10).figures == figures
