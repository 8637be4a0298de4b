"""The physics of the families in which many things touch, against closed forms and laws of conservation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from simulator.scenarios import make_script
from simulator.script import Script
from simulator.stage import play
from simulator.truth import Truth

SIZE, FPS = 16, 24.0


def _scripts(family: str, count: int, found: int, **parameters: object) -> list[Script]:
    """The first `found` of `count` seeds with these parameters."""
    made = (make_script(family, seed) for seed in range(count))
    return [s for s in made if all(s.parameters[k] == v for k, v in parameters.items())][:found]


def _truth(script: Script) -> Truth:
    return play(script, SIZE, SIZE, FPS).truth


def _tilt(truth: Truth, name: str) -> np.ndarray:
    """(T,) radians between the body's own z and the vertical."""
    _, x, y, _ = truth.quat[:, truth.names.index(name)].T
    return np.asarray(np.arccos(np.clip(1 - 2 * (x * x + y * y), -1.0, 1.0)))


def test_a_falling_board_rests_at_the_angle_of_contact_or_lies() -> None:
    for outcome in ("stops", "flat"):
        for script in _scripts("drawbridge", 40, 2, way="falls", outcome=outcome):
            truth = _truth(script)
            assert math.pi / 2 - _tilt(truth, "board")[-1] == pytest.approx(script.parameters["raised"], abs=2e-3)
            touched = [e.t for e in truth.events if e.kind == "contact" and e.subject == "board"]
            assert touched[0] == pytest.approx(script.parameters["meets_s"], abs=5e-3)


def test_a_tower_that_nothing_hits_neither_drifts_nor_trembles() -> None:
    for script in _scripts("tower", 30, 3, way="passes"):
        truth = _truth(script)
        blocks = [i for i, name in enumerate(truth.names) if name.startswith("block")]
        high = float(script.parameters["height_m"])
        assert np.ptp(truth.pos[:, blocks], axis=0).max() < 2e-3 * high
        assert np.abs(truth.velocity[len(truth.times) // 2 :, blocks]).max() < 1e-3


def test_dominoes_fall_in_their_order_each_after_it_was_touched() -> None:
    for script in _scripts("dominoes", 8, 3):
        truth, count = _truth(script), int(script.parameters["count"])
        tilt = np.stack([_tilt(truth, f"domino{k}") for k in range(count)], -1)
        moved = [float(truth.times[np.argmax(tilt[:, k] > math.radians(3.0))]) for k in range(count)]
        assert moved == sorted(moved)
        assert (tilt[-1] > math.radians(45.0)).all()
        for k in range(1, count):
            pair = {f"domino{k - 1}", f"domino{k}"}
            touched = min(e.t for e in truth.events if e.kind == "contact" and {e.subject, e.object} == pair)
            assert touched <= moved[k]


def test_a_seesaw_ends_on_the_side_of_the_greater_torque() -> None:
    for way in ("drop", "kick", "weights", "arms"):
        for script in _scripts("seesaw", 40, 1, way=way):
            boxes = [b for b in script.scene.bodies if b.noun == "box"]
            torque = sum(b.mass * b.pos[0] for b in boxes)
            truth = _truth(script)
            _, _, y, _ = truth.quat[-1, truth.names.index("plank")]
            assert (
                math.copysign(1, torque) == math.copysign(1, y) == (1 if script.parameters["side"] == "right" else -1)
            )
            assert _tilt(truth, "plank")[-1] == pytest.approx(script.parameters["tilt"], abs=0.03)


def test_what_loses_its_shelf_falls_freely() -> None:
    for script in _scripts("support_removed", 40, 3, way="swings", noun="ball", outcome="falls"):
        truth, lead = _truth(script), float(script.parameters["lead_s"])
        height = truth.pos[:, truth.names.index("thing"), 2]
        falling = (truth.times > lead) & (truth.times < lead + 0.9 * float(script.parameters["speed"]) * script.seconds)
        free = height[0] - 9.81 * (truth.times[falling] - lead) ** 2 / 2
        assert np.abs(height[falling] - free).max() < 0.02 * float(script.parameters["height_m"])


def test_what_is_in_a_container_stays_inside_it_while_it_moves() -> None:
    for way in ("pushed", "carried"):
        for script in _scripts("containment", 30, 2, way=way):
            truth = _truth(script)
            thing, vessel = (truth.pos[:, truth.names.index(name)] for name in ("thing", "vessel"))
            late = truth.times > 0.3 * script.seconds
            inner = max(g.size[0] for g in script.scene.body("vessel").geoms[:1])
            assert np.hypot(*(thing - vessel)[late, :2].T).max() < 1.5 * inner
            assert np.hypot(*(thing - vessel)[-1, :2]) < 1.5 * inner
            assert (thing - vessel)[late, 2].min() > 0.0


def test_all_beads_end_up_in_the_bowl() -> None:
    for script in _scripts("pour_beads", 2, 1):
        truth = _truth(script)
        beads = [i for i, name in enumerate(truth.names) if name.startswith("bead")]
        rim = max(math.hypot(*g.pos[:2]) + g.size[2] for g in script.scene.body("bowl").geoms)
        high = 2 * max(g.pos[2] for g in script.scene.body("bowl").geoms)
        assert len(beads) == script.parameters["count"]
        assert np.hypot(*truth.pos[-1, beads, :2].T).max() < rim
        assert truth.pos[-1, beads, 2].min() > 0.0
        assert truth.pos[-1, beads, 2].max() < 1.5 * high
