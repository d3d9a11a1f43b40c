"""Numbers in messages."""

from data_tools.number_of import number_of


def test_one_of_a_thing_is_no_several() -> None:
    assert [number_of(count, "line") for count in (0, 1, 2, 2000)] == [
        "0 lines",
        "1 line",
        "2 lines",
        "2,000 lines",
    ]
    assert number_of(1, "class", "classes") == "1 class"
    assert number_of(3, "class", "classes") == "3 classes"
