"""Calls in a revision that send nothing to the database, or only read."""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterator, Mapping

from schema_guard.chain.reading.built_sql import Built
from schema_guard.chain.reading.constants import UNKNOWN, Value
from schema_guard.chain.reading.op_actions import INSPECTOR, TableNamed

__all__ = ["ASKING", "CONNECTIONS", "READS", "harmless", "imported_for_effect"]

_SAFE_ROOTS = frozenset(
    {"sa", "sqlalchemy", "postgresql", "mysql", "sqlite", "datetime", "dt", "uuid", "re", "json", "logging", "enum"}
    | {"decimal", "math", "textwrap", "itertools", "functools", "collections", "contextlib", "warnings", "string"}
    | {"logger", "log", "sqlmodel", "sqlalchemy_utils", "geoalchemy2", "pgvector", "sqla", "time", "os", "pathlib"}
    | {"LOG", "_log", "_logger", "copy", "shlex", "operator", "hashlib", "base64", "secrets", "random", "unicodedata"}
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
_EXCEPTIONS = frozenset(
    name for name, each in vars(builtins).items() if isinstance(each, type) and issubclass(each, BaseException)
)
"""What a revision raises where it may not run: `raise RuntimeError("..")`."""
CONNECTIONS = frozenset({"begin", "begin_nested", "connect", "execution_options", "cursor", "raw_connection"})
"""Methods of a connection that give one, or a transaction or cursor of it."""
ASKING = (
    *("get_bind", "get_context", "f", "inline_literal", "autocommit_block", "begin_transaction"),
    *("get_x_argument", "get_tag_argument", "is_offline_mode", "is_transactional_ddl", "get_revision_argument"),
)
"""Methods of `op` and of `context` that send nothing."""
_TYPES = frozenset({"str", "bytes", "int", "float", "bool", "list", "dict", "set", "frozenset", "tuple"})
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
    *("startswith", "endswith", "splitlines", "capitalize", "zfill", "encode", "decode", "label"),
    *("get", "setdefault", "copy", "sort", "index", "count", "isdigit", "isalpha", "isnumeric", "isidentifier"),
)
"""Methods of texts, lists, dictionaries, sets and columns."""
_SESSIONS = frozenset({"Session", "sessionmaker", "AsyncSession"})


def harmless(call: ast.Call, written: str, root: Value, imported: Mapping[str, str]) -> bool:
    """Whether the call changes nothing, whatever its arguments are.

    Args:
        call: the call.
        written: what is called, as a.b.c.
        root: what stands at its beginning, as far as it is known.
        imported: by name, what the file imports.
    """
    first = _first_name(call.func)
    method = written.rpartition(".")[2]
    origin = imported.get(first, "").partition(".")[0]
    if method in _SESSIONS or written.startswith(tuple(_OWN_CALLS)):
        return False
    if root is INSPECTOR or isinstance(root, (str, list, dict, int, Built)):
        return True
    if isinstance(root, TableNamed):
        return method not in ("create", "drop")  # all else makes statements
    if isinstance(call.func, ast.Name):
        return method in _SAFE_CALLS or origin in _SAFE_ROOTS or (not origin and method in _EXCEPTIONS)
    if first in imported or first in _SAFE_ROOTS:
        return (origin or first) in _SAFE_ROOTS  # else code of another file
    if first in _TYPES and isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
        return True  # str.lower(..), dict.fromkeys(..)
    return root is UNKNOWN and (method in _OF_TEXTS or method.startswith(READS))


def _first_name(node: ast.expr) -> str:
    """What a call is made on begins with this name; empty where it begins with a literal or another expression."""
    while isinstance(node, (ast.Attribute, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


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
