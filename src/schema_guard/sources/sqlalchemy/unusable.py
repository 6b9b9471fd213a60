"""Constants of `default=` and `onupdate=` that the column's own type does not take, or cannot read again.

SQLAlchemy sends a text that an Enum does not list as it is (`validate_strings`), and raises LookupError on reading it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, Enum

if TYPE_CHECKING:
    from sqlalchemy import Column as ModelColumn

    from schema_guard.sources.sqlalchemy.writer import Writer

__all__ = ["unusable_defaults"]


def unusable_defaults(column: ModelColumn[Any], writer: Writer) -> Iterator[tuple[str, str]]:
    """What is wrong, and which statement fails for it; `{}` stands for the classes of the table.

    Types of the application's own are not tried, for their code is not run; nor is JSON, which its engine may
    write in a way of its own (`json_serializer`).
    """
    if not type(column.type).__module__.startswith("sqlalchemy.") or isinstance(column.type, JSON):
        return
    for verb, word, default in (("INSERT", "default", column.default), ("UPDATE", "onupdate", column.onupdate)):
        if default is None or not default.is_scalar:
            continue
        value: Any = getattr(default, "arg", None)
        if value is None:
            continue
        type_ = column.type.dialect_impl(writer.dialect)
        try:
            sent = _through(type_.bind_processor(writer.dialect), value)
        except Exception as error:  # the application's INSERT raises it too
            yield f"its {word} is no value of its type", f"{verb} of {{}} fails ({type(error).__name__})"
            continue
        if isinstance(column.type, Enum):
            try:
                _through(type_.result_processor(writer.dialect, None), sent)
            except LookupError:
                fails = f"{verb} of {{}} writes it, and fails, or the row cannot be read (LookupError)"
                yield f"its {word} '{sent}' is no label of its Enum", fails


def _through(process: Any, value: Any) -> Any:
    return value if process is None else process(value)
