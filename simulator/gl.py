"""MuJoCo, imported so that it can draw without a display, and one GL context for the process."""

from __future__ import annotations

import os
from typing import Any

from simulator.errors import UsageError

os.environ.setdefault("MUJOCO_GL", "egl")
try:
    import mujoco
except ImportError:
    os.environ["MUJOCO_GL"] = "osmesa"
    os.environ.pop("PYOPENGL_PLATFORM", None)
    import mujoco

_contexts: dict[int, Any] = {}  # process id -> context; one does not survive a fork


def context() -> Any:
    """The process's GL context, current.

    Raises:
        UsageError: neither EGL nor OSMesa can be had here.
    """
    if os.getpid() not in _contexts:
        try:
            from mujoco.gl_context import GLContext

            _contexts[os.getpid()] = GLContext(1024, 1024)
        except Exception as error:
            raise UsageError(
                f"cannot draw without a display (MUJOCO_GL={os.environ['MUJOCO_GL']}: {error}). "
                "Install libegl1 and libgl1-mesa-dri, or libosmesa6 and set MUJOCO_GL=osmesa"
            ) from error
    _contexts[os.getpid()].make_current()
    return _contexts[os.getpid()]


__all__ = ["context", "mujoco"]
