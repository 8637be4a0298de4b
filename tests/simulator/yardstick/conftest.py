"""What every test of the yardstick shares."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    """The same draws in every run; the global generator is as before afterwards."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield
