"""What a person reads (rich, on standard output) and what a program reads (one JSON document)."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console


def console(json_out: bool = False) -> Console:
    """Where messages go: standard output, or standard error when standard output carries JSON."""
    return Console(stderr=json_out, highlight=False, soft_wrap=True)


def complain(message: str) -> None:
    """One line on standard error, with nothing in it taken for markup."""
    err = Console(stderr=True, highlight=False, soft_wrap=True)
    err.print("worldassay:", style="bold red", end=" ")
    err.print(" ".join(message.split()), markup=False)


def plain(value: Any) -> Any:
    """The same value made of JSON's own types; a number that is not finite becomes null."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:  # a numpy scalar
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def emit(document: Mapping[str, Any]) -> None:
    """The result of a verb as one JSON document on standard output."""
    sys.stdout.write(json.dumps(plain(document), indent=2, allow_nan=False) + "\n")
