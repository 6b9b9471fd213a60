"""Functions that SQL has a syntax of its own for, written as plain calls.

Since PostgreSQL 14 the deparser remembers how a call was written (ruleutils.c, get_func_sql_syntax):
`TRIM(BOTH FROM x)` and `btrim(x)` are one function and two texts. What an older server wrote, a dump restores as a
plain call.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from schema_guard.dialects.postgresql.lexer import tokens

__all__ = ["as_calls", "spaced"]

Item: TypeAlias = "str | list[Item]"
"""A token, or what one pair of parentheses holds."""

_OLD_NOW = re.compile(
    r"\('now'::(?:cstring|text)\)"
    r"::(?:(?P<date>date)|(?P<kind>time|timestamp)(?P<precision>\(\d\))? (?P<zone>with(?:out)? time zone))(?! *\()"
)
"""How CURRENT_DATE and its like were stored before PostgreSQL 10."""
_NOWS = {
    "timestamp with time zone": "CURRENT_TIMESTAMP",
    "timestamp without time zone": "LOCALTIMESTAMP",
    "time with time zone": "CURRENT_TIME",
    "time without time zone": "LOCALTIME",
}
_TRIMS = {"BOTH": "btrim", "LEADING": "ltrim", "TRAILING": "rtrim"}
_PLAIN = frozenset(
    {
        *('"extract"', '"normalize"', '"overlaps"', '"overlay"', '"position"', '"substring"', '"xmlexists"'),
        *("btrim", "ltrim", "rtrim", "timezone", "pg_collation_for", "similar_to_escape"),
    }
)
"""The functions as they are written when called by name; a name that is a keyword is quoted."""
_VALUES = {
    '"current_user"': "CURRENT_USER",
    '"session_user"': "SESSION_USER",
    '"current_schema"': "CURRENT_SCHEMA",
    '"system_user"': "SYSTEM_USER",
    "current_database": "CURRENT_CATALOG",
}
"""Functions without arguments that are keywords otherwise."""
_PARTED = {
    "SUBSTRING": ("FROM", "FOR", "SIMILAR", "ESCAPE"),
    "OVERLAY": ("PLACING", "FROM", "FOR"),
}
"""The words between the arguments."""


def as_calls(text: str) -> str:
    """The deparsed text with these functions as calls, and one blank between tokens.

    SQL's syntax hides the casts that the arguments got without being asked for; a call shows them. So only what the
    server makes of the result can be compared.
    """
    text = _OLD_NOW.sub(_now, text)
    items, rest = _nested([token for _, token in tokens(text)], 0)
    if rest != len(tokens(text)):
        return text
    return " ".join(_flat(_rewritten(items)))


def _now(found: re.Match[str]) -> str:
    if found["date"]:
        return "CURRENT_DATE"
    return _NOWS[f"{found['kind']} {found['zone']}"] + (found["precision"] or "")


def spaced(text: str) -> str:
    """The text with one blank between tokens."""
    return " ".join(token for _, token in tokens(text))


def _nested(found: Sequence[str], position: int) -> tuple[list[Item], int]:
    """The tokens up to the parenthesis that closes, which is not taken."""
    items: list[Item] = []
    while position < len(found) and found[position] != ")":
        if found[position] == "(":
            inner, position = _nested(found, position + 1)
            if position == len(found):
                return items, -1
            items.append(inner)
        else:
            items.append(found[position])
        position += 1
    return items, position


def _flat(items: Sequence[Item]) -> Iterator[str]:
    for item in items:
        if isinstance(item, str):
            yield item
        else:
            yield from ("(", *_flat(item), ")")


def _rewritten(items: Sequence[Item]) -> list[Item]:
    found: list[Item] = []
    for item in items:
        if isinstance(item, str):
            found.append("CURRENT_USER" if item == "USER" else item)
            continue
        inner = _rewritten(item)
        before = found[-1] if found else None
        if isinstance(before, str) and _is_name(before):
            call = _called(before, inner)
            if call and before == "FOR" and found[-2:-1] == ["COLLATION"]:
                found.pop()
            # A keyword, such as NOT, is in capitals; a function's name that is would be in quotes.
            found[-1:] = call or [before, *((_operation(inner) if before.isupper() else None) or [inner])]
        else:
            found.extend(_operation(inner) or [inner])
    return found


def _is_name(token: str) -> bool:
    return token[0].isalpha() or token[0] in '"_'


def _call(name: str, *arguments: Sequence[Item]) -> list[Item]:
    """A call of the system's function; parentheses around a whole argument mean nothing."""
    inside: list[Item] = []
    for argument in arguments:
        if inside:
            inside.append(",")
        inside.extend(_bare(argument))
    return ["pg_catalog", ".", f'"{name}"', inside]


