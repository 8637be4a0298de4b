"""The log of a training run: OUT/log.jsonl, one row a line, and the same in TensorBoard's files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from simulator.model.watch import Row, Watcher


class Log:
    """Rows of figures, each with its `step`."""

    def __init__(self, out: Path, watch: Watcher) -> None:
        self.path, self.watch, self._board = out / "log.jsonl", watch, None

    def begin(self, step: int) -> None:
        """Keep the rows up to `step`, which a run that goes on has behind it; what a kill left half written goes."""
        kept = [row for row in self.rows() if row["step"] <= step]
        part = self.path.with_suffix(".part")
        part.write_text("".join(f"{json.dumps(row)}\n" for row in kept))
        part.replace(self.path)
        self._board = self._tensorboard(step)

    def rows(self) -> list[Row]:
        """All rows so far."""
        rows = []
        for line in self.path.read_text().splitlines() if self.path.exists() else []:
            try:
                rows.append(json.loads(line))
            except ValueError:
                continue
        return rows

    def last(self, key: str) -> float | None:
        """The latest figure under a key."""
        return next((row[key] for row in self.rows()[::-1] if key in row), None)

    def add(self, row: Row) -> None:
        """One row more."""
        with self.path.open("a") as file:
            file.write(json.dumps(row) + "\n")
        if self._board is not None:
            for key, value in row.items():
                if key != "step":
                    self._board.add_scalar(key.replace("_", "/", 1), value, int(row["step"]))
            self._board.flush()
        self.watch.logged(row)

    def picture(self, tag: str, picture: np.ndarray, step: int) -> None:
        """A picture (H, W, 3) uint8 for TensorBoard."""
        if self._board is not None:
            self._board.add_image(tag, picture, step, dataformats="HWC")

    def close(self) -> None:
        """Nothing is added any more."""
        if self._board is not None:
            self._board.close()

    def _tensorboard(self, step: int) -> Any:
        """The writer of TensorBoard's files in OUT/tensorboard, None where it is not installed."""
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            self.watch.says("no TensorBoard here, log.jsonl has every figure; pip install 'worldassay[train]' for it")
            return None
        return SummaryWriter(str(self.path.parent / "tensorboard"), purge_step=step + 1)
