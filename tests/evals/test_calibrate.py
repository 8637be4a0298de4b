import pytest

from evals import calibrate
from probes.base import PROBES
from simulator.errors import UsageError

SETTINGS = {"seeds": 2, "size": 48, "fps": 8.0, "severity": 1.0, "perceptions": ["oracle", "classical"]}


def test_a_control_counts_for_the_probes_that_have_to_reject_it_and_says_nothing_to_others():
    adherence, plausibility = PROBES.load("adherence"), PROBES.load("plausibility")
    assert calibrate._counts(adherence, None) is False
    assert calibrate._counts(adherence, "frozen") is True
    assert calibrate._counts(plausibility, "frozen") is None
    assert calibrate._counts(plausibility, "teleport") is True


def test_one_script_is_too_few(tmp_path):
    with pytest.raises(UsageError, match="seeds=1 is outside 2 to 1000"):
        calibrate.command({**SETTINGS, "seeds": 1, "out": str(tmp_path)}, json_out=False, dry_run=False)


def test_the_samples_of_a_script_are_its_take_its_twins_and_the_controls():
    found = list(calibrate.samples(["leaves_frame"], [0], 32, 8.0, 1.0))
    wrongs = [sample.wrong for sample in found]
    kinds = sorted({b.kind for b in found[0].script.breakable})
    assert wrongs[0] is None
    assert [w for w in wrongs if w in kinds] == kinds
    assert wrongs[-3:] == ["frozen", "noise", "shuffled"]
    assert all((sample.take is None) == (sample.wrong in wrongs[-3:]) for sample in found)
    assert calibrate.look(found[-1], "oracle") is None
