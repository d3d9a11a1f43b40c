"""What is said of characters before they are drawn, beside what drawing them does."""

import pytest

import hanzi_lsgan
from data_tools.characters import take_characters
from data_tools.errors import UserError
from data_tools.hwdb.standard_sets import STANDARD_SETS
from hanzi_lsgan.drawing.coverage import Coverage, cover
from hanzi_lsgan.runs.trained_generator import TrainedGenerator
from tests.tiny import tiny_generator

RARE = "\U0002a6d6"  # in no font


@pytest.fixture(scope="module")
def shipped() -> TrainedGenerator:
    return hanzi_lsgan.load().trained


def test_each_character_is_named_once_under_what_is_known_of_it(shipped: TrainedGenerator) -> None:
    # 丐 and 兴 are among the 200 that the weights' card says were kept out of training.
    found = cover(shipped, "谞永丐2谞永㑇" + RARE + "兴")
    assert found == Coverage(trained="永2", unseen="丐兴", reference="谞㑇", missing=RARE)
    extended = shipped.with_unseen("谞丐")
    assert cover(extended, "谞永丐") == Coverage("永", "丐", "谞", "")
    assert extended.from_reference == {"谞"}
    assert extended.remarks == {"谞": "printed", "丐": "unseen"}


def test_it_agrees_with_the_weights_card(shipped: TrainedGenerator) -> None:
    """Of GB2312 6,563 trained, 200 kept out, none printed: a hand of strokes has all of it."""
    found = cover(shipped, "".join(STANDARD_SETS["gb2312"]()))
    counts = {name: len(part) for name, part in found.parts().items()}
    assert counts == {"trained": 6563, "unseen": 200, "reference": 0, "missing": 0}


def test_what_is_missing_is_refused_and_all_else_drawn(shipped: TrainedGenerator) -> None:
    model = hanzi_lsgan.load()
    assert model.draw("谞永丐").shape == (3, 64, 64)
    with pytest.raises(UserError, match="lacks 1 of the characters"):
        model.draw("永" + RARE)


def test_a_model_of_learned_rows_has_only_what_it_was_trained_on(shipped: TrainedGenerator) -> None:
    info = shipped.info.model_copy(update={"charset": "一三"})
    learned = TrainedGenerator(tiny_generator(2), info, "一三", images=0, checkpoint="last")
    assert cover(learned, "三四學一") == Coverage("三一", "", "", "四學")


def test_another_form_is_taken_as_what_a_hand_has(shipped: TrainedGenerator) -> None:
    """The reference font has ﹙ and ﹔, and no hand's font has: ordinary ones are better."""
    assert shipped.can_draw("﹔")
    assert take_characters("﹙Ａ﹔學", "TEXT", shipped.knows).characters == "(Ａ;學"
