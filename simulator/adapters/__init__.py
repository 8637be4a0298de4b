"""The registered video models: the world model, control models, and other people's."""

from __future__ import annotations

from simulator.registry import Registry

MODELS = Registry("model")  # each target is a factory: (**settings) -> simulator.shot.VideoModel
MODELS.add("world", "simulator.adapters.world:World", "the diffusion-transformer world model; checkpoint=NAME or PATH")
MODELS.add("reference", "simulator.adapters.controls:Reference", "the simulator itself", ("control",))
MODELS.add("frozen", "simulator.adapters.controls:Frozen", "the first frame, repeated", ("control",))
MODELS.add("noise", "simulator.adapters.controls:Noise", "random pixels", ("control",))
MODELS.add("shuffled", "simulator.adapters.controls:Shuffled", "the reference with its frames in random order", ("control",))
MODELS.add("damaged", "simulator.adapters.controls:Damaged", "the reference with a known share of violated takes", ("control",))
MODELS.add("folder", "simulator.adapters.folder:Folder", "videos generated elsewhere from `worldassay shots`; path=FOLDER")
MODELS.add("command", "simulator.adapters.command:Command", "any program; command='prog --prompt {prompt} --out {out}'")
