"""JSON for programs, version 1; docs/json.md and docs/schema/schema-guard-1.json describe it.

A field is added without a new version; a field that goes or changes its meaning makes a new one. The text is pure
ASCII: whatever a name holds, it can be written to any stream.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from schema_guard.acceptance import short_key
from schema_guard.difference import Difference, Impact, RenameSuspected
from schema_guard.errors import GuardError
from schema_guard.need import Need
from schema_guard.plan import Evidence, Plan, Refusal, Step
from schema_guard.report import Attempt, Finding, Report, StepResult
from schema_guard.schema import Name

__all__ = ["VERSION", "apply_json", "check_json", "error_json", "plan_json", "text_of"]

VERSION = 1

Value = str | int | float | bool | None | Sequence["Value"] | Mapping[str, "Value"]


def check_json(report: Report, exit_code: int) -> str:
    """The document of `schema-guard check --format json`, ended by a newline."""
    return text_of({**_head("check", report, exit_code), **_state(report)})


def plan_json(report: Report, plan: Plan, exit_code: int, apply_code: int = 0) -> str:
    """The document of `schema-guard plan --format json`."""
    return text_of(
        {
            **_head("plan", report, exit_code),
            "apply_exit_code": apply_code,
            **_state(report),
            "steps": [_step(step, report) for step in plan.steps],
            "refusals": [
                {
                    "key": report.key_of(refusal.difference),
                    "object": refusal.difference.object,
                    "code": refusal.difference.code,
                    **_refusal(refusal),
                }
                for refusal in plan.refusals
            ],
        }
    )


def apply_json(report: Report, exit_code: int) -> str:
    """The document of `schema-guard apply --format json`: what is afterwards, and every step that was tried."""
    return text_of(
        {
            **_head("apply", report, exit_code),
            **_state(report),
            "can_start": not report.remains(Impact.BREAKS),
            "results": [_result(result, report) for result in report.results],
        }
    )


def error_json(command: str, error: GuardError) -> str:
    """The document in place of any other when a command could not do its work."""
    return text_of(
        {
            "version": VERSION,
            "command": command,
            "exit_code": error.exit_code,
            "error": {"code": error.code, "message": error.message},
        }
    )


def text_of(document: Mapping[str, Value]) -> str:
    """The document, ended by a newline."""
    return json.dumps(document, indent=2) + "\n"


def _head(command: str, report: Report, exit_code: int) -> dict[str, Value]:
    server = report.server
    return {
        "version": VERSION,
        "command": command,
        "exit_code": exit_code,
        "application": server.application,
        "bind": server.bind or None,
        "database": {"dialect": server.dialect, "version": server.version, "name": server.database},
        "seconds": round(report.seconds, 6),
        "catalog_queries": report.catalog_queries,
    }


def _state(report: Report) -> dict[str, Value]:
    return {
        "tables_expected": report.tables_expected,
        "satisfied": report.satisfied,
        "worst": None if report.worst is None else report.worst.word,
        "counts": {impact.word: report.count(impact) for impact in sorted(Impact, reverse=True)},
        "warnings": list(report.warnings),
        "accepted": len(report.accepted),
        "remembered": report.remembered or None,
        "left_out": [{"kind": each.kind, "name": each.name} for each in report.left_out],
        "differences": [_finding(finding, report) for finding in (*report.findings, *report.accepted)],
    }


def _finding(finding: Finding, report: Report) -> dict[str, Value]:
    difference, acceptance = finding.difference, finding.acceptance
    return {
        "key": report.key_of(difference),
        "code": difference.code,
        "impact": difference.impact.word,
        "object": difference.object,
        "table": _name(difference.table_name),
        "column": _column(difference),
        "renamed_from": difference.old if isinstance(difference, RenameSuspected) else None,
        "declared": None
        if finding.declared is None
        else {"file": finding.declared.file, "line": finding.declared.line},
        "headline": difference.headline,
        "effect": difference.effect,
        "evidence": None if finding.evidence is None else _evidence(finding.evidence),
        "refusal": None if finding.refusal is None else _refusal(finding.refusal),
        "accepted": None
        if acceptance is None
        else {
            "key": acceptance.key,
            "reason": acceptance.reason,
            "origin": acceptance.origin or "Guard(accept=..)",
            "by": acceptance.by,
            "expires": None if acceptance.expires is None else acceptance.expires.isoformat(),
        },
    }


def _column(difference: Difference) -> str | None:
    column = getattr(difference, "column", None)
    return None if column is None else str(column.name)


def _name(name: Name | None) -> Value:
    return None if name is None else {"schema": name.schema, "name": name.name}


def _evidence(evidence: Evidence) -> dict[str, Value]:
    return {
        "count": evidence.count,
        "exact": evidence.exact,
        "sample": list(evidence.sample),
        "query": evidence.query,
        "reason": evidence.reason,
        "open": evidence.open,
    }


def _refusal(refusal: Refusal) -> dict[str, Value]:
    return {"reason": refusal.reason, "advice": list(refusal.advice)}


def _step(step: Step, report: Report) -> dict[str, Value]:
    return {
        "id": step.id,
        "urgency": step.urgency.value,
        "phase": step.phase.name.lower(),
        "object": step.object,
        "table": _name(step.table),
        "why": step.why,
        "statements": list(step.statements),
        "probe": step.probe,
        "locks": [{"lock": locked.lock.words, "relation": _name(locked.relation)} for locked in step.locks],
        "cost": step.cost,
        "hazards": [hazard.value for hazard in step.hazards],
        "scans": step.scans,
        "rewrites": step.rewrites,
        "transactional": step.transactional,
        "repeat": step.repeat,
        "resolves": [short_key(key, report.server.schema) for key in step.resolves],
        "requires": [_need(need) for need in sorted(step.requires, key=str)],
        "after": [_need(need) for need in sorted(step.after, key=str)],
        "provides": [_need(need) for need in sorted(step.provides, key=str)],
    }


def _need(need: Need) -> dict[str, Value]:
    return {
        "kind": need.kind.value,
        "name": _name(need.name),
        "columns": list(need.columns),
        "member": need.member or None,
    }


def _result(result: StepResult, report: Report) -> dict[str, Value]:
    return {
        "step": _step(result.step, report),
        "outcome": result.outcome.value,
        "seconds": round(result.seconds, 6),
        "rows": result.rows,
        "batches": result.batches,
        "message": result.message,
        "statements": list(result.statements),
        "attempts": [_attempt(attempt) for attempt in result.attempts],
    }


def _attempt(attempt: Attempt) -> dict[str, Value]:
    return {"seconds": round(attempt.seconds, 6), "error": attempt.error, "blockers": list(attempt.blockers)}
