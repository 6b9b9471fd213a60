"""Sequences: made above the keys that are there, raised where they stand behind them, widened with their column.

A sequence is never set back: while it is compared with the keys nobody takes a value from it, since ALTER SEQUENCE
keeps nextval() waiting (manual, ALTER SEQUENCE, Notes).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from schema_guard.dialects.postgresql.literals import literal
from schema_guard.dialects.postgresql.repair import probes
from schema_guard.dialects.postgresql.repair.context import HIDDEN, Context, Repairs
from schema_guard.dialects.postgresql.repair.schema import held, homeless, needs_schema, refused_object
from schema_guard.dialects.postgresql.stands import NUMBERS, finite
from schema_guard.dialects.violators import mentions
from schema_guard.difference import SequenceBehind, SequenceMissing, SequenceNarrower
from schema_guard.need import Kind, Need
from schema_guard.plan import INSTANT, Hazard, Lock, Locked, Phase, Refusal
from schema_guard.schema import Counter, Name, Table

__all__ = ["sequence_behind", "sequence_missing", "sequence_narrower", "widened_with"]

_LAST = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}


def sequence_missing(difference: SequenceMissing, context: Context) -> Repairs:
    """Made as the models say, and set above the highest key of the columns that take their values from it."""
    sequence = difference.sequence
    if difference.holder is not None:
        return held(difference, difference.holder, sequence.name, context)
    fed = list(_fed_by(sequence.name, context))
    if any(table.facts.row_security for table, _ in fed):
        return [Refusal(difference, HIDDEN, (f"{sequence.ddl};",))]
    relation = context.quote(sequence.name)
    keys = [_key(table, column, context) for table, column in fed]
    unread = [str(table.name) for table, _ in fed if not table.facts.readable]
    if unread:
        return [
            Refusal(difference, f"its keys in {', '.join(unread)} cannot be read by this role", (f"{sequence.ddl};",))
        ]
    locks = tuple(Locked(Lock.ACCESS_SHARE, table.name) for table, _ in fed)
    scanned = [table for table, column in fed if not _leads_an_index(table, column)]
    return (
        refused_object(difference, sequence, context)
        or homeless(difference, sequence.name, context)
        or [
            context.step(
                difference,
                "create-sequence",
                [sequence.ddl, *([_raise(relation, keys, up=not sequence.descending)] if keys else [])],
                probes.relation_absent(relation),
                Phase.SEQUENCE,
                locks=context.with_children(locks),
                cost="for as long as it takes to find the highest key" if keys else INSTANT,
                hazards=(Hazard.SCANS,) if scanned else (),
                provides=frozenset({Need(Kind.SEQUENCE, sequence.name)}),
                requires=needs_schema(sequence.name),
            )
        ]
    )


def _fed_by(sequence: Name, context: Context) -> Iterator[tuple[Table, str]]:
    """The live columns of numbers that take their values from it."""
    for table in context.expected.tables:
        live = context.live(table)
        for column in table.columns if live is not None else ():
            found = live.column(column.name) if live is not None else None
            named = column.sequence == sequence or bool(column.default and mentions(column.default, sequence.name))
            if live is not None and found is not None and named and found.type.name in NUMBERS:
                yield live, column.name


def _key(table: Table, column: str, context: Context) -> tuple[str, str, str]:
    found = table.column(column)
    return context.quote(table.name), context.quote(column), found.type.name if found else "bigint"


def _leads_an_index(table: Table, column: str) -> bool:
    keys = [table.primary_key.columns] if table.primary_key else []
    keys += [unique.columns for unique in table.uniques if unique.valid]
    keys += [index.columns for index in table.indexes if index.valid and not index.where and index.columns]
    return any(columns[:1] == (column,) for columns in keys)


def _raise(sequence: str, keys: Sequence[tuple[str, str, str]], *, up: bool) -> str:
    """Sets the sequence to the last key in its direction, unless it stands there or further.

    Where that key would leave less than half of the values (a row with the highest number of all has a meaning of its
    own), nothing is set, and the next look finds what a person has to decide.

    Args:
        keys: table, column and type of each column that takes its values from it.
        up: it counts upwards.
    """
    last, against = ("max", "least") if up else ("min", "greatest")
    columns = [f"SELECT {last}(k.{key[1]}) AS key FROM {key[0]} AS k{_finite(key)}" for key in keys]
    one = (
        columns[0] if len(keys) == 1 else f"SELECT {last}(each.key) AS key FROM ({' UNION ALL '.join(columns)}) AS each"
    )
    half = min(_LAST.get(type_, _LAST["bigint"]) for _, _, type_ in keys) // 2
    key = "last.key" + ("" if all(type_ in _LAST for _, _, type_ in keys) else "::pg_catalog.int8")
    end = f"{against}({half if up else -half}, counter.{'seqmax' if up else 'seqmin'})"
    between = f"stand.last_value AND {end}" if up else f"{end} AND stand.last_value"
    return (
        f"SELECT pg_catalog.setval({_regclass(sequence)}, {key}) FROM ({one}) AS last, {sequence} AS stand,"
        f" pg_catalog.pg_sequence AS counter WHERE counter.seqrelid = {_regclass(sequence)}"
        f" AND last.key BETWEEN {between}"
    )


def _finite(key: tuple[str, str, str]) -> str:
    return "" if key[2] in _LAST else f" WHERE {finite(f'k.{key[1]}', key[2])}"


def _regclass(sequence: str) -> str:
    return f"{literal(sequence)}::pg_catalog.regclass"


def sequence_behind(difference: SequenceBehind, context: Context) -> Repairs:
    sequence, counter, stand = difference.sequence, difference.sequence.counter, difference.actual.stand
    assert counter is not None
    assert stand is not None
    relation = context.quote(sequence.name)
    if stand.next is None or not difference.actual.holds(stand.next) or stand.last_taken is None:
        return [_used_up(difference, counter, context)]
    live, up = context.shape(difference.table), counter.increment > 0
    key = _key(live, difference.column.name, context)
    raised = _raise(relation, [key], up=up)
    lock = f"ALTER SEQUENCE {relation} INCREMENT BY {counter.increment}"  # changes nothing
    refused = _not_raised(difference, counter, stand.last_taken)
    if refused:
        to_a_gap = _to_the_next_gap(relation, key, stand.next, counter.increment)
        return [Refusal(difference, refused, (to_a_gap if counter.owned else f"BEGIN; {lock}; {raised}; COMMIT;",))]
    return [
        context.step(
            difference,
            "raise-sequence",
            [lock, raised],
            _stands_behind(relation, key, up=up),
            Phase.SEQUENCE,
            locks=(
                *context.with_children((Locked(Lock.ACCESS_SHARE, difference.table.name),)),
                Locked(Lock.SHARE_ROW_EXCLUSIVE, sequence.name),
            ),
            cost="for as long as it takes to find the highest key",
            hazards=() if _leads_an_index(live, difference.column.name) else (Hazard.SCANS,),
        )
    ]


def _used_up(difference: SequenceBehind, counter: Counter, context: Context) -> Refusal:
    up, type_ = counter.increment > 0, difference.actual.type.name
    type_ = type_ if type_ in _LAST else "bigint"
    of_column = counter.maximum >= _LAST[type_] if up else counter.minimum <= -_LAST[type_]
    sequence, table = context.quote(difference.sequence.name), context.quote(difference.table.name)
    if not of_column:
        longer = f"ALTER SEQUENCE {sequence} AS {type_} {'NO MAXVALUE' if up else 'NO MINVALUE'};"
        return Refusal(difference, "where a sequence ends is the decision of who set it", (longer,))
    stand, last = difference.actual.stand, _LAST[type_]
    top = stand.last_taken if stand is not None else None
    if top is not None and abs(top) < last // 2:
        back = f"SELECT pg_catalog.setval({_regclass(sequence)}, {top}); -- behind the last key"
        return Refusal(difference, "a sequence is never set back without being asked", (back,))
    reason = f"no key of the type {difference.actual.type} is left: give the column a larger type"
    if type_ == "bigint":
        again = f"ALTER SEQUENCE {sequence} RESTART; -- where its first keys are free"
        return Refusal(difference, "it has come to the end of BIGINT: choose where to go on", (again,))
    column = context.quote(difference.column.name)
    return Refusal(
        difference,
        f"{reason}, here and in the models",
        (f"ALTER TABLE {table} ALTER COLUMN {column} TYPE BIGINT;", f"ALTER SEQUENCE {sequence} AS bigint;"),
    )


def _to_the_next_gap(sequence: str, key: tuple[str, str, str], next_: int, increment: int) -> str:
    """Behind the keys in a row that begin with the next value, where the first one is free."""
    table, column, type_ = key
    whole = "" if type_ in _LAST else "::pg_catalog.int8"
    first, onwards = ("min", ">=") if increment > 0 else ("max", "<=")
    return (
        f"SELECT pg_catalog.setval({_regclass(sequence)}, {first}(k.{column}){whole}) FROM {table} AS k"
        f" WHERE k.{column} {onwards} {next_} AND NOT EXISTS (SELECT 1 FROM {table} AS n"
        f" WHERE n.{column} = k.{column}::pg_catalog.int8 + {increment}); -- to the first gap"
    )


def _not_raised(difference: SequenceBehind, counter: Counter, top: int) -> str:
    """Why a person has to decide; empty when the sequence can be raised."""
    if not counter.owned:
        return f"the sequence {difference.sequence.name} belongs to another role; run it as its owner"
    if counter.cycles:
        return "the sequence begins anew when it has ended (CYCLE), so no place is above all keys"
    last = _LAST.get(difference.actual.type.name, _LAST["bigint"])
    used_up = 2 * top > min(counter.maximum, last) if counter.increment > 0 else 2 * top < max(counter.minimum, -last)
    return f"the last key, {top}, would leave less than half of the values: choose where to go on" if used_up else ""


def _stands_behind(sequence: str, key: tuple[str, str, str], *, up: bool) -> str:
    last, beyond = ("max", ">") if up else ("min", "<")
    return (
        f"SELECT EXISTS (SELECT 1 FROM (SELECT {last}(k.{key[1]}) AS key FROM {key[0]} AS k{_finite(key)}) AS last,"
        f" {sequence} AS stand"
        f" WHERE last.key {beyond} stand.last_value OR last.key = stand.last_value AND NOT stand.is_called)"
    )


def sequence_narrower(difference: SequenceNarrower, context: Context) -> Repairs:
    """Of its minimum and maximum those are changed with it that are the old type's own (manual, ALTER SEQUENCE)."""
    sequence, counter = difference.sequence, difference.sequence.counter
    assert counter is not None
    wanted = min(difference.column.type.name, difference.actual.type.name, key=lambda name: _LAST[name])
    statement = _widen(context.quote(sequence.name), wanted)
    if not counter.owned:
        reason = f"the sequence {sequence.name} belongs to another role; run it as its owner"
        return [Refusal(difference, reason, (f"{statement};",))]
    return [
        context.step(
            difference,
            "widen-sequence",
            [statement],
            _is_of_type(context.quote(sequence.name), counter.type),
            Phase.WIDEN,
            about=f"{sequence.name}",
            locks=(Locked(Lock.SHARE_ROW_EXCLUSIVE, sequence.name),),
            requires=frozenset({Need.column(difference.table.name, difference.column.name)}),
        )
    ]


def widened_with(column_type: str, sequence: Name | None, context: Context) -> list[str]:
    """What widens the sequence of a column whose type is widened; nothing where a person set its end."""
    found = context.actual.sequence(sequence)
    counter = found.counter if found is not None else None
    if found is None or counter is None or not counter.owned or column_type not in _LAST:
        return []
    own = _LAST[counter.type]
    whole = counter.maximum == own if counter.increment > 0 else counter.minimum == -own - 1
    return [_widen(context.quote(found.name), column_type)] if whole and own < _LAST[column_type] else []


def _widen(sequence: str, type_: str) -> str:
    return f"ALTER SEQUENCE {sequence} AS {type_}"


def _is_of_type(sequence: str, type_: str) -> str:
    return (
        "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_sequence s"
        f" WHERE s.seqrelid = pg_catalog.to_regclass({literal(sequence)})"
        f" AND s.seqtypid = {literal(type_)}::pg_catalog.regtype)"
    )
