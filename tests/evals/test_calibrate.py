"""Tables are fitted on what a probe noticed, of valid takes, twins of its kinds and the controls that it rejects."""

import json
from pathlib import Path

import pytest

from evals import calibrate, config
from evals.certify.asking import asks
from evals.certify.cells import Setup
from probes.base import PROBES
from probes.calibration.fitting import fit
from simulator.errors import UsageError


def test_a_control_counts_for_the_probes_that_have_to_reject_it_and_says_nothing_to_others():
    adherence, plausibility = PROBES.load("adherence"), PROBES.load("plausibility")
    assert calibrate.counts(adherence, None) is False
    assert calibrate.counts(adherence, "frozen") is True
    assert calibrate.counts(plausibility, "frozen") is None
    assert calibrate.counts(plausibility, "teleport") is True


def test_one_script_is_too_few(tmp_path):
    cfg = config.load("calibrate", ["seeds=1", f"out={tmp_path}"])
    with pytest.raises(UsageError, match="seeds=1 is outside 2 to 1000"):
        calibrate.command(cfg, json_out=False, dry_run=False)


def test_sizes_and_rates_take_their_turns():
    found = calibrate.cells(["ramp"], 6, [64, 128], [8.0, 12.0])
    assert [(c.size, c.fps) for c in found] == [
        (64, 8.0), (128, 8.0), (64, 12.0), (128, 12.0), (64, 8.0), (128, 8.0),
    ]  # fmt: skip


def test_the_tables_are_those_of_the_answers_that_are_kept(tmp_path: Path):
    setup = Setup(calibrate.material(0.4), tmp_path, ("classical",), ("permanence",))
    scenes = calibrate.cells(["leaves_frame"], 2, [64], [8.0])
    asked = calibrate.Asked("permanence")
    strengths, wrong = [], []
    for cell in scenes:
        lines = []
        for i, ask in enumerate(asks(cell, setup.material)):
            one = {"law": asked.laws[0], "kind": "vanish", "start": 0.0, "end": 1.0, "box": None, "strength": i / 9,
                   "text": "gone"}  # fmt: skip
            lines.append({"ask": ask.id, "sight": calibrate.sight_key("classical"), "void": None,
                          "answers": {asked.key: {"findings": [one, one | {"strength": 0.0}]}}})  # fmt: skip
            counted = calibrate.counts(asked.probe, ask.name or None)
            if counted is not None:
                strengths.append([i / 9] + [0.0] * (len(asked.laws) - 1))
                wrong.append(counted)
        setup.path(cell).write_text("".join(json.dumps(line) + "\n" for line in lines))
    table = calibrate.tables(setup, scenes)["permanence", "classical"]
    expected = fit(strengths, wrong, asked.laws, probe="permanence", version=asked.probe.version,
                   perception=calibrate.sight_key("classical"))  # fmt: skip
    assert table == expected
    assert table.valid == 2
    assert calibrate.tables(setup, scenes[:0]) == {}
