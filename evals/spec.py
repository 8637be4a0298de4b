"""Spec: what determines a run, frozen; two runs are the same if and only if their specs are.

`ask` is what the clips depend on (model, suite, seeds); `scoring` is what the readings depend on besides (perception,
probes with versions). Another `scoring` in the same folder is scored again, without generating anything.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from evals.disk import replace_text
from simulator.errors import UsageError

Spec = dict[str, Any]


def canonical(value: Any) -> str:
    """JSON with sorted keys and nothing to choose."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: Any) -> str:
    """sha256 (hex) of the canonical JSON."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def ask(spec: Spec) -> Spec:
    """The part of a spec that the clips depend on."""
    return {key: value for key, value in spec.items() if key != "scoring"}


def _leaves(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _leaves(inner, f"{prefix}.{key}" if prefix else str(key))
    else:
        yield prefix, value


def differences(old: Spec, new: Spec) -> list[str]:
    """The keys in which two specs differ, as "key: old -> new"."""
    a, b = dict(_leaves(old)), dict(_leaves(new))
    return [
        f"{k}: {_short(a.get(k))} -> {_short(b.get(k))}" for k in sorted(a.keys() | b.keys()) if a.get(k) != b.get(k)
    ]


def _short(value: Any) -> str:
    text = canonical(value)
    return text if len(text) <= 60 else text[:57] + "..."


def write_json(path: Path, value: Any) -> None:
    """Replace `path` as a whole; never half a file."""
    replace_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n")


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold a folder's lock.

    Raises:
        UsageError: another process holds it.
    """
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageError(f"another process is working on {folder}; wait for it, or choose another out=") from error
        yield


def claim(folder: Path, spec: Spec, what: str = "run") -> Spec:
    """Make `folder` the home of `spec`; the spec that it held until now, which may differ in `scoring` alone.

    what: what the folder is called in messages.

    Raises:
        UsageError: the folder holds another one, with the keys that differ; or it holds something else.
    """
    path = folder / "spec.json"
    if not path.is_file():
        if folder.is_dir() and any(not p.name.startswith(".") for p in folder.iterdir()):
            raise UsageError(f"{folder} is not empty and not a {what} folder; choose another out=")
        folder.mkdir(parents=True, exist_ok=True)
        write_json(path, spec)
        return spec
    try:
        held: Spec = json.loads(path.read_text())
    except json.JSONDecodeError as error:
        raise UsageError(f"{path} is damaged; choose another out= or delete the folder") from error
    if ask(held) != ask(spec):
        keys = "; ".join(differences(ask(held), ask(spec)))
        raise UsageError(f"{folder} holds another {what} ({keys}); choose another out= or delete the folder")
    return held
