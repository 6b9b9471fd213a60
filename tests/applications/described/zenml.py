"""ZenML: SQLModel, for MySQL and SQLite. Its migrations from nothing run on MySQL only."""

from __future__ import annotations

from typing import Any

REQUIRES = ("zenml[server]",)
SERVERS = ("sqlite",)
MIGRATES = ()


def models() -> Any:
    import zenml.zen_stores.schemas  # noqa: F401
    from sqlmodel import SQLModel

    return SQLModel
