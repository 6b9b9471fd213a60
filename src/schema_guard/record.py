"""Frozen dataclasses that are made in a fourth of the time: `@dataclass(frozen=True, slots=True)`, imported from here.

A command makes more than a hundred classes before it can begin, and the standard decorator compiles six functions for
each of them. Here it is one, __init__; comparing, hashing, showing and refusing are functions that all classes share.
A class that is made here can inherit only from others that are made here. Public ones are made by the standard
decorator, which tools that read the source know.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(
        *, frozen: bool = False, slots: bool = False, kw_only: bool = False, eq: bool = True
    ) -> Callable[[type], type]:
        """As dataclasses.dataclass has it; all but frozen records with slots are left to that one."""
        if not (frozen and slots and eq):
            return dataclasses.dataclass(frozen=frozen, slots=slots, kw_only=kw_only, eq=eq)

        def made(kind: type) -> type:
            if kind.__doc__ is None:
                kind.__doc__ = kind.__name__  # the standard one writes the signature, which takes a while
            own = vars(kind)
            hashes = own.get("__hash__") is not None
            settled = {name for name in ("__repr__", "__eq__") if name in own} | ({"__hash__"} if hashes else set())
            decorate = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True, kw_only=kw_only)
            record = decorate(kind)
            fields = dataclasses.fields(record)
            compared = [field.name for field in fields if field.compare]
            record.__compared__ = attrgetter(*compared) if compared else staticmethod(_nothing)
            for name, shared in _SHARED.items():
                if name not in settled:
                    setattr(record, name, shared)
            if "__init__" not in own:
                record.__init__ = _init(record, fields)
            return record

        return made


def _init(record: Any, fields: Sequence[dataclasses.Field[Any]]) -> Callable[..., None]:
    """Written as the standard one is; it sets each slot by the slot's own descriptor."""
    given: dict[str, object] = {"FACTORY": _FACTORY}
    parameters: list[str] = []
    lines: list[str] = []
    for field in sorted((field for field in fields if field.init), key=lambda field: bool(field.kw_only)):
        if field.kw_only and "*" not in parameters:
            parameters.append("*")
        parameters.append(field.name)
        if field.default is not dataclasses.MISSING:
            given[f"default_{field.name}"] = field.default
            parameters[-1] += f"=default_{field.name}"
        elif field.default_factory is not dataclasses.MISSING:
            parameters[-1] += "=FACTORY"
    for field in fields:
        given[f"set_{field.name}"] = getattr(record, field.name).__set__
        value = field.name
        if field.default_factory is not dataclasses.MISSING:
            given[f"factory_{field.name}"] = field.default_factory
            made = f"factory_{field.name}()"
            value = f"{made} if {field.name} is FACTORY else {field.name}" if field.init else made
        elif not field.init:
            given[f"default_{field.name}"] = field.default
            value = f"default_{field.name}"
        lines.append(f"  set_{field.name}(self, {value})")
    if hasattr(record, "__post_init__"):
        lines.append("  self.__post_init__()")
    text = "\n".join(
        (
            f"def make({', '.join(given)}):",
            f" def __init__({', '.join(('self', *parameters))}):",
            *(lines or ["  pass"]),
            " return __init__",
        )
    )
    found: dict[str, Any] = {}
    exec(text, vars(sys.modules[record.__module__]), found)
    init: Callable[..., None] = found["make"](**given)
    init.__qualname__ = f"{record.__qualname__}.__init__"
    init.__annotations__ = {field.name: field.type for field in fields if field.init} | {"return": None}
    return init


_FACTORY = object()
"""Stands for an argument that was not given and is made anew for each record."""


def _nothing(_: object) -> tuple[()]:
    return ()


def _equal(self: Any, other: Any) -> Any:
    if other.__class__ is self.__class__:
        return self.__compared__(self) == self.__compared__(other)
    return NotImplemented


def _hash(self: Any) -> int:
    return hash(self.__compared__(self))


def _shown(self: Any) -> str:
    told = (f"{field.name}={getattr(self, field.name)!r}" for field in dataclasses.fields(self) if field.repr)
    return f"{type(self).__qualname__}({', '.join(told)})"


def _set(_: Any, name: str, value: object) -> None:  # noqa: ARG001
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _delete(_: Any, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[object]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _restore(self: Any, state: Sequence[object]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)


_SHARED: dict[str, Callable[..., object]] = {
    "__eq__": _equal,
    "__hash__": _hash,
    "__repr__": _shown,
    "__setattr__": _set,
    "__delattr__": _delete,
    "__getstate__": _state,
    "__setstate__": _restore,
}
