"""Where a column's value comes from when the application leaves it out: default, sequence, identity, generated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from schema_guard.compare.filled import unless_filled
from schema_guard.compare.impact_words import writers
from schema_guard.compare.left_out import default_raises, unless_replaced, with_default_of_type
from schema_guard.dialects.judge import Judge
from schema_guard.dialects.terms import Verdict
from schema_guard.difference import (
    DefaultDiffers,
    Difference,
    Fit,
    GeneratedDiffers,
    IdentityDiffers,
    Impact,
    NotComparable,
)
from schema_guard.schema import Column, Schema, Table, TypeKind, Write

__all__ = ["compare_value"]

_NULL = re.compile(
    r"""\(*\s*NULL(?:\s*::\s*[\w."]+(?:\s+(?:varying|precision))?(?:\s*\([\d\s,]*\))?
    (?:\s+with(?:out)?\s+time\s+zone)?(?:\[\])*)?\s*\)*""",
    re.IGNORECASE | re.VERBOSE,
)
"""`DEFAULT NULL`, with or without a cast: what a column without a default does as well."""
_TEXT = re.compile(r"'(?P<text>(?:[^']|'')*)'::(?:text|bpchar|character varying)")
"""A constant in a column of text, as PostgreSQL writes it. What SQLite's defaults give is marked on the columns."""
_TEXTS = frozenset({"text", "character varying", "character", "bpchar"})
"""Types of PostgreSQL in which a text is kept as it is written."""


def compare_value(
    table: Table, live: Table, column: Column, actual: Column, schema: Schema, judge: Judge
) -> Iterator[Difference]:
    if column.generated is not None or actual.generated is not None:
        yield from _generated(table, live, column, actual, judge)
    elif column.identity is not None or actual.identity is not None:
        yield from _identity(table, live, column, actual, judge)
    elif column.autoincrement:
        if not actual.given_value:
            impact, effect = unless_filled(live, _no_key(table, actual, judge))
            yield DefaultDiffers(table=table, column=column, actual=actual, impact=impact, effect=effect)
        elif (raised := _default_raises(table, live, column, actual, schema, judge)) is not None:
            yield raised
        elif column.never_again and not actual.never_again:
            effect = "the key of a deleted row may be given again"
            yield IdentityDiffers(table=table, column=column, actual=actual, impact=Impact.WEAKENS, effect=effect)
    else:
        own = f"{column.default}::text" if {column.type.name, actual.type.name} <= _TEXTS else None
        misread = _gives_unreadable_text(column, own)
        wanted = replace(column, default_misread=True) if misread else column
        yield from _default(table, live, wanted, actual, schema, judge)


def _no_key(table: Table, actual: Column, judge: Judge) -> str:
    if actual.nullable:
        return f"INSERT of {writers(table)} stores NULL as the key, and the row cannot be loaded: nothing gives the key"
    return f"INSERT of {writers(table)} fails ({judge.errors.not_null_violation}): nothing gives the key"


def _default(
    table: Table, live: Table, column: Column, actual: Column, schema: Schema, judge: Judge
) -> Iterator[DefaultDiffers | NotComparable]:
    if actual.default_misread:
        yield _misread(table, live, column, actual)
        return
    if _gives_nothing(column):
        refuses_null = not actual.nullable or actual.value_domain_not_null
        if (raised := _default_raises(table, live, column, actual, schema, judge)) is not None:
            yield raised
        elif column.filled_unseen and refuses_null and not actual.given_value and not live.facts.fillers:
            impact, effect = Impact.BREAKS, _left_to_server(table, judge)
            yield DefaultDiffers(table=table, column=column, actual=actual, impact=impact, effect=effect)
        elif not _gives_nothing(actual) and not column.fetched:
            yield DefaultDiffers(table=table, column=column, actual=actual, impact=Impact.NOTES)
        return
    assert column.default is not None
    if actual.default is None:
        if actual.autoincrement:
            if judge.fit(column, actual, live) is Fit.INCOMPATIBLE:  # it will be another column, which gives nothing
                effect = "rows that leave it to the server get a whole number"
                yield DefaultDiffers(table=table, column=column, actual=actual, impact=Impact.WEAKENS, effect=effect)
            return
        raised = _default_raises(table, live, column, actual, schema, judge)
        yield raised if raised is not None else _default_missing(table, live, column, actual, judge)
        return
    verdict = judge.default(table.name, column.default, actual.default, column.type, actual.type)
    raised = _default_raises(table, live, column, actual, schema, judge) if verdict is not Verdict.EQUAL else None
    if raised is not None:  # asked for while it is still open whether the two are equal, too
        yield raised
    elif verdict is Verdict.DIFFERENT or column.default_misread:
        yield from _given_default(table, live, column, actual, verdict)
    elif verdict is Verdict.NOT_COMPARABLE:
        yield _not_comparable(table, column, "server default", column.default, actual.default)


def _given_default(
    table: Table, live: Table, column: Column, actual: Column, verdict: Verdict
) -> Iterator[DefaultDiffers]:
    """Another one than the models', or one that their own type cannot read."""
    if column.write is Write.OMITTED and _gives_unreadable_text(column, actual.default):
        yield _misread(table, live, column, replace(actual, default_misread=True))
    elif verdict is Verdict.DIFFERENT:
        effect = "rows that leave it to the server get another value"
        yield DefaultDiffers(table=table, column=column, actual=actual, impact=Impact.WEAKENS, effect=effect)


def _misread(table: Table, live: Table, column: Column, actual: Column) -> DefaultDiffers:
    effect = f"INSERT of {writers(table)} that leaves it to the server fails, and so does SELECT of such a row"
    impact = Impact.BREAKS
    if live.facts.fillers:
        impact, effect = Impact.WEAKENS, f"not provable: {effect}, unless {live.facts.filled_by} changes the value"
    return DefaultDiffers(table=table, column=column, actual=actual, impact=impact, effect=effect)


def _gives_unreadable_text(column: Column, default: str | None) -> bool:
    """Whether a text that SQLAlchemy reads as something else (an Enum over text, a Uuid) is none of that."""
    text = _TEXT.fullmatch(default or "")
    if text is None or column.reads is None:
        return False
    try:
        column.reads(text["text"].replace("''", "'"))
    except Exception:  # whatever it is, the application meets it too
        return True
    return False


def _default_raises(
    table: Table, live: Table, column: Column, actual: Column, schema: Schema, judge: Judge
) -> DefaultDiffers | None:
    """Where the models leave the value to a default other than theirs, which cannot be computed, or gives NULL."""
    given = with_default_of_type(actual, schema)
    if column.write is not Write.OMITTED or given.default is None:
        return None
    # both are asked before either is known: questions are answered once
    raises = default_raises(live, given, judge)
    refused = raises if actual.nullable else default_raises(live, given, judge, refuses_null=True)
    if raises is Verdict.DIFFERENT:
        effect = f"INSERT of {writers(table)} fails: the models leave it to the server, and its default raises an error"
        impact, effect = unless_replaced(live, effect)
    elif refused is Verdict.DIFFERENT:
        effect = f"INSERT of {writers(table)} fails ({judge.errors.not_null_violation}): its default gives NULL"
        impact, effect = unless_filled(live, effect)
    else:
        return None
    return DefaultDiffers(table=table, column=column, actual=actual, impact=impact, effect=effect)


def _gives_nothing(column: Column) -> bool:
    """Without a default, or with NULL; a domain's own default is what DEFAULT NULL takes away."""
    if column.default is None:
        return True
    return column.type.kind is not TypeKind.DOMAIN and _NULL.fullmatch(column.default) is not None


def _left_to_server(table: Table, judge: Judge) -> str:
    error = judge.errors.not_null_violation
    return f"INSERT of {writers(table)} fails ({error}): the models leave it to the server"


def _default_missing(table: Table, live: Table, column: Column, actual: Column, judge: Judge) -> DefaultDiffers:
    """The ORM fails only where it leaves the column out: a Python-side default is sent along."""
    impact, effect = Impact.WEAKENS, "rows that leave it to the server get NULL"
    if actual.type_default:
        effect = "rows that leave it to the server get the default of its type"
    elif actual.value_domain_not_null and column.write is not Write.DEFAULT:
        impact, effect = Impact.BREAKS, _left_to_server(table, judge)  # the domain refuses NULL before any trigger
    elif not actual.nullable or actual.value_domain_not_null:
        if column.write is Write.DEFAULT:
            effect = f"statements that leave it to the server fail ({judge.errors.not_null_violation})"
        else:
            impact, effect = unless_filled(live, _left_to_server(table, judge))
    elif _is_key_of_class(table, column) and not actual.given_value and column.write is not Write.DEFAULT:
        effect = f"INSERT of {writers(table)} fails (FlushError): the key that it leaves to the server is NULL"
        impact, effect = unless_filled(live, effect)
    return DefaultDiffers(table=table, column=column, actual=actual, impact=impact, effect=effect)


def _is_key_of_class(table: Table, column: Column) -> bool:
    """Whether it alone tells the instances of a mapped class apart."""
    return bool(table.mapped_by) and table.primary_key is not None and table.primary_key.columns == (column.name,)


def _generated(
    table: Table, live: Table, column: Column, actual: Column, judge: Judge
) -> Iterator[GeneratedDiffers | NotComparable]:
    if actual.generated is None:
        impact, effect = Impact.WEAKENS, "nothing computes its value"
        if live.facts.fillers:
            effect = f"not provable: {live.facts.filled_by} may compute it"
        elif not actual.nullable and not actual.given_value:
            impact, effect = Impact.BREAKS, _left_to_server(table, judge)
        yield GeneratedDiffers(table=table, column=column, actual=actual, impact=impact, effect=effect)
        return
    if column.generated is None:
        yield GeneratedDiffers(
            table=table,
            column=column,
            actual=actual,
            impact=Impact.BREAKS,
            effect=f"INSERT and UPDATE of {writers(table)} fail: a generated column takes no value",
        )
        return
    verdict = judge.expression(table.name, column.generated.expression, actual.generated.expression)
    if verdict is Verdict.DIFFERENT:
        yield GeneratedDiffers(
            table=table, column=column, actual=actual, impact=Impact.WEAKENS, effect="it computes another value"
        )
    elif verdict is Verdict.NOT_COMPARABLE:
        yield _not_comparable(
            table, column, "generated expression", column.generated.expression, actual.generated.expression
        )
    elif column.generated.stored != actual.generated.stored:
        yield GeneratedDiffers(table=table, column=column, actual=actual, impact=Impact.NOTES)


def _identity(table: Table, live: Table, column: Column, actual: Column, judge: Judge) -> Iterator[IdentityDiffers]:
    if actual.identity is None:
        effect = _no_key(table, actual, judge)
        impact, effect = (Impact.NOTES, "") if actual.given_value else unless_filled(live, effect)
        yield IdentityDiffers(table=table, column=column, actual=actual, impact=impact, effect=effect)
    elif column.identity is None:
        writes = column.write in (Write.REQUIRED, Write.DEFAULT, Write.NULL)
        if actual.identity.always and column.autoincrement:
            yield _takes_no_key(table, column, actual)
        elif actual.identity.always and writes:
            yield IdentityDiffers(
                table=table,
                column=column,
                actual=actual,
                impact=Impact.BREAKS,
                effect=f"INSERT of {writers(table)} fails: GENERATED ALWAYS takes no value",
            )
    elif column.identity.always != actual.identity.always:
        if actual.identity.always:
            yield _takes_no_key(table, column, actual)
        else:
            yield IdentityDiffers(table=table, column=column, actual=actual, impact=Impact.NOTES)


def _takes_no_key(table: Table, column: Column, actual: Column) -> IdentityDiffers:
    effect = f"not provable: an INSERT of {writers(table)} that gives the value fails (GeneratedAlways)"
    return IdentityDiffers(table=table, column=column, actual=actual, impact=Impact.WEAKENS, effect=effect)


def _not_comparable(table: Table, column: Column, what: str, expected: str, actual: str) -> NotComparable:
    return NotComparable(
        subject=f"{table.name}.{column.name}",
        table=table,
        what=what,
        expected=expected,
        actual=actual,
        reason="the server does not compare them",
        impact=Impact.NOTES,
    )
