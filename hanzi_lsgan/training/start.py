"""Beginning a run from trained networks: what of them fits is taken, character by character."""

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor, nn

from data_tools.errors import UserError, join_message
from hanzi_lsgan.models.label_embedding import FREE_ROWS, free_of
from hanzi_lsgan.recipe import ModelSettings, ProjectionModel, Recipe, load_recipe, recipe_names
from hanzi_lsgan.runs.folder import SHIPPED, RunFolder
from hanzi_lsgan.runs.trained_generator import ModelInfo
from hanzi_lsgan.training.step import Trainer

_ROW_A_CHARACTER = "label_embedding.table.weight"
_VECTOR_A_KIND = "label_embedding.kind_vectors.weight"
_HANDS_A_KIND = "hand_preferences.weight"
_BIASES = ("label_embedding.bias", "label_embedding.projection.bias")  # of Φ, whichever it is


def trained_run(name: str | Path) -> RunFolder:
    """The run or exported weights of this name; `weights` are those that come along."""
    path = Path(name)
    return RunFolder(SHIPPED if str(name) == "weights" and not path.exists() else path)


def recipe_of(run: RunFolder) -> str:
    """The recipe whose networks a run has: its own, or for weights alone the one that fits.

    Raises:
        UserError: the run cannot be read, or no recipe has such networks.
    """
    if run.config.exists():
        return str(run.config)
    model = run.info().model
    for name in recipe_names():
        fitting = as_drawn_by(load_recipe(name), run).model
        # Weights alone are a generator, which goes with any discriminator and any kinds of writing.
        if _without_what_changes(fitting) == _without_what_changes(model):
            return name
    remedy = "name the recipe whose networks they are"
    raise UserError(join_message(str(run.path), "has networks of no known recipe", remedy))


def as_drawn_by(recipe: Recipe, run: RunFolder) -> Recipe:
    """A recipe that knows as many hands' fonts, and takes as much noise, as a run to begin with."""
    model, trained = recipe.model, run.info().model
    if not isinstance(model, ProjectionModel) or not isinstance(trained, ProjectionModel):
        return recipe
    model = model.model_copy(update={"hands": trained.hands, "noise_points": trained.noise_points})
    return recipe.model_copy(update={"model": model})


def _without_what_changes(model: ModelSettings) -> ModelSettings:
    if not isinstance(model, ProjectionModel):
        return model
    return model.model_copy(
        update={
            "hands_by_kind": False,
            "score_features": 1,
            "pack_size": 1,
            "discriminator_channels": (),
            "discriminator_sees_pictures": False,
            "discriminator_normalisation": "none",
        }
    )


def start_from(
    trainer: Trainer, run: RunFolder, charset: str, kinds: Sequence[str] = ("",)
) -> bool:
    """Give a fresh trainer the weights of a run, or of a generator alone.

    Characters and kinds of writing that the run did not have keep their fresh rows. Optimizers
    begin anew.

    Args:
        trainer: fresh.
        run: a run, or exported weights.
        charset: of the trainer.
        kinds: of the trainer.

    Returns:
        Whether there was a discriminator too.

    Raises:
        UserError: the run cannot be read, or its networks are others than the trainer's.
    """
    info = run.info()
    if run.state.exists():
        state = run.load_state()
        try:
            parts = {name: state[name] for name in ("generator", "discriminator", "ema")}
        except (KeyError, TypeError):
            remedy = "copy the run again, or name another with --from"
            problem = "is no checkpoint of a training"
            raise UserError(join_message(str(run.state), problem, remedy)) from None
    else:
        generator = run.load_generator().network.state_dict()
        parts = {"generator": generator, "ema": generator}
    networks: dict[str, nn.Module] = {
        "generator": trainer.generator,
        "discriminator": trainer.discriminator,
        "ema": trainer.ema,
    }
    for name, weights in parts.items():
        try:
            fresh = networks[name].state_dict()
            fitting = _by_character(fresh, weights, charset, info.charset)
            fitting = _by_kind(fresh, fitting, kinds, info)
            networks[name].load_state_dict(fitting)
        except (RuntimeError, ValueError, TypeError, AttributeError):
            remedy = f"take its recipe ({recipe_of(run)}), or name another run with --from"
            problem = f"its {name} is another network than the recipe's"
            raise UserError(join_message(str(run.path), problem, remedy)) from None
    return "discriminator" in parts


def _by_kind(
    fresh: dict[str, Tensor], trained: dict[str, Tensor], kinds: Sequence[str], had: ModelInfo
) -> dict[str, Tensor]:
    """Trained weights whose rows of kinds of writing are those of other kinds.

    Kinds that the trained network was taught take their rows along. Where there is but one kind
    now, the vector of that of the same name, or else of the likeliest, is added to Φ's bias once
    and for all.
    """
    fitting = {name: value for name, value in trained.items() if name != _HANDS_A_KIND}
    for name in (_VECTOR_A_KIND, _HANDS_A_KIND):
        if name in fresh:
            fitting[name] = fresh[name].clone()
            for row, kind in enumerate(kinds):
                if name in trained and kind in had.taught_kinds:
                    fitting[name][row] = trained[name][had.kinds.index(kind)]
    if _VECTOR_A_KIND in trained and _VECTOR_A_KIND not in fresh:
        vectors = fitting.pop(_VECTOR_A_KIND)
        is_taught = kinds[0] in had.taught_kinds
        kept = had.kinds.index(kinds[0]) if is_taught else had.usual_kind
        for name in _BIASES:
            if name in fitting:
                fitting[name] = fitting[name] + vectors[kept]
    return fitting


def _by_character(
    fresh: dict[str, Tensor], trained: dict[str, Tensor], charset: str, trained_charset: str
) -> dict[str, Tensor]:
    """Trained weights whose rows of characters are those of another charset."""
    fitting = dict(trained)
    rows = {
        _ROW_A_CHARACTER: (charset, trained_charset),
        FREE_ROWS: (free_of(fresh, charset) or "", free_of(trained, trained_charset) or ""),
    }
    for name, (wanted, had) in rows.items():
        if name not in trained or name not in fresh:
            continue
        fitting[name] = fresh[name].clone()
        for row, character in enumerate(wanted):
            if (found := had.find(character)) >= 0:
                fitting[name][row] = trained[name][found]
    return fitting
