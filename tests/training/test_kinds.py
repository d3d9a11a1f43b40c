"""A model that is told by what kind of writing a character is."""

import json
import math
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from data_tools.errors import UserError
from data_tools.hwdb.gnt import write_record
from data_tools.sources.writing_kinds import WritingKinds
from data_tools.store.prepare import prepare
from data_tools.store.reader import Store
from hanzi_lsgan.batches import Batch, BatchStream, Position
from hanzi_lsgan.drawing import grid
from hanzi_lsgan.drawing.grid import Row
from hanzi_lsgan.drawing.images import draw_latents
from hanzi_lsgan.judging.cas import accuracy_of_both, classification_accuracy_score
from hanzi_lsgan.judging.checkpoint_score import QuickScorer
from hanzi_lsgan.judging.judge import obtain_judge, require_kind
from hanzi_lsgan.losses import choice_loss
from hanzi_lsgan.models import drawing_kind, projection
from hanzi_lsgan.models.label_embedding import GlyphEmbedding, LabelEmbedding
from hanzi_lsgan.models.projection import ProjectionGenerator
from hanzi_lsgan.recipe import load_recipe
from hanzi_lsgan.runs.folder import RunFolder
from hanzi_lsgan.training import step
from hanzi_lsgan.training.session import Session
from hanzi_lsgan.training.start import start_from
from hanzi_lsgan.training.step import Trainer
from tests.cli.in_process import run
from tests.tiny import OVERRIDES, tiny_generator

GREY = {"brush": 40, "pen": 160, "font-drawn": 90}
"""What all pixels of a sample of each kind are."""


def write_kind(folder: Path, kind: str, characters: str, writers: int) -> Path:
    height = 50 if folder.name == "test" else 20
    folder.mkdir(parents=True)
    for writer in range(writers):
        with (folder / f"{kind}-{writer:02}.gnt").open("wb") as stream:
            for character in characters:
                shade = np.full((height + writer, 20), GREY[kind], np.uint8)
                write_record(stream, character, shade)
    return folder


@pytest.fixture
def store_path(tmp_path: Path) -> Path:
    """Brushes write 一二三, pens only 一."""
    sources = [
        write_kind(tmp_path / "z", "brush", "一二三", 8),
        write_kind(tmp_path / "a", "pen", "一", 8),
        write_kind(tmp_path / "b" / "test", "brush", "一二三", 2),
        write_kind(tmp_path / "c" / "test", "pen", "一", 2),
    ]
    kinds = WritingKinds.parse([f"brush={tmp_path}/z", f"brush={tmp_path}/b"])
    prepare(sources, tmp_path / "kinds.h5", kinds=kinds, jobs=1)
    return tmp_path / "kinds.h5"


@pytest.mark.parametrize("residence", ["memory", "stream"])
def test_labels_say_what_samples_are_and_kinds_have_equal_shares(
    store_path: Path, residence: str
) -> None:
    with Store(store_path) as store:
        assert store.kinds == ("brush", "pen")
        stream = BatchStream(
            store,
            size=64,
            batch_size=8,
            pack_size=2,
            seed=0,
            residence=residence,  # type: ignore[arg-type]
            class_balance=True,
            with_kinds=True,
        )
        counts = np.zeros(6, int)
        for batch in islice(stream.batches(), 60):
            labels = batch.labels.numpy()
            assert (labels[::2] == labels[1::2]).all()  # of packs
            darkest = batch.images.numpy().min(axis=(1, 2, 3))
            assert (darkest == np.where(labels % 2 == 0, 40, 160)).all()
            counts += np.bincount(labels, minlength=6)
    # 一, 三, 二 by brush, a sixth each, and 一 by pen, a half.
    assert counts[3] == counts[5] == 0
    np.testing.assert_allclose(counts[[0, 2, 4]] / counts.sum(), 1 / 6, atol=0.05)
    assert counts[1] / counts.sum() == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("glyph", [False, True])
