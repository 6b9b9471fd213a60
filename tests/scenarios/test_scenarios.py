"""What has to hold in every scenario, whatever it is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

from schema_guard import Guard
from schema_guard.difference import Impact
from schema_guard.exit_codes import apply_code, planned_code
from schema_guard.plan import Plan, Step
from schema_guard.render.line import plain
from schema_guard.render.text import check_lines, plan_lines
from schema_guard.report import Outcome, Report, ServerInfo
from tests.exactly import (
    digests_by_parts,
    is_exact,
    is_exact_file,
    tables_known,
    tables_told,
    text_for,
    text_with_sqlite,
    whole,
)
from tests.scenarios.document import Document
from tests.scenarios.on_sqlite import SqliteStage
from tests.scenarios.snapshots import Snapshots
from tests.scenarios.stage import Contents, Stage, table_of_rows

VERSIONS = {"postgresql": "18", "sqlite": "3"}
NO_CHANGE = re.compile(r"\s*((SELECT|SET|RESET|PRAGMA|BEGIN|COMMIT|SAVEPOINT|RELEASE)\b|\.)", re.IGNORECASE)


def test_scenario(document: Document, stage: Stage, guard: Guard, snapshots: Snapshots) -> None:
    """check and plan only read; apply does what plan showed; then only refusals remain and nothing was lost."""
    stage.changes()
    untouched, objects = stage.state(), stage.objects()
    kept = _kept(stage.contents(), document.changes)
    contents = stage.contents(kept)

    report, plan = guard.check(stage.database), guard.plan(stage.database)
    assert stage.state() == untouched, "check or plan wrote something"
    assert stage.changes() == [], "check or plan wrote something"
    snapshots.shows({finding.difference.code for finding in report.findings})
    snapshots.says("check says", stage.anywhere(_check_text(report)))
    snapshots.says("plan says", stage.anywhere(_plan_text(report, plan)))

    _prove_known_only_without_findings(guard, stage, report)
    applied = guard.apply(stage.database)
    assert planned_code(report) == apply_code(applied), "plan says what apply will exit with"
    ran = _only_changes(_as_planned(stage.changes(), plan.steps))
    _prove_outcomes(applied)
    assert ran == _only_changes(_statements(result.step for result in applied.results if result.changed))
    assert set(ran) <= set(_only_changes(_statements(plan.steps))), "apply ran something that plan did not show"
    assert objects - stage.objects() == set(), "something is gone"
    assert stage.contents(kept) == contents, "rows that were there are not as they were"

    _prove_only_refusals_remain(guard, stage)
    after = guard.check(stage.database)
    _prove_known_only_without_findings(guard, stage, after)
    snapshots.says("Database after", stage.anywhere(_check_text(after)))
    for query in document.queries(stage.dialect):
        snapshots.holds(query, table_of_rows(stage.query(query.sql)))


def test_steps(document: Document, stage: Stage, guard: Guard) -> None:
    """Every step's probe is true before it and false after it, and it takes and rewrites no more than it declares."""
    plan = guard.plan(stage.database)
    copy = stage.copy()
    try:
        copy.take(plan.steps)
        assert guard.plan(copy.database).empty
        guard.apply(stage.database)
        by_hand, by_guard = _check_text(guard.check(copy.database)), _check_text(guard.check(stage.database))
        assert copy.anywhere(by_hand) == stage.anywhere(by_guard)
    finally:
        copy.close()


def _prove_outcomes(report: Report) -> None:
    """Every step was done, but where rows that nobody could count before stand in the way."""
    blocked = [result.step for result in report.results if result.outcome is Outcome.BLOCKED]
    for result in report.results:
        excused = {
            Outcome.ALREADY: result.step.repeat,
            Outcome.WAITING: any(result.step.requires & step.provides for step in blocked),
        }
        done = result.outcome in (Outcome.DONE, Outcome.BLOCKED)
        assert done or excused.get(result.outcome), f"{result.step.id}: {result.outcome} {result.message}"


