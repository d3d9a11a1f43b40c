"""Where ink stood in the writer's square, from a form through stores to what is drawn."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from data_tools.fonts.placement import placement
from data_tools.forms.form_part import FormPart
from data_tools.glyphs.place import Place
from data_tools.hwdb.charset import parse_charset
from data_tools.sources.split_names import NamedSplit
from data_tools.splits import Split
from data_tools.store.mean_places import mean_places
from data_tools.store.prepare import prepare
from data_tools.store.reader import Store, StoreError
from hanzi_lsgan.drawing.in_square import ink_box
from hanzi_lsgan.drawing.loaded_model import LoadedModel
from hanzi_lsgan.export.weights import SHIPPED
from hanzi_lsgan.runs.folder import RunFolder
from hanzi_lsgan.writing.hand import Hand
from tests.tiny import write_writers

# Half as large as the fonts' hanzi, whose ink fills 0.84 of the square, and up and to the left.
SMALL_HANZI: Place = (0.19, 0.24, 0.61, 0.66)
CHARACTERS = "永国書我的，"
COMMA: Place = (0.2, 0.6, 0.25, 0.7)


def form(name: str, places: dict[str, Place], split: Split = Split.TRAIN) -> FormPart:
    random = np.random.default_rng(len(name))
    samples = tuple(
        (character, random.integers(0, 200, (30, 30), dtype=np.uint8), place)
        for character, place in places.items()
    )
    return FormPart(name, Path(name), NamedSplit(split, ""), samples)


def write_small(name: str = "me") -> FormPart:
    return form(name, {**dict.fromkeys("永国書我的", SMALL_HANZI), "，": COMMA})


def place_of(store: Store, character: str) -> list[float]:
    assert store.places is not None
    label = store.charset.index(character)
    return [round(edge, 3) for edge in store.places[store.labels.tolist().index(label)].tolist()]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "me.h5"
    prepare([], path, forms=[write_small()], charset=parse_charset(CHARACTERS), jobs=1)
    return path


def test_places_go_from_a_form_into_a_store_and_on_into_another(
    tmp_path: Path, store: Path
) -> None:
    with Store(store) as mine:
        assert place_of(mine, "，") == pytest.approx(COMMA, abs=1e-3)
        assert place_of(mine, "永") == pytest.approx(SMALL_HANZI, abs=1e-3)
        assert mine.verify().damaged == []
    others = write_writers(tmp_path / "others", 2)
    for compress in (False, True):
        both = tmp_path / f"both-{compress}.h5"
        prepare([store, others], both, compress=compress, jobs=1)
        with Store(both) as mixed:
            assert mixed.places is not None
            assert place_of(mixed, "永") == pytest.approx(SMALL_HANZI, abs=1e-3)
            known = np.isfinite(mixed.places).all(axis=1)
            assert known.sum() == 5  # the comma is no hanzi
            assert {mixed.charset[label] for label in mixed.labels[~known]} == set("一二三十")
            assert mixed.verify().damaged == []


def test_a_store_of_bitmaps_alone_has_no_places(tmp_path: Path) -> None:
    path = tmp_path / "plain.h5"
    prepare([write_writers(tmp_path / "gnt", 2)], path, jobs=1)
    with h5py.File(path, "r") as file:
        assert "places" not in file
    with Store(path) as plain:
        assert plain.places is None
        assert mean_places(plain) == {}


def test_damaged_places_are_named(store: Path) -> None:
    with h5py.File(store, "r") as file:
        first = file["places"].id.get_offset()
    data = bytearray(store.read_bytes())
    data[first] ^= 1
    store.write_bytes(data)
    with Store(store) as damaged:
        assert damaged.verify().damaged == ["/places"]
    with h5py.File(store, "r+") as file:
        del file["places"]
        file["places"] = np.zeros((6, 3), np.float32)
    with pytest.raises(StoreError, match=r"/places is float32 \(6, 3\), not float32 \(6, 4\)"):
        Store(store)


def test_who_writes_small_in_his_boxes_puts_marks_where_they_are_beside_his_hanzi(
    tmp_path: Path,
) -> None:
    """Twice as large around the hanzi's middle (0.4, 0.45), which becomes that of the square."""
    path = tmp_path / "two.h5"
    few = form("few", {"永": (0, 0, 1, 1), "，": (0, 0, 1, 1)})  # a size that nobody can know
    tested = form("test", dict.fromkeys(CHARACTERS, (0.0, 0.0, 1.0, 1.0)), Split.TEST)
    forms = [write_small(), few, tested]
    prepare([], path, forms=forms, charset=parse_charset(CHARACTERS), jobs=1)
    with Store(path) as store:
        places = mean_places(store)
    assert sorted(places) == sorted(CHARACTERS)
    assert places["永"] == pytest.approx((0.08, 0.08, 0.92, 0.92), abs=2e-3)
    assert places["，"] == pytest.approx((0.1, 0.8, 0.2, 1.0), abs=2e-3)


def test_a_model_puts_characters_where_its_writers_did() -> None:
    trained = RunFolder(SHIPPED).load_generator()
    own: dict[str, Place] = {"，": (0.1, 0.7, 0.2, 0.9), "a": (0.3, 0.5, 0.5, 0.9)}
    trained.network.places = own
    image = LoadedModel(trained).draw("，", seed=3, in_square=True)[0]
    left, top, right, bottom = (edge / len(image) for edge in ink_box(image))
    assert max(right - left, bottom - top) == pytest.approx(0.2, abs=0.05)
    assert (left + right) / 2 == pytest.approx(0.15, abs=0.03)
    assert (top + bottom) / 2 == pytest.approx(0.8, abs=0.03)

    hand = Hand.named(trained.network, "3")
    assert hand.place("的") == placement("的", hand.font, hand.fonts)
    assert hand.place("，").advance == 1
    letter, by_font = hand.place("a"), placement("a", hand.font, hand.fonts)
    assert (letter.top, letter.bottom) == (0.5, 0.9)
    assert letter.left == by_font.left  # it follows the pen, wherever it stood in its box
    assert letter.width == pytest.approx(0.2)
    assert letter.advance - by_font.advance == pytest.approx(letter.width - by_font.width)
