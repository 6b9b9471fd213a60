"""conda-store: a chain for enum values and tables of packages, on SQLite and PostgreSQL."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

REQUIRES = ("conda-store-server", "setuptools<81")
OLDER = "48be4072fe58"


def models() -> Any:
    for name in ("conda", "conda.base", "conda.base.context", "conda.models", "conda.models.dist"):
        sys.modules.setdefault(name, ModuleType(name))  # not on the package index; the models use nothing of it
    vars(sys.modules["conda.models.dist"])["Dist"] = object
    vars(sys.modules["conda.base.context"])["context"] = SimpleNamespace(subdir="linux-64")
    from conda_store_server._internal.orm import Base

    return Base


def migrate(url: str, revision: str) -> None:
    from alembic import command
    from alembic.config import Config
    from conda_store_server._internal import dbutil

    with dbutil._temp_alembic_ini(url.replace("%", "%%")) as ini:
        command.upgrade(Config(ini), revision)
