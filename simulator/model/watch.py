"""Whoever looks on at a training run: what it is told, and what it may be asked."""

from __future__ import annotations

from pathlib import Path

Row = dict[str, float]


class Watcher:
    """Hears what goes on and says nothing; the base of those that do."""

    def rendered(self, clips: int, total: int) -> None:
        """So many of the clips that were missing are there."""

    def stepped(self, step: int, loss: float) -> None:
        """A step is done; called after each."""

    def logged(self, row: Row) -> None:
        """A row has been added to the log."""

    def says(self, line: str) -> None:
        """Something happened that a person should know."""

    def scores(self, checkpoint: Path, step: int) -> Row:
        """Figures to be logged about the weights of this step, e.g. what probes say of their clips."""
        return {}
