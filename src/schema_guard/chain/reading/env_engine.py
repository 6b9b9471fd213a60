"""Whether env.py writes all that its engine is made of: what comes from another module may be any option."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping

__all__ = ["engine_written_out"]

_MAKERS = frozenset({"create_engine", "create_async_engine", "engine_from_config", "async_engine_from_config"})
_READ = frozenset({"sqlalchemy", "alembic"})
"""Modules whose names stand for what their documentation says."""
_PLAIN = frozenset({"bool", "dict", "getattr", "hasattr", "int", "isinstance", "list", "print", "str", "tuple"})
"""Functions that return what they are given, and change nothing of it."""
_USES = frozenset({"connect", "begin", "execution_options"})
"""What an engine or a connection is asked for before revisions run."""


def engine_written_out(text: str) -> bool:
    """Whether the options of every engine, and every engine that is connected to, are written in the file itself.

    Where the database is may come from elsewhere: a URL does not say how transactions begin.

    Args:
        text: env.py.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    makes = [call for call in calls if _name_of(call.func) in _MAKERS]
    connects = [call.func.value for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr in _USES]
    sets = ("execution_options", "listen")  # a listener may set what it likes on each connection
    options = [part for call in calls if _name_of(call.func) in sets for part in _given(call)]
    bound = _bound(tree)
    return bool(makes) and all(_written(node, bound, set()) for node in (*makes, *connects, *options))


def _name_of(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _given(call: ast.Call) -> Iterator[ast.expr]:
    """The arguments of a call, without those that say where the database is."""
    of_engine = _name_of(call.func) in ("create_engine", "create_async_engine")
    # config.set_main_option("sqlalchemy.url", ..): the name of the option is written
    named = _name_of(call.func) in ("set_main_option", "set_section_option")
    first = 1 if of_engine else len(call.args) if named else 0
    yield from call.args[first:]
    for keyword in call.keywords:
        if keyword.arg != "url":
            yield keyword.value


def _bound(tree: ast.Module) -> Mapping[str, list[ast.AST | None]]:
    """What each name of the file may stand for; None: something that only running it could tell."""
    found: defaultdict[str, list[ast.AST | None]] = defaultdict(list)
    for node in ast.walk(tree):
        match node:
            case ast.Import() | ast.ImportFrom():
                _bind_imported(found, node)
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    _bind(found, target, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.AugAssign(target=target, value=value):
                _bind(found, target, value)
            case ast.NamedExpr(target=target, value=value):
                _bind(found, target, value)
            case ast.withitem(context_expr=value, optional_vars=ast.expr() as target):
                _bind(found, target, value)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                found[name] += node.decorator_list
                found[name] += [each.value for each in ast.walk(node) if isinstance(each, ast.Return) and each.value]
            case ast.arg(arg=name) | ast.ClassDef(name=name):
                found[name].append(None)
            case ast.Call():
                _bind_call(found, node)
            case _:
                continue
    return found


def _bind_imported(found: defaultdict[str, list[ast.AST | None]], node: ast.Import | ast.ImportFrom) -> None:
    for name in node.names:
        module = name.name if isinstance(node, ast.Import) else "." * node.level + (node.module or "")
        bound = name.name if isinstance(node, ast.ImportFrom) else name.name.partition(".")[0]
        found[name.asname or bound] += [] if module.partition(".")[0] in _READ else [None]


def _bind(found: defaultdict[str, list[ast.AST | None]], target: ast.expr, value: ast.expr) -> None:
    match target:
        case ast.Name(id=name):
            found[name].append(value)
        case ast.Tuple(elts=items) | ast.List(elts=items):
            for item in items:
                _bind(found, item, value)
        case ast.Subscript(slice=key) if _says_where(key):
            return
        case _:
            found[_base(target)].append(value)


def _bind_call(found: defaultdict[str, list[ast.AST | None]], call: ast.Call) -> None:
    """A function may change what it is given: tune(engine), options.update(..)."""
    for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
        if isinstance(argument, ast.Name):
            found[argument.id].append(call.func)
    if isinstance(call.func, ast.Attribute) and call.func.attr in ("update", "setdefault"):
        found[_base(call.func)] += _given(call)


def _says_where(key: ast.expr | None) -> bool:
    """Whether it is the key of the database's URL: `sqlalchemy.url`."""
    return isinstance(key, ast.Constant) and isinstance(key.value, str) and key.value.endswith("url")


def _base(node: ast.expr) -> str:
    """The name that a target begins with: `options` of options["x"]["y"]."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Starred)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _written(node: ast.AST, bound: Mapping[str, list[ast.AST | None]], seen: set[str]) -> bool:
    """Whether all that an expression is made of is in the file, SQLAlchemy's, or Alembic's."""
    if isinstance(node, ast.Name):
        if node.id in seen:
            return True
        if node.id not in bound:
            return node.id in _PLAIN
        seen.add(node.id)
        return all(each is not None and _written(each, bound, seen) for each in bound[node.id])
    if isinstance(node, ast.Dict):
        values = zip(node.keys, node.values, strict=True)
        return all(_written(value, bound, seen) for key, value in values if not _says_where(key))
    parts = (node.func, *_given(node)) if isinstance(node, ast.Call) else ast.iter_child_nodes(node)
    return all(_written(part, bound, seen) for part in parts)
