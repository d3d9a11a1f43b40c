"""The run folder: what is in it, how it is written and read safely.

    config.toml            the recipe, with every default spelled out
    model.json             networks, charset, image size and the store that the run was trained on
    generator.safetensors  the averaged generator of the last checkpoint
    best.safetensors       that of the best checkpoint, by the rule of `checkpoint_score.py`
    state/training.pt      weights, optimizers and position, for resuming only
    metrics.jsonl          one line a tick; TensorBoard's files beside it where it is installed
    samples/               one picture a tick
    checksums.json         of the files above, which `info RUN --verify` compares
    training.lock          while a process trains here, its number

Every file is written under a temporary name and renamed, so a killed run leaves the file before.
Nothing that is read can run code: JSON, TOML, safetensors, and tensors through `weights_only`.
"""

import importlib.metadata
import math
import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from PIL import Image
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from safetensors.torch import save as serialize_tensors
from torch import nn

from data_tools.errors import UserError, join_message
from data_tools.files import StrPath, replacing, writable
from data_tools.splits import Split
from hanzi_lsgan.mark import saying_so
from hanzi_lsgan.models import build_generator, take_hand
from hanzi_lsgan.models.label_embedding import free_of
from hanzi_lsgan.recipe import Recipe, parse_recipe, parse_toml, recipe_to_toml
from hanzi_lsgan.runs import checksums, training_lock
from hanzi_lsgan.runs.checksums import announce, is_lost
from hanzi_lsgan.runs.state_file import write_state
from hanzi_lsgan.runs.trained_generator import ModelInfo, StoreProvenance, TrainedGenerator
from hanzi_lsgan.runs.wrong_path import refuse_other_things

if TYPE_CHECKING:  # HDF5 takes a while to load, and who only draws needs none of it
    from data_tools.store.reader import Store

SHIPPED = Path(__file__).parent.parent / "weights"
"""The generator that comes with the program, in a folder that a run's commands take."""

_MOST_TEXT_BYTES = 4 << 20  # a charset of all of Unicode takes less
_RESTORE = "copy the run again, or train it anew"
_BEGINNING = ("checksums.json", "config.toml", "model.json")


