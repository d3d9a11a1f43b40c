"""Beginning a run from trained networks: what of them fits is taken, character by character."""

from pathlib import Path

from torch import Tensor, nn

from data_tools.errors import UserError, join_message
from hanzi_lsgan.models.label_embedding import FREE_ROWS, free_of
from hanzi_lsgan.recipe import load_recipe, recipe_names
from hanzi_lsgan.runs.folder import SHIPPED, RunFolder
from hanzi_lsgan.training.step import Trainer

_ROW_A_CHARACTER = "label_embedding.table.weight"


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
        if load_recipe(name).model == model:
            return name
    remedy = "name the recipe whose networks they are"
    raise UserError(join_message(str(run.path), "has networks of no known recipe", remedy))


def start_from(trainer: Trainer, run: RunFolder, charset: str) -> bool:
    """Give a fresh trainer the weights of a run, or of a generator alone.

    Characters that the run did not have keep their fresh rows. Optimizers begin anew.

    Args:
        trainer: fresh.
        run: a run, or exported weights.
        charset: of the trainer.

    Returns:
        Whether there was a discriminator too.

    Raises:
        UserError: the run cannot be read, or its networks are others than the trainer's.
    """
    trained_charset = run.info().charset
    if run.state.exists():
        state = run.load_state()
        parts = {name: state[name] for name in ("generator", "discriminator", "ema")}
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
            fitting = _by_character(networks[name].state_dict(), weights, charset, trained_charset)
            networks[name].load_state_dict(fitting)
        except (RuntimeError, ValueError):
            remedy = f"take its recipe ({recipe_of(run)}), or name another run with --from"
            problem = f"its {name} is another network than the recipe's"
            raise UserError(join_message(str(run.path), problem, remedy)) from None
    return "discriminator" in parts


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
