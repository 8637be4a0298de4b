"""Did an expected event take place? The registry: one small function for each kind that a script can expect."""

from __future__ import annotations

from probes.adherence import contact, filming, motion, outline, visibility
from probes.adherence.case import Case, Look, Untold, Verdict
from probes.whereabouts import missing

FILMED = ("camera_orbits", "camera_moves", "cut")  # nobody's part
MOVING = ("camera_orbits", "camera_moves")
STEADY = ("present", "stays", "stays_lit", *MOVING)  # can be told from a part of their window

LOOKS: dict[str, Look] = {
    "present": visibility.present,
    "leaves_frame": visibility.leaves_frame,
    "returns": visibility.returns,
    "hidden_by": visibility.hidden_by,
    "revealed": visibility.revealed,
    "goes_out": visibility.goes_out,
    "stays_lit": visibility.stays_lit,
    "falls": motion.moves(1, 1.0, "fall"),
    "moves_left": motion.moves(0, -1.0, "move left"),
    "moves_right": motion.moves(0, 1.0, "move right"),
    "moves_up": motion.moves(1, -1.0, "move up"),
    "moves_down": motion.moves(1, 1.0, "move down"),
    "stays": motion.stays,
    "bounces": motion.bounces,
    "swings": motion.swings,
    "collides": contact.collides,
    "lands_on": contact.lands_on,
    "passes_through": contact.passes_through,
    "topples": outline.topples,
    "turns": outline.turns,
    "changes_shape": outline.changes_shape,
    "camera_orbits": filming.camera_moves,
    "camera_moves": filming.camera_moves,
    "cut": filming.cut,
}


def check(case: Case) -> Verdict:
    """The outcome of one expected event, or why it cannot be told.

    Without names a thing that no track plays is amiss only if its colour is nowhere either.
    """
    if case.expected.kind not in (*FILMED, "present") and not case.named and not case.part.tracks:
        if missing(case.observation, case.script, case.part.body):
            return case.told(1.0, "is nowhere to be seen")
        return Untold(case.expected, "it is not seen to move")
    return LOOKS[case.expected.kind](case)
