"""CHECKs and NOT NULLs that cannot be added because of a constraint of what inherits from the table.

PostgreSQL merges a CHECK with one of that name where both are the same, and refuses to add it where they are not, or
where that of the child is NO INHERIT (MergeWithExistingConstraint). NOT NULL merges whatever its name, but not with a
NO INHERIT of the child. It is known before it is tried, also of tables that the models don't know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from schema_guard.dialects.inquiry import Question
from schema_guard.dialects.postgresql.answers import answers
from schema_guard.dialects.postgresql.link import Link, Row
from schema_guard.dialects.postgresql.query_text import query
from schema_guard.dialects.terms import Verdict
from schema_guard.difference import CheckMissing, Difference, NullabilityDiffers
from schema_guard.plan import Definition, Rejection
from schema_guard.schema import Check, Column, Name, Relation, Schema, Table

__all__ = ["constraints_below", "not_null_of"]

Quote = Callable[[Name | str], str]


def constraints_below(
    link: Link, differences: Iterable[Difference], actual: Schema, quote: Quote, timeout: float
) -> dict[Definition, Rejection]:
    """What is in the way of each missing CHECK and of each missing NOT NULL.

    Args:
        link: a connection under the application's own search_path.
        differences: what compare found.
        actual: the live schema.
        quote: the dialect's quoting.
        timeout: seconds for each statement.

    Raises what the link raises.
    """
    checks: list[tuple[Table, Check]] = []
    columns = []
    for each in differences:
        live = actual.table(each.table.name) if isinstance(each, CheckMissing | NullabilityDiffers) else None
        if live is None or not live.facts.children:
            continue
        if isinstance(each, CheckMissing) and each.check.name:
            checks.append((each.table, each.check))
        elif isinstance(each, NullabilityDiffers) and not each.column.nullable:
            columns.append(each)
    if columns:
        from schema_guard.dialects.postgresql.repair.naming import helper_check  # only what is repaired needs it

        checks.extend((each.table, helper_check(each.column.name)) for each in columns)
    found = _of_checks(link, checks, actual, quote, timeout) if checks else {}
    return found | (_of_not_null(link, columns, quote, timeout) if columns else {})


def not_null_of(column: Column) -> Check:
    """NOT NULL as a condition, which stands for it among the definitions."""
    return Check(None, f"{column.name} IS NOT NULL")


def _of_checks(
    link: Link, checks: Sequence[tuple[Table, Check]], actual: Schema, quote: Quote, timeout: float
) -> dict[Definition, Rejection]:
    asked = {(quote(table.name), check.name): (table, check) for table, check in checks}
    rows = _rows(link, "checks_below", asked, timeout)
    questions: dict[Row, Question] = {}
    for row in rows:
        table_name, name, _, _, expression, no_inherit = row
        if expression is not None and not no_inherit:
            of, wanted = asked[str(table_name), str(name)]
            questions[row] = Question(wanted.expression, str(expression), of.name)
    with link.reading(timeout):
        verdicts = answers(link, questions.values(), {table.name: table for table in actual.tables}, quote)
    found: dict[Definition, Rejection] = {}
    for row in rows:
        if row in questions and verdicts[questions[row]] is Verdict.EQUAL:
            continue
        child, name = row[2], str(row[1])
        table, check = asked[str(row[0]), name]
        live = actual.table(table.name)
        relation = "is a partition of it" if live and live.relation is Relation.PARTITIONED else "inherits from it"
        said = f"{child} {relation}, and has another constraint of that name: {row[3]}"
        advice = f"ALTER TABLE {child} RENAME CONSTRAINT {quote(name)} TO {quote(f'{name}_old')};"
        found[table.name, check] = Rejection(said, "constraint", "", advice=(advice,))
    return found


def _of_not_null(
    link: Link, differences: Sequence[NullabilityDiffers], quote: Quote, timeout: float
) -> dict[Definition, Rejection]:
    asked = {(quote(each.table.name), each.column.name): each for each in differences}
    rows = _rows(link, "not_null_below", asked, timeout)
    found: dict[Definition, Rejection] = {}
    for table, column, child, name in rows:
        difference = asked[str(table), str(column)]
        said = f"{child} inherits from it, and has NOT NULL {column} NO INHERIT, with which PostgreSQL merges no other"
        advice = f"ALTER TABLE {child} ALTER CONSTRAINT {quote(str(name))} INHERIT;"
        found[difference.table.name, not_null_of(difference.column)] = Rejection(
            said, "constraint", "", advice=(advice,)
        )
    return found


def _rows(link: Link, name: str, pairs: Iterable[tuple[str, str | None]], timeout: float) -> list[Row]:
    tables, names = zip(*pairs, strict=True)
    with link.reading(timeout, bare_path=True):
        return link.rows(query(name, tables=tables, names=names))
