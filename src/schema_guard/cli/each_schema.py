"""check, plan and apply with --each-schema: one database, a schema for each tenant."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace

from schema_guard.cli.ahead import with_chain
from schema_guard.cli.choices import chosen_schemas
from schema_guard.cli.followed import followed
from schema_guard.cli.output import print_found
from schema_guard.cli.progress import log_step
from schema_guard.cli.request import Request
from schema_guard.difference import Impact
from schema_guard.errors import ConfigurationError
from schema_guard.exit_codes import OK, apply_code, check_code, planned_code, united_code
from schema_guard.many.reports import Part
from schema_guard.many.summary import Summary
from schema_guard.many.tenants import Tenants, tenants_of
from schema_guard.render.formats import Shown, renderer
from schema_guard.render.json import VERSION, text_of
from schema_guard.render.line import Line, Span, Style, blank, line
from schema_guard.render.many import summary_data, summary_lines, verdict_line
from schema_guard.render.several import Outcome, several

__all__ = ["on_each_schema"]


def on_each_schema(asked: Request, command: str, format_: str, *, color: bool, verbose: bool) -> int:
    """Do it for each schema of the pattern, print one report, and return the exit code.

    Raises:
        ConfigurationError: no schema is named so, or the application has several databases and none was chosen.
        UnreachableError: the database does not answer.
    """
    if asked.further:
        binds = ", ".join(one.bind for one in asked.every)
        raise ConfigurationError(f"--each-schema works on one database: choose it with --bind: {binds}")
    asked.require()
    pattern = chosen_schemas()
    tenants = tenants_of(with_chain(asked)[0], asked.ddl_database if command == "apply" else asked.database, pattern)
    begun = time.monotonic()
    summary, outcomes, codes = Summary(), [], []
    kept = format_ != "text"
    for part in _parts(asked, tenants, command):
        code = _code(part, command, asked.fail_on)
        codes.append(code)
        if part.report is None:
            summary.failed[part.name] = part.error.message if part.error is not None else ""
        else:
            summary.add(part.name, part.report.findings, satisfied=part.report.satisfied)
        if kept or (command == "plan" and part.report is not None and not part.report.satisfied):
            outcomes.append(_outcome(part, command, code, keys=asked.fail_on, verbose=verbose))
    code = united_code(codes)
    seconds = time.monotonic() - begun
    if format_ == "json":
        print_found(_json(command, code, summary, outcomes), color=False)
        return code
    if format_ != "text":
        found = several(outcomes, format_, command, code)
        print_found(found, color=False)
        return code
    lines = [line(Span(f"schemas {pattern} · {_where(asked)}", Style.BOLD)), *_plans(outcomes)]
    lines += [*summary_lines(summary, "schema", verbose=verbose), blank]
    lines.append(verdict_line(summary, "schema", seconds, code))
    print_found(lines, color=color)
    return code


def _parts(asked: Request, tenants: Tenants, command: str) -> Iterator[Part]:
    if command != "apply":
        yield from tenants.check()
        return
    with followed() as stop:
        yield from tenants.apply(
            asked.limits, on_step_in=lambda schema, result: log_step(result, f"schema {schema}"), stop=stop
        )


def _code(part: Part, command: str, fail_on: Impact) -> int:
    if part.report is None:
        return part.error.exit_code if part.error is not None else OK
    if command == "plan":
        return OK
    return apply_code(part.report) if command == "apply" else check_code(part.report, fail_on)


def _outcome(part: Part, command: str, code: int, *, keys: Impact, verbose: bool) -> Outcome:
    shown = Shown(
        command=command,
        exit_code=code,
        keys=keys,
        apply_code=planned_code(part.report) if part.report is not None else code,
        verbose=verbose,
    )
    report = part.report
    if report is not None:
        report = replace(report, server=replace(report.server, tenant=part.name))
    return Outcome(part.name, shown, report, part.error)


def _where(asked: Request) -> str:
    port = f":{asked.url.port}" if asked.url.port else ""
    return f"{asked.url.host or 'local'}{port}/{asked.url.database}"


def _plans(outcomes: list[Outcome]) -> list[Line]:
    """The steps of a plan, once for all schemas in which they read alike."""
    render = renderer("text", "plan")
    assert render is not None
    alike: dict[str, list[Outcome]] = {}
    for each in outcomes:
        plan = getattr(each.found, "plan", None)
        if plan is None:
            continue
        said = [text for step in plan.steps for text in step.statements]
        said += [f"{one.difference.object} {one.difference.headline} {one.reason}" for one in plan.refusals]
        alike.setdefault("\n".join(said).replace(each.bind, "*"), []).append(each)
    lines: list[Line] = []
    for group in alike.values():
        first = group[0]
        others = f", the same in {len(group) - 1:,} more: {', '.join(each.bind for each in group[1:4])}"
        title = f"plan of schema {first.bind}{others if len(group) > 1 else ''}"
        shown = render(first.found, first.shown)
        lines += [blank, line(Span(title, Style.BOLD)), *(shown if isinstance(shown, list) else [])]
    return lines


def _json(command: str, code: int, summary: Summary, outcomes: list[Outcome]) -> str:
    render, failed = renderer("json", command), renderer("json", "error")
    assert render is not None
    assert failed is not None
    documents = []
    for each in outcomes:
        text = render(each.found, each.shown) if each.error is None else failed(each.error, each.shown)
        documents.append({**json.loads(str(text)), "bind": None, "schema": each.bind})
    return text_of(
        {
            "version": VERSION,
            "command": command,
            "exit_code": code,
            "summary": summary_data(summary),
            "schemas": documents,
        }
    )
