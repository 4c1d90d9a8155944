"""Owns the operator's stop: a file that says so, and that a restart finds again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class StopFile:
    """While the file is there, a custodian releases nothing."""

    path: Path

    def __call__(self) -> bool:
        """Whether the operator has stopped it."""
        return self.path.exists()

    def stop(self) -> None:
        """Release nothing from now on."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.touch()

    def start(self) -> None:
        """Release again."""
        self.path.unlink(missing_ok=True)