def test_a_kind_adds_its_vector_and_the_forms_stay(glyph: bool) -> None:
    torch.manual_seed(0)
    embedding: LabelEmbedding | GlyphEmbedding = LabelEmbedding(3, 4, 1.0, kinds=2)
    if glyph:
        embedding = GlyphEmbedding("一二三", 4, kinds=2)
    with torch.no_grad():
        both = embedding(torch.arange(6)).view(3, 2, 4)
    vectors = embedding.kind_vectors.weight.detach()
    torch.testing.assert_close(both[:, 1] - both[:, 0], (vectors[1] - vectors[0]).expand(3, 4))
    embedding.drawn_kind = 1
    with torch.no_grad():
        torch.testing.assert_close(embedding(torch.arange(3)), both[:, 1])
    if isinstance(embedding, GlyphEmbedding):
        hands = torch.zeros(3, dtype=torch.int64)
        drawn = embedding.pictures(torch.arange(3), hands)
        embedding.drawn_kind = None
        torch.testing.assert_close(embedding.pictures(torch.tensor([1, 2, 5]), hands), drawn)


def trainer(*overrides: str) -> Trainer:
    return Trainer(load_recipe("quick32", [*OVERRIDES, *overrides]), "一二三", ("brush", "pen"))


def test_wrong_labels_are_other_characters_by_the_same_kind() -> None:
    made = trainer("objective.wrong_label_weight=1", "train.batch_size=80")
    labels = torch.arange(6).repeat(14)[:80].sort().values
    wrong = made._wrong(labels)
    packs = labels[::2]
    assert (wrong % 2 == packs % 2).all()
    assert (wrong // 2 != packs // 2).all()
    assert wrong.max() < 6


def test_a_teacher_reads_the_character_whatever_the_kind(
    store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[torch.Tensor] = []

    def note(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        asked.append(labels)
        return logits.sum(dim=1) * 0

    monkeypatch.setattr(step, "reading_losses", note)
    made = trainer("objective.reading_weight=0.5")
    made.teach_with(torch.nn.Sequential(torch.nn.Flatten(), torch.nn.LazyLinear(3)))  # type: ignore[arg-type]
    with Store(store_path) as store:
        stream = BatchStream(store, size=32, batch_size=8, pack_size=2, seed=0, with_kinds=True)
        batch = next(stream.batches())
    made.train_step(batch)
    assert torch.equal(asked[0], batch.labels // 2)
    assert made.generator.label_embedding.kind_vectors.weight.grad is not None
    assert made.discriminator.label_embedding.kind_vectors.weight.grad is not None


GLYPHS = ["model.label_embedding=glyph", "model.hands=4", "model.hands_by_kind=true"]


def chooser(made: Trainer) -> ProjectionGenerator:
    assert isinstance(made.generator, ProjectionGenerator)
    assert made.generator.has_preferences
    return made.generator


def test_a_choice_is_taught_by_the_gradient_of_the_expected_loss() -> None:
    # Two choices at even odds that cost 1 and 0: E[L] = p, and dp/db = p (1 - p) = 1/4.
    preferences = torch.zeros(2, requires_grad=True)
    log_p = F.log_softmax(preferences, dim=0)
    choice_loss(torch.tensor([1.0, 0.0]), torch.full((2,), 0.5), log_p).backward()  # type: ignore[no-untyped-call]
    assert preferences.grad is not None
    assert preferences.grad.tolist() == pytest.approx([0.25, -0.25])


def test_hands_are_chosen_as_often_as_a_kind_prefers_them() -> None:
    generator = chooser(trainer(*GLYPHS))
    random = torch.Generator().manual_seed(1)
    latents, lots = (
        torch.randn((4000, 8), generator=random),
        torch.randn((4000, 4), generator=random),
    )
    with torch.no_grad():
        # One hand nine times as likely as each of the three others: 9/12.
        generator.hand_preferences.weight[1, 2] = math.log(9) / projection._PREFERENCE_SCALE
    kinds = torch.arange(4000) % 2
    chosen = generator.prefer_hands(latents, kinds, lots)
    for kind, expected in ((0, [0.25] * 4), (1, [1 / 12, 1 / 12, 9 / 12, 1 / 12])):
        counts = torch.bincount(chosen[kind::2, :4].argmax(dim=1), minlength=4) / 2000
        torch.testing.assert_close(counts, torch.tensor(expected), atol=0.04, rtol=0)
    likely = generator.log_probability(chosen[1::2], kinds[1::2]).exp()
    assert {round(p, 3) for p in likely.tolist()} == {0.083, 0.75}
    # No number of a latent changes but its place, and the greatest is as great whoever is chosen.
    assert torch.equal(chosen.sort(dim=1).values, latents.sort(dim=1).values)
    assert torch.equal(chosen[:, 4:], latents[:, 4:])
    greatest = chosen[1::2, :4].max(dim=1).values
    seldom = chosen[1::2, :4].argmax(dim=1) != 2
    assert float(greatest[seldom].mean()) == pytest.approx(float(greatest.mean()), abs=0.1)
    # So it is where a kind is drawn by, and of more latents the first stay.
    with drawing_kind(generator, 1):
        drawn = draw_latents(generator, 400, 0)
        for count in (1, 3, 77):
            assert torch.equal(draw_latents(generator, count, 0), drawn[:count])
    share = float((drawn[:, :4].argmax(dim=1) == 2).float().mean())
    assert share == pytest.approx(9 / 12, abs=0.1)


def test_a_choice_costs_what_the_pack_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Against the derivative of the expected loss, worked out over all choices.

    Two hands at even odds, packs of two. A pack scores 0 where both images are by the first hand,
    else 1: ½ or 0. The teacher cannot read the second hand, which costs ½ · 1 a sample. E[L] =
    ½ p² + ½ (1 - p), and with dp/db = ¼ for the first hand: (p - ½) / 4 = 0 at p = ½.
    With a cost of ½ · 3 it is (½ - 3/2) / 4.
    """
    made = trainer(*GLYPHS, "objective.reading_weight=0.5")
    hands = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]])
    for surprise, expected in ((1.0, 0.0), (3.0, -0.25)):
        preferences = torch.zeros(2, requires_grad=True)
        loss = made._choice_loss(
            scores=1 - (hands == 0).all(dim=1).float(),
            unread=surprise * hands.flatten().float(),
            likely=F.log_softmax(preferences, dim=0)[hands.flatten()],
            kinds=torch.zeros(8, dtype=torch.int64),
        )
        loss.backward()  # type: ignore[no-untyped-call]
        assert preferences.grad is not None
        # The mean of three others in the place of E[L] makes it 4/3 times as large.
        expected_here = expected * 4 / 3
        assert preferences.grad.tolist() == pytest.approx([expected_here, -expected_here])


def test_a_kind_comes_to_avoid_the_hand_that_costs_most(monkeypatch: pytest.MonkeyPatch) -> None:
    made = trainer(*GLYPHS, "train.batch_size=64")
    generator = chooser(made)
    chosen: list[torch.Tensor] = []

    def note(_: object, inputs: tuple[torch.Tensor, ...]) -> None:
        chosen.append(inputs[0][:, :4].argmax(dim=1))

    choice_loss_of = made._choice_loss

    def cost(
        scores: torch.Tensor, unread: torch.Tensor, likely: torch.Tensor, kinds: torch.Tensor
    ) -> torch.Tensor:
        by_last = (chosen[-1] == 3).float().view(-1, 2).mean(dim=1)
        return choice_loss_of(1 - by_last, torch.zeros(64), likely, kinds)

    generator.register_forward_pre_hook(note)
    monkeypatch.setattr(made, "_choice_loss", cost)
    images = torch.full((64, 1, 32, 32), 200, dtype=torch.uint8)
    for number in range(40):  # all by the first kind
        labels = torch.arange(0, 6, 2).repeat(22)[:64].sort().values
        made.train_step(Batch(images, labels, Position(0, number + 1)))
    weight = generator.hand_preferences.weight.detach()
    assert weight[0, 3] < weight[0, :3].min() - 0.005
    assert torch.equal(weight[1], torch.zeros(4))


def test_the_usual_loss_is_that_of_the_other_packs_by_the_kind() -> None:
    made = trainer(*GLYPHS)
    usual = made._mean_of_others(torch.tensor([1.0, 2.0, 6.0, 8.0]), torch.tensor([1, 1, 1, 0]))
    assert usual.tolist() == [4, 3.5, 1.5, 0]


def test_a_checkpoint_is_scored_by_hands_that_each_kind_prefers(
    store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kind 0 always takes hand 1 and kind 1 hand 3, whichever kind the network else draws by."""
    generator = chooser(trainer(*GLYPHS)).eval()
    with torch.no_grad():
        generator.hand_preferences.weight[0, 1] = 10
        generator.hand_preferences.weight[1, 3] = 10
    generator.label_embedding.drawn_kind = 1
    hands: dict[int | None, set[int]] = {}

    def note(_: object, inputs: tuple[torch.Tensor, ...]) -> None:
        taken = hands.setdefault(generator.label_embedding.drawn_kind, set())
        taken.update(inputs[0][:, :4].argmax(dim=1).tolist())

    generator.register_forward_pre_hook(note)
    monkeypatch.setattr("hanzi_lsgan.judging.judge.training_steps", lambda samples: 1)
    with Store(store_path) as store:
        QuickScorer(store, 32, 32, lambda *progress: None).score(generator)
    assert hands == {0: {1}, 1: {3}}
    assert generator.label_embedding.drawn_kind == 1


def test_a_judge_of_all_kinds_is_said_to_stand_beside_one_kind(
    store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight brushes wrote three characters and eight pens one, which the judge has all learned."""
    for module in ("judge", "cas"):
        monkeypatch.setattr(f"hanzi_lsgan.judging.{module}.training_steps", lambda samples: 1)
    generator = chooser(trainer(*GLYPHS)).eval()
    with Store(store_path) as store, drawing_kind(generator, 1):
        judge = obtain_judge(store, 32, lambda *progress: None).of_kind(store, "pen")
        score, *_ = classification_accuracy_score(generator, store, judge, lambda *progress: None)
        both = accuracy_of_both(generator, store, judge, lambda *progress: None)
    real = "real: 32 train of all kinds of writing; both tested on 2 test"
    assert score.compared == f"8 generated; {real}"
    assert both.compared == f"8 train and 8 generated; {real}"


def test_preferences_go_with_the_kinds_to_another_run(tmp_path: Path, store_path: Path) -> None:
    with Session.begin("quick32", store_path, tmp_path / "first", [*OVERRIDES, *GLYPHS]) as session:
        with torch.no_grad():
            chooser(session.trainer).hand_preferences.weight[0] = torch.arange(4.0)
        session.train(kimg=0.008)
        before = chooser(session.trainer).hand_preferences.weight[0].clone()
    made = Trainer(load_recipe("quick32", [*OVERRIDES, *GLYPHS]), "一二三", ("pen", "brush"))
    start_from(made, RunFolder(tmp_path / "first"), "一二三", ("pen", "brush"))
    assert torch.equal(chooser(made).hand_preferences.weight[1], before)


@pytest.mark.parametrize("settings", [[], GLYPHS])
def test_a_run_of_one_kind_can_begin_with_one_that_knew_several(
    tmp_path: Path, store_path: Path, settings: list[str]
) -> None:
    overrides = [*OVERRIDES, *settings]
    with Session.begin("quick32", store_path, tmp_path / "first", overrides) as session:
        session.train(kimg=0.008)
        both = session.trainer.generator.label_embedding
        with torch.no_grad():
            vectors = both(torch.arange(6)).view(3, 2, -1)  # of each character by brush and pen
    for kind, row in (("pen", 1), ("brush", 0), ("", 1)):  # where nobody says, the likeliest
        made = Trainer(load_recipe("quick32", overrides), "一三二", (kind,))
        start_from(made, RunFolder(tmp_path / "first"), "一三二", (kind,))
        with torch.no_grad():
            drawn = made.generator.label_embedding(torch.arange(3))
        torch.testing.assert_close(drawn, vectors[:, row])


def test_a_run_draws_by_each_kind_it_was_taught(store_path: Path, tmp_path: Path) -> None:
    with Session.begin("quick32", store_path, tmp_path / "run", OVERRIDES) as session:
        session.train(kimg=0.04)
    with Session.resume(tmp_path / "run") as session:
        session.train()
    trained = RunFolder(tmp_path / "run").load_generator()
    assert trained.info.kinds == ("brush", "pen")
    assert trained.kind == "pen"  # where nobody says
    brush = trained.of_kind("brush")
    assert (brush.kind, trained.kind) == ("brush", "pen")
    latents = torch.randn(2, 8)
    labels = torch.tensor([0, 2])
    with torch.no_grad():
        by_pen, by_brush = (one.network(latents, labels) for one in (trained, brush))
        with drawing_kind(trained.network, 0):
            assert torch.equal(trained.network(latents, labels), by_brush)
    assert not torch.equal(by_pen, by_brush)
    with pytest.raises(
        UserError, match=r"--kind chalk: .* no such kind.*; choose one of brush, pen"
    ):
        trained.of_kind("chalk")


def test_what_people_wrote_is_not_called_font_drawn_beside_what_fonts_drew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = [
        write_kind(tmp_path / "z", "brush", "一二", 2),
        write_kind(tmp_path / "a", "font-drawn", "一二", 2),
        write_kind(tmp_path / "b" / "test", "brush", "一二", 2),
    ]
    kinds = WritingKinds.parse([f"brush={tmp_path}/z", f"brush={tmp_path}/b"])
    prepare(sources, tmp_path / "kinds.h5", kinds=kinds, jobs=1)
    prepare(sources, tmp_path / "again.h5", kinds=WritingKinds.parse(["x"]), jobs=1)
    shown: list[str] = []

    def note(characters: str, rows: list[Row], *_: object) -> Image.Image:
        shown.extend(row.label for row in rows)
        return Image.new("L", (1, 1))

    monkeypatch.setattr(grid, "compose", note)
    with Store(tmp_path / "again.h5") as store:  # where one kind holds both, all of it counts
        assert store.is_font_drawn("x")
    with Store(tmp_path / "kinds.h5") as store:
        assert [store.is_font_drawn(kind) for kind in ("", "brush", "font")] == [True, False, True]
        for kind in ("brush", "font"):
            grid.render_comparison(
                tiny_generator(2), store.charset, "一", store=store, rows=1, seed=0, kind=kind
            )
    assert shown == ["Real", "Generated", "Font-drawn", "Generated"]


def test_a_run_can_begin_with_one_that_knew_no_kinds(store_path: Path, tmp_path: Path) -> None:
    write_kind(tmp_path / "one", "pen", "一二三", 8)
    prepare([tmp_path / "one"], tmp_path / "one.h5", jobs=1)
    with Session.begin("quick32", tmp_path / "one.h5", tmp_path / "first", OVERRIDES) as session:
        session.train()
    with Session.begin(
        "quick32", store_path, tmp_path / "second", OVERRIDES, tmp_path / "first"
    ) as session:
        old = RunFolder(tmp_path / "first").load_state()["generator"]
        new = session.trainer.generator.state_dict()
        assert set(new) - set(old) == {"label_embedding.kind_vectors.weight"}
        for name, value in old.items():
            assert torch.equal(new[name], value)


def test_commands_take_a_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("hanzi_lsgan.judging.judge.training_steps", lambda samples: 3)
    for folder, kind, characters in (("z", "brush", "一二三"), ("a", "pen", "一二")):
        write_kind(tmp_path / folder / "train", kind, characters, 8)
        write_kind(tmp_path / folder / "test", kind, characters, 8)
    arguments = ["--kind", "brush=z", "--out", "kinds.h5", "--size", "32"]
    assert run(monkeypatch, "prepare", "a", *arguments) == 0
    assert "48 brush, 32 pen" in capsys.readouterr().out
    settings = [part for one in OVERRIDES for part in ("--set", one)]
    assert run(monkeypatch, "train", "quick32", "--data", "kinds.h5", *settings) == 0
    for kind in ("brush", "pen"):
        assert run(monkeypatch, "render", "--kind", kind, "--out", f"{kind}.png") == 0
        assert run(monkeypatch, "evaluate", "--kind", kind, "--per-class", "6") == 0
        assert f", by {kind}" in capsys.readouterr().out
    assert Path("brush.png").read_bytes() != Path("pen.png").read_bytes()
    # A store that says nothing of kinds is taken as it is.
    assert run(monkeypatch, "prepare", "z", "--out", "plain.h5", "--size", "32") == 0
    assert run(monkeypatch, "render", "--data", "plain.h5", "--out", "plain.png") == 0
    assert run(monkeypatch, "evaluate", "--data", "plain.h5", "--per-class", "6") == 0
    # One that says other kinds is refused before minutes of work.
    assert run(monkeypatch, "prepare", "z", "--kind", "brush", "--out", "brush.h5") == 0
    arguments = ["--data", "brush.h5", "--kind", "pen"]
    with monkeypatch.context() as patch:
        patch.setattr("hanzi_lsgan.judging.judge.obtain_recogniser", None)
        assert run(monkeypatch, "evaluate", *arguments) == 2
    said = "brush.h5: has no kind of writing named pen; choose one of brush"
    assert said in capsys.readouterr().err
    assert run(monkeypatch, "render", "--kind", "chalk") == 2
    assert "choose one of brush, pen" in capsys.readouterr().err
    assert run(monkeypatch, "prepare", "a", "--kind", "brush=nowhere", "--out", "b.h5") == 2
    assert "nowhere: there is no such file or folder" in capsys.readouterr().err


def test_a_kind_that_cannot_be_judged_is_refused_with_what_can_be_done() -> None:
    """A store of a train sample by brush, a test sample by chalk, and both by pen."""
    store: Any = SimpleNamespace(
        path=Path("s.h5"),
        kinds=("brush", "chalk", "pen"),
        row_kinds=np.array([0, 2, 1, 2]),
        splits=np.array([0, 0, 1, 1], np.uint8),
    )
    require_kind(store, "pen", ["brush"])
    data = r"name a store with train and test samples by brush, as --data$"
    for drawn in (["brush"], ["brush", "chalk"]):  # neither can be judged here
        with pytest.raises(UserError, match=rf"^s\.h5: has no test samples by brush; {data}"):
            require_kind(store, "brush", drawn)
    with pytest.raises(UserError, match=rf"choose one of pen as --kind, or {data}"):
        require_kind(store, "brush", ["brush", "pen"])
    with pytest.raises(UserError, match=r"^s\.h5: has no train samples by chalk; name a"):
        require_kind(store, "chalk", ["chalk"])
    with pytest.raises(UserError, match=r"^s\.h5: has no kind of writing named ink; name a"):
        require_kind(store, "ink", ["ink"])


def test_beside_a_model_of_no_kind_stands_what_is_by_pen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of 3 characters by 8 brushes and 8 fonts, and 2 by 6 pens, the 12 by pens are real."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("hanzi_lsgan.judging.judge.training_steps", lambda samples: 3)
    drawn = ("b", "font-drawn", "一二三", 8)
    for folder, kind, characters, writers in (
        ("z", "brush", "一二三", 8),
        ("a", "pen", "一二", 6),
        drawn,
    ):
        for split in ("train", "test"):
            write_kind(tmp_path / folder / split, kind, characters, writers)
    assert run(monkeypatch, "prepare", "z", "--out", "plain.h5", "--size", "32") == 0
    kinds = ["--kind", "brush=z", "--out", "kinds.h5", "--size", "32"]
    assert run(monkeypatch, "prepare", "a", "b", *kinds) == 0
    settings = [part for one in OVERRIDES for part in ("--set", one)]
    assert run(monkeypatch, "train", "quick32", "--data", "plain.h5", *settings) == 0
    capsys.readouterr()
    assert run(monkeypatch, "evaluate", "--data", "kinds.h5", "--per-class", "6", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["kind"], found["font_drawn"]) == ("pen", False)
    assert found["figures"][0]["compared"].endswith("real: 12 test of 2 characters")
    assert run(monkeypatch, "render", "--data", "kinds.h5", "--chars", "一", "--scale", "1") == 0
    with Image.open(next((tmp_path / "runs").glob("*/grid.png"))) as picture:
        levels = set(np.asarray(picture.convert("L")).ravel().tolist())
    assert GREY["pen"] in levels


def test_a_kind_of_the_test_split_alone_is_not_taught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Pens write nothing but the test split: a model is not to draw by a vector of noise."""
    monkeypatch.chdir(tmp_path)
    for folder, kind in (("z/train", "font-drawn"), ("z/test", "font-drawn"), ("a/test", "pen")):
        write_kind(tmp_path / folder, kind, "一二", 8)
    arguments = ["--kind", "brush=z", "--out", "kinds.h5", "--size", "32"]
    assert run(monkeypatch, "prepare", "a", *arguments) == 0
    settings = [part for one in OVERRIDES for part in ("--set", one)]
    to_train = ["train", "quick32", "--data", "kinds.h5", "--out", "run", *settings]
    assert run(monkeypatch, *to_train) == 0
    said = capsys.readouterr().out
    assert "no train sample, so not learned: 1 kind of writing (pen)" in said
    trained = RunFolder(Path("run")).load_generator()
    assert (trained.kind, trained.info.untaught_kinds) == ("brush", ("pen",))
    with pytest.raises(UserError, match=r"--kind pen: .* no such kind.*; choose one of brush$"):
        trained.of_kind("pen")
    with Session.resume("run") as session:
        assert session.trainer.ema.label_embedding.drawn_kind == 0
    assert run(monkeypatch, "info", "run") == 0
    said = capsys.readouterr().out
    assert "pen" not in said
    assert "(font-drawn, not handwriting)" in " ".join(said.split())
    # Another run takes over what was learned alone.
    weight = trained.network.label_embedding.state_dict()["kind_vectors.weight"]
    made = Trainer(load_recipe("quick32", OVERRIDES), "一二", ("pen", "brush"))
    fresh = made.ema.label_embedding.state_dict()["kind_vectors.weight"].clone()
    start_from(made, RunFolder(Path("run")), "一二", ("pen", "brush"))
    taken = made.ema.label_embedding.state_dict()["kind_vectors.weight"]
    assert torch.equal(taken, torch.stack([fresh[0], weight[0]]))
    # Runs of before know what they knew.
    facts = json.loads(Path("run/model.json").read_text(encoding="utf-8"))
    del facts["untaught_kinds"]
    Path("run/model.json").write_text(json.dumps(facts), encoding="utf-8")
    assert RunFolder(Path("run")).load_generator().kind == "pen"
