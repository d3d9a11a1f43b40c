import tomllib
from pathlib import Path

import pytest

from data_tools.errors import UserError
from hanzi_lsgan.config_folder import config_folder
from hanzi_lsgan.losses import LeastSquares, Minimax, NonSaturating, Wasserstein
from hanzi_lsgan.recipe import (
    ProjectionModel,
    load_recipe,
    parse_recipe,
    recipe_names,
    recipe_to_toml,
)


def test_the_promised_recipes_come_with_the_program() -> None:
    assert set(recipe_names()) >= {"quick32", "hwdb64", "paper28"}
    sizes = {name: load_recipe(name).model.size for name in ("quick32", "hwdb64", "paper28")}
    assert sizes == {"quick32": 32, "hwdb64": 64, "paper28": 28}


@pytest.mark.parametrize("name", recipe_names())
def test_every_setting_of_a_recipe_is_commented(name: str) -> None:
    text = (config_folder() / f"{name}.toml").read_text("utf-8")
    settings = [line for line in text.splitlines() if "=" in line and not line.startswith("#")]
    assert settings
    assert [line for line in settings if "#" not in line] == []


@pytest.mark.parametrize("name", recipe_names())
def test_a_recipe_spells_out_every_setting(name: str) -> None:
    """So that nobody must read the program to know what a run does."""
    written = tomllib.loads((config_folder() / f"{name}.toml").read_text("utf-8"))
    complete = load_recipe(name).model_dump(mode="json")
    assert {section: set(table) for section, table in written.items()} == {
        section: set(table) for section, table in complete.items()
    }


@pytest.mark.parametrize("name", recipe_names())
def test_a_recipe_survives_writing_and_reading(name: str) -> None:
    recipe = load_recipe(name)
    assert parse_recipe(tomllib.loads(recipe_to_toml(recipe)), where="test") == recipe


def test_paper28_has_the_papers_settings() -> None:
    recipe = load_recipe("paper28")
    assert recipe.objective.labels == (0, 1, 1)
    assert recipe.objective.r1_gamma == 0
    train = recipe.train
    assert (train.batch_size, train.adam_beta1, train.generator_learning_rate) == (64, 0.5, 2e-4)
    assert train.kimg * 1000 / train.batch_size == 1_000_000


def test_overrides_replace_single_settings() -> None:
    overrides = ["train.batch_size=128", 'objective.labels="-1,1,0"', "data.residence=stream"]
    recipe = load_recipe("quick32", overrides)
    assert recipe.train.batch_size == 128
    assert recipe.objective.adversarial_loss == LeastSquares(a=-1, b=1, c=0)
    assert recipe.data.residence == "stream"
    assert recipe.train.seed == load_recipe("quick32").train.seed


def test_labels_can_be_three_numbers() -> None:
    recipe = load_recipe("quick32", ["objective.labels=[0.1, 0.9, 0.8]"])
    assert recipe.objective.labels == (0.1, 0.9, 0.8)


@pytest.mark.parametrize(
    ("loss", "expected", "weight"),
    [
        ("least-squares", LeastSquares, 0),
        ("non-saturating", NonSaturating, 0),
        ("minimax", Minimax, 0),
        ("wasserstein-gp", Wasserstein, 10),
    ],
)
def test_an_objective_by_its_name(loss: str, expected: type, weight: float) -> None:
    objective = load_recipe("quick32", [f"objective.loss={loss}"]).objective
    assert type(objective.adversarial_loss) is expected
    assert objective.gradient_penalty_weight == weight
    weighted = ["objective.gradient_penalty_weight=2.5", f"objective.loss={loss}"]
    assert load_recipe("quick32", weighted).objective.gradient_penalty_weight == 2.5


def test_a_wasserstein_loss_without_its_penalty_is_refused() -> None:
    overrides = ["objective.loss=wasserstein-gp", "objective.gradient_penalty_weight=0"]
    with pytest.raises(UserError, match="gradient_penalty_weight must not be 0 for wasserstein-gp"):
        load_recipe("quick32", overrides)


