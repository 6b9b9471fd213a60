"""What a revision's upgrade() does, as far as its file says. Read once for each state of the file."""

from __future__ import annotations

import ast
from functools import lru_cache
from pathlib import Path

from schema_guard.chain.reading.actions import Action, Verb
from schema_guard.chain.reading.reader import Reader

__all__ = ["actions_and_uses_of", "actions_of", "unseen_of"]


def unseen_of(file: str) -> tuple[Action, ...]:
    """What of this revision leaves no trace in the schema: changes of rows, and what nobody can read."""
    return tuple(action for action in actions_of(file) if action.verb is Verb.UNSEEN)


def actions_of(file: str) -> tuple[Action, ...]:
    """The actions of a revision's upgrade(), in order. A file that cannot be read may do anything."""
    return tuple(action for action in actions_and_uses_of(file) if action.verb is not Verb.USE)


def actions_and_uses_of(file: str) -> tuple[Action, ...]:
    """The same with what they need; what a foreign key refers to comes after the table or column that has it."""
    try:
        stamp = Path(file).stat().st_mtime_ns
    except OSError:
        stamp = 0
    return _actions(file, stamp)


@lru_cache(maxsize=4096)
def _actions(file: str, _stamp: int) -> tuple[Action, ...]:
    try:
        tree = ast.parse(Path(file).read_bytes())
    except (SyntaxError, ValueError, OSError, RecursionError):
        return (Action(Verb.UNSEEN, text="a file that cannot be read", readable=False),)
    return tuple(Reader(tree).read())
