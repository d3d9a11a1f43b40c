"""The parts of a data set."""

from enum import IntEnum


class Split(IntEnum):
    """The two parts of a data set, which share no writer."""

    TRAIN = 0
    TEST = 1
