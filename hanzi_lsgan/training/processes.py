"""Several processes that train together: what each does of a batch, and what they tell each other.

They do together what one would do alone: each takes its part of every batch, batch normalisation
uses the statistics of all parts (`models/layers.py`), and gradients are averaged before they are
applied. One that is alone tells nobody anything.
"""

import torch
import torch.distributed as dist
from torch import Tensor, nn

from data_tools.errors import UserError, join_message
from hanzi_lsgan.acceleration import process_state


class TrainingProcess:
    """One of the processes that train together, or the only one.

    Attributes:
        device: where it computes.
        processes: how many train together.
        is_main: whether it is the one that writes and prints.
        part: its part of every batch.
    """

    def __init__(self, batch_size: int, pack_size: int) -> None:
        """Find the others, and share batches with them.

        Raises:
            UserError: batches do not fall into equal parts of whole packs.
        """
        state = process_state()
        self.device: torch.device = state.device
        self.processes = int(state.num_processes)
        self.is_main = bool(state.is_main_process)
        self.part = share_batch(batch_size, pack_size, self.processes, int(state.process_index))

    def any_process(self, flag: bool) -> bool:
        """Whether the flag is set in any process, so that all can do the same.

        All must ask. The device is waited for, so this is not for every step.
        """
        if self.processes == 1:
            return flag
        flags = torch.tensor(float(flag), device=self.device)
        dist.all_reduce(flags)
        return bool(flags > 0)

    def mean_of_processes(self, values: dict[str, float]) -> dict[str, float]:
        """The mean of each value over all processes; all must ask."""
        if self.processes == 1:
            return values
        means = torch.tensor(list(values.values()), dtype=torch.float32, device=self.device)
        dist.all_reduce(means)
        return dict(zip(values, (means / self.processes).tolist(), strict=True))

    def sum_of_processes(self, values: Tensor) -> Tensor:
        """The sum of values on the device over all processes; all must ask."""
        if self.processes > 1:
            dist.all_reduce(values)
        return values

    def wait_for_others(self) -> None:
        """Go on when all processes have come here."""
        process_state().wait_for_everyone()

    def average_gradients(self, network: nn.Module) -> None:
        """Give all processes the mean of their parts' gradients."""
        if self.processes == 1:
            return
        gradients = [weight.grad for weight in network.parameters() if weight.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        dist.all_reduce(flat)
        flat /= self.processes
        sizes = [gradient.numel() for gradient in gradients]
        for gradient, mean in zip(gradients, torch.split(flat, sizes), strict=True):
            gradient.copy_(mean.view(gradient.shape))


def share_batch(batch_size: int, pack_size: int, processes: int, index: int) -> slice:
    """The part of a batch that process `index` of `processes` takes.

    Raises:
        UserError: batches do not fall into equal parts of whole packs.
    """
    if batch_size % (processes * pack_size):
        problem = f"cannot be shared by {processes} processes in whole packs of {pack_size}"
        remedy = f"set it to a multiple of {processes * pack_size}"
        raise UserError(join_message(f"train.batch_size = {batch_size}", problem, remedy))
    size = batch_size // processes
    return slice(index * size, (index + 1) * size)
