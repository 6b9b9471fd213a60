"""Draws models, and databases that differ from them, from a die."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from tests.truth.specs import (
    KEYS,
    PORTABLE,
    POSTGRESQL,
    CheckSpec,
    ColumnSpec,
    Constraint,
    ForeignSpec,
    IndexSpec,
    Kind,
    TableSpec,
    UniqueSpec,
)

__all__ = ["draw_database", "draw_models", "without_constraints_on"]

NAMES = ("a", "b", "Mixed", "order", "e mail", "f%")
TABLES = ("users", "Orders", "select", "items")
KEY_KINDS = {"natural": ("string",), "pair": ("string", "integer"), "big": ("bigint",)}


VIEW_KEYS = {"natural": "natural", "pair": "pair", "big": "big"}
FEW = frozenset({"boolean", "enum", "enums", "listed"})
"""Kinds with so few values that rows which are there hold those that the statements write."""


def _kinds(dialect: str) -> dict[str, Kind]:
    return POSTGRESQL if dialect == "postgresql" else PORTABLE


def draw_models(dice: Random, dialect: str) -> tuple[TableSpec, ...]:
    """One to three tables that may refer to each other."""
    tables: list[TableSpec] = []
    for name in dice.sample(TABLES, dice.randint(1, 3)):
        tables.append(_table(dice, dialect, name, tables))
    if dice.random() < 0.15:
        tables.append(_view(dice, dice.choice(tables)))
    return tuple(tables)


def _view(dice: Random, shown: TableSpec) -> TableSpec:
    columns = dice.sample(shown.columns, dice.randint(0, len(shown.columns)))
    plain = (ColumnSpec(column.name, column.kind, column.nullable) for column in columns)
    return TableSpec("Shown", tuple(plain), VIEW_KEYS.get(shown.key, "plain"), view_of=shown.full_name)


def _table(dice: Random, dialect: str, name: str, earlier: Sequence[TableSpec]) -> TableSpec:
    kinds = sorted(kind for kind in _kinds(dialect) if "fewer" not in kind)
    columns = tuple(
        ColumnSpec(column, dice.choice(kinds), dice.random() < 0.6, dice.choice(("none", "none", "python", "server")))
        for column in dice.sample(NAMES, dice.randint(1, 4))
    )
    spec = TableSpec(name, columns, dice.choice(KEYS[dialect]), key_last=dice.random() < 0.1)
    if dialect == "postgresql" and dice.random() < 0.15:
        spec = replace(spec, schema="app")
    parents = [table for table in earlier if table.key in ("serial", "identity") and table.parent is None]
    if parents and dice.random() < 0.15:
        parent = dice.choice(parents)
        names = {column.name for column in parent.columns}
        own = tuple(replace(c, name=f"{c.name}{name}") if c.name in names else c for c in columns)
        key = ForeignSpec(("id",), parent.full_name, ("id",), name=f"fk_{name}_joined")
        spec = replace(spec, columns=own, key="joined", parent=parent.full_name, constraints=(key,))
    elif dice.random() < 0.12:
        spec = replace(spec, columns=(*columns, ColumnSpec("kind", "string", nullable=False)), told_by_kind=True)
    spec = _with_references(dice, spec, earlier)
    return _with_constraints(dice, dialect, spec)


def _with_references(dice: Random, spec: TableSpec, earlier: Sequence[TableSpec]) -> TableSpec:
    targets = [table for table in (*earlier, spec) if table.parent is None and table.key not in ("always",)]
    for number in range(dice.choice((0, 0, 1, 1, 2))):
        if not targets:
            break
        target = dice.choice(targets)
        itself = target.name == spec.name
        keys = dice.choice(_keys(target))
        if dice.random() < 0.3:
            dice.shuffle(keys)
        nullable = itself or dice.random() < 0.5
        columns = tuple(ColumnSpec(f"ref{number}_{key}", kind, nullable) for key, kind in keys)
        reference = ForeignSpec(
            tuple(column.name for column in columns),
            spec.full_name if itself else target.full_name,
            tuple(key for key, _ in keys),
            name=f"fk_{spec.name}_{number}",
            ondelete=dice.choice((None, None, "CASCADE", "SET NULL" if nullable else "RESTRICT")),
            deferrable=dice.random() < 0.15,
        )
        spec = replace(spec, columns=(*spec.columns, *columns), constraints=(*spec.constraints, reference))
    return spec


def _keys(target: TableSpec) -> list[list[tuple[str, str]]]:
    """What may be referred to: column sets of a table, each column with its kind."""
    kinds = {column.name: column.kind for column in target.columns}
    unique = (item.columns for item in target.constraints if isinstance(item, UniqueSpec) and not item.deferrable)
    others = [[(name, kinds[name]) for name in columns] for columns in unique]
    return [list(zip(target.key_names, KEY_KINDS.get(target.key, ("integer",)), strict=True)), *others]


def _with_constraints(dice: Random, dialect: str, spec: TableSpec) -> TableSpec:
    kinds = _kinds(dialect)
    found: list[Constraint] = []
    plain = [c.name for c in spec.columns if c.kind not in ("json", "jsonb") and c.name != "kind"]
    many = [column.name for column in spec.columns if column.name in plain and column.kind not in FEW]
    texts = [column.name for column in spec.columns if kinds[column.kind].text and column.name != "kind"]
    numbers = [column.name for column in spec.columns if column.kind in ("smallint", "integer", "bigint", "numeric")]
    referring = {name for item in spec.constraints if isinstance(item, ForeignSpec) for name in item.columns}
    nullable = [column.name for column in spec.columns if column.nullable and column.name not in referring]
    if many and dice.random() < 0.4:
        columns = tuple(dice.sample(many, min(len(many), dice.randint(1, 2))))
        deferrable = dialect == "postgresql" and dice.random() < 0.2
        found.append(UniqueSpec(columns, f"uq_{spec.name}", deferrable))
        spec = _without_defaults(spec, columns)
    if numbers and dice.random() < 0.3:
        found.append(CheckSpec(f"{_quoted(dice.choice(numbers))} > -5000000000", f"ck_{spec.name}"))
    free = [name for name in texts if name not in referring]  # a row that refers to no row of the list is never made
    if free and dice.random() < 0.25:
        listed = dice.choice(free)
        found.append(CheckSpec(f"{_quoted(listed)} IN ('x', 'yy', 'zzz')", f"ck_{spec.name}_list"))
        spec = _without_defaults(spec, [listed])
    if len(nullable) > 1 and dice.random() < 0.2:
        one, two = (_quoted(name) for name in dice.sample(nullable, 2))
        found.append(CheckSpec(f"{one} IS NOT NULL OR {two} IS NOT NULL", f"ck_{spec.name}_either"))
    served = {item.columns for item in found if isinstance(item, UniqueSpec)}  # a second index is not made
    plain = [name for name in plain if (name,) not in served]
    if plain and dice.random() < 0.4:
        where = f"{_quoted(dice.choice(plain))} IS NOT NULL" if dice.random() < 0.4 else None
        indexed = dice.choice(plain)
        index = IndexSpec((indexed,), f"ix_{spec.name}", indexed in many and dice.random() < 0.3, where)
        found.append(index)
        spec = _without_defaults(spec, index.elements if index.unique else ())
    if texts and dice.random() < 0.2:
        name = dice.choice(texts)
        lowered = IndexSpec((f"lower({_quoted(name)})",), f"ix_{spec.name}_low", dice.random() < 0.3)
        found.append(lowered)
        spec = _without_defaults(spec, (name,) if lowered.unique else ())
    if texts and dice.random() < 0.15:
        computed = ColumnSpec("made", "text", computed=f"upper({_quoted(dice.choice(texts))})")
        spec = replace(spec, columns=(*spec.columns, computed))
    spec = replace(spec, constraints=(*spec.constraints, *found))
    named = [spec.key_names] if spec.key in ("natural", "pair") else []
    named += [item.columns for item in found if isinstance(item, UniqueSpec) and not item.deferrable]
    return replace(spec, upserts=tuple(columns for columns in named if dice.random() < 0.4))


def _without_defaults(spec: TableSpec, names: Sequence[str]) -> TableSpec:
    """What is unique or listed has none: a row that leaves it out would be refused."""
    columns = (replace(c, default="none") if c.name in names else c for c in spec.columns)
    return replace(spec, columns=tuple(columns))


def _quoted(name: str) -> str:
    return f'"{name}"'


def draw_database(dice: Random, tables: Sequence[TableSpec], dialect: str) -> tuple[TableSpec, ...]:
    """The same models as the database knows them: up to four things are otherwise."""
    present = list(tables)
    for _ in range(dice.choice((0, 1, 1, 2, 2, 3, 4))):
        if not present:
            break
        at = dice.randrange(len(present))
        changes = (_lose_table, _lose_column) if present[at].view_of else CHANGES
        changed = dice.choice(changes)(dice, present[at], dialect)
        present[at : at + 1] = [] if changed is None else [changed]
    return tuple(_consistent(present))


def _lose_table(dice: Random, spec: TableSpec, dialect: str) -> TableSpec | None:
    return None


def _lose_column(dice: Random, spec: TableSpec, dialect: str) -> TableSpec:
    gone = dice.choice(spec.columns).name if spec.columns else ""
    return replace(spec, columns=tuple(column for column in spec.columns if column.name != gone))


def _lose_constraint(dice: Random, spec: TableSpec, dialect: str) -> TableSpec:
    if not spec.constraints:
        return spec
    at = dice.randrange(len(spec.constraints))
    return replace(spec, constraints=(*spec.constraints[:at], *spec.constraints[at + 1 :]))


def _change_column(dice: Random, spec: TableSpec, **changes: Any) -> TableSpec:
    if not spec.columns:
        return spec
    at = dice.randrange(len(spec.columns))
    column = spec.columns[at]
    changed = {name: make(column) for name, make in changes.items()}
    return replace(spec, columns=(*spec.columns[:at], replace(column, **changed), *spec.columns[at + 1 :]))


def _nullability(dice: Random, spec: TableSpec, dialect: str) -> TableSpec:
    return _change_column(dice, spec, nullable=lambda column: not column.nullable)


def _type(dice: Random, spec: TableSpec, dialect: str) -> TableSpec:
    kind = dice.choice(sorted(_kinds(dialect)))
    return _change_column(dice, spec, kind=lambda _: kind, default=lambda _: "none", computed=lambda _: "")


def _default(dice: Random, spec: TableSpec, dialect: str) -> TableSpec:
    return _change_column(dice, spec, default=lambda column: "none" if column.default == "server" else "server")


def _computed(dice: Random, spec: TableSpec, dialect: str) -> TableSpec:
    return _change_column(dice, spec, computed=lambda _: "")


def _key(dice: Random, spec: TableSpec, dialect: str) -> TableSpec:
    if spec.key in ("natural", "pair", "joined"):
        return replace(spec, primary_key=False)
    other = dice.choice(("plain", "serial", *(("identity", "always", "sequence") if dialect == "postgresql" else ())))
    return replace(spec, key=other, primary_key=dice.random() < 0.7)


def _order(dice: Random, spec: TableSpec, dialect: str) -> TableSpec:
    columns = list(spec.columns)
    dice.shuffle(columns)
    return replace(spec, columns=tuple(columns), key_last=not spec.key_last)


def _unknown_column(dice: Random, spec: TableSpec, dialect: str) -> TableSpec:
    kind = dice.choice(sorted(_kinds(dialect)))
    extra = ColumnSpec("extra", kind, dice.random() < 0.5, dice.choice(("none", "server")))
    return replace(spec, columns=(*(column for column in spec.columns if column.name != "extra"), extra))


def _unknown_constraint(dice: Random, spec: TableSpec, dialect: str) -> TableSpec:
    plain = [column.name for column in spec.columns if column.kind not in ("json", "jsonb")]
    if not plain:
        return spec
    name = dice.choice(plain)
    extra = dice.choice(
        (
            UniqueSpec((name,), f"old_unique_{spec.name}"),
            CheckSpec(f"{_quoted(name)} IS NOT NULL", "old_check"),
            IndexSpec((name,), f"old_index_{spec.name}"),
        )
    )
    return replace(spec, constraints=(*(c for c in spec.constraints if c.name != extra.name), extra))


def _other_constraint(dice: Random, spec: TableSpec, dialect: str) -> TableSpec:
    """Another form under the same name."""
    if not spec.constraints:
        return spec
    at = dice.randrange(len(spec.constraints))
    constraint = spec.constraints[at]
    other: Constraint
    match constraint:
        case UniqueSpec():
            other = replace(constraint, columns=constraint.columns[:1], deferrable=dialect == "postgresql")
        case ForeignSpec():
            other = replace(constraint, ondelete=None if constraint.ondelete else "CASCADE")
        case CheckSpec():
            other = replace(constraint, text=constraint.text.replace(", 'zzz'", "").replace("-5000000000", "0"))
        case IndexSpec():
            other = replace(constraint, unique=not constraint.unique, where=None)
    return replace(spec, constraints=(*spec.constraints[:at], other, *spec.constraints[at + 1 :]))


CHANGES = (
    _lose_table,
    _lose_column,
    _lose_column,
    _lose_constraint,
    _lose_constraint,
    _lose_constraint,
    _nullability,
    _nullability,
    _type,
    _type,
    _default,
    _computed,
    _key,
    _order,
    _unknown_column,
    _unknown_constraint,
    _other_constraint,
)


def without_constraints_on(tables: Sequence[TableSpec], columns: Collection[tuple[str, str]]) -> tuple[TableSpec, ...]:
    """The same without what names one of these columns, each given with its table's full name."""

    def kept(spec: TableSpec, item: Constraint) -> bool:
        gone = {column for table, column in columns if table == spec.full_name}
        match item:
            case UniqueSpec():
                return gone.isdisjoint(item.columns)
            case CheckSpec():
                return gone.isdisjoint(item.text.split('"')[1::2])
            case ForeignSpec():
                there = {column for table, column in columns if table == item.table}
                return gone.isdisjoint(item.columns) and there.isdisjoint(item.target)
            case IndexSpec():
                named = {name for element in (*item.elements, item.where or "") for name in element.split('"')}
                return gone.isdisjoint(named)

    def shown(spec: TableSpec) -> tuple[ColumnSpec, ...]:
        gone = {column for table, column in columns if table == spec.full_name}
        return tuple(c for c in spec.columns if gone.isdisjoint(c.computed.split('"')[1::2]))

    return tuple(
        replace(spec, columns=shown(spec), constraints=tuple(item for item in spec.constraints if kept(spec, item)))
        for spec in tables
    )


