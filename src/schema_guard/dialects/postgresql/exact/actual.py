"""The digests of what the catalog holds, and whether they are all that a release expects."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from schema_guard.column import BITS, Type, TypeKind
from schema_guard.dialects.postgresql.catalog_words import ACTIONS, MATCHES
from schema_guard.dialects.postgresql.deparsed import without_relabels
from schema_guard.dialects.postgresql.exact.shape import (
    FORMAT,
    SEQUENCE,
    Shape,
    column_words,
    condition,
    default,
    enum_words,
    generated_value,
    kind_words,
    relation,
    type_words,
)
from schema_guard.dialects.postgresql.types import parse_type
from schema_guard.names import OWN_TOOLS, Name, in_quotes

__all__ = ["Catalog", "Key", "NotExactError", "schemas_of"]

Row = Sequence[Any]


class Key(NamedTuple):
    """Of which the rows tell whether its sequence stands behind them; all quoted."""

    table: str
    column: str
    sequence: str
    increment: int


_NEXT_VALUE = re.compile(r"nextval\('((?:[^']|'')*)'::regclass\)")
_VARCHAR = "character varying"
_YES = "true"
_ORDERS = {str(bits): (bool(bits & 1), bool(bits & 2)) for bits in range(4)}
"""By pg_index.indoption: descending, NULLs first."""
_STORED = "s"
"""Of pg_attribute.attgenerated."""
_ODD = "odd"
"""What no table of the models has."""


class NotExactError(Exception):
    """Something is there that the digests do not tell: everything has to be compared."""


def schemas_of(digests: Mapping[str, Any], default_schema: str) -> list[str]:
    """The schemas of all that is expected."""
    names = [*digests["tables"], *digests["enums"]]
    return sorted({name.partition(".")[0] if "." in name else default_schema for name in names})


class Catalog:
    """What queries/exact.sql found.

    Args:
        rows: of the query.
        default_schema: the one that a name without a schema means.
    """

    def __init__(self, rows: Iterable[Row], default_schema: str) -> None:
        self._default = default_schema
        self._rows: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            self._rows[row[0]].append(row)
        self._relations = {row[1]: self._relation(row[2], row[3]) for row in self._rows["table"]}
        self._enums = {row[3]: row for row in self._rows["enum"]}
        self._types: dict[str, tuple[str, Type]] = {}
        self._plain: dict[Row, str] = {}
        """Words of a column by all that its row says; empty where more decides."""
        self._ordered: dict[Row, str] = {}
        """Words of an index by its columns and all that its row says of them."""
        self._conditions: dict[tuple[str, frozenset[str]], str] = {}
        self._names: dict[str, dict[str, str]] = {oid: {} for oid in self._relations}
        """By table and number."""
        self._varchars: dict[str, set[str]] = defaultdict(set)
        self._keys: set[tuple[str, str]] = set()
        """Table and column, of what is unique by itself."""
        self._other: set[str] = set()
        """Tables of which something is told by no digest."""
        self._counted: list[tuple[str, str, Row]] = []
        """Table, column, and the sequence that gives its values."""

    def known(self, digests: Mapping[str, Any]) -> tuple[frozenset[str], list[Key]]:
        """The tables in which nothing differs from what is expected but, perhaps, where the sequences of these keys
        stand.

        Raises:
            NotExactError: something differs, or may, that belongs to no table of these.
        """
        if digests["format"] != FORMAT or any(row[1] == _YES for row in self._rows["database"]):
            raise NotExactError
        enums = self._rows["enum"]
        held = {self._relation(schema, name): json.loads(labels or "[]") for _, schema, name, _, labels, *_ in enums}
        if any(held.get(name) != labels for name, labels in digests["enums"].items()):
            raise NotExactError
        wanted: Mapping[str, str | None] = digests["tables"]
        shapes = self._shapes()
        found: dict[str, str] = {}
        for _, oid, _, name, kind, _, _, _, odd, *_ in self._rows["table"]:
            expected = wanted.get(self._relations[oid], "")
            if expected == "":
                if kind in "rp" and name not in OWN_TOOLS:
                    raise NotExactError  # it is listed
            elif expected and odd != _YES and oid not in self._other and shapes[oid].digest() == expected:
                found[oid] = self._relations[oid]
        self._other.update(self._otherwise_commented(digests.get("comments", {}), found))
        keys = list(self._keys_to_look_at(found))
        return frozenset(name for oid, name in found.items() if oid not in self._other), keys

    def _relation(self, schema: str, name: str) -> str:
        return relation(Name(None if schema == self._default else schema, name))

    def _shapes(self) -> dict[str, Shape]:
        """By table."""
        shapes = {oid: Shape([], [], [], [], [], []) for oid in self._relations}
        self._add_columns(shapes)
        backed: dict[str, Row] = {}
        for row in self._rows["constraint"]:
            oid, kind = row[1], row[2]
            if row[11] == _YES or (kind == "f" and not self._names.get(row[6])):
                self._other.add(oid)  # to a partitioned table, or one in a schema of which nothing is expected
            elif kind == "c":
                shapes[oid].checks.append(self._condition(row[9], oid))
            elif kind == "f":
                shapes[oid].foreign_keys.append(self._foreign_key(row))
            else:
                backed[row[10]] = row
        for row in self._rows["index"]:
            self._add_index(shapes[row[1]], row, backed.get(row[2]))
        return shapes

    def _add_columns(self, shapes: Mapping[str, Shape]) -> None:
        """Columns that are alike in every way are put into words once: most tables have the same ones."""
        sequences = {row[1]: row for row in self._rows["sequence"]}
        identities = {(row[4], row[5]): row for row in self._rows["sequence"] if row[4] is not None}
        texts = {row[3]: row[4] for row in self._rows["default"] if row[4] is not None}
        defaults = {(row[1], row[2]): texts[row[3]] for row in self._rows["default"]}
        generated: list[tuple[str, str, Row]] = []
        for row in self._rows["column"]:
            oid, number, name, type_text = row[1:5]
            self._names[oid][number] = name
            if type_text.startswith(_VARCHAR) and type_text[-1] != "]":
                self._varchars[oid].add(name)
            said = (*row[3:8], defaults.get((oid, number)))
            if row[8]:
                generated.append((oid, row[8], said))
                continue
            words = self._plain.get(said)
            if words is None:
                words = self._plain[said] = self._plain_words(*said)
            if not words:
                words = self._counted_words(oid, number, said, sequences, identities)
            shapes[oid].columns.append(words)
        for oid, kind, of in generated:  # their expressions may name any of the others
            shapes[oid].columns.append(self._generated_words(oid, kind, of))

    def _generated_words(self, oid: str, kind: str, said: Row) -> str:
        name, type_text, not_null, identity, odd, text = said
        words, _ = self._types.get(type_text) or self._type(type_text)
        plain = odd != _YES and not identity and text is not None
        value = generated_value(self._condition(text, oid), kind == _STORED) if plain else _ODD
        return column_words(name, kind_words(words, not_null == _YES, value))

    def _plain_words(
        self, name: str, type_text: str, not_null: str, identity: str, odd: str, default_text: str | None
    ) -> str:
        """Of a column that no sequence feeds; empty of others."""
        words, _ = self._types.get(type_text) or self._type(type_text)
        if odd == _YES:
            value = _ODD
        elif identity or (default_text is not None and _NEXT_VALUE.fullmatch(default_text)):
            return ""
        elif default_text is None:
            value = ""
        else:
            value = default(default_text, self._types[type_text][1]) or _ODD
        return column_words(name, kind_words(words, not_null == _YES, value))

    def _counted_words(
        self,
        oid: str,
        number: str,
        said: Row,
        sequences: Mapping[str, Row],
        identities: Mapping[tuple[str, str], Row],
    ) -> str:
        name, type_text, not_null, identity, _, default_text = said
        words, type_ = self._types[type_text]
        if identity:
            value = self._value_of(identities.get((oid, number)), oid, name, type_)
            value += ", always" if identity == "a" else ", by default"
        else:
            called = _NEXT_VALUE.fullmatch(default_text or "")
            assert called is not None
            value = self._value_of(sequences.get(called[1].replace("''", "'")), oid, name, type_)
        return column_words(name, kind_words(words, not_null == _YES, value))

    def _type(self, text: str) -> tuple[str, Type]:
        enum = self._enums.get(text)
        if enum is not None:
            _, schema, name, *_ = enum
            found = enum_words(self._relation(schema, name)), Type(text, name, schema, kind=TypeKind.ENUM)
        else:
            type_ = parse_type(text, lambda schema, _: (schema, TypeKind.OTHER))
            found = (type_words(type_) if type_.kind is TypeKind.BASE else _ODD), type_
        self._types[text] = found
        return found

    def _value_of(self, sequence: Row | None, table: str, column: str, type_: Type) -> str:
        if sequence is None or sequence[6] == _YES or sequence[2] != type_.name or type_.name not in BITS:
            return _ODD
        self._counted.append((table, column, sequence))
        return SEQUENCE

    def _condition(self, text: str, table: str) -> str:
        key = text, frozenset(self._varchars[table])
        found = self._conditions.get(key)
        if found is None:
            found = condition(without_relabels(text, key[1]), deparsed=True) or _ODD
            self._conditions[key] = found
        return found

    def _columns(self, table: str, numbers: str) -> tuple[str, ...]:
        """As `{1,2}` or, in pg_index, `1 2`."""
        listed = numbers[1:-1].split(",") if numbers.startswith("{") else numbers.split()
        names = self._names[table]
        return tuple([names[number] for number in listed])

    def _foreign_key(self, row: Row) -> str:
        _, table, _, numbers, deferrable, deferred, target, target_numbers, letters, *_ = row
        columns, target_columns = self._columns(table, numbers), self._columns(target, target_numbers)
        match = MATCHES[letters[2]] if len(columns) > 1 else MATCHES["s"]
        pairs = tuple(sorted(zip(columns, target_columns, strict=True)))
        actions = ACTIONS[letters[0]], ACTIONS[letters[1]]
        return repr((pairs, self._relations[target], *actions, match, deferrable == _YES, deferred == _YES))

    def _add_index(self, shape: Shape, row: Row, constraint: Row | None) -> None:
        _, table, _, unique, nulls_not_distinct, numbers, count, options, predicate, odd, *_ = row
        if odd == _YES:
            self._other.add(table)
            return
        names = self._columns(table, numbers)
        keys, include = names[: int(count)], names[int(count) :]
        if constraint is None:
            where = "" if predicate is None else self._condition(predicate, table)
            said = names, count, options, unique, nulls_not_distinct, where
            words = self._ordered.get(said)
            if words is None:
                ordered = tuple([(name, *_ORDERS[option]) for name, option in zip(keys, options.split(), strict=True)])
                index = ordered, unique == _YES, tuple(sorted(include)), nulls_not_distinct == _YES, where
                words = self._ordered[said] = repr(index)
            shape.indexes.append(words)
            if unique == _YES and len(keys) == 1 and not where:
                self._keys.add((table, keys[0]))
            return
        deferrable, deferred = constraint[4] == _YES, constraint[5] == _YES
        if include or (deferrable and constraint[2] == "p"):
            self._other.add(table)
        if constraint[2] == "p":
            shape.key.extend(map(repr, keys))
        else:
            shape.uniques.append(repr((tuple(sorted(keys)), deferrable, deferred, nulls_not_distinct == _YES)))
        if len(keys) == 1:
            self._keys.add((table, keys[0]))

    def _otherwise_commented(
        self, comments: Mapping[str, Mapping[str, str]], found: Mapping[str, str]
    ) -> Iterator[str]:
        """The tables of which a comment that the models have is not there; one more is of no interest."""
        held: dict[str, dict[str, str]] = defaultdict(dict)
        for _, oid, number, text, *_ in self._rows["comment"]:
            held[oid][self._names[oid].get(number, "")] = text
        for oid, name in found.items():
            if name in comments and not comments[name].items() <= held[oid].items():
                yield oid

    def _keys_to_look_at(self, found: Collection[str]) -> Iterator[Key]:
        """As dialects/postgresql/stands.py says; of these tables."""
        tables = {row[1]: row for row in self._rows["table"]}
        for oid, column, counting in self._counted:
            sequence, type_name, last = counting[1:4]
            schema, name, _, rows, pages, empty = tables[oid][2:8]
            if oid not in found or self._relations[oid] in OWN_TOOLS:
                continue
            if last is not None and int(last) + 1 >= 2 ** BITS[type_name]:
                self._other.add(oid)
                continue
            known = last is not None and float(rows) >= 0 and int(pages) > 0 and float(rows) <= int(last)
            if not known and empty != _YES and (oid, column) in self._keys:
                yield Key(f"{in_quotes(schema)}.{in_quotes(name)}", in_quotes(column), sequence, 1)
