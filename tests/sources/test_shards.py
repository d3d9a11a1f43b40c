import pytest

from data_tools.sources.shards import set_of_shards


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("hub/data/train-00000-of-00002.parquet", "hub/data/train.parquet"),
        ("hub/test-00000-of-00001-0123456789abcdef.parquet", "hub/test.parquet"),
        ("hub/default/train/0003.parquet", "hub/default/train"),
        ("set/000012.tar", "set"),
        ("set/train-000012.tar", "set/train.tar"),
        ("000012.tar", "000012.tar"),  # nothing around it has a name
        ("set/hwdb-2011.tar", "set/hwdb-2011.tar"),
        ("set/v1.1.tar", "set/v1.1.tar"),
        ("x.lmdb", "x.lmdb"),
    ],
)
def test_shards_have_the_name_of_their_set(path: str, expected: str) -> None:
    assert set_of_shards(path) == expected
