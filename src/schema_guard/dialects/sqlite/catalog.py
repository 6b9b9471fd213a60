"""From the rows of queries/catalog.sql, and the stored CREATE statements in them, to a Schema; pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import TypeAlias

from schema_guard.dialects.sqlite.canonical import UNREADABLE, sqlite_type
from schema_guard.dialects.sqlite.create_text import Clause, TableText, parse_table
from schema_guard.dialects.sqlite.expression import outer_parentheses_removed
from schema_guard.dialects.sqlite.index_text import IndexText, parse_index
from schema_guard.dialects.sqlite.names import pragma
from schema_guard.dialects.sqlite.reader import UnreadableTextError, key
from schema_guard.dialects.sqlite.registered import collations_in
from schema_guard.dialects.sqlite.spelling import Spelling
from schema_guard.dialects.sqlite.tokens import quoted_literal
from schema_guard.dialects.sqlite.triggers import intervener
from schema_guard.names import in_quotes
from schema_guard.schema import (
    Check,
    Column,
    ForeignKey,
    Generated,
    Index,
    IndexElement,
    Name,
    PrimaryKey,
    Relation,
    Schema,
    Table,
    Unique,
)
from schema_guard.table_facts import TableFacts

__all__ = ["Row", "catalog_query", "other_relations", "read_database", "relation_query"]

Row: TypeAlias = Sequence[object]
"""One row of queries/catalog.sql."""


def catalog_query(database: str) -> str:
    """The query for one database of the connection: "main" or the name of an attached one."""
    text = files("schema_guard.dialects.sqlite").joinpath("queries/catalog.sql").read_text("utf-8")
    if database == "main":
        return text
    quoted = in_quotes(database)
    return text.replace('"main"', quoted).replace("'main'", quoted_literal(database))


def other_relations(rows: Sequence[Row], expected: Schema, schema: str | None) -> list[str]:
    """The views and virtual tables that bear an expected table's name."""
    spelling = Spelling(expected, schema)
    return [
        name
        for kind, name, _, _, root in _sorted(rows).objects
        if kind in ("table", "view") and not root and spelling.expects(name)
    ]


def relation_query(names: Sequence[str], schema: str | None) -> str:
    """The columns of views and virtual tables, in the shape of queries/catalog.sql. SQLite fails it when one of the
    views refers to what is gone, or one of the modules is not loaded."""
    return " UNION ALL ".join(
        f"SELECT 'column', {quoted_literal(name)}, cid, name, type, \"notnull\", NULL, 0, hidden"
        f" FROM {pragma('table_xinfo', name, schema)}"
        for name in names
    )


COLLATED = "another collation than its columns"


