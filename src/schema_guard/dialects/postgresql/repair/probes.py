"""Questions to the catalog: is the step still needed? Each is a SELECT of one boolean, true while it is.

Objects are looked for by definition, not by name, wherever the catalog can tell (PostgreSQL manual, chapter 53). Every
function is qualified, so that no search_path changes the answer, and nothing but the catalog is locked.
`table` and other names come in quoted, as DDL writes them; column names come in bare.
"""

from __future__ import annotations

from collections.abc import Sequence

from schema_guard.dialects.postgresql.literals import literal
from schema_guard.schema import Index, IndexElement, Type

__all__ = [
    "any_of",
    "column_absent",
    "column_has",
    "constraint_absent",
    "constraint_has",
    "constraint_query",
    "default_is",
    "default_is_not",
    "depended_on",
    "enum_value_absent",
    "foreign_key_absent",
    "has_index_of",
    "index_absent",
    "index_invalid",
    "index_valid",
    "index_detached",
    "name_free",
    "name_taken",
    "narrower_than",
    "not_its_sequence",
    "primary_key_absent",
    "relation_absent",
    "schema_absent",
    "type_absent",
    "type_is",
    "unique_absent",
]


_VARCHARS = ("varchar", "character varying")


def any_of(*questions: str) -> str:
    """One question that is true as soon as one of these is."""
    present = [question for question in questions if question]
    return present[0] if len(present) == 1 else "SELECT " + " OR ".join(f"({question})" for question in present)


def more_rows_than(limit: int, table: str) -> str:
    """Reads no more of them than decides it."""
    return f"SELECT pg_catalog.count(*) > {limit} FROM (SELECT 1 FROM {table} LIMIT {limit + 1}) AS some_rows"


def schema_absent(name: str) -> str:
    return f"SELECT NOT EXISTS (SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = {literal(name)})"


def relation_absent(relation: str) -> str:
    return f"SELECT {_relation(relation)} IS NULL"


def name_free(relation: str) -> str:
    return f"SELECT {_relation(relation)} IS NULL"


def not_its_sequence(relation: str, table: str, column: str) -> str:
    """True when the name is held by something else than a sequence that this column owns or none does."""
    return (
        f"SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_class c WHERE c.oid = {_relation(relation)} AND (c.relkind <> 'S'"
        " OR EXISTS (SELECT 1 FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_attribute a"
        " ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid"
        " WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refclassid = d.classid"
        " AND d.objid = c.oid AND d.deptype IN ('a', 'i')"
        f" AND (d.refobjid, a.attname) <> ({_relation(table)}, {literal(column)}))))"
    )


def index_detached(parent: str, index: str) -> str:
    """True when both indexes are there and the one is not yet attached to the other."""
    return (
        f"SELECT {_relation(parent)} IS NOT NULL AND {_relation(index)} IS NOT NULL AND NOT EXISTS"
        f" (SELECT 1 FROM pg_catalog.pg_inherits i"
        f" WHERE i.inhrelid = {_relation(index)} AND i.inhparent = {_relation(parent)})"
    )


def has_index_of(parent: str, partition: str) -> str:
    """Whether some index of the partition, whatever its name, is attached to that index of the table above."""
    return (
        "EXISTS (SELECT 1 FROM pg_catalog.pg_inherits h JOIN pg_catalog.pg_index x ON x.indexrelid = h.inhrelid"
        f" WHERE h.inhparent = {_relation(parent)} AND x.indrelid = {_relation(partition)})"
    )


def name_taken(relation: str) -> str:
    return f"SELECT {_relation(relation)} IS NOT NULL"


def type_absent(name: str) -> str:
    return f"SELECT pg_catalog.to_regtype({literal(name)}) IS NULL"


def enum_value_absent(type_name: str, value: str) -> str:
    kind = f"pg_catalog.to_regtype({literal(type_name)})"
    return (
        f"SELECT {kind} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_enum"
        f" WHERE enumtypid = {kind} AND enumlabel = {literal(value)})"
    )


