"""Names to things, loaded when first asked for, so that listing imports nothing heavy."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import Any

from simulator.errors import unknown


@dataclass(frozen=True)
class Entry:
    """One registered name: where it lives (`module:attribute`), what it is, in one line, and its tags."""

    name: str
    target: str
    summary: str
    tags: tuple[str, ...] = ()

    def load(self) -> Any:
        """Import the module and return the attribute."""
        module, attribute = self.target.split(":")
        return getattr(importlib.import_module(module), attribute)


@dataclass
class Registry:
    """A named table of entries of one kind (`noun` is used in messages)."""

    noun: str
    entries: dict[str, Entry] = field(default_factory=dict)

    def add(self, name: str, target: str, summary: str, tags: tuple[str, ...] = ()) -> None:
        """Register `target` under `name`.

        Raises:
            ValueError: the name is taken.
        """
        if name in self.entries:
            raise ValueError(f"{self.noun} '{name}' is registered already, as {self.entries[name].target}")
        self.entries[name] = Entry(name, target, summary, tags)

    def names(self) -> list[str]:
        """All names, in the order of registration."""
        return list(self.entries)

    def entry(self, name: str) -> Entry:
        """The entry called `name`.

        Raises:
            UsageError: there is none; the message lists near misses.
        """
        if name not in self.entries:
            raise unknown(self.noun, name, self.entries)
        return self.entries[name]

    def load(self, name: str) -> Any:
        """The thing called `name`, imported now."""
        return self.entry(name).load()
