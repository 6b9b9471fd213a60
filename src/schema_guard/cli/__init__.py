"""The command line: parse, call the guard, render, exit code; no logic."""

from __future__ import annotations

from schema_guard.cli.main import main

__all__ = ["main"]
