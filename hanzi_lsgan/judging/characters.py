"""How each character comes out, and what it is mistaken for."""

from collections import Counter
from collections.abc import Collection

import numpy as np

from hanzi_lsgan.judging.judge import Judge
from hanzi_lsgan.judging.metrics import Values, class_diversities
from hanzi_lsgan.judging.recogniser import Reading
from hanzi_lsgan.judging.resampling import Resampling
from hanzi_lsgan.judging.scores import CharacterScore


def score_characters(
    generated: Reading, judge: Judge, unseen: Collection[str]
) -> list[CharacterScore]:
    """One score for each character that the recogniser has been taught, in order of labels.

    `unseen` ones were not trained on.
    """
    classes = len(judge.charset)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = _class_diversities(generated, classes) / _class_diversities(judge.test, classes)
    scores = []
    for label in np.flatnonzero(judge.learned).tolist():
        character = judge.charset[label]
        guesses = generated.guesses[generated.rows_of(label)]
        real_guesses = judge.test.guesses[judge.test.rows_of(label)]
        wrong = Counter(guess for guess in guesses[:, 0].tolist() if guess != label)
        read_as, misread = wrong.most_common(1)[0] if wrong else (label, 0)
        scores.append(
            CharacterScore(
                character=character,
                top1=float((guesses[:, 0] == label).mean()),
                top5=float((guesses == label).any(axis=1).mean()),
                real_top1=float((real_guesses[:, 0] == label).mean())
                if len(real_guesses)
                else None,
                read_as=judge.charset[read_as] if misread else "",
                misread=misread,
                diversity=float(ratios[label]) if np.isfinite(ratios[label]) else None,
                unseen=character in unseen,
            )
        )
    return scores


def _class_diversities(reading: Reading, classes: int) -> Values:
    """Mean distance of two samples of each class, NaN where there are not two: (classes,)."""
    whole = Resampling(np.zeros(len(reading.labels), np.int64), np.ones((1, 1), bool), 1)
    found = class_diversities(reading.features, reading.labels, whole)[0]
    return np.concatenate([found, np.full(classes - len(found), np.nan)])
