"""The split that names of archives, folders and files tell.

A name is cut into words, at signs and at changes of case or to digits: `Gnt1.0Test (1).zip` is
gnt, 1, 0, test, 1, zip. It names the test split when one of its words does and behind that word
stand only words that say nothing of what the data are (`gnt`, `set`, `zip`, numbers). So `latest`,
`contest` and `test_of_a_reader` name none.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from data_tools.sources.shards import without_shard
from data_tools.splits import Split

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_a-zA-Z]+")

_DATA_WORDS = (
    "gnt|gb|gbk|hwdb|olhwdb|casia|hanzi|pot|dgrl|png|jpg|jpeg|bmp|h|db"
    "|sets?|data|dataset|datasets|database|labels?|split|part|parts|fold|vol|images?|imgs?|pics?|pictures?|files?"
    "|chars?|characters?|samples?|writers?|glyphs?|isolated|offline|online|handwriting|handwritten"
    "|zip|rar|alz|tar|gz|tgz|bz|xz|z|out|unzip|unzipped|unpacked|extract|extracted|raw|only|all"
    "|parquet|lmdb|mdb|tfrecord|webdataset|shards?"
    "|copy|kopie|copie|new|final|full|small|mini|subset|v|x|px|pixels?|level"
)
_TEST_WORDS = (
    "test|tst|testing|validation|validate|valid|val|eval|evaluation|holdout|heldout|held"
    "|competition|testcase"
)
_TRAIN_WORDS = "train|trn|training|trainval|learn|learning"
_IS_TEST = re.compile(f"(?:{_DATA_WORDS})*(?:{_TEST_WORDS})(?:{_DATA_WORDS})*|dev(?:{_DATA_WORDS})")
_IS_TRAIN = re.compile(f"(?:{_DATA_WORDS})*(?:{_TRAIN_WORDS})(?:{_DATA_WORDS})*")
_SAYS_NOTHING = re.compile(f"(?:{_DATA_WORDS})*|[0-9]+|[a-z]|[^a-z]+")
_MAY_BE_TEST = re.compile(f"{_TEST_WORDS}|tests|dev")
_COMPETITION_YEARS = {
    "icdar": ("2013", "2011", "13", "11"),
    "comp": ("2013", "2011", "2010"),  # of CASIA
}
_NEGATIONS = {"no", "non", "not", "without", "minus", "except"}

_CHINESE_TEST = re.compile("测试|測試|验证|驗證|评测|評測|考试|竞赛|競賽")
_CHINESE_TRAIN = re.compile("训练|訓練")


@dataclass(frozen=True)
class NamedSplit:
    """A split and the name that told it."""

    split: Split
    name: str


TRAIN_UNTOLD = NamedSplit(Split.TRAIN, "")
"""That of what nothing tells to be the test split."""


def split_of_names(names: Sequence[str]) -> NamedSplit | None:
    """The split that the nearest telling name names, or None.

    Args:
        names: archives, folders and the file itself, from the farthest to the nearest.
    """
    for name in reversed(names):
        if (split := _split_of_name(name)) is not None:
            return NamedSplit(split, name)
    return None


def may_mean_test(name: str) -> bool:
    """Whether a name has a word of the test split but does not tell the split for certain."""
    if _split_of_name(name) is not None:
        return False
    return any(_MAY_BE_TEST.fullmatch(word) for word in _words_of(name))


def _words_of(name: str) -> list[str]:
    return [word.lower() for word in _WORDS.findall(without_shard(name))]


def _split_of_name(name: str) -> Split | None:
    words = _words_of(name)
    is_train = any(map(_IS_TRAIN.fullmatch, words)) or bool(_CHINESE_TRAIN.search(name))
    is_test = _has_test_word(words) or bool(_CHINESE_TEST.search(name))
    if is_train == is_test:
        return None
    return Split.TEST if is_test else Split.TRAIN


def _is_competition(words: list[str]) -> bool:
    """Whether words name a year's competition, whose data all test: `ICDAR13`, `comp2013`."""
    *name, year = words
    return name in (["icdar"], ["comp"]) and year in _COMPETITION_YEARS[name[0]]


def _has_test_word(words: list[str]) -> bool:
    for place in range(len(words) - 1, -1, -1):
        if _is_competition(words[place : place + 2]) or _IS_TEST.fullmatch(words[place]):
            return place == 0 or words[place - 1] not in _NEGATIONS
        if words[place] == "set" and words[place - 1 : place] == ["dev"]:
            return True
        if not _SAYS_NOTHING.fullmatch(words[place]):
            return False
    return False
