"""Which defaults ADD COLUMN stores once instead of computing them for every row (manual, ALTER TABLE, Notes)."""

from __future__ import annotations

import re

__all__ = ["rewrites"]

# Functions that are immutable or stable (pg_proc.provolatile), and the types that are written like one. Any other
# function counts as volatile: that costs a second statement, a wrong guess the other way a rewrite.
_NOT_VOLATILE = frozenset(
    {
        "now",
        "transaction_timestamp",
        "statement_timestamp",
        "timezone",
        "date_trunc",
        "date_part",
        "make_date",
        "make_interval",
        "make_timestamp",
        "make_timestamptz",
        "to_timestamp",
        "to_date",
        "to_char",
        "age",
        "justify_days",
        "coalesce",
        "nullif",
        "greatest",
        "least",
        "lower",
        "upper",
        "initcap",
        "concat",
        "concat_ws",
        "length",
        "md5",
        "abs",
        "round",
        "floor",
        "ceil",
        "trunc",
        "array_fill",
        "cast",
        "current_setting",
        "jsonb_build_object",
        "jsonb_build_array",
        "json_build_object",
        "json_build_array",
        "to_json",
        "to_jsonb",
        "string_to_array",
        "decode",
        "encode",
        "extract",
        "current_time",
        "current_timestamp",
        "localtime",
        "localtimestamp",
        "row",
        "array",
        "repeat",
        "replace",
        "char",
        "character",
        "varchar",
        "varying",
        "numeric",
        "decimal",
        "bit",
        "float",
        "timestamp",
        "timestamptz",
        "time",
        "timetz",
        "interval",
        "bpchar",
        "precision",
    }
)

_STRING = re.compile(r"[eEbBxX]?'(?:[^'\\]|''|\\.)*'|\$(\w*)\$.*?\$\1\$", re.DOTALL)
_CALL = re.compile(r'(?:([\w$]+)|"((?:[^"]|"")+)")\s*\(')
_KEYWORDS = frozenset({"in", "and", "or", "not", "as", "is", "any", "all", "case", "when", "then", "else", "values"})


def rewrites(default: str | None) -> bool:
    """Whether adding a column with this default may have to compute a value for every row."""
    if default is None:
        return False
    text = _STRING.sub("''", default)
    called = {(plain or quoted).lower() for plain, quoted in _CALL.findall(text)}
    return bool(called - _NOT_VOLATILE - _KEYWORDS)
