"""What all plots have in common: size, grid, colours, and a file that only depends on what is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TONES = ("#2456d6", "#0b7a68", "#c77700", "#c5307f", "#7048e8", "#0784a3")
GREY = "#8b93a1"


def blank(panels: int) -> tuple[Figure, Sequence[Axes]]:
    """A figure of panels side by side, without a window and without pyplot's global state."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.6 * panels, 3.4), layout="constrained")
    FigureCanvasSVG(figure)
    axes = figure.subplots(1, panels, squeeze=False)[0]
    for ax in axes:
        ax.grid(color="#d9dee6", linewidth=0.6)
        ax.set_axisbelow(True)
        ax.spines[["top", "right"]].set_visible(False)
    return figure, list(axes)


def save(figure: Figure, path: Path) -> None:
    """Write it as SVG; the same plot gives the same file."""
    import matplotlib as mpl

    with mpl.rc_context({"svg.hashsalt": "worldassay"}):
        figure.savefig(path, format="svg", metadata={"Date": None})