@dataclass
class _Rows:
    """The rows of one database, by what they tell."""

    objects: list[tuple[str, str, str, str | None, int]] = field(default_factory=list)
    """type, name, tbl_name, sql, rootpage"""
    companions: dict[str, list[tuple[str, str, str]]] = field(default_factory=lambda: defaultdict(list))
    """type, name, sql of the indexes and triggers that have a text, by their table's key"""
    columns: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    indexes: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    keys: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    foreign_keys: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    children: dict[str, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    """Names of the tables with foreign keys, by the key of the table that these refer to"""
    tables: dict[str, str] = field(default_factory=dict)
    """Names by key"""
    statistics: tuple[str, ...] = ()
    collations_of_others: bool = False


def read_database(rows: Sequence[Row], expected: Schema, schema: str | None) -> Schema:
    """What one database of the connection holds, in the models' spelling.

    Args:
        rows: the result of `catalog_query`.
        expected: decides which tables are read in detail.
        schema: the name under which the models know this database; None is the main one.
    """
    sorted_rows = _sorted(rows)
    spelling = Spelling(expected, schema)
    tables: list[Table] = []
    unknown: list[Name] = []
    taken: list[tuple[str | None, str, str]] = []
    others = {name.name for name in expected.others_expected}
    virtual = {name for kind, name, _, _, root in sorted_rows.objects if kind == "table" and not root}
    for kind, name, _, sql, root in sorted_rows.objects:
        if kind in ("index", "view") and not name.startswith("sqlite_"):
            taken.append((schema, name, kind))
        if kind not in ("table", "view") or name.startswith("sqlite_"):
            continue
        if spelling.expects(name):
            relation = Relation.VIEW if kind == "view" else Relation.TABLE if root else Relation.VIRTUAL
            tables.append(_Reader(sorted_rows, spelling, name, sql or "", relation).table())
        elif kind == "table" and name not in others and not any(name.startswith(f"{owner}_") for owner in virtual):
            unknown.append(Name(schema, name))
    return Schema(
        tables=tuple(tables),
        unknown_tables=tuple(unknown),
        unknown_columns=tuple(
            (name, tuple(Column(str(row[3]), sqlite_type(str(row[4] or ""))) for row in sorted_rows.columns[name.name]))
            for name in unknown
        ),
        names_taken=tuple(taken),
    )


def _sorted(rows: Sequence[Row]) -> _Rows:
    found = _Rows()
    for row in rows:
        what, owner = str(row[0]), str(row[1])
        match what:
            case "object":
                sql = None if row[5] is None else str(row[5])
                found.objects.append((owner, str(row[3]), str(row[4]), sql, _number(row[6])))
                if owner == "table":
                    found.tables[key(str(row[3]))] = str(row[3])
                if owner in ("index", "trigger") and sql:
                    found.companions[key(str(row[4]))].append((owner, str(row[3]), sql))
            case "column":
                found.columns[owner].append(row)
            case "index":
                found.indexes[owner].append(row)
            case "key":
                found.keys[owner].append(row)
            case _:
                found.foreign_keys[owner].append(row)
                found.children[key(str(row[4]))][owner] = None
    # https://sqlite.org/fileformat2.html#stat1tab; sqlite_stat4 is its companion.
    found.collations_of_others = any(
        kind == "index" and collations_in(sql or "") for kind, _, _, sql, _ in found.objects
    )
    found.statistics = tuple(sorted(name for name in found.tables.values() if name.startswith("sqlite_stat")))
    return found


def _number(value: object) -> int:
    return value if isinstance(value, int) else int(str(value or 0))


class _Reader:
    """Reads one table."""

    def __init__(self, rows: _Rows, spelling: Spelling, name: str, sql: str, relation: Relation) -> None:
        self.rows = rows
        self.spelling = spelling
        self.name = name
        self.sql = sql
        self.relation = relation
        self.text: TableText | None = None
        if relation is Relation.TABLE:
            try:
                self.text = parse_table(sql)
            except UnreadableTextError:
                self.text = None

    def table(self) -> Table:
        comment, comments = self.spelling.comments(self.name)
        indexes = self.rows.indexes[self.name]
        without_rowid = self.text is not None and self.text.without_rowid
        alias = self._rowid_alias(indexes, without_rowid)
        return Table(
            name=self.spelling.table(self.name),
            columns=tuple(self._column(row, alias, comments) for row in self.rows.columns[self.name]),
            primary_key=self._primary_key(),
            uniques=tuple(self._uniques(indexes)),
            checks=tuple(self._checks()),
            foreign_keys=tuple(self._foreign_keys()),
            indexes=tuple(self._index(row) for row in reversed(indexes) if row[5] == "c" or self._collated(row)),
            comment=comment,
            relation=self.relation,
            strict=self.text is not None and self.text.strict,
            without_rowid=without_rowid,
            facts=self._facts(without_rowid),
        )

    def _facts(self, without_rowid: bool) -> TableFacts:
        companions = self.rows.companions[key(self.name)]
        triggers = [(own, sql) for kind, own, sql in companions if kind == "trigger"]
        return TableFacts(
            has_triggers=bool(triggers),
            interveners=tuple(filter(None, (intervener(own, sql) for own, sql in triggers))),
            text=self.sql,
            companions=tuple(sql for _, _, sql in companions),
            referenced_by=tuple(self._referring()),
            rowid_names=() if without_rowid else self._rowid_names(),
            statistics=self.rows.statistics,
            collations_of_others=self.rows.collations_of_others,
        )

    def _names(self, names: Sequence[str]) -> tuple[str, ...]:
        return self.spelling.columns(self.name, names)

    def _rowid_names(self) -> tuple[str, ...]:
        """A view has none, but for NULL in older versions (https://sqlite.org/lang_createtable.html#rowid)."""
        if self.relation not in (Relation.TABLE, Relation.VIRTUAL):
            return ()
        own = {str(row[3]).lower() for row in self.rows.columns[self.name]}
        return tuple(name for name in ("rowid", "oid", "_rowid_") if name not in own)

    def _rowid_alias(self, indexes: Sequence[Row], without_rowid: bool) -> str | None:
        """The INTEGER PRIMARY KEY: a key of one column that needs no index (https://sqlite.org/lang_createtable.html)."""
        if without_rowid or any(row[5] == "pk" for row in indexes):
            return None
        keys = [str(row[3]) for row in self.rows.columns[self.name] if _number(row[7])]
        return keys[0] if len(keys) == 1 else None

    def _column(self, row: Row, alias: str | None, comments: dict[str, str | None]) -> Column:
        own_name = str(row[3])
        name = self.spelling.column(self.name, own_name)
        hidden = _number(row[8])
        collation, generated, not_null = None, None, None
        if self.text is not None:
            text = self.text.column(own_name)
            collations = [clause.inner for clause in text.clauses if clause.kind == "collate"]
            collation = collations[-1] if collations else None  # the last one counts
            not_null = text.clause("not null")
            clause = text.clause("generated")
            if clause is not None:
                generated = Generated(clause.inner, clause.stored)
        elif hidden in (2, 3):
            generated = Generated(UNREADABLE, hidden == 3)
        default = None if row[6] is None or str(row[6]).upper() == "NULL" else str(row[6])
        return Column(
            name=name,
            type=sqlite_type(str(row[4] or "")),
            nullable=not _number(row[5]) and own_name != alias,
            default=None if default is None else outer_parentheses_removed(default),
            generated=generated,
            null_conflict=not_null.conflict if not_null is not None else "",
            null_replaced=default is not None and not_null is not None and not_null.conflict == "REPLACE",
            autoincrement=own_name == alias,
            never_again=own_name == alias and self.text is not None and self.text.autoincrement,
            collation=collation,
            comment=comments.get(name),
        )

    def _primary_key(self) -> PrimaryKey | None:
        keys = sorted((_number(row[7]), str(row[3])) for row in self.rows.columns[self.name] if _number(row[7]))
        if not keys:
            return None
        clauses = self.text.all_clauses("primary key") if self.text else []
        own = any(row[5] == "pk" and self._compares_otherwise(row) for row in self.rows.indexes[self.name])
        names = self._names([name for _, name in keys])
        return PrimaryKey(
            clauses[0].name if clauses else None,
            names,
            other_equality=COLLATED if own else "",
            conflict=clauses[0].conflict if clauses else "",
        )

    def _uniques(self, indexes: Sequence[Row]) -> list[Unique]:
        collated = {frozenset(map(key, self._own_columns(row))) for row in indexes if self._collated(row)}
        if self.text is not None:
            return [
                Unique(clause.name, self._names(clause.columns), conflict=clause.conflict)
                for clause in _distinct(self.text.all_clauses("unique"))
                if frozenset(map(key, clause.columns)) not in collated
            ]
        return [
            Unique(None, self._names([str(part[3]) for part in self.rows.keys[str(row[3])]]))
            for row in reversed(indexes)
            if row[5] == "u" and not self._collated(row)
        ]

    def _collated(self, row: Row) -> bool:
        """A UNIQUE constraint that compares by another collation than its columns is no key of them, for a foreign key
        or ON CONFLICT; it is read as the index that it makes."""
        return row[5] == "u" and self._compares_otherwise(row)

    def _compares_otherwise(self, row: Row) -> bool:
        return any(element.collation is not None for element in self._index(row).elements)

    def _own_columns(self, row: Row) -> list[str]:
        return [str(part[3]) for part in self.rows.keys[str(row[3])]]

    def _checks(self) -> list[Check]:
        if self.text is None:
            return [Check(None, UNREADABLE)] if self.relation is Relation.TABLE else []
        return [Check(clause.name, clause.inner) for clause in self.text.all_clauses("check")]

    def _foreign_keys(self) -> list[ForeignKey]:
        """Structure from the pragma; name and deferrability from the text."""
        keys = self._keys_in(self.name)
        clauses: list[Clause | None] = list(self.text.all_clauses("foreign key")) if self.text else []
        if len(clauses) != len(keys):
            clauses = [None] * len(keys)
        return [self._foreign_key(self.name, parts, clause) for parts, clause in zip(keys, clauses, strict=True)]

    def _keys_in(self, table: str) -> list[list[Row]]:
        """The rows of each foreign key in the order of the text: the pragma lists the last one first."""
        by_id: dict[int, list[Row]] = defaultdict(list)
        for row in sorted(self.rows.foreign_keys[table], key=lambda row: (-_number(row[2]), _number(row[3]))):
            by_id[_number(row[2])].append(row)
        return list(by_id.values())

    def _referring(self) -> Iterator[tuple[Name, ForeignKey]]:
        """The foreign keys that refer to the table; its own too."""
        own = key(self.name)
        for child in self.rows.children.get(own, ()):
            for parts in self._keys_in(child):
                if key(str(parts[0][4])) == own:
                    yield self.spelling.table(child), self._foreign_key(child, parts, None)

    def _foreign_key(self, table: str, parts: Sequence[Row], clause: Clause | None) -> ForeignKey:
        target = str(parts[0][4])
        targets = [str(part[6]) for part in parts if part[6] is not None]
        references = clause.references if clause else None
        return ForeignKey(
            name=clause.name if clause else None,
            columns=self.spelling.columns(table, [str(part[5]) for part in parts]),
            target=self.spelling.table(target),
            target_columns=self.spelling.columns(target, targets or self._key_of(target)),
            on_delete=str(parts[0][8]),
            on_update=str(parts[0][7]),
            deferrable=references is not None and references.deferrable,
            initially_deferred=references is not None and references.initially_deferred,
        )

    def _key_of(self, table: str) -> list[str]:
        """The primary key's columns of any table of the database: REFERENCES t means them."""
        columns = self.rows.columns.get(self.rows.tables.get(key(table), ""), [])
        return [name for _, name in sorted((_number(row[7]), str(row[3])) for row in columns if _number(row[7]))]

    def _index(self, row: Row) -> Index:
        name = str(row[3])
        parts, partial = self.rows.keys[name], bool(_number(row[6]))
        text = self._index_text(name) if partial or any(part[3] is None for part in parts) else None
        written = [element.text for element in text.elements] if text else []
        if len(written) != len(parts):
            written = [UNREADABLE] * len(parts)
        where = (text.where if text else UNREADABLE) if partial else None
        return Index(
            name=name,
            elements=tuple(self._element(part, words) for part, words in zip(parts, written, strict=True)),
            unique=bool(_number(row[4])),
            where=where,
        )

    def _index_text(self, name: str) -> IndexText | None:
        """Only expressions and conditions are written nowhere but in the text."""
        companions = self.rows.companions[key(self.name)]
        sql = next((sql for kind, own, sql in companions if kind == "index" and own == name), "")
        try:
            return parse_index(sql)
        except UnreadableTextError:
            return None

    def _element(self, part: Row, written: str) -> IndexElement:
        """NULLs come first in ascending order and last in descending order (https://sqlite.org/datatype3.html, 4.1),
        which no index can change; so an actual index is never said to place them in another way."""
        descending = bool(_number(part[5]))
        if part[3] is None:
            return IndexElement(written, is_expression=True, descending=descending, nulls_first=descending)
        own = str(part[3])
        declared = None
        if self.text is not None:
            known = self.text.column(own).clauses if _number(part[4]) >= 0 else ()
            declared = next((clause.inner for clause in reversed(known) if clause.kind == "collate"), None)
        collation = str(part[6])
        same = collation.upper() == (declared or "BINARY").upper()
        return IndexElement(
            self.spelling.column(self.name, own),
            descending=descending,
            nulls_first=descending,
            collation=None if same else collation,
        )


def _distinct(clauses: Sequence[Clause]) -> list[Clause]:
    """UNIQUE asked for twice is one."""
    found: dict[tuple[str, ...], Clause] = {}
    for clause in clauses:
        found.setdefault(tuple(key(column) for column in clause.columns), clause)
    return list(found.values())
