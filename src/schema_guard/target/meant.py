"""What a mistyped TARGET may have meant: looked for among files, none of which is imported."""

from __future__ import annotations

import ast
import pkgutil
import sys
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

__all__ = ["defined_in", "meant"]

ALIKE, ALMOST = 0.6, 0.8
"""How much of the letters agree: among the application's own names, and among those of all that is installed."""


def meant(name: str, directory: Path) -> str:
    """`okmod` for `okm`, `app.models` for `app.modles`, `app.models:Base` for `app.models.Base`; empty where nothing is
    alike.

    Args:
        name: a module that cannot be imported.
        directory: where the application is.
    """
    parts = name.split(".")
    for places, cutoff in (([str(directory)], ALIKE), (sys.path, ALMOST)):
        found = _module(parts, places, cutoff)
        if found and found != name:
            return found
    package, _, last = name.rpartition(".")
    for place in _files(package, [str(directory), *sys.path]) if package else ():
        names = list(_defined(place))
        if close := get_close_matches(last, names, n=1, cutoff=ALIKE):
            return f"{package}:{close[0]}"
    return ""


def defined_in(package: str, paths: Sequence[str], names: Sequence[str]) -> list[str]:
    """As TARGETs, the modules of a package that define one of the names, or one that is alike."""
    files = [file for path in map(Path, paths) for file in sorted(path.glob("*.py")) if file.stem != "__init__"]
    own = {file: list(_defined(file)) for file in files}
    for cutoff in (1.0, ALIKE):
        found = [
            f"{package}.{file.stem}:{close}"
            for file in files
            for name in names
            for close in get_close_matches(name, own[file], n=1, cutoff=cutoff)
        ]
        if found:
            return found
    return []


def _module(parts: Sequence[str], places: Sequence[str], cutoff: float) -> str:
    """The dotted name that is most alike, level by level."""
    chosen: list[str] = []
    for part in parts:
        names = _names(places)
        by_letters = {name.lower(): name for name in sorted(names)}
        close = get_close_matches(part.lower(), list(by_letters), n=1, cutoff=cutoff)
        if part not in names and not close:
            return ""
        chosen.append(part if part in names else by_letters[close[0]])
        places = [str(Path(place) / chosen[-1]) for place in places]
    return ".".join(chosen)


def _names(places: Sequence[str]) -> set[str]:
    """Modules and packages there, those without `__init__.py` too."""
    names = {module.name for module in pkgutil.iter_modules(places)}
    for place in map(Path, places):
        if place.is_dir():
            names.update(each.name for each in place.iterdir() if each.name.isidentifier() and any(each.glob("*.py")))
    return {name for name in names if not name.startswith("_")}


def _files(module: str, places: Sequence[str]) -> Iterator[Path]:
    for place in places:
        path = Path(place, *module.split("."))
        yield from (file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file())


def _defined(file: Path) -> Iterator[str]:
    """The names of a file's classes, functions and variables, not those that it imports."""
    try:
        body = ast.parse(file.read_bytes()).body
    except (OSError, SyntaxError, ValueError, RecursionError):
        return
    for statement in body:
        match statement:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.Assign(targets=targets):
                yield from (target.id for target in targets if isinstance(target, ast.Name))
