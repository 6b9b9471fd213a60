"""Text for people: what a terminal, a pipe and a log show. The last line is always the verdict."""

from __future__ import annotations

from schema_guard.render.text.apply import apply_lines
from schema_guard.render.text.check import check_lines
from schema_guard.render.text.plan import plan_lines

__all__ = ["apply_lines", "check_lines", "plan_lines"]
