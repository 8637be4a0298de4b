"""Weights on disk: what was saved comes back, and what is wrong with a file is said in one line."""

from __future__ import annotations

import dataclasses
import json
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import save_file

from simulator.errors import UsageError
from simulator.model import checkpoint
from tests.simulator.model.tiny import TINY, tiny

MATRIX = "merge.weight"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    out = tmp_path / "tiny.safetensors"
    checkpoint.save(out, TINY, tiny().state_dict(), {})
    return out


def rewrite(path: Path, change: Callable[[dict, dict], None]) -> None:  # type: ignore[type-arg]
    """The same file after a change of its tensors and its configuration."""
    with safe_open(path, "pt") as file:
        config = json.loads(file.metadata()["config"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    change(tensors, config)
    save_file(tensors, path, metadata={"config": json.dumps(config)})


def test_what_was_saved_comes_back_within_half_a_step_of_its_row(path: Path) -> None:
    net, again = tiny().state_dict(), checkpoint.load(path).state_dict()
    assert net.keys() == again.keys()
    for name, tensor in net.items():
        step = tensor.abs().amax(-1, keepdim=True) / 127 if tensor.ndim == 2 else tensor.abs() / 1024
        assert bool(((tensor - again[name]).abs() <= 0.51 * step + 1e-7).all()), name


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t, c: t.pop(MATRIX), "merge.weight"),
        (lambda t, c: t.pop(f"{MATRIX}.scale"), "merge.weight has no scale"),
        (lambda t, c: t.update({f"{MATRIX}.scale": torch.ones(1, 1)}), "merge.weight has no scale"),
        (lambda t, c: t.update({f"{MATRIX}.scale": torch.ones(48, 1).double()}), "merge.weight has no scale"),
        (lambda t, c: t[f"{MATRIX}.scale"].fill_(torch.nan), "merge.weight has numbers that are not finite"),
        (lambda t, c: t["merge.bias"].fill_(torch.inf), "merge.bias has numbers that are not finite"),
        (lambda t, c: t.update({"merge.bias": torch.zeros(48, dtype=torch.int64)}), "is of torch.int64"),
        (lambda t, c: t.update({"merge.bias": torch.zeros(49)}), "size mismatch for merge.bias"),
        (lambda t, c: t.update({"another": torch.zeros(3)}), "another"),
        (lambda t, c: c.update(width=96), "size mismatch"),
        (lambda t, c: c.update(width="wide"), "must be of type int"),
        (lambda t, c: c.update(wide=3), "unknown training key 'wide'"),
        (lambda t, c: c.update(depth=10**9), "1000000003 blocks"),
        (lambda t, c: c.update(heads=0), "heads is 0"),
        (lambda t, c: c.update(heads=7), "no multiple of twice heads"),
        (lambda t, c: c.update(patch=[0, 8, 8]), "not three numbers from 1 to 64"),
        (lambda t, c: c.update(patch=[4, 8, 10**6]), "not three numbers from 1 to 64"),
        (lambda t, c: c.update(patch=[4, 8]), "not three numbers"),
        (lambda t, c: c.update(vocabulary=[1, 2]), "no list of words"),
        (lambda t, c: c.update(vocabulary=["a"]), "size mismatch for text.token.weight"),
        (lambda t, c: c.update(codec="magic"), "unknown codec 'magic'"),
        (lambda t, c: c.update(codec="autoencoder"), "no weights of an autoencoder"),
    ],
)
def test_what_does_not_belong_together_is_named(path: Path, change, message: str) -> None:  # type: ignore[no-untyped-def]
    rewrite(path, change)
    with pytest.raises(UsageError, match=message) as caught:
        checkpoint.load(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("config", ["[]", "3", "not JSON", "[" * 100_000, '{"width": 1e400}', '"x"'])
def test_a_configuration_that_is_none(path: Path, config: str) -> None:
    save_file({"a": torch.zeros(1)}, path, metadata={"config": config})
    with pytest.raises(UsageError, match=r"tiny\.safetensors"):
        checkpoint.load(path)


def test_a_file_without_configuration_or_of_another_kind(path: Path) -> None:
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(UsageError, match="holds no configuration"):
        checkpoint.load(path)
    path.write_text("these are no weights")
    with pytest.raises(UsageError, match="no readable safetensors file"):
        checkpoint.load(path)


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]},
        {"dtype": "F32", "shape": [2**62, 2**62], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [-1], "data_offsets": [0, 8]},
        {"dtype": "F99", "shape": [2], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]},
    ],
)
def test_a_lying_header(path: Path, entry: dict[str, object]) -> None:
    header = json.dumps({"__metadata__": {"config": json.dumps(dataclasses.asdict(TINY))}, "a": entry}).encode()
    for length in (len(header), 2**62, 10**8):
        path.write_bytes(struct.pack("<Q", length) + header + bytes(8))
        with pytest.raises(UsageError, match="no readable safetensors file"):
            checkpoint.load(path)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_a_file_cut_short_or_with_a_changed_byte_loads_or_is_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    checkpoint.save(path, TINY, tiny().state_dict(), {})
    whole = bytearray(path.read_bytes())
    cut = data.draw(st.integers(0, len(whole) - 1))
    path.write_bytes(whole[:cut])
    with pytest.raises(UsageError, match=r"tiny\.safetensors"):
        checkpoint.load(path)
    whole[data.draw(st.integers(0, 12_000))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(whole)
    with suppress(UsageError):
        checkpoint.load(path)
