"""Calibre-Web: an application for SQLite only; it makes its own database with create_all."""

from __future__ import annotations

from typing import Any

REQUIRES = ("calibreweb",)
SERVERS = ("sqlite",)
MIGRATES = ()


def models() -> Any:
    from calibreweb.cps.ub import Base

    return Base
