"""docs/architecture.md gives the reason of every room."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import schema_guard

ROOT = Path(schema_guard.__file__).parent
PAGE = Path(__file__).parents[2] / "docs" / "architecture.md"
SHARED = ("chain", "dialects", "execute", "planner", "sources", "sources/sqlalchemy", "target")
"""Folders of which each file is named too: their names are no kinds."""


def rooms() -> list[str]:
    top = [path for path in ROOT.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()]
    inside = [path for folder in SHARED for path in (ROOT / folder).glob("*.py")]
    return sorted({path.name for path in (*top, *inside)} - {"__init__.py"})


@pytest.mark.parametrize("room", rooms())
def test_a_room_is_named(room: str) -> None:
    text = PAGE.read_text(encoding="utf-8")
    bare = room.removesuffix(".py")
    assert re.search(rf"\b{re.escape(bare)}(?:\.py|/|,| and )", text) or f"{bare};" in text, room
