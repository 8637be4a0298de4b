"""What a process gives up for good before it touches strangers' data: files, programs, the network."""

from __future__ import annotations

import ctypes
import itertools
import os
import resource
import sys
from contextlib import suppress
from pathlib import Path

CREATE_RULESET, RESTRICT_SELF = 444, 446  # system calls of Landlock, the same on every architecture
NO_NEW_PRIVILEGES = 38


class Size:
    """The address space of this process in bytes; 0 where the system does not tell."""

    def __init__(self) -> None:
        path = Path("/proc/self/statm")
        self._file = os.open(path, os.O_RDONLY) if path.exists() else None  # kept: later nothing can be opened

    def __call__(self) -> int:
        return 0 if self._file is None else int(os.pread(self._file, 64, 0).split()[0]) * resource.getpagesize()


def limit(kind: int, amount: int) -> None:
    """Set a soft limit of this process, as far as the system and the hard limit let it."""
    hard = resource.getrlimit(kind)[1]
    most = float("inf") if hard == resource.RLIM_INFINITY else hard
    with suppress(OSError, ValueError):  # some systems know some limits by name only
        resource.setrlimit(kind, (int(min(max(0, amount), most)), hard))


def lift(kind: int) -> None:
    """Raise a soft limit of this process to the hard one."""
    hard = resource.getrlimit(kind)[1]
    with suppress(OSError, ValueError):
        resource.setrlimit(kind, (hard, hard))


def confine(spare_descriptors: int) -> None:
    """From here on: no core files, no new files, no more rights, and no more than so many new descriptors.

    Without a free descriptor no file can be opened, no folder listed and no socket made. On Linux, Landlock denies
    files, programs and TCP a second time, whatever happens to the descriptors.
    """
    limit(resource.RLIMIT_CORE, 0)
    limit(resource.RLIMIT_FSIZE, 0)
    os.chdir("/")
    _landlock()
    free = (fd for fd in itertools.count() if not _open(fd))
    amount = next(itertools.islice(free, spare_descriptors - 1, None)) + 1
    resource.setrlimit(resource.RLIMIT_NOFILE, (amount, amount))


def _open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def landlock_version() -> int:
    """The version of Landlock that the kernel speaks; below 1: none."""
    if sys.platform != "linux":
        return 0
    return int(ctypes.CDLL(None).syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1)))


def _landlock() -> None:
    """Deny whatever this kernel's Landlock can deny; kernels without it deny nothing.

    Source: https://docs.kernel.org/userspace-api/landlock.html
    """
    version = landlock_version()
    if version < 1:
        return
    libc = ctypes.CDLL(None)
    files = (1 << {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)) - 1
    network, scopes = (0b11 if version >= 4 else 0), (0b11 if version >= 6 else 0)  # TCP; abstract sockets and signals
    ruleset = (ctypes.c_uint64 * 3)(files, network, scopes)
    size = 8 if version < 4 else 16 if version < 6 else 24
    descriptor = libc.syscall(CREATE_RULESET, ruleset, ctypes.c_size_t(size), ctypes.c_uint32(0))
    if descriptor < 0:
        return
    libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    libc.syscall(RESTRICT_SELF, descriptor, ctypes.c_uint32(0))
    os.close(descriptor)
