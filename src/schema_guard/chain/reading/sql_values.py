"""Statements on the values of an enum type: ALTER TYPE .. ADD VALUE, RENAME VALUE."""

from __future__ import annotations

from collections.abc import Sequence

from schema_guard.chain.reading.actions import Action, Verb
from schema_guard.chain.reading.sql_tokens import Word

__all__ = ["value_actions"]


def value_actions(words: Sequence[Word], type_: str, line: int, depth: bool) -> list[Action]:
    """What stands behind ALTER TYPE and its name does to the values.

    Args:
        words: from ADD or RENAME on.
        type_: the type's name.
        line: where it stands.
        depth: it may not run.
    """
    upper = [word.upper for word in words]
    if upper[:2] == ["RENAME", "VALUE"] and len(words) > 3:
        return [Action(Verb.RENAME, "value", _label(words[2]), type_, _label(words[-1]), line, depth)]
    if upper[:2] == ["ADD", "VALUE"] and len(words) > 2:
        asks = upper[2:5] == ["IF", "NOT", "EXISTS"]
        label = "".join(map(_label, words[5:6] if asks else words[2:3]))
        return [Action(Verb.MAKE, "value", label, type_, line=line, depth=depth or asks)] if label else []
    return []


def _label(word: Word) -> str:
    return word.text.strip("'").replace("''", "'")
