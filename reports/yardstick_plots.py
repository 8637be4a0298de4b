"""Plots of the yardstick: how the error falls along training, and with the size of the data and of the model."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reports.plots import GREY, TONES, blank, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Row = dict[str, Any]


def draw(group: Mapping[str, Any], out: Path) -> list[Row]:
    """Write the plots of one set-up's runs as SVG into `out`: their file names and what they show."""
    out.mkdir(parents=True, exist_ok=True)
    plots = [("curve", "Error inside the training range along training", _curves)]
    for key, title in (("clips", "size of the training set"), ("parameters", "size of the model")):
        if len({_x(run, key) for run in group["runs"]}) > 1:
            plots.append((key, f"Error and the {title}", _trends(key)))
    made = []
    for name, title, plot in plots:
        file = f"{group['setup']}-{name}.svg"
        save(plot(group), out / file)
        made.append({"src": file, "title": title})
    return made


def _errors(ax: Axes) -> None:
    """Errors go up the page, on a logarithmic axis with plain numbers."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    ax.set(ylabel="error of velocity, units/s", yscale="log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _curves(group: Mapping[str, Any]) -> Figure:
    figure, (ax,) = blank(1)
    for run, tone in zip(group["runs"], TONES * len(group["runs"]), strict=False):
        rows = [row for row in run["log"] if not math.isnan(row["error"])]
        ax.plot([row["step"] for row in rows], [row["error"] for row in rows], color=tone, label=run["name"])
    floor = group["floors"]["inside"]
    ax.axhline(floor, color=GREY, linestyle=":", label="true videos")
    _errors(ax)
    ax.set(xlabel="steps of training")
    ax.legend(frameon=False, fontsize=8)
    return figure


def _trends(key: str) -> Any:
    def plot(group: Mapping[str, Any]) -> Figure:
        other = "parameters" if key == "clips" else "clips"
        figure, axes = blank(2)
        for ax, where in zip(axes, ("inside", "outside"), strict=True):
            for i, size in enumerate(sorted({_x(run, other) for run in group["runs"]})):
                rows = sorted((_x(r, key), r[where]) for r in group["runs"] if _x(r, other) == size)
                label = f"{_short(size)} {other}"
                ax.plot(*zip(*rows, strict=True), "o-", color=TONES[i % len(TONES)], label=label, markersize=4)
            _published(ax, group["published"], key, where)
            _errors(ax)
            ax.set(xlabel=key, xscale="log", title=where)
            ax.legend(frameon=False, fontsize=8)
        return figure

    return plot


def _published(ax: Axes, rows: Sequence[Row], key: str, where: str) -> None:
    """PhyWorld's own figures, in grey."""
    known = [row for row in rows if row[key] and row[where]]
    for model in dict.fromkeys(row["model"] for row in known):
        points = sorted((row[key], row[where]) for row in known if row["model"] == model)
        ax.plot(*zip(*points, strict=True), "s--", color=GREY, markersize=4, linewidth=0.8)
        ax.annotate(f"PhyWorld {model}", points[-1], (4, 4), textcoords="offset points", fontsize=7, color=GREY)


def _x(run: Row, key: str) -> float:
    return float(run["lesson"]["clips"] if key == "clips" else run["parameters"])


def _short(number: float) -> str:
    """1234567 -> "1.2M"."""
    for unit, name in ((1e6, "M"), (1e3, "k")):
        if number >= unit:
            return f"{number / unit:.3g}{name}"
    return f"{number:g}"
