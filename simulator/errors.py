"""The errors that a user can mend."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UsageError(Exception):
    """What was asked cannot be done as asked; the message is one line that names the next step.

    The command line prints the message and exits with 2.
    """


def unknown(noun: str, given: str, allowed: Iterable[str]) -> UsageError:
    """The error for a name that is not among those allowed, with near misses first."""
    names = sorted(allowed)
    near = difflib.get_close_matches(given, names, n=3, cutoff=0.5)
    hint = f" Did you mean: {', '.join(near)}?" if near else ""
    return UsageError(f"unknown {noun} '{given}'.{hint} Available: {', '.join(names) or 'none'}")
