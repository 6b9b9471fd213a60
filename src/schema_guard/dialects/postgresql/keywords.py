"""Words that are quoted as names: those of SQLAlchemy, and those that only PostgreSQL's own quote_ident() quotes."""

from __future__ import annotations

__all__ = ["ALSO_QUOTED", "RESERVED"]

ALSO_QUOTED = frozenset(
    {
        "bigint",
        "bit",
        "boolean",
        "char",
        "character",
        "coalesce",
        "collation",
        "concurrently",
        "dec",
        "decimal",
        "exists",
        "extract",
        "float",
        "greatest",
        "grouping",
        "inout",
        "int",
        "integer",
        "interval",
        "json",
        "json_array",
        "json_arrayagg",
        "json_exists",
        "json_object",
        "json_objectagg",
        "json_query",
        "json_scalar",
        "json_serialize",
        "json_table",
        "json_value",
        "lateral",
        "least",
        "merge_action",
        "national",
        "nchar",
        "none",
        "normalize",
        "nullif",
        "numeric",
        "out",
        "overlay",
        "position",
        "precision",
        "real",
        "row",
        "setof",
        "smallint",
        "substring",
        "system_user",
        "tablesample",
        "time",
        "timestamp",
        "treat",
        "trim",
        "values",
        "varchar",
        "xmlattributes",
        "xmlconcat",
        "xmlelement",
        "xmlexists",
        "xmlforest",
        "xmlnamespaces",
        "xmlparse",
        "xmlpi",
        "xmlroot",
        "xmlserialize",
        "xmltable",
    }
)
"""pg_get_keywords() of versions 14 to 18 whose category is not "unreserved", less those that SQLAlchemy knows."""

_SQLALCHEMYS = """
all analyse analyze and any array as asc asymmetric authorization between binary both case cast check collate
column constraint create cross current_catalog current_date current_role current_schema current_time
current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign
freeze from full grant group having ilike in initially inner intersect into is isnull join leading left like
limit localtime localtimestamp natural new not notnull null of off offset old on only or order outer over
overlaps placing primary references returning right select session_user similar some symmetric table then to
trailing true union unique user using variadic verbose when where window with
"""
RESERVED = ALSO_QUOTED.union(_SQLALCHEMYS.split())
"""All of them."""
