"""Figures: matplotlib where it is installed, one look for all, the same bytes every time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_tools.errors import UserError, join_message
from data_tools.files import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DOTS_PER_INCH = 100
_STYLE: dict[str, Any] = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "lines.linewidth": 1.6,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "svg.hashsalt": "hanzi-lsgan",  # else the names inside an SVG are new each time
    "svg.fonttype": "path",
}


def require_matplotlib() -> None:
    """Find out before the work whether the figure can be drawn.

    Raises:
        UserError: matplotlib is not installed.
    """
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        problem = "needs matplotlib, which is not installed"
        remedy = "pip install 'hanzi-lsgan[papers]'"
        raise UserError(join_message("hanzi-lsgan paper", problem, remedy)) from None


@contextmanager
def drawing(
    folder: Path, rows: int, columns: int, width: float = 9.6, height: float = 3.4
) -> "Iterator[tuple[Figure, list[Axes]]]":
    """Yield a figure of rows × columns panels, and save it as figure.png and figure.svg.

    Args:
        folder: where the two files go.
        rows: of panels.
        columns: of panels.
        width: of the whole, in inches of 100 dots.
        height: the same.

    Raises:
        UserError: matplotlib is not installed, or the folder cannot be written.
    """
    require_matplotlib()
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    # mypy knows the names of settings one by one
    with rc_context(_STYLE):  # type: ignore[arg-type]
        figure = Figure((width, height), dpi=_DOTS_PER_INCH, layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False)
        yield figure, list(axes.flat)
        for suffix, metadata in (("png", {"Software": None}), ("svg", {"Date": None})):
            with replacing(folder / f"figure.{suffix}") as unfinished:
                figure.savefig(unfinished, format=suffix, metadata=metadata)
