"""An index and its keys, as frozen data in one dialect's words."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Index", "IndexElement"]


@dataclass(frozen=True, slots=True)
class IndexElement:
    """One key of an index: a column's name, or an expression's SQL when `is_expression`."""

    text: str
    is_expression: bool = False
    descending: bool = False
    nulls_first: bool = False
    """Where NULLs stand: by default first when descending, last when ascending."""
    operator_class: str | None = None
    """None: the type's default for the method."""
    collation: str | None = None
    """None: the column's own."""
    default_class: str | None = None
    """Actual side: what the type's default operator class is called, where the models name one like that."""
    class_must_be_named: bool = False
    """Actual side: the type has no default operator class for the method, so models that name none may mean this."""

    def __str__(self) -> str:
        parts = [self.text, f"COLLATE {self.collation}" if self.collation else "", self.operator_class or ""]
        parts.append("DESC" if self.descending else "")
        if self.nulls_first != self.descending:
            parts.append("NULLS FIRST" if self.nulls_first else "NULLS LAST")
        return " ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Index:
    name: str | None
    elements: tuple[IndexElement, ...]
    unique: bool = False
    where: str | None = None
    include: tuple[str, ...] = ()
    method: str = "btree"
    nulls_not_distinct: bool = False
    options: tuple[str, ...] = ()
    """Storage parameters as key=value, sorted."""
    valid: bool = True
    ready: bool = True
    """Actual side: False where a build failed before writes went into it, so that it keeps no row out."""
    definition: str = ""
    """What follows the table's name in CREATE INDEX, as SQLAlchemy compiles it; empty where it writes none."""

    @property
    def columns(self) -> tuple[str, ...] | None:
        """The key's column names when every element is a plain column, else None."""
        if any(element.is_expression for element in self.elements):
            return None
        return tuple(element.text for element in self.elements)

    def __str__(self) -> str:
        keys = ", ".join(str(element) for element in self.elements)
        method = "" if self.method == "btree" else f" using {self.method}"
        include = f" INCLUDE ({', '.join(self.include)})" if self.include else ""
        nulls = " NULLS NOT DISTINCT" if self.nulls_not_distinct else ""
        where = f" WHERE {self.where}" if self.where else ""
        return f"{'unique ' if self.unique else ''}index{method} on ({keys}){include}{nulls}{where}"
