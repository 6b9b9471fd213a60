"""Keystone: OpenStack's identities; a model in each backend, composite keys, booleans with a server default."""

from __future__ import annotations

from typing import Any

REQUIRES = ("keystone", "psycopg2-binary")
MIGRATES = ()


def models() -> Any:
    import importlib
    import pkgutil

    import keystone
    from keystone.common.sql import ModelBase

    for module in pkgutil.walk_packages(keystone.__path__, "keystone."):
        if module.name.endswith((".sql", ".sql_model")) and ".tests." not in module.name:
            importlib.import_module(module.name)
    return ModelBase
