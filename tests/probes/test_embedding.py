import json

import numpy as np
import pytest
from safetensors.torch import save_file

from probes.adherence.prompt import MODEL, WEIGHTS, read_prompt
from probes.perception.embedding import TextImage, _open_clip
from probes.perception.observation import Things
from probes.reading import Scored
from simulator.errors import UsageError
from tests.probes import fakes

CONFIG = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 8},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 16, "heads": 1, "layers": 1},
}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The configuration and the checkpoint of a tiny model with random weights."""
    folder = tmp_path_factory.mktemp("clip")
    config, weights = folder / "tiny.json", folder / "tiny.safetensors"
    config.write_text(json.dumps(CONFIG))
    open_clip = _open_clip()
    open_clip.add_model_config(config)
    save_file({k: v.contiguous() for k, v in open_clip.create_model("tiny").state_dict().items()}, weights)
    return str(config), str(weights)


def test_a_model_is_loaded_from_files_and_embeds_to_unit_vectors(files):
    model = TextImage.load(*files)
    frames = np.random.default_rng(0).integers(0, 256, (3, 40, 60, 3), dtype=np.uint8)
    assert np.linalg.norm(model.images(frames), axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    assert np.abs(model.similarity(frames, "a red ball")).max() <= 1.0
    assert model.belief(frames, ("a red ball", "a candle")).sum(1) == pytest.approx(np.ones(3), abs=1e-5)


def test_a_prompt_without_a_script_is_scored_with_the_model_of_the_environment(files, monkeypatch):
    monkeypatch.setenv(MODEL, files[0])
    monkeypatch.setenv(WEIGHTS, files[1])
    observation = fakes.FakeObservation(Things(()))
    first, again = (read_prompt(observation, "a red ball falls") for _ in range(2))
    assert isinstance(first, Scored)
    assert first == again
    assert "similarity" in first.measures


def test_a_checkpoint_has_to_be_safetensors_that_exists(files, tmp_path):
    for weights in (tmp_path / "model.pt", tmp_path / "missing.safetensors"):
        with pytest.raises(UsageError, match=r"is not an existing \.safetensors file"):
            TextImage.load(files[0], str(weights))
    with pytest.raises(UsageError, match="there is no configuration"):
        TextImage.load(str(tmp_path / "no.json"), files[1])
