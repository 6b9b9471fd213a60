"""The statements of queries/, each a file that psql runs as well."""

from __future__ import annotations

import json
from pkgutil import get_data

from schema_guard.dialects.postgresql.literals import literal

__all__ = ["query"]


def query(name: str, **values: object) -> str:
    """The text of queries/<name>.sql with each :'value' as a literal, as psql fills it in."""
    found = get_data(__package__, f"queries/{name}.sql")
    assert found is not None, "a package that can be imported has its files"
    sql = "\n".join(line for line in found.decode("utf-8").splitlines() if not line.lstrip().startswith("--"))
    for key, value in values.items():
        sql = sql.replace(f":'{key}'", literal(json.dumps(value, ensure_ascii=False)))
    return sql
