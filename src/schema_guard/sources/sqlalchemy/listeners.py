"""What the application does when `create_all` has made a table: no part of the models, and not run by apply."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sqlalchemy.schema import ExecutableDDLElement

if TYPE_CHECKING:
    from sqlalchemy import Table

__all__ = ["listeners_of"]

_SHOWN = 40
"""Characters of a statement that stand for it."""


def listeners_of(table: Table, dialect: str) -> tuple[str, ...]:
    """The listeners of `after_create` of a table, of its MetaData and of every Table, each as a person finds it: a
    function's name, or the beginning of a DDL(..). Those of SQLAlchemy's own types are none, nor are those that another
    database system is for (`execute_if(dialect=..)`)."""
    found = (*table.dispatch.after_create, *table.metadata.dispatch.after_create)
    return tuple(dict.fromkeys(name for each in found for name in _named(each, dialect)))


def _named(listener: Any, dialect: str) -> Iterator[str]:
    if isinstance(listener, ExecutableDDLElement):
        wanted = getattr(listener._ddl_if, "dialect", None) or dialect
        if dialect == wanted or (not isinstance(wanted, str) and dialect in wanted):
            words = " ".join(str(getattr(listener, "statement", type(listener).__name__)).split())
            yield words if len(words) <= _SHOWN else f"{words[:_SHOWN]}.."
        return
    function = getattr(listener, "func", listener)  # functools.partial
    module = str(getattr(function, "__module__", ""))
    if module.partition(".")[0] != "sqlalchemy":
        yield f"{module}.{getattr(function, '__qualname__', type(function).__qualname__)}".lstrip(".")
