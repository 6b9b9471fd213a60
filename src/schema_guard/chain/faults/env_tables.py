"""Tables that env.py, or the application as it is imported, makes whenever the chain runs: in the way of revisions."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from schema_guard.chain.commands import Commands
from schema_guard.chain.fault import Fault, Fix, Severity
from schema_guard.chain.history import Chain
from schema_guard.chain.reading.actions import Action, Verb
from schema_guard.chain.reading.pending import There
from schema_guard.chain.reading.revision_actions import actions_of
from schema_guard.chain.sandbox.job import MakesTables
from schema_guard.chain.sandbox.replay import Project

__all__ = ["after_env_tables", "env_tables_faults"]


def env_tables_faults(project: Project, ran: Collection[str], there: There, commands: Commands) -> Iterator[Fault]:
    """One fault for each place that makes what a pending revision makes, or renames something to.

    Args:
        project: the chain, and what env.py does.
        ran: the revisions that ran.
        there: names as revisions write them.
        commands: what a person types.
    """
    for place in project.makes:
        keys = {there.key(table) for table in place.tables}
        found = _first(project.chain, ran, keys, there)
        if found is None:
            continue
        revision, action = found
        renames = action.verb is Verb.RENAME
        does = f"renames {action.name} to it" if renames else "makes it as well"
        yield Fault(
            "env-makes-tables",
            Severity.BREAKS,
            f"create_all() is called whenever the chain runs, and makes {action.to if renames else action.name} before "
            f"{revision}, which is still to run and {does}: that revision fails",
            _fix(place, commands),
            place.file,
            place.line,
            revision,
            guess=not ran,  # it may be called on an empty database alone, and the database stamped then
            sure=bool(ran),
        )


def _first(chain: Chain, ran: Collection[str], keys: Collection[str], there: There) -> tuple[str, Action] | None:
    for id_ in (id_ for id_ in chain.order if id_ not in ran):
        for action in actions_of(chain.by_id[id_].file):
            makes = action.to if action.verb is Verb.RENAME else action.name if action.verb is Verb.MAKE else ""
            if action.kind == "table" and not (action.depth or action.asks) and there.key(makes) in keys:
                return id_, action
    return None


def _fix(place: MakesTables, commands: Commands) -> Fix:
    """Its line as a comment, where it is a statement of its own."""
    text = f"take create_all() out: {commands('deploy')} makes what the revisions leave out"
    try:
        line = Path(place.file).read_text("utf-8").splitlines()[place.line - 1]
        alone = isinstance(ast.parse(line.strip()).body[0], ast.Expr)
    except (OSError, UnicodeDecodeError, IndexError, SyntaxError, ValueError):
        return Fix(text, file=place.file)
    if not alone:
        return Fix(text, file=place.file)
    indent = line[: len(line) - len(line.lstrip())]
    return Fix(text, file=place.file, line=place.line, becomes=f"{indent}pass  # {line.strip()}")


def after_env_tables(faults: Sequence[Fault]) -> list[Fault]:
    """What was made early would be made again as long as create_all() is called: its fix comes second."""
    first = next((fault for fault in faults if fault.code == "env-makes-tables"), None)
    if first is None:
        return list(faults)
    return [
        replace(fault, fix=_after(first, fault.fix)) if fault.code == "made-early" and fault.fix is not None else fault
        for fault in faults
    ]


def _after(first: Fault, fix: Fix) -> Fix:
    """All in one: the line of create_all(), what it made, and the command."""
    text = f"take create_all() out of {Path(first.file).name}:{first.line}; then {fix.text}"
    edit = first.fix
    if edit is None or not edit.becomes or fix.becomes:
        return Fix(text)
    return replace(fix, text=text, file=edit.file, line=edit.line, becomes=edit.becomes)