class RunFolder:
    """One training run on disk."""

    def __init__(self, path: StrPath) -> None:
        self.path = Path(path)
        self.config = self.path / "config.toml"
        self.model = self.path / "model.json"
        self.generator = self.path / "generator.safetensors"
        self.best = self.path / "best.safetensors"
        self.recogniser = self.path / "recogniser.safetensors"
        self.state = self.path / "state" / "training.pt"
        self.metrics = self.path / "metrics.jsonl"
        self.samples = self.path / "samples"
        self.checksums = self.path / checksums.NAME
        self._begun: dict[Path, bytes] = {}

    @property
    def holds_beginning(self) -> bool:
        """Whether nothing is there but what a run begins with, left by one that came no further."""
        allowed = {*_BEGINNING, *(f"{name}.partial" for name in _BEGINNING), training_lock.NAME}
        return self.path.is_dir() and {path.name for path in self.path.iterdir()} <= allowed

    def refuse_if_used(self, remedy: str = "name another --out") -> None:
        """Make sure that a new folder would overwrite nothing.

        Raises:
            UserError: the folder is not empty, or cannot be read.
        """
        with writable(self.path):
            if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
                raise UserError(join_message(str(self.path), "there is something already", remedy))

    def refuse_if_trained(self) -> None:
        """Make sure that a new run would overwrite nothing but one that came no further than this.

        Raises:
            UserError: the folder holds a run or something else, or cannot be read.
        """
        with writable(self.path):
            if self.holds_beginning:
                return
        remedy = "name another --out"
        if self.config.is_file():
            remedy = f"add --resume to go on with it, or {remedy}"
        self.refuse_if_used(remedy)

    def create(self, recipe: Recipe, store: "Store") -> None:
        """Begin a run in a folder that exists and whose lock is held.

        Raises:
            UserError: the folder holds a run already, or cannot be written.
        """
        self.refuse_if_trained()
        from data_tools.store.mean_places import mean_places
        from data_tools.store.summary import untaught_in, untaught_kinds_in

        untaught_kinds = untaught_kinds_in(store)
        taught_kinds = [kind for kind in store.kinds if kind not in untaught_kinds]
        info = ModelInfo(
            tool_version=_own_version(),
            model=recipe.model,
            charset=store.charset,
            untaught=untaught_in(store),
            kinds=store.kinds,
            untaught_kinds=untaught_kinds,
            store=StoreProvenance(
                path=str(store.path.resolve()),
                fingerprint=store.fingerprint,
                train_samples=len(store.rows_of(Split.TRAIN)),
                font_drawn=any(map(store.is_font_drawn, taught_kinds)),
            ),
            places=mean_places(store),
        )
        # The recipe comes last: where it is, everything is that a run can be resumed from.
        texts = {self.model: info.model_dump_json(indent=2), self.config: recipe_to_toml(recipe)}
        for path, text in texts.items():
            with replacing(path) as unfinished:
                unfinished.write_text(text, "utf-8", newline="\n")
                announce(self.path, path, unfinished)

    def remember_store(self, path: Path) -> None:
        """Note where the run's store lies now, if it has moved, so that every command finds it.

        Raises:
            UserError: `model.json` is missing or damaged.
        """
        info = self.info()
        if str(path.resolve()) == info.store.path:
            return
        moved = info.store.model_copy(update={"path": str(path.resolve())})
        with replacing(self.model) as unfinished:
            text = info.model_copy(update={"store": moved}).model_dump_json(indent=2)
            unfinished.write_text(text, "utf-8", newline="\n")
            announce(self.path, self.model, unfinished)

    def remember_beginning(self) -> None:
        """Keep in mind what the run began with, for `restore_beginning`."""
        with writable(self.path):
            self._begun = {path: path.read_bytes() for path in (self.model, self.config)}

    def restore_beginning(self) -> None:
        """Write what the run began with again where its folder was moved or removed meanwhile.

        Raises:
            UserError: the folder cannot be written.
        """
        for path, content in self._begun.items():
            if not path.exists():
                with replacing(path) as unfinished:
                    unfinished.write_bytes(content)
                    announce(self.path, path, unfinished)

    def remove_beginning(self) -> None:
        """Take back what `create` wrote, where nothing has been added to it."""
        if self.holds_beginning:
            for name in _BEGINNING:
                (self.path / name).unlink(missing_ok=True)

    def checkpoint_stamp(self) -> tuple[int, int] | None:
        """What tells one checkpoint from the next, or None where there is none."""
        try:
            status = self.state.stat()
        except FileNotFoundError:
            return None
        return status.st_mtime_ns, status.st_size

    def recipe(self) -> Recipe:
        """The settings of the run.

        Raises:
            UserError: the file is missing or damaged.
        """
        if not self.config.is_file():
            refuse_other_things(self.path)
            if self.generator.is_file():
                problem = "holds a generator alone, without the training that it came from"
                remedy = "draw with it; to train, name a run, or begin a new one"
                raise UserError(join_message(str(self.path), problem, remedy))
            if self.holds_beginning:
                remedy = "begin it without --resume"
                raise UserError(join_message(str(self.path), "no run has begun here yet", remedy))
        values = parse_toml(self._text(self.config), str(self.config), _RESTORE)
        return parse_recipe(values, where=str(self.config))

    def info(self) -> ModelInfo:
        """What the run's model is.

        Raises:
            UserError: the file is missing or damaged.
        """
        try:
            return ModelInfo.model_validate_json(self._text(self.model))
        except ValidationError as error:
            raise self._no_model(error) from None

    def _no_model(self, error: ValidationError) -> UserError:
        """What is wrong with `model.json`: it is no JSON, or not what this version writes."""
        first = error.errors()[0]
        if first["type"] == "json_invalid":
            return self._damaged(self.model, f"is damaged ({first['msg']})")
        place = ".".join(map(str, first["loc"])) or "all of it"
        problem = f"is not as hanzi-lsgan {_own_version()} writes it ({place}: {first['msg']})"
        remedy = f"install the version that wrote it, or {_RESTORE}"
        return UserError(join_message(str(self.model), problem, remedy))

    def save_generator(self, network: nn.Module, images: int) -> None:
        """Write the averaged generator, for drawing."""
        self._save_weights(self.generator, network, {"images": str(images)})

    def offer_best(self, network: nn.Module, images: int, frechet: float) -> bool:
        """Keep the averaged generator if it scores lower than the best so far; tell whether."""
        if self.best.exists() and frechet >= self.number(self.best, "frechet"):
            return False
        self._save_weights(self.best, network, {"images": str(images), "frechet": repr(frechet)})
        return True

    def refuse_without_generator(self) -> None:
        """Make sure that it has a generator, unless it is a run without a checkpoint yet.

        Raises:
            UserError: somebody has taken the generator away, or left it behind when copying.
        """
        if self.generator.is_file() or self.best.is_file():
            return
        # Weights to give away are never without one; a list of checksums may be left behind too.
        if not self.config.is_file() or is_lost(self.path, self.generator):
            raise self._damaged(self.generator, "is missing")

    def load_generator(self, checkpoint: str | None = None) -> TrainedGenerator:
        """Read an averaged generator: the best where the run was scored, else the last.

        Args:
            checkpoint: `best` or `last`, if one of them is wanted.

        Raises:
            UserError: the run has no such generator, or its files disagree.
        """
        info = self.info()
        chosen = checkpoint or ("best" if self.best.exists() else "last")
        paths = {"best": self.best, "last": self.generator}
        if chosen not in paths:
            raise UserError(join_message(f"--checkpoint {chosen}", "is none", "say best or last"))
        path = paths[chosen]
        if not path.is_file():
            self.refuse_without_generator()
            remedy = "train it first; generators are written with each checkpoint"
            if chosen == "best":
                remedy = "take the last one, or train with --set train.score_samples=4000"
            raise UserError(join_message(str(self.path), f"has no {path.name}", remedy))
        images = int(self.number(path, "images"))
        try:
            tensors = load_file(path)
            free = free_of(tensors, info.charset)
            network = build_generator(
                info.model, info.charset, len(info.kinds), fit=False, free=free
            )
            network.label_embedding.drawn_kind = info.usual_kind
            network.load_state_dict(tensors)
            network.places = info.places
            if info.hand is not None:
                take_hand(network, torch.tensor(info.hand))
        except (SafetensorError, RuntimeError, OSError, ValueError) as error:
            raise self._damaged(path, f"does not suit model.json ({error})") from None
        if torch.accelerator.is_available():
            network.to(torch.accelerator.current_accelerator())
        recogniser = self.recogniser if self.recogniser.is_file() else None
        return TrainedGenerator(network.eval(), info, info.charset, images, chosen, recogniser)

    def _save_weights(self, path: Path, network: nn.Module, metadata: dict[str, str]) -> None:
        tensors = {name: value.contiguous() for name, value in network.state_dict().items()}
        with replacing(path) as unfinished:
            unfinished.write_bytes(serialize_tensors(tensors, metadata))
            announce(self.path, path, unfinished)

    def metadata(self, path: Path) -> dict[str, str]:
        """What stands beside the weights in one of the run's files.

        Raises:
            UserError: the file is damaged.
        """
        try:
            with safe_open(path, framework="pt") as file:
                return dict(file.metadata() or {})
        except (SafetensorError, OSError) as error:
            raise self._damaged(path, f"is no file of weights ({error})") from None

    def number(self, path: Path, name: str) -> float:
        """A number that stands beside the weights in one of the run's files.

        Raises:
            UserError: the file is damaged, or has no such number.
        """
        text = self.metadata(path).get(name, "")
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise self._damaged(path, f"says {name} = {text[:20]!r}")
        return value

    def save_state(self, state: dict[str, Any]) -> None:
        """Write everything that resuming needs: tensors and plain values."""
        with replacing(self.state) as path:
            write_state(path, state)
            announce(self.path, self.state, path)

    @property
    def has_lost_state(self) -> bool:
        """Whether the run had a checkpoint to resume from, and somebody has taken it away."""
        return is_lost(self.path, self.state)

    def load_state(self) -> dict[str, Any]:
        """Read what `save_state` wrote, on the CPU.

        Raises:
            UserError: there is no checkpoint, or it is damaged.
        """
        if not self.state.is_file():
            remedy = "start the run anew in another folder"
            raise UserError(join_message(str(self.path), "has no checkpoint to resume", remedy))
        try:
            state: dict[str, Any] = torch.load(self.state, map_location="cpu", weights_only=True)
        except (RuntimeError, OSError, EOFError, pickle.UnpicklingError, ValueError) as error:
            raise self._damaged(self.state, f"is damaged ({error})") from None
        return state

    def save_picture(self, picture: Image.Image, images: int) -> None:
        """Write the picture of a tick, named after the images seen."""
        with replacing(self.samples / f"{images:010}.png") as path:
            picture.save(path, format="PNG", **saying_so("PNG"))

    def _text(self, path: Path) -> str:
        refuse_other_things(self.path)
        try:
            if path.stat().st_size > _MOST_TEXT_BYTES:
                raise self._damaged(path, f"is longer than {_MOST_TEXT_BYTES:,} bytes")
            return path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise self._damaged(path, f"cannot be read ({error})") from None

    def _damaged(self, path: Path, problem: str) -> UserError:
        return UserError(join_message(str(path), problem, _RESTORE))


def _own_version() -> str:
    return importlib.metadata.version("hanzi-lsgan")
