"""Galaxy: nearly two hundred tables in one model, foreign keys in circles, triggers; old databases are migrated."""

from __future__ import annotations

from typing import Any

REQUIRES = ("galaxy-data",)
MIGRATES = ()


def models() -> Any:
    from galaxy.model import mapper_registry

    return mapper_registry.metadata
