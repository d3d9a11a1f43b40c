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
from hanzi_lsgan.recipe import load_recipe
from hanzi_lsgan.runs.folder import RunFolder
from hanzi_lsgan.writing.hand import Hand
from tests.tiny import OVERRIDES, write_writers

# Half as large as the fonts' hanzi, whose ink fills 0.84 of the square, and up and to the left.
SMALL_HANZI: Place = (0.19, 0.24, 0.61, 0.66)
COMMA: Place = (0.2, 0.6, 0.25, 0.7)
HANZI = "永国書我的"
CHARACTERS = f"，{HANZI}"

Found = set[tuple[str, str, tuple[float, ...] | None]]
"""Of each sample the writer's file, the character and the place."""


def form(name: str, places: dict[str, Place], split: Split = Split.TRAIN) -> FormPart:
    random = np.random.default_rng(len(name))
    samples = tuple(
        (character, random.integers(0, 200, (30, 30), dtype=np.uint8), place)
        for character, place in places.items()
    )
    return FormPart(name, Path(name), NamedSplit(split, ""), samples)


def places_apart(shift: float = 0.0) -> dict[str, Place]:
    """Of each character another place, in another order than a store's."""
    return {
        character: (0.01 * number + shift, 0.1, 0.5 + 0.02 * number, 0.9)
        for number, character in enumerate(CHARACTERS)
    }


def make(path: Path, *forms: FormPart, jobs: int = 1) -> Path:
    prepare([], path, forms=forms, charset=parse_charset(CHARACTERS), jobs=jobs)
    return path


def found(store: Store) -> Found:
    assert store.places is not None
    return {
        (
            Path(store.sources[writer].name).name,
            store.charset[label],
            tuple(round(edge, 3) for edge in place) if np.isfinite(place).all() else None,
        )
        for writer, label, place in zip(
            store.writers, store.labels, store.places.tolist(), strict=True
        )
    }


def expected(name: str, places: dict[str, Place]) -> Found:
    return {
        (name, character, tuple(round(edge, 3) for edge in place))
        for character, place in places.items()
    }


def test_places_go_from_forms_into_a_store_and_on_into_another(tmp_path: Path) -> None:
    ann, robert = places_apart(), places_apart(0.3)
    written = expected("ann", ann) | expected("robert", robert)
    store = make(tmp_path / "two.h5", form("ann", ann), form("robert", robert), jobs=2)
    with Store(store) as two:
        assert found(two) == written
        assert two.verify().damaged == []
    write_writers(tmp_path / "others", 2)
    hanzi = {one for one in written if one[1] in HANZI}  # alone go into a store of hanzi
    others: Found = {(f"00{n}.gnt", character, None) for n in (0, 1) for character in "一二三十"}
    for compress, drop_copies in ((False, False), (True, False), (False, True)):
        both = tmp_path / f"both-{compress}-{drop_copies}.h5"
        sources = [store, tmp_path / "others"]
        prepare(sources, both, jobs=1, compress=compress, drop_copies=drop_copies)
        with Store(both) as mixed:
            assert found(mixed) == hanzi | others
            assert mixed.verify().damaged == []


def test_where_nothing_is_known_of_places_a_store_has_none(tmp_path: Path) -> None:
    plain, rest = tmp_path / "plain.h5", tmp_path / "rest.h5"
    others = write_writers(tmp_path / "others", 2)
    prepare([others], plain, jobs=1)
    mixed = make(tmp_path / "mixed.h5", form("ann", places_apart()))
    prepare([mixed, others], rest, charset=parse_charset("一二"), jobs=1)
    for path in (plain, rest):
        with h5py.File(path, "r") as file:
            assert "places" not in file
        with Store(path) as store:
            assert store.places is None
            assert mean_places(store) == {}


def test_damaged_places_are_named(tmp_path: Path) -> None:
    path = make(tmp_path / "me.h5", form("me", places_apart()))
    with h5py.File(path, "r") as file:
        first = file["places"].id.get_offset()
    data = bytearray(path.read_bytes())
    data[first] ^= 1
    path.write_bytes(data)
    with Store(path) as damaged:
        assert damaged.verify().damaged == ["/places"]
    for values, said in (
        (np.zeros((6, 3)), r"/places is float32 \(6, 3\), not float32 \(6, 4\)"),
        (np.zeros((6, 4)), "/places has rows that are no place of any ink"),
        (np.full((6, 4), [0, 0, 1, np.nan]), "/places has rows that are no place of any ink"),
    ):
        with h5py.File(path, "r+") as file:
            del file["places"]
            file["places"] = values.astype(np.float32)
        with pytest.raises(StoreError, match=said):
            Store(path)


def test_who_writes_small_in_his_boxes_puts_marks_where_they_are_beside_his_hanzi(
    tmp_path: Path,
) -> None:
    """Twice as large around the hanzi's middle (0.4, 0.45), which becomes that of the square."""
    small = form("me", {**dict.fromkeys(HANZI, SMALL_HANZI), "，": COMMA})
    few = form("few", {"永": (0, 0, 1, 1), "，": (0, 0, 1, 1)})  # a size that nobody can know
    tested = form("test", dict.fromkeys(CHARACTERS, (0.0, 0.0, 1.0, 1.0)), Split.TEST)
    with Store(make(tmp_path / "some.h5", small, few, tested)) as store:
        places = mean_places(store)
        assert sorted(places) == sorted(CHARACTERS)
        assert places["永"] == pytest.approx((0.08, 0.08, 0.92, 0.92), abs=2e-3)
        assert places["，"] == pytest.approx((0.1, 0.8, 0.2, 1.0), abs=2e-3)

        # What is trained on such a store knows it.
        run = RunFolder(tmp_path / "run")
        run.path.mkdir()
        run.create(load_recipe("quick32", OVERRIDES), store)
    assert run.info().places == places


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
