"""Script: a scene, how it is told, and what has to happen in it."""

from __future__ import annotations

from dataclasses import dataclass, field

from simulator.scene import Scene

# What can be expected of a video. Subject and object are names of bodies; left, right, up, down are the picture's.
EXPECTED_KINDS = (
    "present",  # subject is seen at the start and not lost within the window
    "leaves_frame",  # subject goes out of the picture within the window
    "returns",  # subject comes back into the picture within the window
    "hidden_by",  # subject goes behind object within the window
    "revealed",  # subject comes out from behind object within the window
    "falls",  # subject moves down in the picture within the window
    "bounces",  # subject reverses from down to up within the window
    "passes_through",  # subject goes through the opening of object within the window
    "goes_out",  # subject (a flame) is lit before and dark after the window
    "stays_lit",  # subject (a flame) is lit throughout the window
    "moves_left",  # net motion in the picture within the window
    "moves_right",
    "moves_up",
    "moves_down",
    "stays",  # subject does not move within the window
    "collides",  # subject touches object (first, or anew) within the window
    "topples",  # subject, upright before the window, lies (turned by over 45 degrees) after it
    "swings",  # subject turns back (its speed in the picture changes sign) within the window
    "turns",  # subject's own orientation changes by over 45 degrees within the window
    "lands_on",  # subject comes to rest on object within the window
    "changes_shape",  # subject's outline in the picture changes (a flag waves, a rope bends) within the window
    "camera_orbits",  # the camera moves around the scene in the window, nothing else does
    "camera_moves",  # the camera moves in the window
    "cut",  # the picture changes to another camera within the window
)

RESTS = ("present", "stays", "stays_lit")  # the kinds that a still shows, too


@dataclass(frozen=True)
class Thing:
    """One entry of the inventory: the body's name and how a prompt calls it."""

    name: str
    noun: str
    colour: str


@dataclass(frozen=True)
class Expected:
    """An event that has to take place with its end inside [start, end] seconds."""

    kind: str
    subject: str
    start: float
    end: float
    object: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in EXPECTED_KINDS:
            raise ValueError(f"unknown kind of event '{self.kind}'")


@dataclass(frozen=True)
class Breakable:
    """A law that can be broken in this script so that a person would see it: onset anywhere in [start, end] seconds."""

    kind: str  # a name in violations.VIOLATIONS
    body: str | None  # None: the whole scene
    start: float
    end: float
    until: float | None = None  # seconds at which it has to be over; None: the end of the clip
    other: str | None = None  # a second body that the kind needs (merge, identity_swap, no_response)


@dataclass(frozen=True)
class Script:
    """One instance of a family. The same (family, version, seed, split, difficulty, seconds, view) is the same Script.

    A family's build() leaves out the last fields, which say where the Script comes from.
    """

    scene: Scene
    prompts: tuple[str, ...]  # several phrasings of what happens
    counterfactuals: tuple[str, ...]  # what did not happen, phrased alike
    inventory: tuple[Thing, ...]
    expected: tuple[Expected, ...]
    breakable: tuple[Breakable, ...]
    parameters: dict[str, float | str] = field(default_factory=dict)  # what was drawn, for failure analysis
    family: str = ""
    version: int = 0
    seed: int = 0
    split: str = "test"  # "train", "calibration", "test" or "ood"
    difficulty: float = 0.5  # [0, 1]
    seconds: float = 2.0
