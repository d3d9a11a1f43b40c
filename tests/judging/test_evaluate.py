"""Known answers: what an evaluation must say of real samples, of a collapse and of noise."""

import numpy as np
import pytest
import torch

from hanzi_lsgan.judging.evaluate import evaluate, measure, read_generated, take_per_class
from hanzi_lsgan.judging.judge import Judge
from hanzi_lsgan.judging.recogniser import FEATURES, Reading, Recogniser
from hanzi_lsgan.judging.scores import Figure
from tests.tiny import tiny_generator

CHARSET = "一三二十"
CLASSES = len(CHARSET)


def make_reading(per_class: int, seed: int, wrong: int = 0) -> Reading:
    """Gaussian features around one centre a class; `wrong` samples a class are misread."""
    random = np.random.default_rng(seed)
    labels = np.repeat(np.arange(CLASSES), per_class)
    features = random.normal(size=(len(labels), FEATURES))
    features[:, :CLASSES] += 10 * np.eye(CLASSES)[labels]
    guesses = np.stack([labels, *((labels + step) % CLASSES for step in (1, 2, 3))], axis=1)
    misread = np.arange(len(labels)) % per_class < wrong
    guesses[misread] = guesses[misread][:, [1, 0, 2, 3]]
    return Reading(labels, features.astype(np.float32), guesses.astype(np.int32))


def make_judge() -> Judge:
    torch.manual_seed(0)
    recogniser = Recogniser(CLASSES, 32).eval()
    return Judge(recogniser, CHARSET, train=make_reading(120, 1), test=make_reading(60, 2, 3))


def by_name(figures: list[Figure]) -> dict[str, Figure]:
    return {figure.name: figure for figure in figures}


def with_features(reading: Reading, features: np.ndarray) -> Reading:
    return Reading(reading.labels, features.astype(np.float32), reading.guesses)


def test_the_test_split_itself_reaches_the_ideal() -> None:
    judge = make_judge()
    figures = by_name(measure([judge.test], judge)[0])
    assert figures["diversity"].value == pytest.approx(1)
    assert figures["memorisation"].value == pytest.approx(1)
    assert figures["Fréchet distance"].value == pytest.approx(0, abs=1e-3)
    assert figures["precision"].value == figures["recall"].value == 1
    assert figures["coverage"].value == 1
    for name in ("readability top-1", "readability top-5", "Inception Score", "memorisation"):
        assert figures[name].value == pytest.approx(figures[name].real)
    assert figures["readability top-1"].value == pytest.approx(57 / 60)
    assert figures["readability top-5"].value == 1


def test_other_real_samples_reach_the_floor_they_are_measured_by() -> None:
    judge = make_judge()
    figures = by_name(measure([take_per_class(judge.train, 60)], judge)[0])
    for name in ("Fréchet distance", "KID", "precision", "recall", "coverage", "diversity"):
        assert figures[name].value == pytest.approx(figures[name].real)
    assert figures["diversity"].value == pytest.approx(1, abs=0.02)
    assert figures["Fréchet distance"].value > 1  # finite samples: not 0, hence the floor
    # Training samples are their own nearest: this is what memorisation looks like.
    assert figures["memorisation"].value == pytest.approx(0, abs=1e-4)


def test_a_collapse_is_readable_but_not_diverse() -> None:
    judge = make_judge()
    real = take_per_class(judge.train, 60)
    centres = np.eye(CLASSES, FEATURES)[real.labels] * 10
    figures = by_name(measure([with_features(real, centres)], judge)[0])
    assert figures["readability top-1"].value == 1
    assert figures["diversity"].value == 0
    # What is lost is the variance within classes, 1 in each direction.
    assert figures["Fréchet distance"].value == pytest.approx(FEATURES, rel=0.1)


def test_the_spread_is_that_of_the_seeds() -> None:
    judge = make_judge()
    sets = [make_reading(10, 5, wrong=0), make_reading(10, 6, wrong=1), make_reading(10, 7, 2)]
    top1 = by_name(measure(sets, judge)[0])["readability top-1"]
    assert top1.value == pytest.approx(0.9)
    assert top1.spread == pytest.approx(0.1)
    assert measure(sets[:1], judge)[0][0].spread is None


def test_characters_are_told_apart() -> None:
    judge = make_judge()
    generated = make_reading(20, 3)
    generated.guesses[20:25, :2] = [[2, 1]] * 5  # five of 三 are read as 二
    generated.guesses[25, :2] = [3, 1]
    _, characters = measure([generated], judge)
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
    figures, characters = measure([generated], judge, unseen="三")
    by = by_name(figures)
    assert by["readability, unseen"].value == pytest.approx(15 / 20)
    assert by["readability, unseen"].real == pytest.approx(57 / 60)
    others = [score.top1 for score in characters if not score.unseen]
    assert by["readability, trained"].value == pytest.approx(np.mean(others))
    assert [score.character for score in characters if score.unseen] == ["三"]
    assert not any("unseen" in figure.name for figure in measure([generated], judge)[0])


def test_taking_some_of_each_class_repeats_none_and_is_always_the_same() -> None:
    reading = make_reading(30, 4)
    taken = take_per_class(reading, 7)
    assert np.bincount(taken.labels).tolist() == [7] * CLASSES
    assert len(np.unique(taken.features, axis=0)) == 7 * CLASSES
    assert np.array_equal(taken.features, take_per_class(reading, 7).features)
    assert len(take_per_class(reading, 1000).labels) == 30 * CLASSES


def test_a_generator_is_drawn_as_often_as_asked_with_latents_of_its_own() -> None:
    torch.manual_seed(0)
    generator = tiny_generator(CLASSES)
    judge = make_judge()
    reported: list[tuple[str, int, int]] = []
    figures, characters = evaluate(
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
    again, _ = evaluate(generator, judge, per_class=10)
    assert again == figures