@pytest.mark.parametrize("name", ["dcgan32", "glyph64", "paper28"])
@pytest.mark.parametrize("key", ["loss=wasserstein-gp", "gradient_penalty_weight=1"])
def test_a_gradient_penalty_is_refused_where_scores_depend_on_other_images(
    name: str, key: str
) -> None:
    with pytest.raises(UserError, match=r"penalty_weight must be 0 (unless|for the orig)"):
        load_recipe(name, [f"objective.{key}"])


@pytest.mark.parametrize("name", ["dcgan32", "glyph64"])
def test_a_gradient_penalty_is_taken_where_nothing_is_normalised(name: str) -> None:
    overrides = ["objective.loss=wasserstein-gp", "model.discriminator_normalisation=none"]
    assert load_recipe(name, overrides).objective.gradient_penalty_weight == 10


def test_the_size_follows_from_the_number_of_stages() -> None:
    model = ProjectionModel(
        architecture="projection", generator_channels=(8, 8), discriminator_channels=(8, 8)
    )
    assert model.size == 8


def test_recipes_of_models_that_do_not_say_how_many_hands_mean_the_first_four() -> None:
    model = ProjectionModel(
        architecture="projection", generator_channels=(8, 8), discriminator_channels=(8, 8)
    )
    assert model.hands == 4


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("train.batch_size=0", "train.batch_size: Input should be greater than or equal to 2"),
        ("train.bach_size=64", "train.bach_size is no setting"),
        ("train.batch_size=66", "not a multiple of model.pack_size = 4"),
        ("train.precision=half", "train.precision: Input should be 'auto', 'bf16', 'fp16' or 'no'"),
        ("objective.labels=1,1,1", '"0,1,1" or "-1,1,0"'),
        ("objective.labels=[nan, 1, 1]", "objective.labels.0: Input should be a finite number"),
        ("objective.labels=[0, 1, inf]", "objective.labels.2: Input should be a finite number"),
        ("model.generator_channels=[64, 64]", "must be equally many"),
        ("model.noise_points=8", "noise_points needs label_embedding"),
        ("model.discriminator_sees_pictures=true", "discriminator_sees_pictures needs label_emb"),
        ("model.architecture=stylegan", "model: Input tag 'stylegan'"),
        ("objective.loss=hinge", "objective.loss: Input should be 'least-squares', "),
        ("objective.gradient_penalty_weight=-1", "objective.gradient_penalty_weight: Input"),
        ("train.optimizer=sgd", "train.optimizer: Input should be 'adam' or 'rmsprop'"),
        ("train.discriminator_steps=0", "train.discriminator_steps: Input should be greater"),
        ("train.seed", "section.key=value"),
        ("train.seed=true", "seed should be no true or false"),
        ("train.kimg=true", "kimg should be no true or false"),
        ("objective.labels=[false, true, true]", "labels should be no true or false"),
        ("batch_size=3", "section.key=value"),
        ("nonsense.key=3", "nonsense is no setting"),
        ("train.seed=" + "9" * 5000, "train.seed: "),
    ],
)
def test_a_wrong_setting_is_one_line_that_names_it(override: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        load_recipe("quick32", [override])
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_recipe_lists_those_there_are() -> None:
    with pytest.raises(UserError, match=r"nosuch: there is no such recipe; name one of .*quick32"):
        load_recipe("nosuch")


def test_a_broken_recipe_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[model\n")
    with pytest.raises(UserError, match=r"mine\.toml: is no valid TOML"):
        load_recipe(str(path))
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match=r"mine\.toml: cannot be read"):
        load_recipe(str(path))


def test_a_recipe_of_ones_own_is_read_from_its_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[model]\narchitecture = "paper28"\n[train]\nseed = 5\n')
    recipe = load_recipe(str(path))
    assert (recipe.model.size, recipe.train.seed) == (28, 5)


def test_one_sample_has_no_distance_to_score_by() -> None:
    with pytest.raises(UserError, match="should be 0, for no scores, or at least 2"):
        load_recipe("quick32", ["train.score_samples=1"])
