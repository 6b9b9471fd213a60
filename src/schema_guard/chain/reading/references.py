"""Which column refers to which: the foreign keys of operations and of SQL."""

from __future__ import annotations

from collections.abc import Sequence

from schema_guard.chain.reading.actions import REFERS, Action, Verb
from schema_guard.chain.reading.constants import Value
from schema_guard.chain.reading.sql_tokens import Word

__all__ = ["reference", "references_in"]


def reference(table: str, columns: Value, to: Value, line: int, depth: bool, referred: str = "") -> list[Action]:
    """A foreign key; nothing where its columns are not known.

    Args:
        table: that has it.
        columns: of it.
        to: what they refer to: columns of `referred`, or names with their table.
        line: where it stands.
        depth: it may not run.
        referred: the other table.
    """
    if not (table and isinstance(columns, list) and isinstance(to, list) and len(columns) == len(to)):
        return []
    prefix = f"{referred}." if referred else ""
    pairs = [(own, f"{prefix}{other}") for own, other in zip(columns, to, strict=True) if isinstance(other, str)]
    known = tuple((own, other) for own, other in pairs if isinstance(own, str) and "." in other)
    return [Action(Verb.USE, REFERS, "", table, "", line, depth, pairs=known)] if known else []


def references_in(words: Sequence[Word], table: str, line: int, depth: bool) -> list[Action]:
    """Those of a part of CREATE TABLE, or of what follows ADD."""
    at = next((at for at, word in enumerate(words) if word.upper == "REFERENCES"), None)
    if at is None:
        return []
    own = [words[0].name]
    if any(word.upper == "FOREIGN" for word in words[:at]):
        own = _in_brackets(words[next(i for i, word in enumerate(words) if word.upper == "FOREIGN") : at])
    elif words[0].upper == "COLUMN":
        own = [words[1].name]
    name, end = [words[at + 1].name] if words[at + 1 :] else [], at + 2
    while words[end : end + 1] and words[end].text == "." and words[end + 1 :]:
        name.append(words[end + 1].name)
        end += 2
    if not (words[end : end + 1] and words[end].text == "("):
        return []  # it refers to the primary key
    return reference(table, [*own], [*_in_brackets(words[end:])], line, depth, ".".join(name))


def _in_brackets(words: Sequence[Word]) -> list[str]:
    """The names within the first brackets."""
    begin = next((at for at, word in enumerate(words) if word.text == "("), len(words))
    end = next((at for at, word in enumerate(words) if word.text == ")"), len(words))
    return [word.name for word in words[begin + 1 : end] if word.identifier]
