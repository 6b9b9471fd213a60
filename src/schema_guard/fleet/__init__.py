"""A fleet: the same application on many databases."""

from __future__ import annotations

from schema_guard.fleet.fleet import Fleet

__all__ = ["Fleet"]
