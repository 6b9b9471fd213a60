"""Which versions of each dependency are tried: the oldest and the newest allowed, and what lies between for Alembic."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ALEMBIC", "ROOT", "Requirement", "extras", "requirements"]

ROOT = Path(__file__).parents[2]

ALEMBIC = ("1.13.0", "1.14.0", "1.15.1", "1.16.0", "1.17.0", "1.18.0", "1.18.5", "1.19.0", "1.19.2", "1.20.0")
"""The first of each minor version, and those around changes of how plugins load; the newest is in `newest`."""

LINE = re.compile(r"(?P<name>[A-Za-z0-9-]+)(?P<extra>\[\w+\])?(?:>=(?P<oldest>[\d.]+))?")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One line of pyproject.toml.

    Args:
        name: the package's name, with its extra.
        oldest: the oldest version that is allowed.
    """

    name: str
    oldest: str
    line: str

    @property
    def at_oldest(self) -> str:
        return f"{self.name}=={self.oldest}"


def requirements() -> list[Requirement]:
    """What is always installed."""
    return [_parse(line) for line in _project()["dependencies"]]


def extras() -> dict[str, list[Requirement]]:
    """What each extra brings, but for the development set."""
    optional = _project()["optional-dependencies"]
    return {name: [_parse(line) for line in lines] for name, lines in optional.items() if name != "dev"}


def _project() -> dict[str, dict[str, list[str]]]:
    project: dict[str, dict[str, list[str]]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return project


def _parse(line: str) -> Requirement:
    match = LINE.match(line)
    assert match is not None, line
    assert match["oldest"], f"{line} names no oldest version"
    return Requirement(match["name"] + (match["extra"] or ""), match["oldest"], line)
