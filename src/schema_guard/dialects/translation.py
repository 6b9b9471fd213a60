"""The execution option `schema_translate_map` of the application's engine: which schema stands for which."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

__all__ = ["SchemaMap", "lock_words", "schema_map_of"]

SchemaMap: TypeAlias = Mapping[str | None, str | None]
"""From what the models declare (None: no schema) to what is used (None: what the connection finds)."""


def schema_map_of(engine: Engine) -> SchemaMap:
    """Empty where the engine has no map."""
    return dict(engine.get_execution_options().get("schema_translate_map") or {})


def lock_words(schemas: SchemaMap, default: str | None) -> str:
    """What tells apart the guard locks of engines that lead to different schemas of one database."""
    used = sorted({str(schema or default) for schema in schemas.values()})
    return ", ".join(used) if used else str(default)
