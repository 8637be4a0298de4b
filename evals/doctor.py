"""`worldassay doctor`: what this machine can do, what is missing, what to type next."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from rich.markup import escape
from rich.table import Table

from evals.console import console, emit

RENDER = """
from simulator.scenarios import make_script
from simulator.stage import play
print(play(make_script("drop_bounce", 0), 64, 64, 8.0, frames=1).clip.frames.std() > 1)
"""
NEEDED = (
    "torch",
    "mujoco",
    "cv2",
    "av",
    "numpy",
    "scipy",
    "pandas",
    "open_clip",
    "matplotlib",
    "jinja2",
    "safetensors",
)
OPTIONAL = ("ray", "diffusers", "transformers")


class Check(NamedTuple):
    """One line of the report; `ok` None: not needed, and not there."""

    name: str
    ok: bool | None
    found: str
    advice: str = ""


def python() -> Check:
    """The interpreter's version."""
    fine = (3, 11) <= sys.version_info[:2] < (3, 14)
    return Check("python", fine, platform.python_version(), "" if fine else "install Python 3.11, 3.12 or 3.13")


def machine() -> Check:
    """Cores and memory."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    fine = memory >= 3.5
    return Check("machine", fine, f"{os.cpu_count()} cores, {memory:.1f} GiB", "" if fine else "use workers=1")


def packages() -> Check:
    """The packages that the suite cannot do without; found, not loaded."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    advice = "pip install worldassay, into this environment" if missing else ""
    return Check("packages", not missing, f"missing: {', '.join(missing)}" if missing else "all there", advice)


def extras() -> Check:
    """The packages of optional extras."""
    there = [name for name in OPTIONAL if find_spec(name) is not None]
    return Check("extras", True if there else None, ", ".join(there) or "none installed (none needed)")


def rendering() -> Check:
    """Whether a child process can draw one frame without a display."""
    try:
        child = subprocess.run([sys.executable, "-c", RENDER], capture_output=True, text=True, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        return Check("rendering", False, "no frame in 120 s", "try MUJOCO_GL=osmesa worldassay doctor")
    if child.stdout.strip() == "True":
        return Check("rendering", True, "a frame was drawn without a display")
    said = (child.stderr.strip().splitlines() or ["an empty frame"])[-1]
    return Check("rendering", False, said[:200], "install EGL (Debian: libegl1), or try MUJOCO_GL=osmesa")


def weights() -> Check:
    """The checkpoints that ship with the package."""
    folder = Path(__file__).resolve().parents[1] / "simulator" / "model" / "weights"
    there = sorted(p.stem for p in folder.glob("*.safetensors"))
    missing = [name for name in ("early", "late") if name not in there]
    advice = "worldassay train makes them; the control models need none" if missing else ""
    return Check("weights", not missing, ", ".join(there) or "none", advice)


CHECKS: tuple[Callable[[], Check], ...] = (python, machine, packages, extras, rendering, weights)


def command(cfg: dict[str, Any], *, json_out: bool, dry_run: bool) -> int:
    """The verb `doctor`; exit code 3 where something needed is missing."""
    out = console(json_out)
    with out.status("looking"):
        found = [check() for check in CHECKS]
    fine = all(check.ok is not False for check in found)
    then = "worldassay demo" if fine else "worldassay doctor, once that is mended"
    table = Table.grid(padding=(0, 2))
    for check in found:
        mark = {True: "[green]ok[/]", False: "[bold red]no[/]", None: "[dim]-[/]"}[check.ok]
        table.add_row(mark, f"[bold]{check.name}[/]", escape(check.found), f"[yellow]{escape(check.advice)}[/]")
    out.print(table)
    out.print(f"\ntype next: [green]{then}[/]")
    if json_out:
        emit({"ok": fine, "checks": [check._asdict() for check in found], "next": then})
    return 0 if fine else 3
