"""While env.py is only being described, PostgreSQL drivers that know no PGOPTIONS can only read as well."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

__all__ = ["keep_reading"]

READ_ONLY = "default_transaction_read_only"


def keep_reading() -> None:
    """Every connection that asyncpg or pg8000 makes, whoever asks for it, begins as one that only reads."""
    for name, change in _CHANGES.items():
        if name in sys.modules:
            change(sys.modules[name])
    sys.meta_path.insert(0, _Finder())


def _asyncpg(module: Any) -> None:
    connect: Callable[..., Any] = module.connect

    @functools.wraps(connect)
    def reading(*arguments: Any, **named: Any) -> Any:
        settings = {**(named.pop("server_settings", None) or {}), READ_ONLY: "on"}
        return connect(*arguments, server_settings=settings, **named)

    module.connect = reading
    package = sys.modules.get("asyncpg")
    if getattr(package, "connect", None) is connect:
        package.connect = reading  # type: ignore[union-attr]


def _pg8000(module: Any) -> None:
    begin: Callable[..., None] = module.CoreConnection.__init__

    @functools.wraps(begin)
    def reading(self: Any, *arguments: Any, **named: Any) -> None:
        begin(self, *arguments, **named)
        self.execute_simple(f"SET {READ_ONLY} = on")

    module.CoreConnection.__init__ = reading


_CHANGES: dict[str, Callable[[Any], None]] = {"asyncpg.connection": _asyncpg, "pg8000.core": _pg8000}


class _Finder(MetaPathFinder):
    """Finds these modules as ever, and changes them as soon as they are there."""

    def find_spec(self, name: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target) if name in _CHANGES else None
        if spec is not None and spec.loader is not None:
            spec.loader = _Changing(spec.loader, _CHANGES[name])
        return spec


class _Changing(Loader):
    def __init__(self, loader: Loader, change: Callable[[Any], None]) -> None:
        self._loader, self._change = loader, change

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        self._change(module)