def column_absent(table: str, column: str) -> str:
    return f"SELECT {_relation(table)} IS NOT NULL AND NOT EXISTS ({_attribute(table, column)})"


def column_has(table: str, column: str, condition: str) -> str:
    """True when the column is there and the condition on pg_attribute `a` holds."""
    return f"SELECT EXISTS ({_attribute(table, column)} AND {condition})"


def default_is_not(table: str, column: str) -> str:
    """True when the column has no default at all; another default cannot be compared in SQL."""
    return column_has(table, column, "NOT a.atthasdef AND a.attidentity = ''")


def default_is(table: str, column: str, text: str) -> str:
    """True when the column's default reads like this.

    How the server writes it depends on the search_path, so schemas before names are taken off on both sides.
    """
    found = (
        "(SELECT pg_catalog.pg_get_expr(d.adbin, d.adrelid) FROM pg_catalog.pg_attrdef d"
        " WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum)"
    )
    return column_has(table, column, f"{_unqualified(found)} = {_unqualified(literal(text))}")


def _unqualified(text: str) -> str:
    pattern = literal('("[^"]*"|[[:alpha:]_][[:alnum:]_]*)[.]')
    return f"pg_catalog.regexp_replace({text}, {pattern}, '', 'g')"


def type_is(table: str, column: str, text: str) -> str:
    """True when the column's type reads like this, wherever the search_path leads; see `default_is`.

    Not: while it isn't the wanted one. Somebody may have made it wider than that in between, and it would be narrowed.
    """
    found = "pg_catalog.format_type(a.atttypid, a.atttypmod)"
    return column_has(table, column, f"{_unqualified(found)} = {_unqualified(literal(text))}")


def narrower_than(table: str, column: str, wanted: Type) -> str:
    """True when the column could be widened to `wanted` without a rewrite, whatever it is now.

    For an offline script: varchar(n) has a modifier of n plus 4, numeric(p, s) one of p * 65536 + s plus 4.
    """
    varchar = "a.atttypid = 'pg_catalog.varchar'::pg_catalog.regtype"
    modifier = _modifier(wanted)
    if wanted.name == "text":
        return column_has(table, column, varchar)
    if wanted.name in _VARCHARS:
        return column_has(table, column, f"{varchar} AND a.atttypmod BETWEEN 4 AND {_top(modifier)}")
    scale = "" if modifier in (None, -1) else f" AND (a.atttypmod & 65535) = {((modifier or 0) & 0xFFFF)}"
    numeric = "a.atttypid = 'pg_catalog.numeric'::pg_catalog.regtype"
    return column_has(table, column, f"{numeric} AND a.atttypmod BETWEEN 4 AND {_top(modifier)}{scale}")


def _top(modifier: int | None) -> int:
    """The largest modifier that is narrower."""
    return modifier - 1 if modifier is not None and modifier > 0 else 2**31 - 1


def depended_on(table: str, column: str) -> str:
    """True when a view, rule, policy, trigger, function, publication or generated column uses the column: changing its
    type would be an error. Up to 14 a generated column itself depends on others, later its expression does.
    """
    users = ", ".join(
        f"'pg_catalog.{catalog}'::pg_catalog.regclass"
        for catalog in ("pg_rewrite", "pg_policy", "pg_trigger", "pg_proc", "pg_publication_rel")
    )
    return (
        "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_attribute a"
        " ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid"
        f" WHERE d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = {_relation(table)}"
        f" AND a.attname = {literal(column)} AND (d.classid IN ({users})"
        " OR (d.classid = d.refclassid AND d.objid = d.refobjid AND d.objsubid > 0)"
        " OR (d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass"
        " AND EXISTS (SELECT 1 FROM pg_catalog.pg_attrdef e"
        " WHERE e.oid = d.objid AND (e.adrelid, e.adnum) <> (a.attrelid, a.attnum)))))"
    )


