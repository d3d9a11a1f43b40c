"""Names of shards: files that together are one set of samples."""

import re
from pathlib import PurePosixPath

# As the Hugging Face hub and TensorFlow name them, at times with a checksum behind.
_OF_SEVERAL = re.compile(r"[-_.]\d+-of-\d+(-[0-9a-f]{16})?(?=\.|$)")
# As WebDataset does: train-000012.tar, 000012.tar. Years and versions have fewer digits.
_NUMBERED = re.compile(r"[-_.]\d{5,}(?=\.\w+$)")
_NUMBER = re.compile(r"\d{4,}\.\w+")


def without_shard(name: str) -> str:
    """A file's name without which of several it is: `test.tar` of `test-00000-of-00002.tar`."""
    return _OF_SEVERAL.sub("", name)


def set_of_shards(path: str) -> str:
    """The path that all shards of a set have in common: that of a file, or else of its folder."""
    folder, _, name = path.rpartition("/")
    if folder and _NUMBER.fullmatch(name):
        return folder
    return str(PurePosixPath(folder, _NUMBERED.sub("", without_shard(name))))
