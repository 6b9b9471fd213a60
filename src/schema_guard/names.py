"""The name of a thing in a database."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Name"]


class Name(NamedTuple):
    """The name of a table, type or sequence, unquoted.

    A `schema` of None is what the connection resolves by its search_path. After `Schema` was resolved against a
    database it is None only on SQLite's main database and in an offline script.
    """

    schema: str | None
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name
