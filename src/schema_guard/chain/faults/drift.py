"""The database held against the models, in the light of what alembic_version says."""

from __future__ import annotations

from collections.abc import Iterator

from schema_guard.chain.commands import Commands
from schema_guard.chain.fault import Fault, Fix, Severity
from schema_guard.chain.history import Chain
from schema_guard.chain.version_table import VersionTable
from schema_guard.counted import first_of
from schema_guard.difference import ColumnMissing
from schema_guard.impact import Impact
from schema_guard.plan import Plan
from schema_guard.report import Report

__all__ = ["drift_faults", "leaves_out"]


def leaves_out(plan: Plan) -> bool:
    """Whether apply would not make all that the models expect: a column without a default comes without NOT NULL."""
    columns = [each.column for step in plan.steps for each in step.answers if isinstance(each, ColumnMissing)]
    later = any(not column.nullable and column.default is None for column in columns)
    return later or any(each.difference.impact is Impact.BREAKS for each in plan.refusals)


def drift_faults(
    report: Report, version: VersionTable, chain: Chain | None, commands: Commands, *, proved: bool, blind: bool
) -> Iterator[Fault]:
    """How the database differs from the models.

    Args:
        report: the guard's check of the database, with what deploy would refuse.
        version: what alembic_version says.
        chain: the application's revisions; None where it has none.
        commands: what a person types.
        proved: a replay has told, as faults of their own, whether the stamp is true and the chain complete.
        blind: the stamp is not true: what is missing may be there under the name that it had before.
    """
    broken, weak = report.count(Impact.BREAKS), report.count(Impact.WEAKENS)
    if not (broken or weak):
        return
    found = [each for each in report.findings if each.acceptance is None and each.difference.impact >= Impact.WEAKENS]
    refused = [each for each in found if each.refusal is not None]
    left = [each for each in refused if each.difference.impact is Impact.BREAKS]
    severity = Severity.BREAKS if left else Severity.RISK
    breaks = f"{broken} {'breaks' if broken == 1 else 'break'} the application" if broken else ""
    weakens = f"{weak} {'weakens' if weak == 1 else 'weaken'} it" if weak else ""
    counts = ", ".join(filter(None, (breaks, weakens)))
    fix = Fix(commands("check"), command=commands("check"))
    if chain is None or not version.rows:
        severity, message = Severity.RISK, f"the database differs from the models: {counts}"
    elif version.unknown(chain):
        message = (
            f"the database differs from the models of this release: {counts}; a newer release was here, or the file of "
            "its revision is lost"
        )
    elif set(chain.heads) != set(version.rows):
        severity = Severity.NOTE
        message = f"the database differs from the models while revisions are still to run: {counts}"
    else:
        message = f"alembic_version names the last revision, yet the database differs from the models: {counts}"
        objects = (each.difference.object for each in left or refused)
        message += f". Apply does not repair {first_of(objects)}" if refused else ""
        makes = f"{commands('apply')} makes what is missing"
        if blind:
            fix = Fix(f"correct alembic_version first, as said there; then {commands('check')}")
        elif len(refused) == len(found):
            fix = Fix(f"{commands('check')} says what each needs: a person has to do it")
        elif proved:
            fix = Fix(makes, command=commands("apply"))
        else:
            message += ". Either the stamp is not true, or no revision makes what the models expect"
            fix = Fix(f"{commands('doctor')} --replay tells which; {makes}")
    yield Fault("database-drift", severity, message, fix)
