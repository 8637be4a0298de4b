"""Plots of a certificate: what was told beside what was true, and the score against the severity."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reports.page import words
from reports.plots import GREY, TONES, blank, save

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Row = dict[str, Any]
BOLD = 12  # kinds a panel


def draw(document: Row, size: int, out: Path) -> list[Row]:
    """Write reliability.svg and dose.svg into `out`, where there is something to draw: file names and titles."""
    out.mkdir(parents=True, exist_ok=True)
    diagrams = [d for d in document.get("diagrams", ()) if d["size"] == size]
    curves = [c for c in document.get("curves", ()) if c["size"] == size and c["sight"] == "classical" and c["own"]]
    made = []
    if diagrams:
        save(_reliability(diagrams), out / "reliability.svg")
        made.append({"src": "reliability.svg", "title": "Told and true"})
    if curves:
        save(_doses(curves), out / "dose.svg")
        made.append({"src": "dose.svg", "title": "Score against severity"})
    return made


def _reliability(diagrams: Sequence[Row]) -> Figure:
    """The share of valid clips against the probability that was told, a panel for each kind of sight."""
    sights = list(dict.fromkeys(d["sight"] for d in diagrams))
    figure, axes = blank(len(sights))
    for ax, sight in zip(axes, sights, strict=True):
        ax.plot([0, 1], [0, 1], color=GREY, linestyle=":", label="what it should be")
        for diagram, tone in zip((d for d in diagrams if d["sight"] == sight), TONES * len(diagrams), strict=False):
            bins = [b for b in zip(diagram["weight"], diagram["told"], diagram["true"], strict=True) if b[0] > 0]
            x, y = [told / w for w, told, _ in bins], [true / w for w, _, true in bins]
            ax.plot(x, y, color=tone, linewidth=1, label=diagram["probe"])
            ax.scatter(x, y, s=[8 + 120 * w for w, _, _ in bins], color=tone)
        ax.set(xlabel="probability told that nothing is wrong", title=f"{sight} sight", xlim=(-0.03, 1.03))
        ax.set(ylabel="share of clips with nothing wrong", ylim=(-0.03, 1.03))
        ax.legend(frameon=False, fontsize=8)
    return figure


def _doses(curves: Sequence[Row]) -> Figure:
    """The mean score by the kind's own probe at each severity, some kinds a panel."""
    panels = [curves[i : i + BOLD] for i in range(0, len(curves), BOLD)]
    figure, axes = blank(len(panels))
    for ax, some in zip(axes, panels, strict=True):
        for curve, (tone, line) in zip(some, [(t, s) for s in ("-", "--") for t in TONES], strict=False):
            label = f"{words(curve['kind'])} ({curve['n']})"
            ax.plot(curve["levels"], curve["means"], line, color=tone, marker="o", markersize=3, label=label)
        ax.set(xlabel="severity", ylabel="mean score by its own probe", ylim=(-0.03, 1.03))
        ax.legend(frameon=False, fontsize=7)
    return figure
