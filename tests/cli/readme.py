"""README.md with its sample: what check says about the demo's database. `make docs` writes it, a test compares."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from schema_guard.demo import draft
from schema_guard.demo.room import sqlite_room
from schema_guard.render.line import plain
from schema_guard.render.text import check_lines

__all__ = ["README", "readme"]

README = Path(__file__).resolve().parents[2] / "README.md"
SAMPLE = re.compile(r"(?<=<!-- check -->\n).*?(?=<!-- /check -->)", re.DOTALL)


def readme() -> str:
    """README.md as it should be."""
    return SAMPLE.sub(lambda _: f"\n```text\n{_sample()}```\n\n", README.read_text(encoding="utf-8"))


def _sample() -> str:
    """A real check; only what depends on the machine is made constant."""
    scene = draft.scene()
    with sqlite_room() as engine:
        scene.prepare(engine)
        report = scene.guard.check(engine)
    server = replace(report.server, version="3.45.1", database="draft.db")
    constant = replace(report, server=server, seconds=0.011)
    lines = check_lines(constant, 1, next_command=f"schema-guard plan {scene.target}")
    return f"$ schema-guard check {scene.target}\n{plain(lines)}"
