"""docs/python-api.md: the public names of Python, written from their signatures and docstrings."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import cast

import griffe

import schema_guard

__all__ = ["python_api", "undocumented"]

MODULES = {
    "schema_guard": "What an application imports.",
    "schema_guard.alembic": "For revisions and env.py: [defensive revisions](revision.md), [Alembic](alembic.md).",
    "schema_guard.integrations.flask": "For Flask: [in an application](integrations.md).",
    "schema_guard.integrations.asgi": "For FastAPI and other ASGI servers: [in an application](integrations.md).",
    "schema_guard.integrations.wsgi": "For WSGI servers: [in an application](integrations.md).",
    "schema_guard.integrations.booting": "For gunicorn, Celery and RQ: [in an application](integrations.md).",
    "schema_guard.integrations.opentelemetry": "For OpenTelemetry: [logs and history](logs.md#opentelemetry).",
    "schema_guard.pytest": "For [tests](testing.md).",
}
_INTERNAL = {"EXTENSION", "guard_of_application", "migrations_of_application", "url_of_application"}
"""What other rooms take from integrations/flask.py."""
_STARS = {griffe.ParameterKind.var_positional: "*", griffe.ParameterKind.var_keyword: "**"}
_FIELD = re.compile(r"^(?:ClassVar\[(?P<type>.+)\]|(?P<plain>.+))$")


def python_api() -> str:
    """The whole page."""
    parts = [
        "# Python API\n",
        "Every public name, from its docstring; [Python](python.md) is the introduction. Written by `make docs`.\n",
    ]
    for module, introduction in MODULES.items():
        parts.append(f"## {module}\n\n{introduction}\n")
        for name in _names(module):
            parts.extend(_described(name, _found(module, name)))
    return "\n".join(parts)


def undocumented() -> Iterator[str]:
    """Public names without a docstring."""
    for module in MODULES:
        for name in _names(module):
            for path, item in _with_methods(name, _found(module, name)):
                if not item.has_docstring and not isinstance(item, griffe.Attribute):
                    yield f"{module}: {path} has no docstring"


def _names(module: str) -> list[str]:
    names = [name for name in import_module(module).__all__ if not name.startswith("_") and name not in _INTERNAL]
    return sorted(names, key=lambda name: (name != "Guard", name.lower()))


@cache
def _package() -> griffe.Module:
    return cast("griffe.Module", griffe.load("schema_guard", search_paths=[_source()], docstring_parser="google"))


def _source() -> Path:
    return Path(schema_guard.__file__).parents[1]


def _found(module: str, name: str) -> griffe.Object:
    """Where it is defined: a public name is an alias of it."""
    value = getattr(import_module(module), name)
    home = getattr(value, "__module__", "")
    if not home.startswith("schema_guard."):  # a type alias
        home = f"schema_guard.{schema_guard._HOMES[name]}"
    return cast("griffe.Object", _package()[f"{home.removeprefix('schema_guard.')}.{name}"])


def _with_methods(path: str, item: griffe.Object) -> Iterator[tuple[str, griffe.Object]]:
    yield path, item
    if isinstance(item, griffe.Class):
        for name, method in _public(item, griffe.Kind.FUNCTION):
            yield f"{path}.{name}", method


def _public(item: griffe.Class, kind: griffe.Kind) -> Iterator[tuple[str, griffe.Object]]:
    for name, member in item.all_members.items():
        found = member.final_target if isinstance(member, griffe.Alias) else member
        if not name.startswith("_") and found.kind is kind and found.path.startswith("schema_guard."):
            yield name, found


def _described(name: str, item: griffe.Object) -> Iterator[str]:
    yield f"### {name}\n"
    if isinstance(item, griffe.Class):
        yield from _class(name, item)
    elif isinstance(item, griffe.Function):
        yield f"```python\n{_signature(name, item)}\n```\n"
        yield from _text(item)
    else:
        value = str(item.value) if isinstance(item, griffe.Attribute) and item.value is not None else ""
        members = sorted(set(re.findall(r"\b[A-Z]\w+", value)))
        yield from _text(item)
        if members:
            yield f"One of {', '.join(f'`{member}`' for member in members)}.\n"


def _class(name: str, item: griffe.Class) -> Iterator[str]:
    bases = [str(base) for base in item.bases]
    if _is(bases, "StrEnum", "IntEnum", "Enum"):
        yield from _text(item)
        yield _listed((f"`{each}`", value) for each, value in _values(item))
        return
    error = _is(bases, "Exception", "Error")
    if error:
        yield f"```python\nclass {name}({', '.join(bases)})\n```\n"
    else:
        made = item.all_members.get("__init__")
        own = cast("griffe.Function", made.final_target if isinstance(made, griffe.Alias) else made) if made else None
        if own is not None:
            yield f"```python\n{_signature(name, own)}\n```\n"
    yield from _text(item)
    named = error or _names_parameters(item)
    for base in () if named else item.resolved_bases:
        if isinstance(base, griffe.Object) and _names_parameters(base):
            yield from _text(base)
            named = True
    fields = [(each, field) for each, field in _public(item, griffe.Kind.ATTRIBUTE) if "property" not in field.labels]
    told = [
        (f"`{each}: {_annotation(field)}`", _plain(field))
        for each, field in fields
        if _annotation(field) and (field.has_docstring or not named)
    ]
    if told:
        yield "Attributes:\n"
        yield _listed(told)
    for each, method in _public(item, griffe.Kind.ATTRIBUTE):
        if "property" in method.labels and method.has_docstring:
            yield f"#### {name}.{each}\n"
            yield from _text(method)
    for each, method in _public(item, griffe.Kind.FUNCTION):
        yield f"#### {name}.{each}\n"
        yield f"```python\n{_signature(each, cast('griffe.Function', method))}\n```\n"
        yield from _text(method)


def _names_parameters(item: griffe.Object) -> bool:
    sections = item.docstring.parsed if item.docstring else []
    return any(section.kind is griffe.DocstringSectionKind.parameters for section in sections)


def _is(bases: Iterable[str], *ends: str) -> bool:
    return any(base.endswith(ends) for base in bases)


def _values(item: griffe.Class) -> Iterator[tuple[str, str]]:
    for name, member in item.members.items():
        if isinstance(member, griffe.Attribute) and member.value is not None and not name.startswith("_"):
            said = " ".join(str(member.docstring.value).split()) if member.docstring else ""
            yield f"{item.name}.{name}", f"{member.value}{': ' + said if said else ''}"


def _annotation(field: griffe.Object) -> str:
    found = _FIELD.match(str(getattr(field, "annotation", None) or ""))
    return (found["type"] or found["plain"] or "") if found else ""


def _plain(item: griffe.Object) -> str:
    return " ".join(item.docstring.value.split()) if item.docstring else ""


def _signature(name: str, function: griffe.Function) -> str:
    """As it is called: without `self`, one parameter a line where it is long."""
    given = [parameter for parameter in function.parameters if parameter.name not in ("self", "cls")]
    words, starred = [], False
    for parameter in given:
        if parameter.kind is griffe.ParameterKind.keyword_only and not starred:
            words.append("*")
            starred = True
        stars = "" if parameter.kind is None else _STARS.get(parameter.kind, "")
        starred = starred or stars == "*"
        annotation = f": {parameter.annotation}" if parameter.annotation else ""
        default = f" = {parameter.default}" if parameter.default is not None and not stars else ""
        words.append(f"{stars}{parameter.name}{annotation}{default}")
    made = function.name == "__init__"
    returns = "" if made or function.returns is None else f" -> {function.returns}"
    line = f"{name}({', '.join(words)}){returns}"
    return line if len(line) <= 100 else f"{name}(\n    " + ",\n    ".join(words) + f",\n){returns}"


def _text(item: griffe.Object) -> Iterator[str]:
    for section in item.docstring.parsed if item.docstring else ():
        if section.kind is griffe.DocstringSectionKind.text:
            yield f"{inspect.cleandoc(str(section.value))}\n"
        elif section.kind is griffe.DocstringSectionKind.parameters:
            yield "Arguments:\n"
            yield _listed((f"`{each.name}`", each.description) for each in section.value)
        elif section.kind is griffe.DocstringSectionKind.raises:
            yield "Raises:\n"
            yield _listed((f"`{str(each.annotation).strip('()')}`", each.description) for each in section.value)
        elif section.kind is griffe.DocstringSectionKind.returns:
            yield "Returns:\n"
            yield _listed(("", each.description) for each in section.value)


def _listed(items: Iterable[tuple[str, str]]) -> str:
    lines = []
    for name, said in items:
        words = " ".join(said.split())
        lines.append(f"- {name}{': ' if name and words else ''}{words}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(python_api())