def _consistent(tables: Iterable[TableSpec]) -> Iterable[TableSpec]:
    """Without constraints on what is gone, and views of what is gone."""
    tables = list(tables)
    columns = {table.full_name: {*table.key_names, *(c.name for c in table.columns)} for table in tables}
    keys = {table.full_name: _unique_sets(table) for table in tables}
    for table in tables:
        if table.view_of is not None and table.view_of not in columns:
            continue
        own = columns[table.view_of or table.full_name]
        shown = [column for column in table.columns if not column.computed or _named(column.computed, own)]
        own = own - {column.name for column in table.columns if column not in shown}
        kept = tuple(item for item in table.constraints if _holds(item, own, columns, keys))
        shown = [column for column in shown if table.view_of is None or column.name in own]
        yield replace(table, columns=tuple(shown), constraints=kept)


def _unique_sets(table: TableSpec) -> list[set[str]]:
    """Which columns of it a foreign key may refer to."""
    unique = [set(c.columns) for c in table.constraints if isinstance(c, UniqueSpec) and not c.deferrable]
    return [*unique, set(table.key_names)] if table.primary_key else unique


def _holds(item: Constraint, own: set[str], columns: dict[str, set[str]], keys: dict[str, list[set[str]]]) -> bool:
    match item:
        case UniqueSpec():
            return set(item.columns) <= own
        case CheckSpec():
            return _named(item.text, own)
        case ForeignSpec():
            there = set(item.target) <= columns.get(item.table, set())
            return set(item.columns) <= own and there and set(item.target) in keys[item.table]
        case IndexSpec():
            return all(element in own or _named(element, own) for element in item.elements) and (
                item.where is None or _named(item.where, own)
            )


def _named(text: str, own: set[str]) -> bool:
    """Whether every quoted name in the text is one of the columns, and there is one."""
    names = text.split('"')[1::2]
    return bool(names) and set(names) <= own
