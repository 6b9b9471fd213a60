"""`schema-guard accept`: what check finds now is written into pyproject.toml as accepted; what is gone is taken out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from schema_guard.cli.options import database_options, scope_options, target_argument
from schema_guard.cli.output import print_text
from schema_guard.exit_codes import OK

if TYPE_CHECKING:
    from schema_guard.acceptance import Acceptance
    from schema_guard.cli.request import Request
    from schema_guard.report import Finding, Report

__all__ = ["accept"]


@click.command(short_help="Accept what check finds now, in pyproject.toml.")
@target_argument
@database_options
@click.option("--reason", metavar="TEXT", default="", help="Why; it stands in every report.")
@click.option("--by", metavar="NAME", default="", help="Who accepts it.")
@click.option("--expires", metavar="DAY", help="The last day on which it is accepted: 2027-01-31.")
@click.option("--only", multiple=True, metavar="KEY", help="Only this difference, or those of a pattern; repeatable.")
@scope_options
@click.option("--prune", is_flag=True, help="Accept nothing; take out the entries that accept nothing now.")
@click.option("-v", "--verbose", is_flag=True, help="Show the traceback of an error.", expose_value=False)
def accept(
    target: str | None,
    url: str | None,
    reason: str,
    by: str,
    expires: str | None,
    only: tuple[str, ...],
    prune: bool,
) -> int:
    """Accept what `check` finds now: a baseline, after which only what is new counts.

    An entry for each difference is written into [tool.schema-guard] accept of the nearest pyproject.toml. All else in
    that file stays as it is. The database is only read.
    """
    from schema_guard.cli.asking import request
    from schema_guard.errors import ConfigurationError

    if prune and (reason or by or expires or only):
        raise ConfigurationError("--prune takes entries out; it does not go with --reason, --by, --expires or --only")
    last = _day(expires)
    asked = request(target, url=url)
    file = Path(asked.settings.searched[0]) if asked.settings.searched else Path("pyproject.toml")
    if prune:
        return _prune(asked, file)
    parts = [_found(one, only) for one in asked.every]
    _refuse_idle([idle for _, idle in parts])
    found = [each for part, _ in parts for each in part]
    entries = [_entry(finding, report, reason.strip(), by.strip(), last) for report, finding in found]
    return _write(file, entries, found)


def _day(expires: str | None) -> date | None:
    from schema_guard.acceptance import day
    from schema_guard.errors import ConfigurationError

    try:
        last = day(expires)
    except ValueError as error:
        raise ConfigurationError(f"--{error}".replace("--expires:", "--expires")) from None
    if last is not None and last < datetime.now(UTC).date():
        raise ConfigurationError(f"--expires {last} has passed: it would accept nothing")
    return last


def _entry(finding: Finding, report: Report, reason: str, by: str, expires: date | None) -> Acceptance:
    from schema_guard.acceptance import Acceptance

    return Acceptance(report.key_of(finding.difference), reason, by=by, expires=expires)


def _refuse_idle(idle: Sequence[Mapping[str, str]]) -> None:
    """Raises ConfigurationError: one of `--only` chooses nothing, on none of the databases."""
    from schema_guard.errors import ConfigurationError

    for key, said in idle[0].items():
        if all(key in other for other in idle):
            raise ConfigurationError(f"{said}: nothing was written")


def _found(asked: Request, only: tuple[str, ...]) -> tuple[list[tuple[Report, Finding]], dict[str, str]]:
    """What is open, and what of `only` chooses nothing here, with what is said of it.

    What stood behind a difference, and is told of once that one is accepted, comes along.
    """
    from schema_guard.acceptance import Acceptance

    asked.require()
    found: list[tuple[Report, Finding]] = []
    idle: dict[str, str] | None = None
    while True:
        accepted = [Acceptance(report.key_of(finding.difference)) for report, finding in found]
        report = asked.guard.changed(accept=accepted).check(asked.readable)
        known = {each.key for each in accepted}
        chosen, missed = _wanted(report, only)
        idle = missed if idle is None else idle
        wanted = [each for each in chosen if report.key_of(each.difference) not in known]
        _readable(wanted)
        if not wanted:
            return found, idle
        found += [(report, finding) for finding in wanted]


def _wanted(report: Report, only: tuple[str, ...]) -> tuple[Sequence[Finding], dict[str, str]]:
    from schema_guard.acceptance import acceptances_of, matched

    if not only:
        return report.findings, {}
    keys = {finding.difference.key: finding for finding in report.findings}
    schemas = {str(name.schema) for each in report.findings if (name := each.difference.table_name) is not None}
    accepted: dict[str, Finding] = {}
    idle: dict[str, str] = {}
    for one in only:
        chosen = matched(acceptances_of((one,), "--only"), keys, report.server.schema, schemas=schemas)
        accepted.update({key: keys[key] for key in chosen.accepted})
        if chosen.idle:
            idle[one] = chosen.warnings[0].replace("accept (--only)", "--only").removeprefix("accept ")
    return [finding for key, finding in keys.items() if key in accepted], idle


def _readable(findings: Sequence[Finding]) -> None:
    """A table that somebody locks hides what else there is to accept."""
    from schema_guard.difference import NotReadable
    from schema_guard.errors import ReadError

    for finding in findings:
        if isinstance(finding.difference, NotReadable):
            difference = finding.difference
            raise ReadError(f"{difference.object} {difference.headline}: nothing was written, run it again")


def _write(file: Path, entries: Sequence[Acceptance], found: Sequence[tuple[Report, Finding]]) -> int:
    from schema_guard.accepted_file import add
    from schema_guard.counted import counted
    from schema_guard.render.line import shown
    from schema_guard.render.text.phrases import impact_counts

    if not entries:
        print_text("nothing to accept: no difference is open\n")
        return OK
    add(file, entries)
    for entry, (_, finding) in zip(entries, found, strict=True):
        print_text(f"{finding.difference.impact.word:<8} '{entry.key}'  {shown(finding.difference.headline)}\n")
    kept = sum(bool(report.steps_of(finding)) for report, finding in found)
    if kept:
        print_text(f"apply would repair {counted(kept, 'difference')} of these, and leaves them alone from now on\n")
    print_text(f"accepted in {shown(str(file))} · {impact_counts([finding for _, finding in found])}\n")
    return OK


def _prune(asked: Request, file: Path) -> int:
    from schema_guard.accepted_file import remove
    from schema_guard.counted import counted
    from schema_guard.difference import TableMissing
    from schema_guard.errors import ConfigurationError

    idle = []
    for one in asked.every:
        one.require()
        report = one.guard.check(one.readable)
        _readable([*report.findings, *report.accepted])
        missing = [each for each in report.findings if isinstance(each.difference, TableMissing)]
        if len(missing) == report.tables_expected:
            raise ConfigurationError(f"no table of the models is at {report.server.database}: nothing was taken out")
        idle.append([each.key for each in report.idle if each.origin.startswith(f"{file}: ")])
    gone = dict.fromkeys(key for key in idle[0] if all(key in others for others in idle))
    if not gone:
        print_text(f"nothing to take out: everything that {file} accepts is there\n")
        return OK
    remove(file, gone)
    print_text("".join(f"taken out: '{key}'\n" for key in gone))
    print_text(f"{counted(len(gone), 'entry', 'entries')} taken out of {file}\n")
    return OK
