"""Revision files read by their syntax tree; what they compute is taken from whoever imported them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from schema_guard.chain.history import Revision
from schema_guard.errors import one_line

__all__ = [
    "Imported",
    "Unreadable",
    "compiled_files",
    "names_of",
    "read_revision",
    "read_revisions",
    "revision_files",
    "upgrade_body",
    "upgrade_of",
]

_LEGACY = re.compile(r"[a-f0-9]+\.py")
VARIABLES = ("revision", "down_revision", "branch_labels", "depends_on")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file in a versions folder that gives no revision. `line` is 0 where it has none."""

    file: str
    message: str
    line: int = 0


Imported = Mapping[str, tuple[str, ...]] | Unreadable
"""What came of importing a file: the names that its variables hold, or why it did not import."""


def revision_files(locations: Iterable[str], recursive: bool) -> list[Path]:
    """The files that Alembic takes for revisions: every *.py but __init__ and an editor's lock files."""
    found: dict[Path, Path] = {}
    for location in locations:
        folder = Path(location)
        for path in sorted(folder.rglob("*.py") if recursive else folder.glob("*.py")):
            if not path.name.startswith(("__init__", ".#")):
                found.setdefault(path.resolve(), path)
    return list(found.values())


def compiled_files(locations: Iterable[str]) -> list[Path]:
    """The files that Alembic runs with `sourceless = true` although their *.py is not there."""
    found: list[Path] = []
    for folder in map(Path, locations):
        inside = [*folder.glob("*.pyc"), *folder.glob("__pycache__/*.pyc")]
        sources = {path: folder / f"{path.name.partition('.')[0]}.py" for path in sorted(inside)}
        found += [path for path, source in sources.items() if source.stem != "__init__" and not source.exists()]
    return found


def read_revisions(
    files: Iterable[Path], imported: Mapping[str, Imported] | None = None
) -> tuple[list[Revision], list[Unreadable]]:
    """Read each file: what gives a revision, and what does not.

    Args:
        files: the files of the versions folders.
        imported: by file, what came of importing it.
    """
    revisions: list[Revision] = []
    unreadable: list[Unreadable] = []
    for file in files:
        found = read_revision(file, (imported or {}).get(str(file)))
        if isinstance(found, Revision):
            revisions.append(found)
        else:
            unreadable.append(found)
    return revisions, unreadable


def read_revision(file: Path, imported: Imported | None = None) -> Revision | Unreadable:
    """One file. Where none is written in it, Alembic takes a name of hexadecimal digits for the revision.

    Args:
        file: the revision file.
        imported: what came of importing it. Alembic takes what the variables hold then, so a label may well be
            `migration.EXPAND_BRANCH`; None leaves only what is written out.
    """
    try:
        tree = ast.parse(file.read_bytes(), str(file))
    except SyntaxError as error:
        return Unreadable(str(file), f"does not parse: {one_line(error.msg)}", error.lineno or 0)
    except (ValueError, OSError, RecursionError) as error:
        return Unreadable(str(file), f"cannot be read: {one_line(str(error))}")
    names: dict[str, tuple[str, ...]] = {}
    lines: dict[str, int] = {}
    for name, line, value in _assignments(tree):
        lines[name] = line
        try:
            names[name] = _names(ast.literal_eval(value))
        except ValueError:
            if isinstance(imported, Unreadable):
                return imported
            if imported is None:
                return Unreadable(str(file), f"{name} is computed, not written", line)
            names.pop(name, None)
    if isinstance(imported, Mapping):
        # What is written counts: a file that was edited within a second, to the same length, is imported as it was.
        names = {**imported, **names}
    if not names.get("revision") and not _LEGACY.fullmatch(file.name):
        return Unreadable(str(file), "sets no `revision`, and Alembic refuses the whole folder for it")
    if "down_revision" not in names and (
        imported is not None or not any(_gives(each, "down_revision") for each in tree.body)
    ):
        return Unreadable(str(file), "sets no `down_revision`, and Alembic refuses the whole folder for it")
    return Revision(
        id=names.get("revision", (file.stem,))[0],
        down=names.get("down_revision", ()),
        labels=names.get("branch_labels", ()),
        depends=names.get("depends_on", ()),
        file=str(file),
        lines=lines,
        doc=ast.get_docstring(tree) or "",
        empty=not upgrade_body(tree),
    )


def names_of(module: object) -> dict[str, tuple[str, ...]]:
    """What the variables of an imported revision file hold."""
    return {name: _names(getattr(module, name)) for name in VARIABLES if hasattr(module, name)}


def upgrade_body(tree: ast.Module) -> list[ast.stmt]:
    """The statements of upgrade() that do something.

    Where `upgrade` is no function that is written out (imported, a lambda, in an `if`), what makes it one.
    """
    found = upgrade_of(tree)
    if isinstance(found, ast.FunctionDef) and not found.decorator_list:
        return [statement for statement in found.body if not _does_nothing(statement)]
    return [] if found is None else [found]


def upgrade_of(tree: ast.Module) -> ast.stmt | None:
    """The last statement of the module that gives `upgrade`; None where there is none."""
    return next((node for node in reversed(tree.body) if _gives(node, "upgrade")), None)


def _gives(statement: ast.stmt, name: str) -> bool:
    """Whether a statement of the module may give that name."""
    match statement:
        case ast.FunctionDef(name=own) | ast.AsyncFunctionDef(name=own):
            return own == name
        case ast.ClassDef():
            return False
        case ast.ImportFrom(names=aliases):
            return any((alias.asname or alias.name) in (name, "*") for alias in aliases)
        case _:
            inner = list(ast.walk(statement))
            stored = any(isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store) and n.id == name for n in inner)
            return stored or any(_gives(n, name) for n in inner if n is not statement and isinstance(n, _DEFINES))


_DEFINES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ImportFrom)


def _does_nothing(statement: ast.stmt) -> bool:
    match statement:
        case ast.Pass() | ast.Expr(value=ast.Constant()) | ast.Return(value=None):
            return True
        case _:
            return False


def _assignments(tree: ast.Module) -> Iterator[tuple[str, int, ast.expr]]:
    """The variables that Alembic reads, with what is written for each: no literal where it is computed."""
    for node in tree.body:
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    yield from _assigned(target, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                yield from _assigned(target, value)
            case _:
                continue


def _assigned(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, int, ast.expr]]:
    """Also `revision, down_revision = "b2", "a1"`."""
    match target, value:
        case ast.Name(id=name), _ if name in VARIABLES:
            yield name, target.lineno, value
        case ast.Tuple(elts=targets), ast.Tuple(elts=values) if len(targets) == len(values):
            for one, other in zip(targets, values, strict=True):
                yield from _assigned(one, other)
        case ast.Tuple(elts=targets), _:
            for one in targets:
                yield from _assigned(one, one)


def _names(value: object) -> tuple[str, ...]:
    """Alembic takes one name or several."""
    if value is None:
        return ()
    if isinstance(value, (tuple, list, set, frozenset)):
        return tuple(str(item) for item in value if item is not None)
    return (str(value),)
