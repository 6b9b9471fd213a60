"""The documentation says what the program does."""

from __future__ import annotations

from pathlib import Path

from schema_guard.config import _KEYS

CLI = Path(__file__).resolve().parents[2] / "docs" / "cli.md"


def test_every_setting_is_documented() -> None:
    text = CLI.read_text(encoding="utf-8")
    assert [key for key in _KEYS if f"`{key}`" not in text and f"`{key} =" not in text] == []
