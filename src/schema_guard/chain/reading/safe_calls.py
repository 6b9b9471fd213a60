"""Calls in a revision that send nothing to the database, or only read."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping

from schema_guard.chain.reading.built_sql import Built
from schema_guard.chain.reading.constants import UNKNOWN, Value
from schema_guard.chain.reading.op_actions import INSPECTOR

__all__ = ["READS", "harmless", "imported_for_effect"]

_SAFE_ROOTS = frozenset(
    {"sa", "sqlalchemy", "postgresql", "mysql", "sqlite", "datetime", "dt", "uuid", "re", "json", "logging", "enum"}
    | {"decimal", "math", "textwrap", "itertools", "functools", "collections", "contextlib", "warnings", "string"}
    | {"logger", "log", "sqlmodel", "sqlalchemy_utils", "geoalchemy2", "pgvector", "sqla", "time", "os", "pathlib"}
)
"""Modules whose functions, called by themselves, send nothing to the database."""
_SAFE_CALLS = frozenset(
    {
        "len",
        "set",
        "list",
        "any",
        "all",
        "dict",
        "tuple",
        "sorted",
        "print",
        "isinstance",
        "str",
        "int",
        "range",
        "bool",
    }
    | {"enumerate", "zip", "getattr", "hasattr", "min", "max", "frozenset", "repr", "filter", "map", "next", "float"}
    | {"Path", "reversed", "iter", "sum", "abs", "round", "Decimal", "UUID", "uuid4", "now", "utcnow", "datetime"}
)
_OWN_CALLS = frozenset({"os.system", "os.popen", "os.exec", "subprocess.run"})
READS = (
    "get_",
    "has_",
    "is_",
    "dialect",
    "fetch",
    "scalar",
    "all",
    "first",
    "one",
    "mappings",
    "keys",
    "items",
    "values",
)
_OF_TEXTS = (
    *("append", "add", "extend", "format", "join", "split", "strip", "lower", "upper", "replace", "casefold", "title"),
    *("issubset", "issuperset", "isdisjoint", "intersection", "union", "difference", "symmetric_difference"),
    *("startswith", "endswith", "splitlines", "capitalize", "zfill", "encode", "decode"),
)
"""Methods of texts, lists and sets."""
_MADE_THERE = (ast.SetComp, ast.ListComp, ast.DictComp, ast.GeneratorExp, ast.Set, ast.JoinedStr)
_SESSIONS = frozenset({"Session", "sessionmaker", "AsyncSession"})


def harmless(
    call: ast.Call, written: str, root: Value, imported: Mapping[str, str], names: Mapping[str, Value]
) -> bool:
    """Whether the call changes nothing, whatever its arguments are.

    Args:
        call: the call.
        written: what is called, as a.b.c.
        root: what stands at its beginning, as far as it is known.
        imported: by name, what the file imports.
        names: its variables.
    """
    first, _, _ = written.partition(".")
    method = written.rpartition(".")[2]
    origin = imported.get(first, "").partition(".")[0]
    if method in _SESSIONS or written.startswith(tuple(_OWN_CALLS)):
        return False
    if root is INSPECTOR or isinstance(root, (str, list, dict, int, Built)):
        return True
    if isinstance(call.func, ast.Name):
        return method in _SAFE_CALLS or origin in _SAFE_ROOTS
    if first in _SAFE_ROOTS or origin in _SAFE_ROOTS:
        return True
    if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, _MADE_THERE):
        return method in _OF_TEXTS
    if root is UNKNOWN and first in names:
        return method.startswith(READS) or method in _OF_TEXTS
    return not first and method.startswith((*_OF_TEXTS, *READS))


def imported_for_effect(tree: ast.Module) -> Iterator[ast.Import | ast.ImportFrom]:
    """What a function of the file imports only for what the module does then: no line uses the name."""
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name != "downgrade"]
    for node in (inner for function in functions for inner in ast.walk(function)):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        module = node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
        first = (module or "").partition(".")[0]
        names = {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        known = first in sys.stdlib_module_names or first in _SAFE_ROOTS or first == "alembic"
        if not known and ("*" in names or not names & used):
            yield node
