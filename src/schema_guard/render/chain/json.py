"""What the doctor, the stamp and the deploy say to programs: JSON, version 1, in ASCII."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from schema_guard.chain.deploy import Deployment
from schema_guard.chain.diagnosis import Diagnosis
from schema_guard.chain.fault import Fault, Fix
from schema_guard.chain.stamp import Stamped
from schema_guard.render.json import VERSION, Value

__all__ = ["deploy_json", "doctor_json", "stamp_json"]


def doctor_json(diagnosis: Diagnosis, exit_code: int) -> str:
    """The document of `schema-guard doctor --format json`, ended by a newline."""
    server = diagnosis.server
    return _text(
        "doctor",
        exit_code,
        {
            "database": None
            if server is None
            else {"dialect": server.dialect, "version": server.version, "name": server.database},
            "chain": {
                "configuration": diagnosis.chain or None,
                "revisions": diagnosis.revisions,
                "heads": list(diagnosis.heads),
                "stamped": list(diagnosis.stamped),
                "replayed": list(diagnosis.replayed),
            },
            "breaks_next_deploy": diagnosis.breaks,
            "environment": list(diagnosis.lines),
            "faults": [_fault(fault) for fault in diagnosis.faults],
        },
    )


def stamp_json(stamped: Stamped, exit_code: int) -> str:
    """The document of `schema-guard stamp --format json`."""
    return _text("stamp", exit_code, _stamped(stamped))


def deploy_json(deployment: Deployment, exit_code: int, apply_document: str | None) -> str:
    """The document of `schema-guard deploy --format json`; `apply` holds the guard's own."""
    failed = deployment.failed
    return _text(
        "deploy",
        exit_code,
        {
            "before": list(deployment.before),
            "after": list(deployment.after),
            "ran": [
                {"revision": ran.revision, "seconds": round(ran.seconds, 6), "attempts": ran.attempts}
                for ran in deployment.ran
            ],
            "repaired": None if deployment.stamped is None else _stamped(deployment.stamped),
            "failed": None
            if failed is None
            else {
                "why": failed.why.value,
                "revision": failed.revision or None,
                "message": failed.message,
                "file": failed.file or None,
                "line": failed.line or None,
            },
            "faults": [_fault(fault) for fault in deployment.faults],
            "newer": list(deployment.newer),
            "apply": None if apply_document is None else json.loads(apply_document),
        },
    )


def _text(command: str, exit_code: int, body: Mapping[str, Value]) -> str:
    return json.dumps({"version": VERSION, "command": command, "exit_code": exit_code, **body}, indent=2) + "\n"


def _stamped(stamped: Stamped) -> dict[str, Value]:
    match = stamped.match
    unseen: Sequence[str] = () if match is None else match.unseen
    leftovers: Sequence[str] = () if match is None else match.leftovers
    return {
        "written": stamped.written,
        "proved": stamped.proved,
        "before": list(stamped.before),
        "heads": list(stamped.heads),
        "why": stamped.why or None,
        "exact": None if match is None else match.exact,
        "unseen": list(unseen),
        "rows": list(stamped.rows),
        "leftovers": list(leftovers),
        "details": list(stamped.details),
        "faults": [_fault(fault) for fault in stamped.faults],
        "fix": _fix(stamped.fix),
    }


def _fault(fault: Fault) -> dict[str, Value]:
    return {
        "code": fault.code,
        "severity": fault.severity.word,
        "breaks_next_deploy": fault.breaks_next_deploy,
        "message": fault.message,
        "file": fault.file or None,
        "line": fault.line or None,
        "revision": fault.revision or None,
        "details": list(fault.details),
        "guess": fault.guess,
        "fix": _fix(fault.fix),
    }


def _fix(fix: Fix | None) -> Value:
    if fix is None:
        return None
    return {
        "text": fix.text,
        "command": fix.command or None,
        "file": fix.file or None,
        "line": fix.line or None,
        "becomes": fix.becomes or None,
        "sql": f"{fix.sql.rstrip(';')};" if fix.sql else None,  # each statement ends with one, the last one too
    }
