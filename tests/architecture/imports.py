"""Which module of the package imports which, read from the source with ast: also imports inside of functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["SOURCE", "Import", "imports", "modules"]

SOURCE = Path(__file__).resolve().parents[2] / "src" / "schema_guard"


@dataclass(frozen=True)
class Import:
    """`importer` imports `imported`, at that line; for a type checker only when `for_types`."""

    importer: str
    imported: str
    line: int
    for_types: bool


def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name without the package's, '' for the package itself."""
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports() -> Iterator[Import]:
    """Every import statement of every module, with absolute names."""
    for module, path in modules().items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        types_only = {
            id(inner)
            for node in ast.walk(tree)
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
            for inner in ast.walk(node)
        }
        for node in ast.walk(tree):
            for imported in _imported(node):
                yield Import(module, imported, getattr(node, "lineno", 0), id(node) in types_only)


def _imported(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=str(module), level=0, names=names):
            # `from package import module` names a module, `from module import name` does not
            return [f"{module}.{alias.name}" if _is_module(f"{module}.{alias.name}") else module for alias in names]
        case ast.ImportFrom(level=level) if level:
            raise AssertionError(f"relative import: {ast.unparse(node)}")
        case _:
            return []


def _is_module(name: str) -> bool:
    package, _, inner = name.partition(".")
    if package != SOURCE.name:
        return False
    path = SOURCE.joinpath(*inner.split("."))
    return path.with_suffix(".py").exists() or (path / "__init__.py").exists()