def _bare(items: Sequence[Item]) -> Sequence[Item]:
    while len(items) == 1 and isinstance(items[0], list) and "," not in items[0]:
        items = items[0]
    return items


def _called(name: str, inner: list[Item]) -> list[Item] | None:
    """The call that `name (inner)` is; None where it is none of these functions."""
    return _by_keywords(name, inner) if name.isupper() else _plain(name, inner)


def _plain(name: str, inner: list[Item]) -> list[Item] | None:
    if name in _VALUES and not inner:
        return [_VALUES[name]]
    arguments = _split(inner, ",")
    match name, arguments:
        case (('"normalize"' | "is_normalized"), [text, [str(form), *rest]]):
            return _call(name.strip('"'), text, [form.upper(), *rest])
        case "similar_escape", [pattern, ["NULL", "::", "text"]]:
            return _call("similar_to_escape", pattern)
        case "similar_escape", [pattern, [str(escape), *rest]] if escape.startswith("'"):
            return _call("similar_to_escape", pattern, [escape, *rest])
    return _call(name.strip('"'), *arguments) if name in _PLAIN else None


def _by_keywords(name: str, inner: list[Item]) -> list[Item] | None:
    if name == "TRIM" and inner and str(inner[0]) in _TRIMS:
        characters, text = _split(inner[1:], "FROM")
        return _call(_TRIMS[str(inner[0])], text, *([characters] if characters else []))
    if name in _PARTED:
        return _call(name.lower(), *_split(inner, *_PARTED[name]))
    match name, _split(inner, "IN", "PASSING", "FROM", ","):
        case "POSITION", [part, whole]:
            return _call("position", whole, part)
        case "XMLEXISTS", [path, document]:
            return _call("xmlexists", path, document)
        case "EXTRACT", [[str(field)], source]:
            return _call("extract", [f"'{field}'", "::", "text"], source)
        case "NORMALIZE", [text, [str(form)]]:
            return _call("normalize", text, [f"'{form}'", "::", "text"])
        case "FOR", [value]:
            return _call("pg_collation_for", value)
    return None


def _operation(inner: list[Item]) -> list[Item] | None:
    """The call that stands in parentheses as an operation."""
    words = [item if isinstance(item, str) else "" for item in inner]
    for position, word in enumerate(words):
        if words[position : position + 3] == ["AT", "TIME", "ZONE"]:
            return _call("timezone", inner[position + 3 :], inner[:position])
        if words[position : position + 2] == ["AT", "LOCAL"]:
            return _call("timezone", inner[:position])
        if word == "IS" and words[-1] == "NORMALIZED" and len(words) == position + 3:
            return _call("is_normalized", inner[:position], [f"'{words[-2]}'", "::", "text"])
        if word == "OVERLAPS" and (position, len(inner)) == (1, 3):
            first, second = inner[0], inner[2]
            if isinstance(first, list) and isinstance(second, list):
                return _call("overlaps", *_split(first, ","), *_split(second, ","))
    return None


def _split(items: Sequence[Item], *separators: str) -> list[list[Item]]:
    parts: list[list[Item]] = [[]]
    for item in items:
        if isinstance(item, str) and item in separators:
            parts.append([])
        else:
            parts[-1].append(item)
    return parts
