"""The lines of the application's code that declare its tables and columns.

SQLAlchemy does not keep them. They are found in the syntax tree of the files of the classes that map a table, or of the
modules that hold a table or its MetaData. What is made in another way (reflected, by a loop) has no line.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy.schema import Column, Table

from schema_guard.declared import Declared
from schema_guard.names import Name
from schema_guard.sources.sqlalchemy.mapped import mappers_by_table

if TYPE_CHECKING:
    from sqlalchemy.orm import Mapper

__all__ = ["CodePlaces"]


class CodePlaces:
    """Of the tables of the models; what is looked for is looked up once for all of them."""

    def __init__(self, tables: Sequence[Table]) -> None:
        self._tables = tables

    def __call__(self, name: Name, column: str | None) -> Declared | None:
        """Where a table, or a column of it, is declared.

        Args:
            name: as the database has it; a schema_translate_map may lead to another schema than the models name.
            column: its name, None for the table.
        """
        table = self._table(name)
        if table is None:
            return None
        found = next((each for each in table.columns if each.name == column), None)
        with suppress(Exception):  # what a module or a class of the application's answers is its own affair
            return next(self._in_classes(table, found), None) or next(self._in_modules(table, found), None)
        return None

    def _table(self, name: Name) -> Table | None:
        alike = self._by_name.get(name.name, [])
        return next((table for table in alike if table.schema == name.schema), alike[0] if alike else None)

    @cached_property
    def _by_name(self) -> dict[str, list[Table]]:
        found = defaultdict(list)
        for table in self._tables:
            found[str(table.name)].append(table)
        return found

    @cached_property
    def _mappers(self) -> dict[Table, list[Mapper[Any]]]:
        return mappers_by_table()

    @cached_property
    def _files(self) -> dict[int, list[str]]:
        """The files of the modules that hold a table, a MetaData or a class with one, by the `id` of it."""
        wanted = {id(each) for table in self._tables for each in (table, table.metadata)}
        found: dict[int, list[str]] = defaultdict(list)
        for module in list(sys.modules.values()):
            file = getattr(module, "__file__", None)
            values = list(vars(module).values()) if file else []
            values += [vars(value).get("metadata") for value in values if isinstance(value, type)]
            for held in {id(value) for value in values} & wanted:
                found[held].append(str(file))
        return found

    def _in_classes(self, table: Table, column: Column[Any] | None) -> Iterator[Declared]:
        for mapper in self._mappers.get(table, ()):
            own = _class(mapper.class_)
            if column is not None:
                from sqlalchemy.orm.exc import UnmappedColumnError

                names = {column.name}
                with suppress(UnmappedColumnError):
                    names.add(mapper.get_property_by_column(column).key)
                for class_ in filter(None, map(_class, mapper.class_.__mro__)):
                    line = _attribute(class_.node, names, column.name)
                    if line is not None:
                        yield Declared.at(class_.file, line)
            if own is not None:
                yield Declared.at(own.file, own.node.lineno)

    def _in_modules(self, table: Table, column: Column[Any] | None) -> Iterator[Declared]:
        for held in (table, table.metadata):
            for file in self._files.get(id(held), ()):
                for call in _parsed(file).calls.get(str(table.name), ()):
                    inner = None if column is None else next(_calls_with(call, column.name, call), None)
                    yield Declared.at(file, (inner or call).lineno)


class _Class(NamedTuple):
    file: str
    node: ast.ClassDef


class _Parsed(NamedTuple):
    """A file's classes by their names, each with its `__qualname__`, and calls by their first argument, a text."""

    classes: dict[str, list[tuple[str, ast.ClassDef]]]
    calls: dict[str, list[ast.Call]]


def _class(class_: type) -> _Class | None:
    try:
        file = inspect.getsourcefile(class_)
    except TypeError:  # it is built in, or made by no module
        return None
    alike = _parsed(file).classes.get(class_.__name__, []) if file is not None and Path(file).is_file() else []
    node = next((node for name, node in alike if name == class_.__qualname__), alike[0][1] if alike else None)
    return None if file is None or node is None else _Class(file, node)


def _attribute(node: ast.ClassDef, names: set[str], column: str) -> int | None:
    """The line of an attribute of that name, or of a Column of the class's own table."""
    for statement in node.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        own = statement.name if isinstance(statement, ast.FunctionDef) else ""  # declared_attr
        if own in names or any(isinstance(target, ast.Name) and target.id in names for target in targets):
            return statement.lineno
    return next((call.lineno for call in _calls_with(node, column)), None)


def _calls(node: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Calls whose first argument is a text, each with that."""
    for call in ast.walk(node):
        match call:
            case ast.Call(args=[ast.Constant(value=str(text)), *_]):
                yield text, call


def _calls_with(node: ast.AST, name: str, but: ast.AST | None = None) -> Iterator[ast.Call]:
    """Those with that name."""
    return (call for text, call in _calls(node) if text == name and call is not but)


def _parsed(file: str) -> _Parsed:
    return _parsed_at(file, Path(file).stat().st_mtime_ns)


@lru_cache(maxsize=256)
def _parsed_at(file: str, time: int) -> _Parsed:  # noqa: ARG001 - another time is another text
    module = ast.parse(Path(file).read_bytes())
    found = _Parsed(defaultdict(list), defaultdict(list))
    for name, node in _classes(module):
        found.classes[node.name].append((name, node))
    for text, call in _calls(module):
        found.calls[text].append(call)
    return found


def _classes(node: ast.AST, prefix: str = "") -> Iterator[tuple[str, ast.ClassDef]]:
    """With their `__qualname__`."""
    for child in ast.iter_child_nodes(node):
        below = prefix
        if isinstance(child, ast.ClassDef):
            yield f"{prefix}{child.name}", child
            below = f"{prefix}{child.name}."
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            below = f"{prefix}{child.name}.<locals>."
        yield from _classes(child, below)
