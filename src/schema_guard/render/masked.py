"""What a command found, in a format; without what looks like a secret in a definition.

A default, a CHECK or a comment may hold a password. It is taken out of what was found, before any format escapes it: of
every text in it, and so of every sentence and statement that is made of those. A script stays as it is: it is run.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from schema_guard.difference import CommentDiffers
from schema_guard.hidden import may_hold_secrets, without_secrets
from schema_guard.render.formats import Shown, renderer
from schema_guard.render.line import Line, plain

__all__ = ["rendered"]

_RUN = frozenset({"statements", "advice", "probe", "unless", "undo_on_failure", "blocking", "batches"})
"""Fields that hold what a person or a shell runs."""


def rendered(found: object, format_: str, shown: Shown, tell: Callable[[], object] | None = None) -> list[Line] | str:
    """The result in one of the command's formats; `tell` is called when something of it is not shown."""
    render = renderer(format_, shown.command)
    assert render is not None, "the option offers what there is"
    result = render(found, shown)
    if not may_hold_secrets(result if isinstance(result, str) else plain(result)):
        return result
    without = _Masking(_RUN if format_ == "sql" else frozenset()).of(found)
    if without is found:
        return result
    masked = render(without, shown)
    if tell is not None and masked != result:
        tell()
    return masked


class _Masking:
    """A copy of what was found; what holds no secret is the thing itself. `whole` are fields that are left alone."""

    def __init__(self, whole: frozenset[str]) -> None:
        self._whole = whole
        self._seen: dict[int, tuple[object, object]] = {}
        """By id: the thing, kept so that no other gets its id, and its copy."""

    def of(self, value: Any) -> Any:
        if isinstance(value, str) and type(value) is str:
            return without_secrets(value)
        if not isinstance(value, (tuple, list, frozenset, Mapping)) and not is_dataclass(value):
            return value
        if id(value) not in self._seen:
            self._seen[id(value)] = value, self._copied(value)
        return self._seen[id(value)][1]

    def _copied(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {self.of(key): self.of(item) for key, item in value.items()}
        if isinstance(value, (tuple, list, frozenset)):
            items = [self.of(item) for item in value]
            if all(new is old for new, old in zip(items, value, strict=True)):
                return value
            return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
        return self._of_fields(value)

    def _of_fields(self, value: Any) -> Any:
        made: Any = None
        for field in fields(value):
            before = getattr(value, field.name)
            if isinstance(before, str) and _is_text(value, field.name):
                after: Any = without_secrets(before, literal=True)
            else:
                after = before if field.name in self._whole else self.of(before)
            if after is not before:
                made = copy.copy(value) if made is None else made
                object.__setattr__(made, field.name, after)
        return value if made is None else made


def _is_text(value: object, field: str) -> bool:
    """Whether the field holds a comment, which is no SQL."""
    return field == "comment" or (field == "actual" and isinstance(value, CommentDiffers))
