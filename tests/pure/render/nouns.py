"""Hand-made reports for the renderers' tests."""

from __future__ import annotations

from schema_guard.difference import (
    BackfillPending,
    CheckMissing,
    ColumnMissing,
    Difference,
    Impact,
    NullabilityDiffers,
    TableUnknown,
)
from schema_guard.need import Need
from schema_guard.plan import Evidence, Hazard, Lock, Locked, Phase, Plan, Refusal, Step, Survey, Urgency
from schema_guard.report import Attempt, Finding, Outcome, Report, ServerInfo, StepResult
from schema_guard.schema import Check, Column, Fill, Name, Table, Type

TABLE = Table(Name(None, "proposals"), mapped_by=("Proposal",))
VARCHAR = Type("VARCHAR(64)", "character varying", arguments=("64",))
SERVER = ServerInfo("postgresql", "15.18", "db.internal/mdraft", application="mdraft")

MISSING = ColumnMissing(
    impact=Impact.BREAKS,
    effect="SELECT and INSERT of Proposal fail (UndefinedColumn)",
    table=TABLE,
    column=Column("visitor_session_id", VARCHAR),
)
NOT_NULL = NullabilityDiffers(
    impact=Impact.BREAKS,
    effect="INSERT of Proposal without user_id fails (NotNullViolation)",
    table=TABLE,
    column=Column("user_id", Type("INTEGER", "integer")),
    actual=Column("user_id", Type("INTEGER", "integer"), nullable=False),
)
CHECK = CheckMissing(
    impact=Impact.WEAKENS,
    table=TABLE,
    check=Check("ck_owner", "user_id IS NOT NULL OR visitor_session_id IS NOT NULL"),
)
BACKFILL = BackfillPending(
    impact=Impact.WEAKENS,
    table=Table(Name(None, "conversions")),
    fill=Fill(
        Name(None, "conversions"), Name(None, "proposals"), ("user_id", "visitor_session_id"), (), "", "", "", ""
    ),
)
VIOLATORS = Evidence(3, "SELECT id FROM proposals WHERE NOT (..)", ("12", "40", "77"))
REFUSAL = Refusal(
    CHECK, "3 rows violate it: give them an owner, or delete them", ("SELECT id FROM proposals WHERE NOT (..)",)
)


def unknown(*names: str) -> list[Difference]:
    return [TableUnknown(impact=Impact.NOTES, name=Name(None, name)) for name in names]


def add_column() -> Step:
    return Step(
        id="column proposals.visitor_session_id",
        statements=("ALTER TABLE proposals ADD COLUMN visitor_session_id VARCHAR(64)",),
        probe="SELECT true",
        phase=Phase.COLUMN,
        urgency=Urgency.REQUIRED,
        locks=(Locked(Lock.ACCESS_EXCLUSIVE, Name(None, "proposals")),),
        why="column missing",
        resolves=(MISSING.key,),
        object=MISSING.object,
        table=TABLE.name,
        provides=frozenset({Need.column(Name(None, "proposals"), "visitor_session_id")}),
    )


def fill_owner() -> Step:
    return Step(
        id="backfill conversions",
        statements=("UPDATE conversions\n   SET user_id = p.user_id\n  FROM proposals p",),
        probe="SELECT true",
        phase=Phase.BACKFILL,
        urgency=Urgency.DEBT,
        locks=(Locked(Lock.ROW_EXCLUSIVE, Name(None, "conversions")),),
        why="rows can be filled from proposals",
        resolves=(BACKFILL.key,),
        object=BACKFILL.object,
        cost="1,201 rows in batches",
        hazards=(Hazard.CHANGES_ROWS,),
        repeat=True,
    )


def plan() -> Plan:
    return Plan(
        (add_column(), fill_owner()),
        (REFUSAL,),
        (MISSING, CHECK, BACKFILL),
        Survey(evidence={CHECK.key: VIOLATORS}),
    )


def report(*findings: Finding, results: tuple[StepResult, ...] = (), of: Plan | None = None) -> Report:
    return Report(
        SERVER,
        tables_expected=8,
        findings=findings,
        seconds=0.011,
        catalog_queries=1,
        plan=of,
        results=results,
        applied=bool(results),
    )


def drifted() -> Report:
    return report(
        Finding(MISSING),
        Finding(NOT_NULL),
        Finding(CHECK, VIOLATORS, REFUSAL),
        Finding(BACKFILL, Evidence(1201, "SELECT ..", open=1204)),
        *(Finding(difference) for difference in unknown("legacy")),
        of=plan(),
    )


def done(step: Step, *attempts: Attempt, rows: int = 0, batches: int = 0) -> StepResult:
    return StepResult(
        step, Outcome.DONE, attempts or (Attempt(0.004),), rows=rows, batches=batches, statements=step.statements
    )
