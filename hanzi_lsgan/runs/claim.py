"""Whose a run folder is: made for one session, and trained in by one at a time."""

from contextlib import suppress
from pathlib import Path

from data_tools.errors import UserError, join_message
from data_tools.files import StrPath, writable
from data_tools.store.reader import Store
from hanzi_lsgan.recipe import Recipe
from hanzi_lsgan.runs.folder import RunFolder
from hanzi_lsgan.runs.runs_here import next_run, reserve_run
from hanzi_lsgan.runs.training_lock import TrainingLock


class Claim:
    """A session's right to train in a run folder, which it takes before it works for minutes.

    Attributes:
        run: the folder; of a run that takes the next free name, the one expected until `take`.
    """

    def __init__(self, run: RunFolder, exists: bool, name_to_reserve: str | None = None) -> None:
        self.run = run
        self._exists = exists  # there is a recipe in it that this session has written or read
        self._begun_here = not exists
        self._name_to_reserve = name_to_reserve
        self._made_folder = False
        self._checkpoint = run.checkpoint_stamp() if exists else None
        self._lock: TrainingLock | None = None

    @classmethod
    def on_new(cls, out: StrPath | None, recipe_name: str) -> "Claim":
        """On the folder named, or on the next free one under `runs/`.

        Raises:
            UserError: there is something in the folder named.
        """
        if out is None:
            path = Path(recipe_name)
            stem = path.stem if path.suffix.lower() == ".toml" else path.name
            return cls(RunFolder(next_run(stem)), exists=False, name_to_reserve=stem)
        run = RunFolder(out)
        run.refuse_if_trained()
        return cls(run, exists=False)

    def take(self, recipe: Recipe, store: Store) -> None:
        """Make the folder of a new run, and keep everyone else from training in it.

        Raises:
            UserError: the folder cannot be written, is another run's, or someone else trains in it
                or has done so since this session read it.
        """
        if self._lock is not None:
            return
        if not self._exists:
            self._make_folder()
        try:
            self._lock = TrainingLock(self.run.path)
            if not self._exists:
                self.run.create(recipe, store)
                self._exists = True
            self.run.remember_beginning()
            if self.run.checkpoint_stamp() != self._checkpoint:
                problem = "has been trained since this session read it"
                raise UserError(join_message(str(self.run.path), problem, "resume it anew"))
        except BaseException:
            self.release()
            raise

    def _make_folder(self) -> None:
        if self._name_to_reserve is not None:
            self.run = RunFolder(reserve_run(self._name_to_reserve))
            self._made_folder = True
            return
        self.run.refuse_if_trained()
        with writable(self.run.path):
            self._made_folder = not self.run.path.exists()
            self.run.path.mkdir(parents=True, exist_ok=True)

    def release(self) -> None:
        """Let others train in the run; a new one that has come to nothing leaves nothing."""
        if self._lock is None:
            return
        self._checkpoint = self.run.checkpoint_stamp()
        if self._begun_here and self.run.holds_beginning:
            self.run.remove_beginning()
            self._exists = False
        self._lock.release()
        self._lock = None
        if self._made_folder and not self._exists:
            with suppress(OSError):  # it is not empty: another process has taken it meanwhile
                self.run.path.rmdir()
