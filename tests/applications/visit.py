"""One visit: guard the models of one installed application on one fresh database, and tell what happened as JSON.

It runs inside the application's own virtual environment: `python visit.py APPLICATION SITUATION URL`.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import statistics
import sys
import time
import traceback
from types import ModuleType
from typing import Any


def visit(application: ModuleType, situation: str, url: str) -> dict[str, Any]:
    """Bring the database into the situation and look at it.

    Args:
        situation: "created": `create_all` of the models; "head": the application's own migrations, all of them;
            "older": its migrations up to an older revision, and some rows.
    """
    import sqlalchemy as sa

    from schema_guard import Guard
    from schema_guard.sources.sqlalchemy.models import models_of

    backend = sa.make_url(url).get_backend_name()
    if backend not in getattr(application, "SERVERS", (backend,)):
        return {"skipped": f"it doesn't run on {backend}"}
    models = application.models()
    tables = models_of(models).tables
    engine = sa.create_engine(url)
    told: dict[str, Any] = {"tables": len(tables)}
    if situation == "created":
        application_setup = getattr(application, "before_create_all", None)
        if application_setup is not None:
            application_setup(engine)
        for metadata in models_of(models).metadatas:
            metadata.create_all(engine)
    else:
        if backend not in getattr(application, "MIGRATES", (backend,)):
            return {"skipped": f"its migrations don't run on {backend}"}
        older = application.OLDER
        older = older[backend] if isinstance(older, dict) else older
        application.migrate(url, older if situation == "older" else "head")
    guard = Guard(models)
    if situation == "older":
        from fill import contents, fill

        told["rows"], told["tables without rows"] = fill(engine, list(tables))
        before, columns = contents(engine)
        told["before"] = _findings(guard.check(engine))
        report = guard.apply(engine)
        told["applied"] = [
            f"{result.outcome}: {result.step.id}{' - ' + result.message if result.message else ''}"
            for result in report.results
        ]
        after, _ = contents(engine, columns)
        told["rows harmed"] = [name for name in before if before[name] != after[name]]
        told["second plan"] = [step.id for step in guard.plan(engine).steps]
        told["selects that fail"] = _selects(engine, tables)
    report = guard.check(engine)
    told["findings"] = _findings(report)
    told["warnings"] = list(report.warnings)
    told["check ms"] = _timed(lambda: guard.check(engine))
    try:
        told["alembic ms"] = _timed(
            lambda: told.update({"alembic differences": _by_alembic(engine, models_of(models))})
        )
    except (sa.exc.SQLAlchemyError, ValueError) as error:
        told["alembic differences"] = f"{type(error).__name__}: {str(error).splitlines()[0]}"
    if situation == "older":
        try:
            application.migrate(url, "head")
            told["its own upgrade afterwards"] = "works"
            told["findings after its own upgrade"] = _findings(guard.check(engine))
        except Exception as error:
            told["its own upgrade afterwards"] = f"{type(error).__name__}: {str(error).splitlines()[0]}"
    return told


def _findings(report: Any) -> list[str]:
    return [
        f"{finding.difference.impact.name.lower()}: {finding.difference.object} {finding.difference.headline}"
        + (f" (refused: {finding.refusal.reason})" if finding.refusal else "")
        for finding in report.findings
    ]


def _selects(engine: Any, tables: Any) -> list[str]:
    """Select every column of every table, as its mapped class does; what Python makes of the values is not asked."""
    import sqlalchemy as sa
    from sqlalchemy.exc import DBAPIError

    failures = []
    with engine.connect() as connection:
        for table in tables:
            try:
                with connection.begin():
                    connection.execute(sa.select(table)).fetchall()
            except DBAPIError as error:
                failures.append(f"{table.name}: {str(error.orig).splitlines()[0]}")
            except Exception:  # types of the application's own read what they have not written
                continue
    return failures


def _by_alembic(engine: Any, models: Any) -> int:
    """How many differences Alembic's autogenerate finds."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with engine.connect() as connection, contextlib.redirect_stderr(io.StringIO()):
        context = MigrationContext.configure(connection, opts={"include_schemas": True})
        return len(compare_metadata(context, list(models.metadatas)))  # type: ignore[arg-type]


def _timed(work: Any) -> int:
    """Milliseconds, the median of three."""
    taken = []
    for _ in range(3):
        started = time.perf_counter()
        work()
        taken.append((time.perf_counter() - started) * 1000)
    return round(statistics.median(taken))


def main() -> None:
    name, situation, url = sys.argv[1:]
    application = importlib.import_module(f"described.{name}")
    os.environ.update(getattr(application, "environment", lambda _: {})(url))
    told: dict[str, Any]
    output = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):  # applications talk while they migrate
        try:
            told = visit(application, situation, url)
        except Exception as error:
            traceback.print_exc()
            told = {"error": f"{type(error).__name__}: {str(error).splitlines()[0]}"}
    output.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
