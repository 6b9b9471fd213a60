"""JSON for programs: one document, version 1 (docs/json.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from schema_guard.plan import Plan

if TYPE_CHECKING:
    from schema_guard.chain.deploy import Deployment
    from schema_guard.chain.diagnosis import Diagnosis
    from schema_guard.chain.stamp import Stamped
    from schema_guard.compat.compatibility import Compatibility
    from schema_guard.errors import GuardError
    from schema_guard.history.table import Run
    from schema_guard.readiness import Readiness
    from schema_guard.render.formats import Shown
    from schema_guard.report import Report


def check(report: Report, shown: Shown) -> str:
    from schema_guard.render.json import check_json

    return check_json(report, shown.exit_code)


def plan(report: Report, shown: Shown) -> str:
    from schema_guard.render.json import plan_json

    return plan_json(report, report.plan or Plan(), shown.exit_code, shown.apply_code)


def apply(report: Report, shown: Shown) -> str:
    from schema_guard.render.json import apply_json

    return apply_json(report, shown.exit_code)


def doctor(diagnosis: Diagnosis, shown: Shown) -> str:
    from schema_guard.render.chain.json import doctor_json

    return doctor_json(diagnosis, shown.exit_code)


def stamp(stamped: Stamped, shown: Shown) -> str:
    from schema_guard.render.chain.json import stamp_json

    return stamp_json(stamped, shown.exit_code)


def deploy(deployment: Deployment, shown: Shown) -> str:
    from schema_guard.render.chain.json import deploy_json

    report = deployment.report
    return deploy_json(deployment, shown.exit_code, None if report is None else apply(report, shown))


def compat(found: Compatibility, shown: Shown) -> str:
    from schema_guard.render.compat import compat_json

    return compat_json(found, shown.exit_code)


def ready(readiness: Readiness, shown: Shown) -> str:  # noqa: ARG001 - every format is called alike
    from schema_guard.render.readiness import ready_json

    return ready_json(readiness)


def history(runs: Sequence[Run], shown: Shown) -> str:
    from schema_guard.render.history import history_json

    return history_json(runs, shown.exit_code)


def error(error: GuardError, shown: Shown) -> str:
    from schema_guard.render.json import error_json

    return error_json(shown.command, error)
