"""Makes a live database satisfy what an application's SQLAlchemy models expect, without destroying anything."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from schema_guard.acceptance import Acceptance
    from schema_guard.difference import Impact
    from schema_guard.errors import (
        ConfigurationError,
        GuardError,
        LockTimeoutError,
        ReadError,
        StepError,
        TargetError,
        UnreachableError,
    )
    from schema_guard.execute.runner import Limits
    from schema_guard.guard import Guard
    from schema_guard.integrations.explaining import explain
    from schema_guard.plan import Plan, Policy
    from schema_guard.readiness import Readiness
    from schema_guard.report import Report
    from schema_guard.sources.sqlalchemy.backfills import Backfill
    from schema_guard.sources.sqlalchemy.upserts import Upsert

    __version__: str

__all__ = [
    "Acceptance",
    "Backfill",
    "ConfigurationError",
    "Guard",
    "GuardError",
    "Impact",
    "Limits",
    "LockTimeoutError",
    "Plan",
    "Policy",
    "ReadError",
    "Readiness",
    "Report",
    "StepError",
    "TargetError",
    "UnreachableError",
    "Upsert",
    "__version__",
    "explain",
]

_HOMES = {
    "Acceptance": "acceptance",
    "Backfill": "sources.sqlalchemy.backfills",
    "ConfigurationError": "errors",
    "Guard": "guard",
    "GuardError": "errors",
    "Impact": "difference",
    "Limits": "execute.runner",
    "LockTimeoutError": "errors",
    "Plan": "plan",
    "Policy": "plan",
    "ReadError": "errors",
    "Readiness": "readiness",
    "Report": "report",
    "StepError": "errors",
    "TargetError": "errors",
    "UnreachableError": "errors",
    "Upsert": "sources.sqlalchemy.upserts",
    "explain": "integrations.explaining",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: `schema-guard --help` needs no SQLAlchemy."""
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
