"""What a run chooses by name besides models, families and probes."""

from __future__ import annotations

from simulator.registry import Registry

PERCEPTIONS = Registry(
    "perception"
)  # each target: a class, (Clip, or Take for oracle) -> Observation, with its version
PERCEPTIONS.add(
    "classical", "probes.perception.classical:ClassicalObservation", "optical flow, colour and geometry; sees the clip"
)
PERCEPTIONS.add(
    "oracle", "probes.perception.oracle:OracleObservation", "the simulator's truth; for models that know it"
)

# each target: (worker, setup, jobs, workers, **the keys that the verb has under its name) -> as evals.engine.pool
ENGINES = Registry("engine")
ENGINES.add("local", "evals.engine:pool", "a pool of processes on this machine")
ENGINES.add("ray", "evals.ray_engine:pool", "actors on a Ray cluster; ray.address=auto, ray.gpus=1")