def constraint_absent(table: str, name: str) -> str:
    return f"SELECT {_relation(table)} IS NOT NULL AND NOT EXISTS ({constraint_query(table, name)})"


def constraint_has(table: str, name: str, condition: str) -> str:
    """True when the constraint is there and the condition on pg_constraint `c` holds."""
    return f"SELECT EXISTS ({constraint_query(table, name)} AND {condition})"


def primary_key_absent(table: str) -> str:
    return (
        f"SELECT {_relation(table)} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint"
        f" WHERE conrelid = {_relation(table)} AND contype = 'p')"
    )


def foreign_key_absent(table: str, columns: Sequence[str], target: str, target_columns: Sequence[str]) -> str:
    """True when no foreign key of the table joins these pairs of columns, in whatever order, validated or not."""
    pairs = ", ".join(
        f"ARRAY[{literal(left)}, {literal(right)}]" for left, right in sorted(zip(columns, target_columns, strict=True))
    )
    return (
        f"SELECT {_relation(table)} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint c"
        f" WHERE c.contype = 'f' AND c.conrelid = {_relation(table)} AND c.confrelid = {_relation(target)}"
        " AND (SELECT pg_catalog.array_agg(ARRAY[l.attname::pg_catalog.text, r.attname::pg_catalog.text]"
        ' ORDER BY l.attname::pg_catalog.text COLLATE "C", r.attname::pg_catalog.text COLLATE "C")'
        " FROM ROWS FROM (pg_catalog.unnest(c.conkey), pg_catalog.unnest(c.confkey)) AS k(l, r)"
        " JOIN pg_catalog.pg_attribute l ON l.attrelid = c.conrelid AND l.attnum = k.l"
        f" JOIN pg_catalog.pg_attribute r ON r.attrelid = c.confrelid AND r.attnum = k.r) = ARRAY[{pairs}])"
    )


def unique_absent(
    table: str, columns: Sequence[str], *, nulls_not_distinct: bool = False, deferrable: bool | None = False
) -> str:
    """True when no valid unique index without predicate is on just these columns, in whatever order.

    `deferrable` None takes either kind; an upsert needs one that is checked at once.
    """
    names = ", ".join(literal(name) for name in sorted(columns))
    immediate = "" if deferrable is None else f" AND i.indimmediate = {'false' if deferrable else 'true'}"
    # indnullsnotdistinct came with 15; through jsonb the question can be asked of every version.
    nulls = (
        " AND coalesce(pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct', 'false')"
        f" = '{'true' if nulls_not_distinct else 'false'}'"
    )
    return (
        f"SELECT {_relation(table)} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_index i"
        f" WHERE i.indrelid = {_relation(table)} AND i.indisunique AND i.indisvalid AND i.indpred IS NULL"
        f" AND i.indexprs IS NULL{immediate}{nulls} AND {_key_columns('C')} = ARRAY[{names}])"
    )


_NULLS_DISTINCT = " AND coalesce(pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct', 'false') = 'false'"

_USUAL = (
    "(0 = ALL (i.indoption::pg_catalog.int2[]) OR 3 = ALL (i.indoption::pg_catalog.int2[]))"
    " AND NOT EXISTS (SELECT 1 FROM ROWS FROM (pg_catalog.unnest(i.indkey::pg_catalog.int2[]),"
    " pg_catalog.unnest(i.indclass::pg_catalog.oid[]), pg_catalog.unnest(i.indcollation::pg_catalog.oid[]))"
    " AS k(attnum, operators, collated)"
    " JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum"
    " JOIN pg_catalog.pg_opclass o ON o.oid = k.operators WHERE NOT o.opcdefault OR k.collated <> a.attcollation)"
)
"""An index `i` of the usual order, forwards or backwards, operator classes and collations."""


