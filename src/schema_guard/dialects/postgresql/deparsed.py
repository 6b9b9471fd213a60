"""Deparsed text, freed of the casts from varchar to text.

varchar has no operators of its own: the deparser shows each use of such a column as `(status)::text`, which means what
`status` means. Only someone who knows the columns' types may drop it: for citext or integer the cast changes the value.
"""

from __future__ import annotations

from collections.abc import Collection

from schema_guard.dialects.postgresql.lexer import spans

__all__ = ["without_relabels"]


def without_relabels(text: str, varchars: Collection[str]) -> str:
    """The text with `(name)::text` written as `name` where name is one of these varchar columns."""
    if not varchars or ")::text" not in text:
        return text
    found = spans(text)
    kept: list[str] = []
    position = index = 0
    while index < len(found):
        if text[found[index][0]] == "(" and _is_relabel(text, found, index, varchars):
            start, end = found[index][0], found[index + 4][1]
            kept.append(text[position:start])
            name_start, name_end = found[index + 1]
            kept.append(text[name_start:name_end])
            position = end
            index += 5
        else:
            index += 1
    kept.append(text[position:])
    return "".join(kept)


def _is_relabel(text: str, found: list[tuple[int, int]], index: int, varchars: Collection[str]) -> bool:
    if index + 4 >= len(found):
        return False
    opening, name, closing, cast, type_ = (text[start:end] for start, end in found[index : index + 5])
    if (opening, closing, cast, type_) != ("(", ")", "::", "text"):
        return False
    if index and _may_call(text[slice(*found[index - 1])]):
        return False
    following = text[slice(*found[index + 5])] if index + 5 < len(found) else ""
    unquoted = name[1:-1].replace('""', '"') if name.startswith('"') else name
    return unquoted in varchars and following not in ("[", ".")


def _may_call(before: str) -> bool:
    """Whether an opening parenthesis after this token begins a function's arguments (`f(name)::text`)."""
    keywords = ("and", "or", "not", "when", "then", "else", "case", "in", "is")
    return before.endswith('"') or ((before[0].isalnum() or before[0] == "_") and before.lower() not in keywords)
