"""The statements of queries/, each a file that psql runs as well."""

from __future__ import annotations

import json
from collections.abc import Collection
from functools import cache
from pkgutil import get_data

from schema_guard.dialects.postgresql.literals import literal

__all__ = ["query"]


def query(name: str, *, without: Collection[str] = (), **values: object) -> str:
    """The text of queries/<name>.sql with each :'value' as a literal, as psql fills it in.

    Args:
        name: of the file.
        without: kinds of rows that are not asked for, where the file is a UNION ALL of SELECTs that begin with a kind.
        values: each is written as JSON.
    """
    sql = _without_comments(name)
    if without:
        with_, select, rest = sql.partition("\nSELECT '")
        parts = (select + rest).split("\nUNION ALL")
        sql = with_ + "\nUNION ALL".join(part for part in parts if part.split("'", 2)[1] not in without)
    for key, value in values.items():
        sql = sql.replace(f":'{key}'", literal(json.dumps(value, ensure_ascii=False)))
    return sql


@cache  # a process that runs on asks the same again
def _without_comments(name: str) -> str:
    found = get_data(__package__, f"queries/{name}.sql")
    assert found is not None, "a package that can be imported has its files"
    return "\n".join(line for line in found.decode("utf-8").splitlines() if not line.lstrip().startswith("--"))
