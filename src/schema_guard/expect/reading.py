"""How the application makes its value of what the database gives, where its type does more than hand it on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlalchemy import PickleType
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

__all__ = ["reader_of"]


def reader_of(type_: Any, dialect: Dialect) -> Callable[[object], object] | None:
    """What raises where a stored value cannot be read; None where nothing is done with it.

    A decorator of the application's own runs its code, and a pickle can: these are not tried.
    """
    if isinstance(type_, PickleType) or (isinstance(type_, TypeDecorator) and not _is_sqlalchemys(type_)):
        return None
    try:
        reader: Callable[[object], object] | None = type_.dialect_impl(dialect).result_processor(dialect, None)
    except Exception:  # a type of the application's own
        return None
    return reader


def _is_sqlalchemys(type_: Any) -> bool:
    return type(type_).__module__.startswith("sqlalchemy.")
