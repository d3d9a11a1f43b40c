"""One person's hand: the command as a person runs it, on a simulated writer."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from data_tools.errors import UserError
from data_tools.fonts.simulated_hand import write_glyph
from data_tools.forms.form_part import FormPart
from data_tools.glyphs.fit import GlyphOptions
from data_tools.glyphs.place import Place
from data_tools.hwdb.gnt import write_record
from data_tools.sources.split_names import NamedSplit
from data_tools.splits import Split
from data_tools.store.prepare import prepare
from data_tools.store.reader import Store
from data_tools.store.writers import find_writer
from hanzi_lsgan.cli.app import app
from hanzi_lsgan.drawing import grid
from hanzi_lsgan.drawing.images import draw_class, draw_classes
from hanzi_lsgan.export.weights import claim_out
from hanzi_lsgan.judging.kept_recogniser import load_recogniser
from hanzi_lsgan.runs.folder import SHIPPED, RunFolder
from hanzi_lsgan.runs.trained_generator import TrainedGenerator
from hanzi_lsgan.training import adaptation, person
from hanzi_lsgan.training.person import check_person, learn_hand

WRITTEN = "永和九年岁在癸丑暮春之初会于山阴兰亭修稧事也群贤毕至少长咸集"
WRITER, FONTS = 70_003, [7]  # of no corpus; writes with a shipped font's strokes in its own way
PLACE = (0.2, 0.3, 0.5, 0.6)
NEW = "树林江河马牛风雪"  # that he has not written


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def write(character: str) -> np.ndarray:
    """A glyph of the person's, in black with a broad pen: (64, 64) uint8."""
    glyph = write_glyph(character, WRITER, GlyphOptions(64, "aspect", 2), FONTS)
    return np.where(glyph < 200, 0, 255).astype(np.uint8)


def boldness_missed(trained: TrainedGenerator) -> float:
    """How far the mean ink of some characters lies from the person's ink of the same."""
    labels = [trained.charset.index(character) for character in NEW]
    drawn = np.concatenate(list(draw_classes(trained.network, labels, 8, seed=1)))
    own = np.array([write(character) for character in NEW])
    return abs(float(drawn.mean()) - float(own.mean()))


def form_of(name: str, glyphs: list[np.ndarray], place: Place) -> FormPart:
    """A form that someone has filled in."""
    samples = tuple((c, glyph, place) for c, glyph in zip(WRITTEN, glyphs, strict=True))
    return FormPart(name, Path(name), NamedSplit(Split.TRAIN, ""), samples)


def as_of(run: RunFolder, written: Path, writer: str = "") -> None:
    """The weights that come along, as if they had been adapted to who wrote a store."""
    shutil.copytree(SHIPPED, run.path)
    info = json.loads(run.model.read_text())
    with Store(written) as store:
        provenance = info["store"] | {
            "path": written.name,
            "fingerprint": store.fingerprint,
            "writer": writer,
        }
    modulating, noise = 128, 4 * 8**2
    hand = [0.5] * (modulating + noise)
    run.model.write_text(json.dumps(info | {"hand": hand, "store": provenance}))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of what the person has written."""
    store = tmp_path_factory.mktemp("person") / "me.h5"
    form = form_of("me", [write(character) for character in WRITTEN], PLACE)
    prepare([], store, forms=[form], glyph=GlyphOptions(64, "aspect", 2), jobs=1)
    return store


@pytest.fixture
def written_by_two(tmp_path: Path) -> Path:
    """A store of what the person has written, and of somebody's whose pen is next to dry."""
    glyphs = [write(character) for character in WRITTEN]
    faint = [np.where(glyph == 0, 230, 255).astype(np.uint8) for glyph in glyphs]
    forms = [form_of("me", glyphs, PLACE), form_of("other", faint, (0.1, 0.1, 0.2, 0.9))]
    store = tmp_path / "two.h5"
    prepare([], store, forms=forms, glyph=GlyphOptions(64, "aspect", 2), jobs=1)
    return store


