"""FOREIGN KEYs, matched by columns and target, whatever they are called."""

from __future__ import annotations

from collections.abc import Iterator

from schema_guard.compare.holder import constraint_holder
from schema_guard.compare.join import cannot_join
from schema_guard.compare.stricter import unknown_foreign_key
from schema_guard.dialects.judge import Judge
from schema_guard.difference import (
    ForeignKeyDiffers,
    ForeignKeyMissing,
    ForeignKeyNotValidated,
    Impact,
    ObjectUnknown,
)
from schema_guard.schema import ForeignKey, Name, Schema, Table

__all__ = ["compare_foreign_keys"]

_OTHER_ACTION = "deleting or changing the referenced row does something else"
_REFUSING = frozenset({"NO ACTION", "RESTRICT"})


def compare_foreign_keys(
    table: Table, live: Table, actual: Schema, judge: Judge
) -> Iterator[ForeignKeyMissing | ForeignKeyDiffers | ForeignKeyNotValidated | ObjectUnknown]:
    matched: set[ForeignKey] = set()
    seen: set[tuple[object, ...]] = set()
    held: set[str] = set()
    wanted = {(_references(key), _behaviour(key)) for key in table.foreign_keys}
    taken = [other for other in live.foreign_keys if (_references(other), _behaviour(other)) in wanted]
    for key in table.foreign_keys:
        identity = (_references(key), _behaviour(key))
        if identity in seen:
            continue
        seen.add(identity)
        same = [other for other in live.foreign_keys if _references(other) == _references(key)]
        exact = [other for other in same if _behaviour(other) == _behaviour(key)]
        matched.update(exact or same)
        if exact:
            best = max(exact, key=lambda other: (other.enforced, not other.disabled, other.validated))
            if best.disabled or not (best.enforced and (best.validated or not key.validated)):
                yield ForeignKeyNotValidated(
                    table=table,
                    foreign_key=key,
                    actual=best,
                    impact=Impact.WEAKENS,
                    effect=f"{'' if best.disabled or not best.enforced else 'older '}orphaned rows possible",
                )
        elif spare := [other for other in same if other not in taken]:
            taken.append(spare[0])
            yield ForeignKeyDiffers(
                table=table,
                foreign_key=key,
                actual=spare[0],
                impact=Impact.WEAKENS,
                effect=_otherwise(spare[0], key),
            )
        else:
            held.update([key.name] if key.name is not None else [])
            yield ForeignKeyMissing(
                table=table,
                foreign_key=key,
                holder=constraint_holder(live, key.name),
                impact=Impact.WEAKENS,
                effect=_OTHER_ACTION if same else _unjoined(key, live, actual, judge) or "orphaned rows possible",
            )
    for other in live.foreign_keys:
        if other not in matched:
            unknown = unknown_foreign_key(other, table, live)
            if unknown.impact is not Impact.NOTES or other.name not in held:
                yield unknown


def _unjoined(key: ForeignKey, live: Table, actual: Schema, judge: Judge) -> str:
    return cannot_join(live, actual.table(key.target), [*zip(key.columns, key.target_columns, strict=False)], judge)


def _otherwise(actual: ForeignKey, wanted: ForeignKey) -> str:
    """What the foreign key that is there does to the application's rows."""
    refused = [
        statement
        for statement, own, models in (
            ("DELETE", _deletion(actual)[0], _deletion(wanted)[0]),
            ("UPDATE of the key", actual.on_update, wanted.on_update),
        )
        if own in _REFUSING and models not in _REFUSING
    ]
    if refused:
        return (
            f"not provable: {' and '.join(refused)} of a row that others refer to fails, unless the ORM does it first"
        )
    if _action(actual) != _action(wanted):
        return _OTHER_ACTION
    if (actual.deferrable, actual.initially_deferred) != (wanted.deferrable, wanted.initially_deferred):
        if wanted.initially_deferred or (wanted.deferrable and not actual.deferrable):
            return "a row that is written before the row it refers to is refused at once, not at COMMIT"
        return "a row that refers to nothing is refused at COMMIT, not at once"
    return "rows with NULL in some of the columns are checked differently"


def _references(key: ForeignKey) -> tuple[Name, frozenset[tuple[str, str]]]:
    return key.target, frozenset(zip(key.columns, key.target_columns, strict=False))


def _behaviour(key: ForeignKey) -> tuple[object, ...]:
    match = key.match if len(key.columns) > 1 else "SIMPLE"  # MATCH says nothing about a single column
    return *_action(key), match, key.deferrable, key.initially_deferred


def _action(key: ForeignKey) -> tuple[object, ...]:
    return _deletion(key), key.on_update


def _deletion(key: ForeignKey) -> tuple[str, frozenset[str]]:
    """The action, and the columns that SET NULL or SET DEFAULT is limited to; all of them are no limit."""
    action, _, rest = key.on_delete.partition("(")
    names = frozenset(_unquoted(name.strip()) for name in rest.rstrip(") ").split(",") if name.strip())
    return action.strip(), names if names != frozenset(key.columns) else frozenset()


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
