"""QCFractal: quantum chemistry on PostgreSQL; joined classes, triggers, partial and GIN indexes, computed columns."""

from __future__ import annotations

from typing import Any

REQUIRES = ("qcfractal",)
SERVERS = ("postgresql",)
MIGRATES = ()


def models() -> Any:
    from qcfractal.db_socket import BaseORM

    return BaseORM