@pytest.mark.slow
def test_a_hand_is_learned_and_every_drawing_command_takes_it(
    written_by_two: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(adaptation, "_STEPS", 60)
    monkeypatch.setattr(adaptation, "_TRIED_A_FONT", 4)
    assert "other\t30\n" in call("hands", "--data", "two.h5").output
    result = call("adapt", "--data", "two.h5", "--writer", "me")
    assert result.exit_code == 0, result.output
    assert "taken for this person, of twenty hands" in result.output
    learned = RunFolder("runs/me").load_generator()
    shipped = RunFolder(SHIPPED).load_generator()

    assert boldness_missed(learned) < 0.7 * boldness_missed(shipped)
    # All fill the same part of their boxes, so they fill the square as the fonts' hanzi do.
    assert learned.network.places["永"] == pytest.approx((0.08, 0.08, 0.92, 0.92), abs=2e-3)
    with pytest.raises(UserError, match="this model has the hand of one person"):
        learned.with_spread(1.5)

    for command in (
        ("render", "--chars", "树林", "--out", "grid.png"),
        ("generate", "--chars", "树林", "--per-class", "2", "--out", "samples"),
        ("write", "树林", "--out", "page.png"),
        ("lines", "树林", "--out", "lines"),
    ):
        result = call(*command, "--hand", "me")
        assert result.exit_code == 0, result.output
    assert "has learned: me;" in call("hands", "--count", "1", "--text", "永").output


@pytest.mark.slow
def test_the_discriminator_alone_teaches_the_pen(
    written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without all other terms least squares moves G towards the person's bold black strokes."""
    monkeypatch.setattr(adaptation, "_TRIED_A_FONT", 1)
    for weight in ("_LIKENESS_WEIGHT", "_HAND_WEIGHT", "_READING_WEIGHT"):
        monkeypatch.setattr(adaptation, weight, 0.0)
    shipped = RunFolder(SHIPPED).load_generator()
    assert shipped.recogniser is not None
    recogniser = load_recogniser(shipped.recogniser)
    missed = []
    with Store(written) as store:
        for steps in (0, 80):  # none: the nearest of the hands that there were
            monkeypatch.setattr(adaptation, "_STEPS", steps)
            missed.append(boldness_missed(learn_hand(shipped, store, recogniser).trained))
    assert missed[1] < 0.8 * missed[0], missed  # 0.6; with c = 0 it is 1.3


def test_one_writer_of_a_store_is_not_several(written: Path) -> None:
    output = call("hands", "--data", str(written)).output
    assert "me\t30\n1 writer and how many characters" in output


def test_a_hand_that_nobody_has_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = call("write", "永", "--out", "page.pdf", "--hand", "anna")
    assert result.exit_code != 0
    assert "--hand anna" in str(result.exception)
    assert "hanzi-lsgan adapt" in str(result.exception)
    shutil.copytree(SHIPPED, tmp_path / "runs" / "base")
    assert "adapted to nobody" in str(call("render", "--chars", "永", "--hand", "base").exception)
    both = call("render", "--chars", "永", "--hand", "base", "--run", "runs/base")
    assert "leave --run out" in str(both.exception)
    assert not (tmp_path / "page.pdf").exists()


def test_who_is_asked_for_and_is_not_there_is_told_where_and_who_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model = json.loads((SHIPPED / "model.json").read_text("utf-8"))
    for name, latent in (("wang", [0.0] * 384), ("base", None), ("li", [0.0] * 384)):
        RunFolder(Path("runs", name)).path.mkdir(parents=True)
        info = json.dumps(model | {"hand": latent})
        RunFolder(Path("runs", name)).model.write_text(info, "utf-8")
        RunFolder(Path("runs", name)).generator.touch()
    shutil.copytree(Path("runs", "li"), Path("runs", "lost"))
    RunFolder(Path("runs", "lost")).generator.unlink()  # so that nothing can be drawn by it
    shutil.copytree(Path("runs", "wang"), Path("runs", "xiao wang"))
    where = f"there is no person of this name under {tmp_path / 'runs'}"
    there = "li, wang, 'xiao wang'"
    for hand, more in (
        ("li2", ""),
        ("li:", ""),
        ("li+3", ", and only hands of numbers can be mixed"),
    ):
        said = str(call("write", "永", "--out", "page.pdf", "--hand", hand).exception)
        assert said.startswith(f"--hand {hand}: {where}{more}; name one of {there}, or make one")
    RunFolder(Path("runs", "base")).model.write_text("{", "utf-8")  # of which nothing was asked
    said = str(call("write", "永", "--out", "page.pdf", "--hand", "li2").exception)
    assert said.startswith(f"--hand li2: {where}; name one of {there}, or make one with")


def test_a_person_is_found_beside_a_folder_of_that_name_and_is_no_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(SHIPPED, tmp_path / "runs" / "li")
    (tmp_path / "li").mkdir()
    (tmp_path / "li" / "photo.jpg").touch()
    result = call("render", "--chars", "永", "--hand", "li")
    assert f"{Path('runs/li')} is a run that was adapted to nobody" in str(result.exception)
    result = call("adapt", "--data", "me.h5", "--out", "runs/2024")
    assert "--out runs/2024: a number is an invented hand's" in str(result.exception)
    result = call("adapt", "--data", "me.h5", "--out", "people/2024")  # --hand people/2024 takes it
    assert str(result.exception).startswith("me.h5: there is no such store")


def test_a_hand_is_given_away_with_what_reads_its_drawings(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No store of one person's could teach another recogniser."""
    monkeypatch.chdir(tmp_path)
    as_of(RunFolder("runs/me"), written)
    assert call("export-weights", "--run", "runs/me", "--out", "given").exit_code == 0
    kept = [Path(folder, "recogniser.safetensors") for folder in ("given", "runs/me")]
    assert kept[0].read_bytes() == kept[1].read_bytes()


def test_the_best_of_a_persons_drawings_is_chosen_by_what_came_along(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recogniser of the person's own few samples would read none of the characters to draw."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delattr("hanzi_lsgan.cli.chosen_run.load_recogniser")  # of a store: minutes
    as_of(RunFolder("runs/me"), written)
    shutil.copy(written, "me.h5")
    options = ("--hand", "me", "--chars", NEW[:2], "--best-of", "2")
    for store in ((), ("--data", str(written))):
        for command in (("render",), ("generate", "--per-class", "1", "--out", "a.gnt", "--force")):
            result = call(*command, *options, *store)
            assert result.exit_code == 0, result.exception


def test_real_rows_above_a_persons_hand_are_the_persons(
    written_by_two: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with Store(written_by_two) as store:
        rows = store.rows_of_class(Split.TRAIN, store.charset.index("永"))
        glyphs = {
            store.sources[store.writers[row]].name: store.images(range(row, row + 1))[0]
            for row in rows
        }
    for writer in ("me", "other"):
        as_of(RunFolder(f"runs/{writer}-hand"), written_by_two, writer)
        result = call(
            "render", "--hand", f"{writer}-hand", "--chars", "永", "--out", "a.png", "--scale", "1"
        )
        assert result.exit_code == 0, result.exception
        picture = np.asarray(Image.open("a.png").convert("L"))
        windows = np.lib.stride_tricks.sliding_window_view(picture, (64, 64))
        shown = [
            name for name, glyph in glyphs.items() if (windows == glyph).all(axis=(2, 3)).any()
        ]
        assert shown == [writer]


def test_a_model_of_what_the_person_has_written_alone_is_refused(written: Path) -> None:
    """Or nothing would be left to say how alike the hand is, minutes later."""
    shipped = RunFolder(SHIPPED).load_generator()
    with Store(written) as store:
        with pytest.raises(UserError, match="--from: this model knows no hanzi that the person"):
            check_person(shipped.relabelled("，" + WRITTEN[::-1], ""), store)
        check_person(shipped.relabelled(WRITTEN + NEW, ""), store)


def test_too_little_writing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for character in "永和九":
        (tmp_path / "png" / character).mkdir(parents=True)
        Image.new("L", (32, 32)).save(tmp_path / "png" / character / "1.png")
    prepare([tmp_path / "png"], tmp_path / "me.h5", glyph=GlyphOptions(64, "aspect", 2), jobs=1)
    # Before a recogniser, which for a run may take minutes to train.
    monkeypatch.delattr("hanzi_lsgan.cli.adapt._recogniser_of")
    result = call("adapt", "--data", "me.h5")
    assert "has 3 samples" in str(result.exception)
    prepare([], tmp_path / "test.h5", test_sources=[tmp_path / "png"], jobs=1)
    result = call("adapt", "--data", "test.h5")
    problem = "has no train split: all of it is test; take a writer of it with --writer, or"
    assert problem in str(result.exception)
    assert not (tmp_path / "runs").exists()


def test_pictures_of_one_person_in_folders_of_classes_are_by_no_writers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each folder counts as a writer; each message sent its reader to take another of those."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delattr("hanzi_lsgan.cli.adapt._recogniser_of")
    for character in WRITTEN[:9]:
        (tmp_path / "my png" / character).mkdir(parents=True)
        Image.new("L", (32, 32)).save(tmp_path / "my png" / character / "1.png")
    prepare([tmp_path / "my png"], Path("my.h5"), glyph=GlyphOptions(64, "aspect", 2), jobs=1)
    listed = call("hands", "--data", "my.h5").output
    assert "my png/永\t1\n" in listed
    assert "--writer" not in listed
    assert "fewer than the 10 that adapt needs of one; adapt --data my.h5 takes all" in listed
    result = call("adapt", "--data", "my.h5")
    assert "my.h5 has 9 sources: taking all for one person's\n" in result.output
    assert "my.h5: has 9 samples of" in str(result.exception)
    said = str(call("adapt", "--data", "my.h5", "--writer", "永").exception)
    assert "my.h5: has 1 sample by my png/永 of" in said
    assert said.endswith(" leave --writer out where all is by one person")


def store_of(path: Path, **writers: list[tuple[str, np.ndarray]]) -> Path:
    """A store of what writers wrote, of whom some may be stand-ins by their names."""
    folder = path.with_suffix("")
    folder.mkdir()
    for name, glyphs in writers.items():
        with (folder / f"{name.replace('_', '-')}.gnt").open("wb") as stream:
            for character, glyph in glyphs:
                write_record(stream, character, glyph)
    prepare([folder], path, glyph=GlyphOptions(64, "aspect", 2), jobs=1)
    return path


BLANK = np.full((64, 64), 255, np.uint8)


def test_samples_that_show_nothing_of_a_hand_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One character over and over, or empty paper, gave a hand that was nobody's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delattr("hanzi_lsgan.cli.adapt._recogniser_of")
    one = [("永", write("永"))] * 12
    store_of(tmp_path / "one.h5", me=one)
    said = str(call("adapt", "--data", "one.h5").exception)
    assert "one.h5: has 12 samples" in said
    assert "with ink on 12 of them, which show 1 different hanzi; give at least 10" in said
    store_of(tmp_path / "blank.h5", me=[*one[:3], *((c, BLANK) for c in WRITTEN[1:12])])
    said = str(call("adapt", "--data", "blank.h5").exception)
    assert "blank.h5: has 14 samples" in said
    assert "with ink on 3 of them, which show 1 different hanzi; give at least 10" in said
    assert not (tmp_path / "runs").exists()


def test_more_than_a_person_writes_is_refused(
    written: Path, written_by_two: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store by hundreds filled the memory where --writer had been forgotten."""
    monkeypatch.setattr(person, "_MOST_SAMPLES", 30)
    shipped = RunFolder(SHIPPED).load_generator()
    with Store(written) as store:
        check_person(shipped, store)
    with Store(written_by_two) as store:
        with pytest.raises(UserError, match="has 60 samples, more than one person writes; take"):
            check_person(shipped, store)
        check_person(shipped, store, find_writer(store, "me"))


def test_empty_paper_is_left_out_and_the_writers_own_kind_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for setting in ("_STEPS", "_TRIED_A_FONT", "_TRIED_CHARACTERS"):
        monkeypatch.setattr(adaptation, setting, 1)
    monkeypatch.setattr(adaptation, "_BATCH", 4)
    monkeypatch.setattr(person, "_JUDGED", 4)
    glyphs = [(c, write(c)) for c in WRITTEN[:12]]
    blank = [(c, BLANK) for c in WRITTEN[12:17]]
    store = store_of(tmp_path / "me.h5", me=[*glyphs, *blank], font_drawn_1=glyphs[:3])
    result = call("adapt", "--data", "me.h5", "--writer", "me.gnt")
    assert result.exit_code == 0, result.output
    assert "left out, as there is no ink on them: 5 samples\n" in result.output
    assert "wrote runs/me," in result.output
    learned = RunFolder("runs/me").info().store
    assert (learned.train_samples, learned.font_drawn) == (12, False)
    with Store(store) as written:  # or both would be font-drawn
        assert written.header.font_drawn


def test_rows_above_a_hand_are_called_by_the_writers_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    glyphs = [(c, write(c)) for c in WRITTEN[:12]]
    store = store_of(tmp_path / "two.h5", me=glyphs, font_drawn_1=glyphs[:6])
    compose, shown = grid.compose, []

    def record(characters: str, rows: list[grid.Row], *rest: object) -> Image.Image:
        shown.append(rows[0].label)
        return compose(characters, rows, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(grid, "compose", record)
    for writer in ("me.gnt", "font-drawn-1.gnt"):
        as_of(RunFolder(f"runs/{writer}-hand"), store, writer)
        options = ("--hand", f"{writer}-hand", "--data", "two.h5")
        result = call("render", *options, "--chars", "永", "--out", "a.png")
        assert result.exit_code == 0, result.exception
    assert shown == ["Real", "Font-drawn"]


def test_a_recogniser_that_has_learned_but_what_the_person_wrote_is_refused_at_once(
    written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(person, "Adaptation")  # minutes
    shipped = RunFolder(SHIPPED).load_generator()
    assert shipped.recogniser is not None
    recogniser = replace(load_recogniser(shipped.recogniser), charset=WRITTEN)
    with Store(written) as store, pytest.raises(UserError, match="--from: what reads this model"):
        learn_hand(shipped, store, recogniser)


def test_a_folder_for_which_another_works_is_refused_at_once(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who ended later lost minutes of work."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delattr("hanzi_lsgan.cli.adapt._recogniser_of")
    with claim_out(Path("runs/me")):
        result = call("adapt", "--data", str(written))
    assert "runs/me: another session" in str(result.exception)
    assert not Path("runs").exists() or not any(Path("runs/me").iterdir())


def test_a_bare_name_is_that_of_a_run_under_runs_and_a_lost_file_is_to_be_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model = json.loads((SHIPPED / "model.json").read_text("utf-8")) | {"hand": [0.0] * 384}
    for run in map(RunFolder, ("runs/li", "li", "wang")):
        run.path.mkdir(parents=True)
        run.model.write_text(json.dumps(model), "utf-8")
    for hand, folder, said in (
        ("li", Path("runs/li"), f"taking {Path('runs/li')}; --hand ./li takes the run here\n"),
        ("./li", "li", ""),
        ("wang", "wang", ""),
    ):
        result = call("render", "--chars", "永", "--hand", hand)
        assert result.output.lstrip("\n").startswith(said)
        lost = f"{Path(folder) / 'generator.safetensors'}: is missing; copy the run again"
        assert str(result.exception).startswith(lost)


def test_the_best_of_a_persons_is_refused_where_the_recogniser_was_lost(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One was trained on the person's few samples instead, for minutes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delattr("hanzi_lsgan.cli.chosen_run.load_recogniser")
    as_of(RunFolder("runs/me"), written)
    RunFolder("runs/me").recogniser.unlink()
    options = ("--hand", "me", "--chars", NEW[:2], "--best-of", "2", "--data", str(written))
    said = str(call("render", *options).exception)
    assert said.startswith("--best-of: these weights bring no recogniser along; leave it out")


def test_a_hand_of_another_length_is_damage(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED, tmp_path / "run")
    model = tmp_path / "run" / "model.json"
    info = json.loads(model.read_text())
    model.write_text(json.dumps(info | {"hand": [0.5] * 7}))
    with pytest.raises(Exception, match=r"does not suit model\.json"):
        RunFolder(tmp_path / "run").load_generator()
    modulating, noise = 128, 4 * 8**2
    model.write_text(json.dumps(info | {"hand": [0.5] * (modulating + noise)}))
    trained = RunFolder(tmp_path / "run").load_generator()
    drawn = draw_class(trained.network, 0, 6, seed=0).astype(float)
    free = draw_class(RunFolder(SHIPPED).load_generator().network, 0, 6, seed=0).astype(float)
    assert np.std(drawn, axis=0).mean() < 0.6 * np.std(free, axis=0).mean()