def index_absent(table: str, relation: str, index: Index) -> str:
    """True when the table has no valid index of this name and, for plain columns, none of the same structure."""
    by_name = f"SELECT 1 FROM pg_catalog.pg_index i WHERE i.indexrelid = {_relation(relation)}"
    conditions = f" AND i.indrelid = {_relation(table)} AND i.indisvalid"
    columns = index.columns
    plain = columns is not None and not index.where and not index.include and not index.options
    if plain and columns is not None and all(_ordinary(element) for element in index.elements):
        names = ", ".join(literal(name) for name in columns)
        # What a DEFERRABLE constraint lets in for a while, no unique index would.
        unique = f" AND i.indisunique AND i.indimmediate{_NULLS_DISTINCT}" if index.unique else ""
        return (
            f"SELECT {_relation(table)} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_index i"
            " JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid JOIN pg_catalog.pg_am m ON m.oid = x.relam"
            f" WHERE i.indrelid = {_relation(table)} AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL"
            f"{unique} AND m.amname = {literal(index.method)} AND {_key_columns(None)} = ARRAY[{names}] AND {_USUAL})"
        )
    return f"SELECT {_relation(table)} IS NOT NULL AND NOT EXISTS ({by_name}{conditions})"


def index_invalid(table: str, relation: str) -> str:
    """True when the table has an index of this name that is INVALID."""
    return f"SELECT {_index(table, relation)} AND NOT i.indisvalid)"


def index_valid(table: str, relation: str) -> str:
    return f"SELECT {_index(table, relation)} AND i.indisvalid)"


def _index(table: str, relation: str) -> str:
    return (
        f"EXISTS (SELECT 1 FROM pg_catalog.pg_index i WHERE i.indexrelid = {_relation(relation)}"
        f" AND i.indrelid = {_relation(table)}"
    )


def _ordinary(element: IndexElement) -> bool:
    return not (element.descending or element.nulls_first or element.operator_class or element.collation)


def _key_columns(collation: str | None) -> str:
    """The names of an index's key columns (`i`): in their order, or sorted when a collation is given."""
    order = f'k.name COLLATE "{collation}"' if collation else "k.place"
    return (
        f"(SELECT pg_catalog.array_agg(k.name ORDER BY {order})"
        " FROM (SELECT a.attname::pg_catalog.text AS name, n.place"
        " FROM pg_catalog.unnest(i.indkey::pg_catalog.int2[]) WITH ORDINALITY AS n(attnum, place)"
        " JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = n.attnum"
        " WHERE n.place <= i.indnkeyatts) k)"
    )


def _relation(quoted: str) -> str:
    return f"pg_catalog.to_regclass({literal(quoted)})"


def _attribute(table: str, column: str) -> str:
    return (
        f"SELECT 1 FROM pg_catalog.pg_attribute a WHERE a.attrelid = {_relation(table)}"
        f" AND a.attname = {literal(column)} AND a.attnum > 0 AND NOT a.attisdropped"
    )


def constraint_query(table: str, name: str) -> str:
    """The rows of pg_constraint, as `c`, that are the table's constraint of this name."""
    return (
        f"SELECT 1 FROM pg_catalog.pg_constraint c WHERE c.conrelid = {_relation(table)}"
        f" AND c.conname = {literal(name)}"
    )


def _modifier(wanted: Type) -> int | None:
    """pg_attribute.atttypmod of the types that may be widened without a rewrite, or None when it says nothing."""
    numbers = [int(part) for part in wanted.arguments if part.strip().lstrip("-").isdigit()]
    if wanted.name in (*_VARCHARS, "char", "character", "bpchar"):
        return numbers[0] + 4 if numbers else -1
    if wanted.name in ("numeric", "decimal"):
        if not numbers:
            return -1
        precision, scale = numbers[0], numbers[1] if len(numbers) > 1 else 0
        return ((precision << 16) | (scale & 0x7FF)) + 4
    if wanted.name in ("bit", "bit varying", "varbit") and numbers:
        return numbers[0]
    return None
