"""The registered video models: the world model, control models, and other people's."""

from __future__ import annotations

from simulator.registry import Registry

MODELS = Registry("model")  # each target is a factory: (**settings) -> simulator.shot.VideoModel
for _name, _target, _summary, _tags in (
    ("world", "world:World", "the diffusion-transformer world model; checkpoint=NAME or PATH", ()),
    ("reference", "controls:Reference", "the simulator itself", ("control",)),
    ("frozen", "controls:Frozen", "the first frame, repeated", ("control",)),
    ("noise", "controls:Noise", "random pixels", ("control",)),
    ("shuffled", "controls:Shuffled", "the reference with its frames in random order", ("control",)),
    ("damaged", "controls:Damaged", "the reference with a known share of violated takes", ("control",)),
    ("folder", "folder:Folder", "videos generated elsewhere from `worldassay shots`; path=FOLDER", ()),
    ("command", "command:Command", "any program; command='prog --prompt {prompt} --out {out}'", ()),
):
    MODELS.add(_name, f"simulator.adapters.{_target}", _summary, _tags)
