"""Mailman: enums as integers, UUIDs, users and addresses that refer to each other; its chain makes nothing anew."""

from __future__ import annotations

from typing import Any

REQUIRES = ("mailman", "psycopg2-binary")
MIGRATES = ()


def models() -> Any:
    import importlib
    import pkgutil

    import mailman.model
    from mailman.database.model import Model

    for module in pkgutil.iter_modules(mailman.model.__path__):
        if module.name not in ("docs", "tests"):
            importlib.import_module(f"mailman.model.{module.name}")
    return Model
