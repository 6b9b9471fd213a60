"""Makes a live database satisfy what an application's SQLAlchemy models expect, without destroying anything."""

from __future__ import annotations

TYPE_CHECKING = False
"""As typing's, without its import: a Ctrl-C in these milliseconds would be a traceback."""
if TYPE_CHECKING:
    from typing import Any

    from schema_guard.acceptance import Acceptance
    from schema_guard.dialects.stop import Stop
    from schema_guard.difference import Difference
    from schema_guard.errors import (
        ConfigurationError,
        GuardError,
        LockTimeoutError,
        OutOfTimeError,
        ReadError,
        StepError,
        StoppedError,
        TargetError,
        UnreachableError,
    )
    from schema_guard.execute.limits import Limits
    from schema_guard.fleet.fleet import Fleet
    from schema_guard.guard import Guard
    from schema_guard.impact import Impact
    from schema_guard.integrations.explaining import explain
    from schema_guard.many.group import Group
    from schema_guard.many.reports import Reports
    from schema_guard.many.tenants import Tenants
    from schema_guard.plan import Evidence, Hazard, Lock, Phase, Plan, Policy, Refusal, Step, Urgency
    from schema_guard.readiness import Readiness
    from schema_guard.report import Finding, Outcome, Report, ServerInfo, StepResult
    from schema_guard.sources.sqlalchemy.backfills import Backfill
    from schema_guard.sources.sqlalchemy.upserts import Upsert

    __version__: str

__all__ = [
    "Acceptance",
    "Backfill",
    "ConfigurationError",
    "Difference",
    "Evidence",
    "Finding",
    "Fleet",
    "Group",
    "Guard",
    "GuardError",
    "Hazard",
    "Impact",
    "Limits",
    "Lock",
    "LockTimeoutError",
    "OutOfTimeError",
    "Outcome",
    "Phase",
    "Plan",
    "Policy",
    "ReadError",
    "Readiness",
    "Refusal",
    "Report",
    "Reports",
    "ServerInfo",
    "Step",
    "StepError",
    "StepResult",
    "Stop",
    "StoppedError",
    "TargetError",
    "Tenants",
    "UnreachableError",
    "Upsert",
    "Urgency",
    "__version__",
    "explain",
]

_HOMES = {
    "Acceptance": "acceptance",
    "Backfill": "sources.sqlalchemy.backfills",
    "ConfigurationError": "errors",
    "Difference": "difference",
    "Evidence": "plan",
    "Finding": "report",
    "Fleet": "fleet.fleet",
    "Group": "many.group",
    "Guard": "guard",
    "GuardError": "errors",
    "Hazard": "plan",
    "Impact": "impact",
    "Limits": "execute.limits",
    "Lock": "plan",
    "LockTimeoutError": "errors",
    "OutOfTimeError": "errors",
    "Outcome": "report",
    "Phase": "plan",
    "Plan": "plan",
    "Policy": "plan",
    "ReadError": "errors",
    "Readiness": "readiness",
    "Refusal": "plan",
    "Report": "report",
    "Reports": "many.reports",
    "ServerInfo": "report",
    "Step": "plan",
    "StepError": "errors",
    "StepResult": "report",
    "Stop": "dialects.stop",
    "StoppedError": "errors",
    "TargetError": "errors",
    "Tenants": "many.tenants",
    "UnreachableError": "errors",
    "Upsert": "sources.sqlalchemy.upserts",
    "Urgency": "plan",
    "explain": "integrations.explaining",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: `schema-guard --help` needs no SQLAlchemy."""
    from importlib import import_module

    if name == "__version__":
        from schema_guard.requirements import version

        return version()
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        if name == "Guard":
            import_module(f"{__name__}.sources.sqlalchemy.source")  # so that an unsupported SQLAlchemy is told at once
        value = getattr(import_module(f"{__name__}.{home}"), name)
    except ImportError as error:
        from schema_guard.requirements import unmet

        out_of_range = unmet()
        if out_of_range is None:
            raise
        raise ImportError(out_of_range) from error
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
