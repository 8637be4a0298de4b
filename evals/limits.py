"""Limits: what one clip may take, to decode and to probe. Over a limit is an outcome of that clip, with a reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from evals.process import Bounds, within
from simulator import decoding
from simulator.errors import UsageError


@dataclass(frozen=True)
class Limits:
    """`limits` of conf/score.yaml and conf/run.yaml. Seconds of probing are by the clock; memory is in MiB."""

    decoding: decoding.Limits = field(default_factory=decoding.Limits)
    probe_seconds: float = 300
    probe_memory: int = 4096

    @classmethod
    def from_config(cls, limits: Mapping[str, int]) -> Limits:
        """The limits of a resolved configuration.

        Raises:
            UsageError: one of them is below 1.
        """
        for key, value in limits.items():
            if value < 1:
                raise UsageError(f"limits.{key}={value} is below 1; a clip takes at least that")
        to_decode = decoding.Limits(
            limits["frames"], limits["pixels"], limits["decode_seconds"], limits["decode_memory"]
        )
        return cls(to_decode, limits["probe_seconds"], limits["probe_memory"])

    def apply(self) -> None:
        """Decode within them, in this process, from now on."""
        decoding.use(self.decoding)

    @contextmanager
    def probing(self) -> Iterator[None]:
        """Probe within them; an engine of processes ends a process that does not."""
        with within(Bounds(self.probe_seconds, self.probe_memory)):
            yield
