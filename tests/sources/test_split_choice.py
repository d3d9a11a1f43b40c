from pathlib import Path

import pytest

from data_tools.errors import UserError
from data_tools.sources.members import Member
from data_tools.sources.split_choice import both_splits_lines, give_writers_to_test, split_lines
from data_tools.sources.split_names import NamedSplit
from data_tools.splits import Split

TRAIN = NamedSplit(Split.TRAIN, "")


def members(*names: str, named: NamedSplit = TRAIN) -> list[Member]:
    return [Member(name, Path("x", name), named_split=named) for name in names]


def in_test(some: list[Member]) -> set[str]:
    return {member.name for member in some if member.split is Split.TEST}


MANY = [f"raw/{number:04}-c.gnt" for number in range(1001, 1401)]


def test_a_share_of_the_writers_is_chosen_whatever_else_is_there() -> None:
    chosen = in_test(give_writers_to_test(members(*MANY), 0.1))
    assert 20 <= len(chosen) <= 60  # 40 are expected, with a standard deviation of 6
    assert in_test(give_writers_to_test(members(*MANY[::-1]), 0.1)) == chosen
    fewer = MANY[:200]
    assert in_test(give_writers_to_test(members(*fewer), 0.1)) == chosen & set(fewer)
    assert chosen < in_test(give_writers_to_test(members(*MANY), 0.3))


def test_a_writer_is_the_same_in_any_place_and_release() -> None:
    names = [
        name
        for number in range(1001, 1101)
        for name in (f"a.zip/{number}-c.gnt", f"b/{number}-f.gnt", f"c/d/{number}.gnt")
    ]
    chosen = in_test(give_writers_to_test(members(*names), 0.2))
    assert chosen
    for number in range(1001, 1101):
        assert sum(str(number) in name for name in chosen) in (0, 3)


@pytest.mark.parametrize("share", [1e-9, 0.5, 1 - 1e-9])
@pytest.mark.parametrize("count", [2, 3, 10])
def test_both_splits_have_a_writer(share: float, count: int) -> None:
    chosen = in_test(give_writers_to_test(members(*MANY[:count]), share))
    assert 1 <= len(chosen) <= count - 1


def test_what_is_test_by_name_stays_and_is_no_part_of_the_share() -> None:
    by_name = members("Test.zip/1.gnt", named=NamedSplit(Split.TEST, "Test.zip"))
    given = give_writers_to_test([*by_name, *members("a/1.gnt", "a/2.gnt")], 0.01)
    assert given[0] is by_name[0]
    assert len(in_test(given)) == 2


def test_one_writer_cannot_be_parted() -> None:
    with pytest.raises(UserError, match="--test-writers: cannot part 1 writer; name sources of"):
        give_writers_to_test(members("1001-c.gnt", "b/1001-f.gnt"), 0.5)


@pytest.mark.parametrize("share", [0, 1, -0.1, 10, float("nan")])
def test_what_is_no_share_is_refused(share: float) -> None:
    with pytest.raises(UserError, match=r"--test-writers .*: is no share of the writers; pass a"):
        give_writers_to_test(members(*MANY), share)


def test_the_summary_says_what_made_the_test_split() -> None:
    test = NamedSplit(Split.TEST, "Gnt1.0Test.zip")
    option = NamedSplit(Split.TEST, "--test")
    some = [
        *members("1.gnt", "2.gnt"),
        *members("3.gnt", "4.gnt", "5.gnt", named=test),
        *members("6.gnt", named=option),
    ]
    assert split_lines(some, ["test.old"]) == [
        "test by name: Gnt1.0Test.zip (3 files)",
        "test by --test: 1 file",
        "not certain: test.old may mean the test split and is taken for train; if it is, name it "
        "with --test",
    ]
    assert split_lines(some[:2], []) == [
        "no test split: no name tells one; name it with --test, or give a share of the writers to "
        "it with --test-writers 0.1"
    ]
    assert split_lines(some[2:5], [])[1] == "no train split: all of it is test"


def test_writers_in_both_splits_are_told_by_their_names() -> None:
    test = NamedSplit(Split.TEST, "--test")
    train = members("a/1001-c.gnt", "a/1002-c.gnt", "b/1001-f.gnt", "b/1003.gnt")
    assert both_splits_lines([*train, *members("t/1004-c.gnt", named=test)]) == []
    some = [*train, *members("t/1001-f.gnt", "t/1003.gnt", "t/1005.gnt", named=test)]
    assert both_splits_lines(some) == ["writers in both splits: 2 (a/1001-c.gnt, b/1003.gnt)"]
    named_by_release = members("1.0train-gb1.gnt"), members("1.0test-gb1.gnt.gz", named=test)
    assert both_splits_lines([one for some in named_by_release for one in some]) == []
    more = [*members(*MANY), *members(*MANY, named=test)]
    first = ", ".join(MANY[:3])
    assert both_splits_lines(more) == [f"writers in both splits: 400 ({first}, …)"]
