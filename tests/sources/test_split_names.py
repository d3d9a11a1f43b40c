import pytest

from data_tools.sources.split_names import may_mean_test, split_of_names
from data_tools.splits import Split

TEST_TEXT = """
Gnt1.0Test.zip Gnt1.1Test.zip Gnt1.2Test.ZIP gnt1.1test.zip HWDB1.1tst_gnt.zip HWDB1.0tst_gnt
HWDB1.1tst 1.0test-gb1.gnt 1.0test-gb1.rar 1.1test-gb1 1.2test-gb1 Gnt1.1Test%20(1).zip
Gnt1.1Test_(2).zip Gnt1.0Test.zip_out Gnt1.0Test.zip.extracted Gnt1.0Test-unzipped tst TST Tst
test Test TEST test_gnt test-gnt testgnt gnt_test gntTest test.gnt test.zip test.tar.gz testset
TestSet test_set test-data testdata test_images TestPart1 test1 Test_v2 testing Testing TESTING
validation Validation valid val VAL hwdb_val eval eval_gnt evaluation holdout held-out
hwdb105-test hwdb-1.1-offline-test my-own-test casia_test_png competition-gnt
competition-gnt.zip competition ICDAR2013 icdar-2013 icdar2013_offline
测试集 测试 HWDB1.1测试 測試集 验证集
test_labels labels_test ICDAR_2013_competition_database
test-00000-of-00001.parquet test-00000-of-00002-0123456789abcdef.parquet
validation-00000-of-00001.parquet test.parquet hwdb-test-000012.tar test.lmdb
ICDAR13 icdar-13_offline comp2013 casia-comp2013 comp2011_gnt
HWDB测试集.zip Gnt1.1Test副本.zip Test_64x64 dev-set devset testB test_writers test_chars
"""
TEST_NAMES = TEST_TEXT.split()
TRAIN_TEXT = """
Gnt1.0TrainPart1.zip Gnt1.1TrainPart2.zip HWDB1.1trn_gnt.zip 1.0train-gb1.gnt 1.1train-gb1 train
TRAIN trn training Training trainval 训练集 训练 训练数据 HWDB1.1trn Gnt1.0TrainPart1.zip_out
train-00000-of-00002.parquet
"""
TRAIN_NAMES = TRAIN_TEXT.split()
SILENT_TEXT = """
latest LATEST latest.zip contest contest.gnt Contest protest Testament attestation greatest
fastest detest testimony hwdb HWDB1.1 data raw 001-f.gnt 1241-c.gnt value values evaluate-not
medieval primeval interval valley developer device gnt casia archive.zip strain constraint
"""
SILENT_NAMES = SILENT_TEXT.split()
UNCERTAIN_TEXT = """
tests tests.zip test.old test_of_the_reader0 test_links_to_folders_are_foll0 non-test train_test
train+test not_test dev test-bench testscript_test_harness
"""
UNCERTAIN_NAMES = UNCERTAIN_TEXT.split()


@pytest.mark.parametrize("name", TEST_NAMES)
def test_names_of_the_test_split(name: str) -> None:
    named = split_of_names(["hwdb", name, "001-f.gnt"])
    assert named is not None
    assert (named.split, named.name) == (Split.TEST, name)


@pytest.mark.parametrize("name", TRAIN_NAMES)
def test_names_of_the_train_split(name: str) -> None:
    named = split_of_names(["test", name, "001-f.gnt"])
    assert named is not None
    assert (named.split, named.name) == (Split.TRAIN, name)


@pytest.mark.parametrize("name", [*SILENT_NAMES, *UNCERTAIN_NAMES])
def test_names_that_tell_no_split(name: str) -> None:
    assert split_of_names([name]) is None
    assert split_of_names(["train", name]) == split_of_names(["train"])


@pytest.mark.parametrize("name", UNCERTAIN_NAMES)
def test_names_that_may_mean_the_test_split(name: str) -> None:
    assert may_mean_test(name)


@pytest.mark.parametrize("name", [*SILENT_NAMES, *TEST_NAMES, *TRAIN_NAMES])
def test_other_names_are_certain(name: str) -> None:
    assert not may_mean_test(name)


@pytest.mark.parametrize(
    ("names", "split"),
    [
        (["test", "hwdb", "1.gnt"], Split.TEST),
        (["test", "train", "1.gnt"], Split.TRAIN),
        (["train", "test", "1.gnt"], Split.TEST),
        (["train", "hwdb", "test.gnt"], Split.TEST),
    ],
)
def test_the_nearest_telling_name_decides(names: list[str], split: Split) -> None:
    named = split_of_names(names)
    assert named is not None
    assert named.split is split
