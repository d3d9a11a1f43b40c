"""What a test hears of a training, and does while it goes on."""

from collections.abc import Callable, Mapping

from hanzi_lsgan.training.loop import Listener, Saved, Tick


class Notes(Listener):
    """Notes ticks and checkpoints, and does something after the step that sees so many images."""

    def __init__(self, at: Mapping[int, Callable[[], object]] | None = None) -> None:
        self.ticks: list[Tick] = []
        self.saved: list[Saved] = []
        self._at = at or {}

    def on_step(self, images: int, seconds: float) -> None:
        if images in self._at:
            self._at[images]()

    def on_tick(self, tick: Tick) -> None:
        self.ticks.append(tick)

    def on_saved(self, saved: Saved) -> None:
        self.saved.append(saved)
