"""Buildbot: SQLAlchemy Core without an ORM; it makes new databases with create_all."""

from __future__ import annotations

from typing import Any

REQUIRES = ("buildbot",)
MIGRATES = ()


def models() -> Any:
    from buildbot.db.model import Model

    return Model.metadata
