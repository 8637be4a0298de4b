"""MuJoCo, imported so that it can draw without a display, and one GL context for the process."""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Any

from simulator.errors import UsageError


def cannot_draw(error: object) -> UsageError:
    """The error for a machine that has nothing to draw with."""
    return UsageError(
        f"cannot draw without a display (MUJOCO_GL={os.environ.get('MUJOCO_GL')}: {error}). Install libegl1 and "
        "libgl1-mesa-dri and unset MUJOCO_GL, or install libosmesa6 and set MUJOCO_GL=osmesa"
    )


def _found(*libraries: str) -> bool:
    """Whether one of the shared libraries can be loaded."""
    for name in libraries:
        try:
            ctypes.CDLL(name)
        except OSError:
            continue
        return True
    return False


if sys.platform == "linux" and not os.environ.get("MUJOCO_GL"):
    egl = _found("libEGL.so.1", "libEGL.so") or not _found("libOSMesa.so.8", "libOSMesa.so.6", "libOSMesa.so")
    os.environ["MUJOCO_GL"] = "egl" if egl else "osmesa"
try:
    import mujoco
except (AttributeError, OSError, RuntimeError) as _error:  # PyOpenGL, without the library that it is to bind
    raise cannot_draw(_error) from _error

_contexts: dict[int, Any] = {}  # process id -> context; one does not survive a fork


def context() -> None:
    """Make the process's GL context current; it is made at the first call.

    Raises:
        UsageError: there is nothing to draw with.
    """
    if os.getpid() not in _contexts:
        try:
            from mujoco.gl_context import GLContext

            _contexts[os.getpid()] = GLContext(1024, 1024)
        except Exception as error:
            raise cannot_draw(error) from error
    _contexts[os.getpid()].make_current()


__all__ = ["cannot_draw", "context", "mujoco"]
