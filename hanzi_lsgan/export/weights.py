"""A trained generator on its own, in half precision: to give away, and as this package ships one.

The folder is a run folder that cannot be resumed: `model.json` and `generator.safetensors`, if
wanted `recogniser.safetensors` for `--best-of`, and their checksums. Every command that draws takes
it for `--run`.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PureWindowsPath

from safetensors.torch import save as serialize_tensors

from data_tools.errors import UserError, join_message
from data_tools.files import folders_around, writable, write_together
from data_tools.outputs import check_folder
from hanzi_lsgan.runs import training_lock
from hanzi_lsgan.runs.checksums import checksums_of
from hanzi_lsgan.runs.folder import SHIPPED as SHIPPED
from hanzi_lsgan.runs.folder import RunFolder
from hanzi_lsgan.runs.trained_generator import TrainedGenerator


def check_out(out: Path) -> Path:
    """Make sure, before any work, that the weights can be written.

    Returns:
        The folder: the target where it is a link.

    Raises:
        UserError: there is something in the folder, or it cannot be written.
    """
    folder = check_folder(out)
    # The lock is that of `claim_out`, or what a killed process has left of it.
    if folder.exists() and any(path.name != training_lock.NAME for path in folder.iterdir()):
        remedy = "name a new or an empty folder"
        raise UserError(join_message(f"--out {out}", "there is something already", remedy))
    return folder


@contextmanager
def claim_out(out: Path) -> Iterator[None]:
    """Keep everyone else from a folder from before minutes of work until the weights are in it.

    After an error the folder is as it was, or gone again.

    Raises:
        UserError: as of `check_out`, or another process works for the same folder.
    """
    folder = check_out(out)
    with ExitStack() as stack:
        with writable(folder):
            stack.enter_context(folders_around(folder / training_lock.NAME))
        stack.enter_context(training_lock.TrainingLock(folder))
        check_out(out)  # who held the lock until now may have written
        yield


def export_weights(trained: TrainedGenerator, out: Path, recogniser: bytes | None = None) -> int:
    """Write a generator in half precision, which draws the same but for a grey level here or there.

    Args:
        trained: as a run folder gave it.
        out: a folder that is new or empty.
        recogniser: the file of one, by which `--best-of` is to choose where there is no store.

    Returns:
        The size of the weights in bytes.

    Raises:
        UserError: there is something in the folder, or it cannot be written.
    """
    check_out(out)
    target = RunFolder(out)
    # Where the store lay is nobody's business but its trainer's.
    store = trained.info.store
    # Of a run from Windows the path has its separators; those of others divide it there as well.
    store = store.model_copy(update={"path": PureWindowsPath(store.path).name})
    info = trained.info.model_copy(update={"store": store})
    tensors = {
        name: value.half().contiguous() if value.is_floating_point() else value
        for name, value in trained.network.state_dict().items()
    }
    weights = serialize_tensors(tensors, {"images": str(trained.images)})
    # The first takes its name last: where `model.json` is, everything is.
    contents = {target.model: info.model_dump_json(indent=2).encode(), target.generator: weights}
    if recogniser is not None:
        contents[target.recogniser] = recogniser
    checksums = checksums_of(contents)
    write_together([*contents, target.checksums], [*contents.values(), checksums])
    return sum(len(content) for path, content in contents.items() if path != target.model)