def _prove_only_refusals_remain(guard: Guard, stage: Stage) -> None:
    report, plan = guard.check(stage.database), guard.plan(stage.database)
    assert plan.empty, f"a second plan has steps: {[step.statements for step in plan.steps]}"
    for finding in report.findings:
        if finding.difference.impact is not Impact.NOTES:
            assert finding.refusal is not None, f"neither repaired nor refused: {finding.difference.key}"
    untouched = stage.state()
    again = guard.apply(stage.database)
    assert stage.changes() == [], "a second apply wrote something"
    assert stage.state() == untouched, "a second apply wrote something"
    assert again.results == ()


def _prove_known_only_without_findings(guard: Guard, stage: Stage, report: Report) -> None:
    """By the digests of a frozen file a database is known only where a check says nothing of it, and a table only where
    it says nothing of that."""
    if isinstance(stage, SqliteStage) and is_exact_file(guard, stage.file):
        by_url = guard.check(f"sqlite:///{stage.file}")
        assert (by_url.findings, by_url.warnings, by_url.left_out) == ((), (), ())
        assert _check_by(text_with_sqlite(guard), stage).findings == report.findings
    entire = whole(guard).check(stage.database)
    assert (report.findings, report.warnings) == (entire.findings, entire.warnings)
    if isinstance(stage, SqliteStage):
        assert {str(each.difference.table_name) for each in entire.findings}.isdisjoint(
            tables_told(guard, stage.database)
        )
    digests_by_parts(guard)
    if stage.dialect == "postgresql" and (report.findings or report.warnings or report.left_out):
        text = text_for(guard)
        assert not is_exact(text, stage.database)
        found = {str(finding.difference.table_name).removeprefix("public.") for finding in report.findings}
        known = tables_known(text, stage.database)
        assert found.isdisjoint(known)
        if known:
            by_file = replace(_check_by(text, stage), catalog_queries=report.catalog_queries)
            assert sorted(_check_text(by_file).split("\n")) == sorted(_check_text(report).split("\n")), "in any order"


def _check_by(text: bytes, stage: Stage) -> Report:
    """By a frozen file, of which only the tables are read that its digests do not know."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "expected.json"
        path.write_bytes(text)
        return Guard.frozen(path).check(stage.database)


def _kept(contents: Contents, changed: frozenset[str]) -> dict[str, list[str]]:
    """The columns of each table but for those that a declared backfill may fill."""
    return {
        table: [column for column in columns if not any(f".{table}.{column}".endswith(f".{name}") for name in changed)]
        for table, (columns, _) in contents.items()
    }


def _as_planned(sent: Iterable[str], steps: Sequence[Step]) -> Iterator[str]:
    """A batch is the planned statement with narrower bounds; the batches of one step count as that one. Those of a new
    schema are sent together."""
    planned = set(_statements(steps))
    scripts = (statement.split(";\n") for statement in sent)
    statements = [part for parts in scripts for part in (parts if planned.issuperset(parts) else [";\n".join(parts)])]
    spans = [(step.batches.span, step.statements[0]) for step in steps if step.batches is not None]
    for statement in statements:
        of_batch = (
            whole for span, whole in spans if re.fullmatch(r"-?\d+".join(re.escape(part) for part in span), statement)
        )
        yield next(of_batch, statement)


def _only_changes(statements: Iterable[str]) -> list[str]:
    """What changes something, as logs show it; a batch that runs again and again counts once."""
    changes = (statement.strip().rstrip(";") for statement in statements if not NO_CHANGE.match(statement))
    return [statement for statement, _ in groupby(changes)]


def _check_text(report: Report) -> str:
    """As the command prints it, but for what differs from run to run: times, server, exact version."""
    return plain(check_lines(_anywhere(report), 1 if report.remains(Impact.BREAKS) else 0))


def _plan_text(report: Report, plan: Plan) -> str:
    return plain(plan_lines(_anywhere(report), plan, 0, full=True))


def _anywhere(report: Report) -> Report:
    server = ServerInfo(report.server.dialect, VERSIONS[report.server.dialect], "example")
    return replace(report, seconds=0.01, server=server)


def _statements(steps: Iterable[Step]) -> Iterator[str]:
    return (statement for step in steps for statement in step.statements)
